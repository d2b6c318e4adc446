"""Collects what a run broke, and how much each invariant looked at."""

from __future__ import annotations

from typing import Any, Dict, Iterable, List

# What is judged. I2 is about payments, which the shop does not take yet.
INVARIANTS = ("I1", "I3", "I4", "I5", "I6", "I7", "I8", "I9", "I10")
# Not an invariant: what was read can't be judged, or contradicts itself.
INPUT = "input"


class Verdict:
    """The verdict on one run."""

    def __init__(self) -> None:
        self.violations: List[Dict[str, Any]] = []
        self.judged: Dict[str, int] = dict.fromkeys(INVARIANTS, 0)

    def looked_at(self, invariant: str, things: int = 1) -> None:
        """Counts things that an invariant looked at.

        What the run's own hand did doesn't count, and neither does what an invariant
        can't fail for: with 0 it has judged nothing.
        """
        self.judged[invariant] += things

    def broken(
        self,
        invariant: str,
        sentence: str,
        sends: Iterable[Any] = (),
        commits: Iterable[int] = (),
    ) -> None:
        """Tells of a violation, by ids of sends and commits."""
        self.violations.append({
            "invariant": invariant,
            "text": sentence,
            "sends": list(sends),
            "commits": list(commits),
        })  # fmt: skip

    def document(self, name: Any) -> Dict[str, Any]:
        """Returns the line that is written."""
        return {"name": name, "violations": self.violations, "judged": self.judged}
