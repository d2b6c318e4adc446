"""I8, liveness: once nothing fails any more, every intent reaches a final answer."""

from __future__ import annotations

from run import Run, Send
from verdict import Verdict


def judge(run: Run, verdict: Verdict) -> None:
    for intent, sends in run.intents.items():
        numbers = [send.number for send in sends]
        # What succeeded is resolved, whatever became of other sends of the same.
        if not (sends[-1].is_definite or any(send.is_success for send in sends)):
            verdict.broken(
                "I8",
                f"the last send of intent {intent} ({sends[-1].operation}) was "
                f"{sends[-1].status or 'not answered'}",
                numbers,
            )
            continue
        if sends[-1].began < run.faults_ended:
            continue
        after = [send for send in sends if send.began >= run.faults_ended]
        if not after or is_final_by(sends, run.faults_ended):
            continue
        verdict.looked_at("I8")
        final = next((place for place, send in enumerate(after) if is_final(send)), None)
        if final is None or final >= run.tries:
            verdict.broken(
                "I8",
                f"intent {intent} ({sends[-1].operation}) took more than {run.tries} sends after "
                "the faults had ended",
                numbers,
            )
            continue
        start = max(run.faults_ended, sends[0].began)
        took = after[final].ended - start
        if took > run.settle:
            verdict.broken(
                "I8",
                f"intent {intent} ({sends[-1].operation}) took {took} ms after the faults had "
                "ended",
                numbers,
            )


def is_final(send: Send) -> bool:
    return send.is_definite


def is_final_by(sends, moment: float) -> bool:
    """Returns whether an intent had its final answer before this moment."""
    return any(send.is_success and send.ended <= moment for send in sends)
