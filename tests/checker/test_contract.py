"""The checker's tables of the contract are openapi.yaml's."""

from __future__ import annotations

import re
import unittest
from pathlib import Path
from typing import Dict, Set, Tuple

import contract

YAML = (Path(__file__).parents[2] / "openapi.yaml").read_text(encoding="utf-8")


def declared() -> Dict[str, Tuple[int, ...]]:
    """Reads the statuses of each operation, from the lines that name them."""
    statuses: Dict[str, Tuple[int, ...]] = {}
    operation = ""
    for line in YAML.split("\ncomponents:\n")[0].splitlines():
        named = re.match(r" +operationId: ([a-z-]+)$", line)
        status = re.match(r' +"(\d{3})":', line)
        if named:
            operation = named[1]
            statuses[operation] = ()
        elif status:
            statuses[operation] += (int(status[1]),)
    return statuses


def properties(schema: str) -> Tuple[Set[str], Set[str]]:
    """Reads the required properties of a schema, and the others."""
    part = re.search(rf"^    {schema}:\n((?:      .*\n|\n)+)", YAML, re.MULTILINE)
    assert part is not None, schema
    required = re.search(r"^      required: \[(.*)\]$", part[1], re.MULTILINE)
    assert required is not None, schema
    needed = set(required[1].split(", "))
    return needed, set(re.findall(r"^        (\w+):", part[1], re.MULTILINE)) - needed


class Contract(unittest.TestCase):
    def test_statuses(self) -> None:
        statuses = declared()
        gateway = statuses.pop("gateway")
        self.assertEqual(contract.STATUSES, statuses)
        self.assertLessEqual(set(contract.GATEWAY), set(gateway))

    def test_shapes(self) -> None:
        for name, shape in contract.SHAPES.items():
            with self.subTest(schema=name):
                self.assertEqual(shape, properties(name))

    def test_problems(self) -> None:
        schemas = re.findall(r"^    (\w+Problem):$", YAML, re.MULTILINE)
        found = {}
        for name in schemas:
            needed = re.search(rf"^    {name}:\n(?:      .*\n)*?      required: \[(.*)\]$",
                               YAML, re.MULTILINE)  # fmt: skip
            code = re.search(rf"^    {name}:\n(?:      .*\n)*?        code: .*const: ([a-z-]+)",
                             YAML, re.MULTILINE)  # fmt: skip
            status = re.search(rf"^    {name}:\n(?:      .*\n)*?        status: .*const: (\d+)",
                               YAML, re.MULTILINE)  # fmt: skip
            if needed and code and status:
                found[code[1]] = (int(status[1]), set(needed[1].split(", ")))
        self.assertEqual(len(found), 17)
        codes = {code for codes in contract.CODES.values() for code in codes}
        codes |= contract.CHECKOUT_CODES | {"idempotency-mismatch"}
        codes |= {code for codes in contract.CONFLICT_CODES.values() for code in codes}
        # What is never to be answered has no code here.
        self.assertEqual(codes, found.keys() - {"internal"})
        for code, (status, needed) in found.items():
            if code == "internal":
                continue
            with self.subTest(code=code):
                self.assertEqual(contract.PROBLEM | contract.EXTRA.get(code, set()), needed)
                of_some = [contract.codes_of(name, status) for name in contract.STATUSES]
                self.assertIn(code, set().union(*of_some))

    def test_keyed_operations(self) -> None:
        taking, operation = [], ""
        for line in YAML.split("\ncomponents:\n")[0].splitlines():
            named = re.match(r" +operationId: ([a-z-]+)$", line)
            operation = named[1] if named else operation
            if "parameters/IdempotencyKey" in line or "name: Idempotency-Key" in line:
                taking.append(operation)
        self.assertEqual(sorted(contract.KEYED), sorted(taking))


if __name__ == "__main__":
    unittest.main()
