"""What is no run is refused with its line and a reason, and never passes."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import unittest
from pathlib import Path
from typing import Any, Callable, Dict, List, Tuple

from builder import Story
from check import check

PROGRAM = Path(__file__).parent / "check.py"
GOOD = json.dumps(Story().run("good"))


def checked(*lines: str) -> Tuple[int, List[Dict[str, Any]], str]:
    """Runs the checker over these lines: its status, its verdicts, its errors."""
    out, err = io.StringIO(), io.StringIO()
    status = check(io.StringIO("".join(line + "\n" for line in lines)), out, err)
    return status, [json.loads(line) for line in out.getvalue().splitlines()], err.getvalue()


class MalformedRuns(unittest.TestCase):
    def refused(self, words: str, doctor: Callable[[Dict[str, Any]], Any]) -> None:
        run = {**json.loads(GOOD), "name": "bad"}
        doctor(run)
        status, verdicts, errors = checked(GOOD, json.dumps(run))
        self.assertEqual(status, 2)
        self.assertEqual(verdicts[0]["violations"], [])
        self.assertIn("line 2", errors)
        self.assertIn(words, errors)
        self.assertEqual({it["invariant"] for it in verdicts[1]["violations"]}, {"input"})

    def test_what_is_no_json(self) -> None:
        status, verdicts, errors = checked("{")
        self.assertEqual((status, len(verdicts)), (2, 1))
        self.assertIn("line 1 is no JSON", errors)
        self.assertEqual(verdicts[0]["violations"][0]["invariant"], "input")

    def test_an_empty_line(self) -> None:
        self.assertEqual(checked("")[0], 2)

    def test_no_run_at_all(self) -> None:
        self.assertEqual(checked()[0], 2)

    def test_what_is_no_object(self) -> None:
        status, _, errors = checked("[]")
        self.assertEqual(status, 2)
        self.assertIn("line 1 is no run: the run: is no object", errors)

    def test_two_runs_of_one_name(self) -> None:
        status, verdicts, errors = checked(GOOD, GOOD)
        self.assertEqual(status, 2)
        self.assertIn("is named like another run", errors)
        self.assertEqual(len(verdicts[1]["violations"]), 1)

    def test_parts_that_are_absent(self) -> None:
        for name in json.loads(GOOD):
            self.refused(f"`{name}`", lambda run, name=name: run.pop(name))

    def test_limits_that_are_absent(self) -> None:
        for name in ("functionTimeoutMillis", "tries", "settleMillis"):
            self.refused(f"`limits.{name}`", lambda run, name=name: run["limits"].pop(name))

    def test_a_layer_that_is_none(self) -> None:
        self.refused("neither simulator nor chaos", lambda run: run.update(layer="production"))

    def test_tables_that_are_absent(self) -> None:
        for name in ("orders", "stock", "products", "carts", "audit", "idempotency"):
            self.refused(f"table {name}", lambda run, name=name: run["tables"].pop(name))

    def test_members_of_a_send_that_are_absent(self) -> None:
        for name in json.loads(GOOD)["history"][0].keys() - {"method"}:
            self.refused("a send lacks", lambda run, name=name: run["history"][3].pop(name))

    def test_members_of_a_commit_that_are_absent(self) -> None:
        for name in json.loads(GOOD)["journal"][0]:
            self.refused("a commit lacks", lambda run, name=name: run["journal"][3].pop(name))

    def test_members_of_a_person_that_are_absent(self) -> None:
        self.refused("somebody lacks", lambda run: run["people"][0].pop("userId"))
        self.refused("somebody lacks", lambda run: run["people"][0].pop("role"))
        self.refused("is no user id", lambda run: run["people"][0].update(userId=5))
        self.refused("without a canary", lambda run: run["people"][0].pop("canary"))

    def test_a_send_of_the_wrong_form(self) -> None:
        for name, value, words in (
            ("send", None, "is no id"),
            ("operation", 1, "is no text"),
            ("key", 1, "is no text"),
            ("path", None, "is no text"),
            ("headers", [1], "is no object"),
            ("began", "now", "is no time"),
            ("ended", "now", "is no time"),
            ("ended", 0, "ended before it began"),
            ("ended", None, "has no `ended`"),
            ("status", "200", "is no number"),
            ("user", "usr_x", "not in `people`"),
            ("send", 1, "in the history twice"),
            ("began", 0, "stands after one that began later"),
        ):  # fmt: skip
            with self.subTest(name=name, value=value):
                self.refused(words, lambda run, n=name, v=value: run["history"][5].update({n: v}))

    def test_a_commit_of_the_wrong_form(self) -> None:
        for name, value, words in (
            ("commit", "4", "is no number"),
            ("commit", 1, "stands after a later one"),
            ("at", None, "is no time"),
            ("at", 0, "stands after a later one"),
            ("by", None, "is no text"),
            ("before", [], "is no item"),
            ("after", None, "did not change"),
            ("key", {}, "`key` of"),
        ):
            with self.subTest(name=name, value=value):
                self.refused(words, lambda run, n=name, v=value: run["journal"][3].update({n: v}))

    def test_a_table_of_the_wrong_form(self) -> None:
        self.refused("is no list", lambda run: run["tables"].update(stock={}))
        self.refused("without its key", lambda run: run["tables"].update(stock=[{}]))

    def test_an_item_that_is_not_dynamodbs(self) -> None:
        def doctor(run: Dict[str, Any]) -> None:
            for change in run["journal"]:
                if change["after"] and "lines" in change["after"]:
                    change["after"]["lines"] = 5

        self.refused("is not DynamoDB's JSON", doctor)


class Program(unittest.TestCase):
    def run_with(self, text: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, str(PROGRAM), *arguments],
            input=text, capture_output=True, text=True, encoding="utf-8", timeout=60,
        )  # fmt: skip

    def test_its_status_says_what_it_found(self) -> None:
        bad = Story()
        bad.got["status"] = 500
        lines = GOOD, json.dumps(bad.run("bad"))
        for text, status in ((lines[0], 0), ("\n".join(lines), 1), ("\n".join((*lines, "{")), 2)):
            done = self.run_with(text + "\n")
            self.assertEqual(done.returncode, status, done.stderr)
            self.assertEqual(len(done.stdout.splitlines()), len(text.splitlines()))

    def test_a_verdict_is_written_before_the_next_run_is_read(self) -> None:
        with subprocess.Popen(
            [sys.executable, str(PROGRAM)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8",
        ) as program:  # fmt: skip
            assert program.stdin is not None and program.stdout is not None
            for name in ("one", "two"):
                program.stdin.write(json.dumps(Story().run(name)) + "\n")
                program.stdin.flush()
                self.assertEqual(json.loads(program.stdout.readline())["name"], name)
            program.stdin.close()
            self.assertEqual(program.wait(timeout=60), 0)

    def test_help_says_how_it_is_called(self) -> None:
        done = self.run_with("", "--help")
        self.assertEqual(done.returncode, 0)
        self.assertIn("python3 tests/checker/check.py < runs.jsonl", done.stdout)

    def test_an_argument_that_it_does_not_know(self) -> None:
        self.assertEqual(self.run_with("", "--fast").returncode, 2)


if __name__ == "__main__":
    unittest.main()
