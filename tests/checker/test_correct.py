"""Correct runs have no violation, and every invariant looks at them."""

from __future__ import annotations

import unittest

from builder import Shop, Story
from check import judge
from verdict import INVARIANTS


class CorrectRuns(unittest.TestCase):
    def holds(self, shop: Shop) -> None:
        self.assertEqual(judge(shop.run()).violations, [])

    def test_a_run_with_a_bit_of_everything_holds(self) -> None:
        verdict = judge(Story().run())
        self.assertEqual(verdict.violations, [])
        for invariant in INVARIANTS:
            self.assertGreater(verdict.judged[invariant], 0, invariant)


if __name__ == "__main__":
    unittest.main()
