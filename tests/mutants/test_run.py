"""Tests of run.py: what it reads in patches and in the simulator's output, what it calls a
survivor, and that its copy is never older than what was built of it."""

import os
import subprocess
import tempfile
import unittest
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

import run

REPORT = """
seed 17:
  I5: the key k of usr_1 made 2 orders (sends [1,2], commits [7])
  I4: ord_1 left its line in the cart (sends [], commits [7])

seed 16:
  I5: the key k of usr_2 made 2 orders (sends [3], commits [9])
18 seeds, each with at least 40 operations and 2 faults
          22  I5
2 violated
"""
CLEAN = "300 seeds, each with at least 40 operations and 2 faults\n          22  I5\n0 violated\n"


class Headers(unittest.TestCase):
    def test_what_a_patch_says(self):
        says = run.read_header(
            "Plants: one\n  more.\nBreaks: two: three.\nReported as: I1, I4\n"
            "Unit tests that fail with it:\n  a::b\n  c::d\n\n"
            "diff --git a/x b/x\n Plants: no\n")
        self.assertEqual(says, {
            "Plants": "one more.", "Breaks": "two: three.", "Reported as": "I1, I4",
            "Unit tests that fail with it": "a::b c::d"})

    def test_every_patch_says_what_it_must(self):
        self.assertGreaterEqual(len(run.mutants([])), 15)

    def test_a_patch_that_does_not_say_it(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "mute.patch")
            path.write_text("Plants: one.\nBreaks: two.\n\ndiff --git a/x b/x\n")
            with self.assertRaisesRegex(run.Broken, "Reported as"):
                run.Mutant(path)

    def test_a_mutant_that_is_not_there(self):
        with self.assertRaises(SystemExit):
            run.mutants(["no-such-mutant"])


class Verdicts(unittest.TestCase):
    mutant = SimpleNamespace(invariants=["I1", "I5"])

    def test_what_the_simulator_reports(self):
        verdict = run.Verdict(REPORT, False)
        self.assertEqual((verdict.invariants, verdict.seed, verdict.seeds), (["I4", "I5"], 16, 18))
        self.assertIsNone(run.judge(self.mutant, verdict))

    def test_a_survivor(self):
        verdict = run.Verdict(CLEAN, True)
        self.assertEqual((verdict.invariants, verdict.seed, verdict.seeds), ([], "-", 300))
        self.assertEqual(run.judge(self.mutant, verdict), "SURVIVES")

    def test_what_is_reported_as_something_else(self):
        other = SimpleNamespace(invariants=["I7"])
        self.assertIn("is reported as I4, I5", run.judge(other, run.Verdict(REPORT, False)))

    def test_what_fails_without_a_violation(self):
        for output in ("thread 'main' panicked", CLEAN, "seed 3:\n  the same seed gave another run\n"):
            fault = run.judge(self.mutant, run.Verdict(output, False))
            self.assertIn("fails without a violation", fault)


class Copies(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root, self.tree = Path(folder.name, "root"), Path(folder.name, "tree")
        self.root.mkdir()
        self.tree.mkdir()
        subprocess.run(["git", "init", "-q"], cwd=self.root, check=True)
        (self.root / "code.rs").write_text("one\ntwo\n")
        (self.root / ".gitignore").write_text("target\n")
        (self.root / "target").write_text("not copied\n")
        patched = mock.patch.object(run, "ROOT", self.root)
        patched.start()
        self.addCleanup(patched.stop)
        run.copy_tree(self.tree)

    def patch(self, old):
        path = self.root / "patch"
        path.write_text(f"--- a/code.rs\n+++ b/code.rs\n@@ -1,2 +1,2 @@\n one\n-{old}\n+zwei\n")
        return SimpleNamespace(path=path)

    def test_the_copy_holds_what_git_would_add(self):
        names = sorted(path.name for path in self.tree.iterdir())
        self.assertEqual(names, [".gitignore", "code.rs"])
        (self.root / "code.rs").unlink()
        run.copy_tree(self.tree)
        self.assertFalse((self.tree / "code.rs").exists())

    def test_a_mistake_is_planted_and_taken_back_as_something_newer(self):
        code = self.tree / "code.rs"
        os.utime(code, (1, 1))
        run.copy_tree(self.tree)
        self.assertEqual(code.stat().st_mtime, 1)
        run.apply(self.patch("two"), self.tree)
        self.assertEqual(code.read_text(), "one\nzwei\n")
        os.utime(code, (1, 1))
        run.copy_tree(self.tree)
        self.assertEqual(code.read_text(), "one\ntwo\n")
        self.assertGreater(code.stat().st_mtime, 1)

    def test_the_copys_crates_are_others_for_cargo(self):
        manifest = b'[workspace.package]\nversion = "1.2.3"\n[dependencies]\na = { version = "4" }\n'
        self.assertEqual(
            run.of_the_copy("Cargo.toml", manifest),
            manifest.replace(b'"1.2.3"', b'"1.2.3-mutant"'))
        lock = (b'version = 4\n\n[[package]]\nname = "a"\nversion = "4.0.0"\nsource = "r"\n\n'
                b'[[package]]\nname = "own"\nversion = "1.2.3"\n\n'
                b'[[package]]\nname = "owner"\nversion = "1.2.3"\ndependencies = [\n "a",\n]\n')
        self.assertEqual(
            run.of_the_copy("Cargo.lock", lock), lock.replace(b'"1.2.3"', b'"1.2.3-mutant"'))
        self.assertEqual(run.of_the_copy("shared/Cargo.toml", manifest), manifest)

    def test_a_patch_that_does_not_apply(self):
        with self.assertRaisesRegex(run.Broken, "does not apply"):
            run.apply(self.patch("three"), self.tree)

    def test_a_patch_is_applied_inside_of_another_repository(self):
        subprocess.run(["git", "init", "-q"], cwd=self.tree.parent, check=True)
        run.apply(self.patch("two"), self.tree)
        self.assertEqual((self.tree / "code.rs").read_text(), "one\nzwei\n")


if __name__ == "__main__":
    unittest.main()
