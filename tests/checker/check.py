#!/usr/bin/env python3
"""Judges runs of the shop: reads them as JSON Lines, writes one verdict a line.

    python3 tests/checker/check.py < runs.jsonl
    python3 -m unittest discover -s tests/checker    # the checker's own tests

README.md in this folder describes a run and a verdict, and what I1 to I10 mean.
A verdict is written as soon as its run is read, so that the program can be fed
through a pipe. What can't be read, or contradicts itself, is a violation of
`input`.

Exit status: 0 no violation, 1 some, 2 if something could not be read.
"""

from __future__ import annotations

import argparse
import gc
import json
import sys
from typing import Any, Dict, Optional, TextIO

import audit
import carts
import contract
import durability
import isolation
import keys
import liveness
import movements
import orders
import products
import steps
import stock
from run import Malformed, Run
from verdict import INPUT, Verdict

JUDGES = (
    stock, movements, products, orders, steps, keys, durability, carts, isolation, liveness,
    contract, audit,
)  # fmt: skip


def judge(document: Any) -> Verdict:
    """Judges one run.

    Raises `Malformed` for what is no run.
    """
    run = Run(document)
    verdict = Verdict()
    for sentence, commits in run.contradictions:
        verdict.broken(INPUT, sentence, commits=commits)
    for module in JUDGES:
        module.judge(run, verdict)
    return verdict


def judge_line(number: int, line: str) -> Dict[str, Any]:
    """Judges one line of the input. What can't be read says which line it is."""
    name: Optional[Any] = None
    try:
        document = json.loads(line)
        name = document.get("name") if type(document) is dict else None
        return judge(document).document(name)
    except json.JSONDecodeError as error:
        why = f"is no JSON: {error}"
    except Malformed as error:
        why = f"is no run: {error}"
    except (KeyError, TypeError, AttributeError, ValueError, IndexError, RecursionError) as error:
        why = f"can't be judged: {type(error).__name__} {error}"
    verdict = Verdict()
    verdict.broken(INPUT, f"line {number} {why}")
    return verdict.document(name)


def check(lines: TextIO, out: TextIO, err: TextIO) -> int:
    """Judges every line. Returns the exit status."""
    status, names, number = 0, set(), 0
    for number, line in enumerate(lines, 1):
        document = judge_line(number, line)
        name = document["name"]
        if name in names:
            verdict = {"invariant": INPUT, "text": f"line {number} is named like another run"}
            document["violations"].append({**verdict, "sends": [], "commits": []})
        if type(name) is str:
            names.add(name)
        for violation in document["violations"]:
            if violation["invariant"] == INPUT:
                where = "" if violation["text"].startswith("line ") else f"line {number}: "
                print(where + violation["text"], file=err)
                status = 2
            status = max(status, 1)
        out.write(json.dumps(document, separators=(",", ":"), ensure_ascii=False) + "\n")
        out.flush()
    if number == 0:
        print("there is no run in the input", file=err)
        return 2
    return status


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="check.py",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.parse_args()
    for stream in (sys.stdin, sys.stdout):
        # Whatever the machine's locale is.
        stream.reconfigure(encoding="utf-8")
    # A run is dropped as a whole, and holds no circles worth looking for.
    gc.disable()
    return check(sys.stdin, sys.stdout, sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
