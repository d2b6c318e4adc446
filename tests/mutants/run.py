#!/usr/bin/env python3
"""Plants one mistake after another in a copy of the project, and expects each to be caught.

A mutant is a patch beside this file. Its first lines say what it plants, which promise that
breaks, and which invariants the checker may report it as:

    Plants: Checkout writes back the stock that it read, …
    Breaks: No oversell: …
    Reported as: I1, I4
    Unit tests that fail with it: (where there are any)
      orders::place::tests::…

For each one the simulator runs with that patch until the checker reports a violation. A mutant
survives if no seed is reported, or only as something else. Before the mutants the project runs
as it is, with as many seeds, and nothing may be reported.

    python3 tests/mutants/run.py                     # all of them
    python3 tests/mutants/run.py --only no-key-row --seeds 5000
    python3 tests/mutants/run.py --list

The copy stands in the target folder (CARGO_TARGET_DIR, or target/) and holds the files that git
knows or would add, as they are in the working tree. It is built in the same target folder, so
that no dependency is compiled twice. Exit code: 0 if every mutant is caught, 1 if one survives,
does not apply or does not build, or if the project itself is reported; 2 for wrong arguments.

Needs Python 3.9, git and cargo.
"""

import argparse
import os
import re
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PATCHES = Path(__file__).resolve().parent

# What a mistake changes is built anew for each, and few seeds catch it: to optimise it would take
# longer than that saves.
UNOPTIMISED = [f"--config=profile.simulation.package.{name}.opt-level=0"
               for name in ("shared", "tests")]
CARGO_TEST = ["cargo", "test", *UNOPTIMISED, "--locked", "--profile", "simulation", "-p", "tests",
              "--features", "simulation", "--test", "simulator"]

HEADINGS = ("Plants", "Breaks", "Reported as", "Unit tests that fail with it")


class Broken(Exception):
    """A mutant can't be judged: its patch or the build is wrong."""


class Mutant:
    """One patch, and what its first lines say."""

    def __init__(self, path):
        self.path = path
        self.name = path.stem
        self.says = read_header(path.read_text(encoding="utf-8"))
        for heading in HEADINGS[:3]:
            if not self.says.get(heading):
                raise Broken(f"{path.name} does not say '{heading}: …'")
        self.invariants = self.says["Reported as"].split(", ")


def read_header(text):
    """Returns what a patch says before its first file, by heading."""
    says, heading = {}, None
    for line in text.split("\ndiff --git ", 1)[0].splitlines():
        start, colon, rest = line.partition(":")
        if colon and start in HEADINGS:
            heading = start
            says[heading] = rest.strip()
        elif heading and line.startswith("  "):
            says[heading] = f"{says[heading]} {line.strip()}".strip()
    return says


def mutants(names):
    """Returns the mutants of these names, or all, in order."""
    found = {path.stem: path for path in sorted(PATCHES.glob("*.patch"))}
    for name in names:
        if name not in found:
            sys.exit(f"There is no mutant '{name}'. There are: {', '.join(found)}.")
    return [Mutant(path) for name, path in found.items() if not names or name in names]


def target_folder():
    """Returns the folder that cargo builds in."""
    return ROOT / os.environ.get("CARGO_TARGET_DIR", "target")


def of_the_copy(name, content):
    """Returns what a file of the project is in the copy.

    The copy's crates have a version of their own, since cargo tells crates of two workspaces that
    share a target folder apart by name, version and path in the workspace, and not by where the
    workspace stands: it would take what was built of a mutant for what it built of the project.
    """
    if name == "Cargo.toml":
        return re.sub(rb'(\[workspace\.package\]\nversion = "[^"]+)', rb"\1-mutant", content)
    if name == "Cargo.lock":
        # What comes from a registry says so in the next line.
        return re.sub(rb'(\nversion = "[^"]+)("\n)(?!source)', rb"\1-mutant\2", content)
    return content


def copy_tree(to):
    """Makes the copy equal to the working tree, but for its crates' version.

    Only what differs is written, and is then newer than what was built from it: cargo goes by
    times, and a file that got its old content back with its old time would look unchanged.
    """
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, check=True, capture_output=True).stdout.decode().split("\0")
    wanted = {name for name in listed if name and (ROOT / name).is_file()}
    for path in list(to.rglob("*")):
        if path.is_file() and path.relative_to(to).as_posix() not in wanted:
            path.unlink()
    for name in wanted:
        source, copy = ROOT / name, to / name
        content = of_the_copy(name, source.read_bytes())
        if not copy.is_file() or copy.read_bytes() != content:
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(content)
            copy.chmod(source.stat().st_mode)


def apply(mutant, tree):
    """Plants a mistake in the copy."""
    # Inside of a repository git leaves out, silently, what is not below the current folder.
    env = {**os.environ, "GIT_CEILING_DIRECTORIES": str(tree.parent)}
    applied = subprocess.run(["git", "apply", str(mutant.path)], cwd=tree, env=env,
                             capture_output=True, text=True)
    if applied.returncode != 0:
        raise Broken(f"does not apply: {applied.stderr.strip()}")


def cargo(tree, *arguments):
    """Runs cargo in the copy, and returns what came of it."""
    env = {**os.environ, "CARGO_TARGET_DIR": str(target_folder())}
    return subprocess.run([*CARGO_TEST, *arguments], cwd=tree, env=env, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def build(tree):
    """Builds the simulator of the copy."""
    built = cargo(tree, "--no-run")
    if built.returncode != 0:
        raise Broken(f"does not build:\n{built.stdout}")


class Verdict:
    """What a run of the simulator ended with."""

    def __init__(self, output, ended_well):
        self.output = output
        self.ended_well = ended_well
        self.invariants = sorted(set(re.findall(r"^  (I\d+|input): ", output, re.M)))
        failing = [int(seed) for seed in re.findall(r"^seed (\d+):$", output, re.M)]
        self.seed = min(failing, default="-")
        seeds = re.search(r"^(\d+) seeds, ", output, re.M)
        self.seeds = int(seeds.group(1)) if seeds else "-"


def simulate(tree, seeds):
    """Runs the simulator of the copy until a seed is reported, or all have run."""
    ran = cargo(tree, "--", "--seeds", str(seeds), "--until-violation")
    return Verdict(ran.stdout, ran.returncode == 0)


def judge(mutant, verdict):
    """Returns what is wrong with a mutant's verdict; None if it was caught as it should be."""
    if verdict.ended_well:
        return "SURVIVES"
    if not verdict.invariants:
        return f"fails without a violation:\n{verdict.output}"
    if not set(verdict.invariants) & set(mutant.invariants):
        return f"is reported as {', '.join(verdict.invariants)} and not as {', '.join(mutant.invariants)}"
    return None


def row(*cells):
    """Prints a line of the table, at once."""
    widths = (34, 16, 8, 8, 9)
    print("".join(str(cell).ljust(width) for cell, width in zip(cells, widths)).rstrip(),
          flush=True)


def run(chosen, seeds):
    """Runs the project as it is and then every mutant, and returns what went wrong."""
    tree = target_folder() / "mutants" / "tree"
    tree.mkdir(parents=True, exist_ok=True)
    copy_tree(tree)
    build(tree)
    row("mutant", "caught as", "seed", "seeds", "seconds")
    began = time.monotonic()
    clean = simulate(tree, seeds)
    row("(none)", "-", "-", clean.seeds, f"{time.monotonic() - began:.1f}")
    if not clean.ended_well:
        return [f"The project as it is fails:\n{clean.output}"]
    wrong = []
    for mutant in chosen:
        began = time.monotonic()
        try:
            copy_tree(tree)
            apply(mutant, tree)
            build(tree)
            began = time.monotonic()
            verdict = simulate(tree, seeds)
            fault = judge(mutant, verdict)
            caught = fault.split("\n")[0] if fault else ", ".join(verdict.invariants)
            row(mutant.name, caught, verdict.seed, verdict.seeds, f"{time.monotonic() - began:.1f}")
        except Broken as broken:
            fault = str(broken)
            row(mutant.name, fault.split("\n")[0])
        if fault:
            wrong.append(f"{mutant.name}: {fault}")
    copy_tree(tree)
    return wrong


def main():
    summary = __doc__.split("\n")[0]
    parser = argparse.ArgumentParser(description=summary)
    parser.add_argument("--only", metavar="NAME", nargs="+", action="extend", default=[],
                        help="run these mutants alone")
    parser.add_argument("--seeds", metavar="N", type=int, default=2000,
                        help="how many seeds a mutant has to be caught in (default: 2000)")
    parser.add_argument("--list", action="store_true", help="list the mutants, and run none")
    options = parser.parse_args()
    try:
        chosen = mutants(options.only)
    except Broken as broken:
        sys.exit(str(broken))
    if options.list:
        for mutant in chosen:
            print(f"{mutant.name} ({', '.join(mutant.invariants)}): {mutant.says['Plants']}")
        return
    try:
        wrong = run(chosen, options.seeds)
    except Broken as broken:
        wrong = [f"The project as it is {broken}"]
    print()
    for sentence in wrong:
        print(sentence)
    if wrong:
        sys.exit(1)
    print(f"{len(chosen)} of {len(chosen)} mutants caught.")


if __name__ == "__main__":
    main()
