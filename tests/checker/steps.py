"""Orders that come to another status, or are otherwise changed: who had asked for it
(I7), what comes back with it (I4), its record (I10), and whether what was answered was
so (I6)."""

from __future__ import annotations

from typing import Any, Dict, List, Optional

from orders import NEXT
from run import (
    CALLED_OFF, OPERATOR, TORN, Change, Commit, Order, Run, Send, available, is_order, plain_item,
    returns, shown, text,
)  # fmt: skip
from verdict import Verdict

# Who changes orders, and what their records say.
ACTIONS = {"cancel-order": "order-cancelled", "admin-update-order": "order-updated"}
# From where an order is cancelled.
CANCELLABLE = ("pending-payment", "placed", "processing")


def judge(run: Run, verdict: Verdict) -> None:
    for commit in run.commits:
        if commit.by == OPERATOR:
            continue
        for change in commit.of("orders"):
            if is_order(change) and change.before and change.after:
                judge_step(run, commit, change, verdict)
    for send in run.by_operation["cancel-order"]:
        judge_answer(run, send, verdict)
    for send in run.by_operation["admin-update-order"]:
        judge_staff_answer(run, send, verdict)


def judge_step(run: Run, commit: Commit, change: Change, verdict: Verdict) -> None:
    """An order is changed by whoever may, as somebody had asked, with a record."""
    user, order = change.key

    def broken(invariant: str, sentence: str, sends: Any = ()) -> None:
        verdict.broken(invariant, f"{order} {sentence}", list(sends), [commit.number])

    if commit.by not in ACTIONS:
        broken("I4", f"was changed by {commit.by}")
        return
    verdict.looked_at("I10")
    asking = [it for it in run.by_operation[commit.by] if asks(run, it, commit, change)]
    if not asking:
        broken("I7", f"came to {text(change.after, 'status')} by {commit.by}, and nobody asked")
    records = [it.after for it in commit.of("audit") if text(it.after, "thing") == order]
    if len(records) != 1 or text(records[0], "action") != ACTIONS[commit.by]:
        broken("I10", f"was changed by {commit.by} with {len(records)} records of the audit log")
    elif text(records[0], "actor") not in {send.user for send in asking}:
        broken("I10", f"was changed, and its record says {text(records[0], 'actor')}")
    before = plain_item(change.before or {})
    is_refund = text(change.after, "status") == "refunded" != before.get("status")
    if is_refund and before.get("payment", {}).get("status") != "paid":
        broken("I3", "was refunded, and had not been paid")
    judge_return(run, commit, change, verdict)


def asks(run: Run, send: Send, commit: Commit, change: Change) -> bool:
    """Returns whether a send may have made a change of an order."""
    user, order = change.key
    if not send.may_have_made(commit):
        return False
    status, to = text(change.before, "status"), text(change.after, "status")
    if send.operation == "cancel-order":
        # What a customer was refused is not done later, whatever is delivered again.
        is_refused = send.is_definite and not send.is_success
        is_late = is_refused and commit.at > send.ended + run.dated
        return send.user == user and order_of(send) == order and to == "cancelled" and not is_late
    if not may(run, send):
        return False
    named = send.path.split("?")[0].split("/")[-2:] == [user, order]
    before, after = plain_item(change.before or {}), plain_item(change.after or {})
    paid = before.get("payment") == after.get("payment") or to == "refunded" or send.member("paid")
    notes = [note.get("text") for note in added(before.get("notes"), after.get("notes"))]
    noted = notes == [note for note in [send.member("note")] if note is not None]
    return named and bool(paid) and noted and (
        send.member("status") == to if status != to else send.member("status") is None
    )


def may(run: Run, send: Send) -> bool:
    """Returns whether somebody may ask for this change of an order: what is about money is
    an admin's."""
    person = run.people.get(str(send.user))
    if person is None or person.role == "customer":
        return False
    is_money = send.member("paid") is not None or send.member("status") == "refunded"
    return not is_money or person.role in ("admin", "super-admin")


def added(before: Any, after: Any) -> List[Dict[str, Any]]:
    """Returns what a list got, if it has kept what it had."""
    old, new = before or [], after or []
    return new[len(old):] if new[: len(old)] == old else [{}]


def order_of(send: Send) -> str:
    """Returns which order a send would cancel."""
    return send.path.split("?")[0].split("/")[-2]


def judge_return(run: Run, commit: Commit, change: Change, verdict: Verdict) -> None:
    """What is called off before it ships comes back with it, all of it."""
    order = run.orders.get(change.key[1])
    if order is None or not returns(change.before, change.after):
        return
    verdict.looked_at("I4")
    came: Dict[str, int] = {}
    for row in commit.of("stock"):
        came[row.key[0]] = available(row.after) - available(row.before)
    if came != order.quantities():
        verdict.broken(
            "I4",
            f"{order.id} was called off by {commit.by}, which gave back {came} and not "
            f"{order.quantities()}",
            commits=[commit.number],
        )


def judge_answer(run: Run, send: Send, verdict: Verdict) -> None:
    """A cancellation that was answered was done by it; one that was refused could not
    be done at some moment of it."""
    order = run.orders.get(order_of(send))
    if order is None or order.user != send.user or send.status not in (200, 404, 409):
        return
    verdict.looked_at("I6")

    def broken(sentence: str) -> None:
        verdict.broken("I6", f"send {send.number} {sentence}", [send.number])

    until = send.ended + run.dated
    if send.status == 404:
        if order.commit.at < send.began:
            broken(f"did not find {order.id}, which was made before")
        return
    if send.status == 409:
        if all(it.get("status") in CANCELLABLE for it in states_of(order, send.began, until)):
            broken(f"was told that {order.id} can't be cancelled, and it could")
        return
    states = [state for at, state in order.versions[1:] if send.began <= at <= until]
    cancelled = [shown(state) for state in states if state.get("status") == "cancelled"]
    if send.body not in cancelled:
        broken(f"was told that it cancelled {order.id}, and did not")


def states_of(order: Order, began: float, until: float) -> List[Dict[str, Any]]:
    """Returns every state that an order had between these moments."""
    before = [state for at, state in order.versions if at < began]
    during = [state for at, state in order.versions if began <= at <= until]
    return [*before[-1:], *during]


def read_of(order: Order, began: float, until: float) -> List[Dict[str, Any]]:
    """Returns every state that a plain read of an order between these moments may have seen:
    while a transaction is committed also the one before it."""
    last = sum(at < began for at, _ in order.versions) - 1
    is_torn = last > 0 and order.versions[last][0] >= began - TORN and order.torn[last] >= began
    before = [order.versions[last - 1][1]] if is_torn else []
    return [*before, *states_of(order, began, until)]


def is_noted(state: Dict[str, Any], send: Send) -> bool:
    """Returns whether a note that was sent without a version is an order's last one already."""
    asked = send.request if type(send.request) is dict else {}
    if any(asked.get(name) is not None for name in ("status", "paid", "version")):
        return False
    last = (state.get("notes") or [{}])[-1]
    return (last.get("text"), last.get("by")) == (asked.get("note"), send.user)


def judge_staff_answer(run: Run, send: Send, verdict: Verdict) -> None:
    """A change that one of the staff was told of was made by them; one that was refused
    was not possible at some moment of it."""
    order = run.orders.get(send.path.partition("?")[0].split("/")[-1])
    if order is None or not send.is_definite or send.status == 401:
        return
    verdict.looked_at("I6")

    def broken(sentence: str) -> None:
        verdict.broken("I6", f"send {send.number} {sentence}", [send.number])

    until = send.ended + run.dated
    if send.status == 200:
        made = [state for at, state in order.versions[1:] if send.began <= at <= until]
        there = [state for state in read_of(order, send.began, until) if is_noted(state, send)]
        if send.body not in [shown_to_staff(state) for state in (*made, *there)]:
            broken(f"was told that it changed {order.id}, and did not so")
        return
    states = read_of(order, send.began, until)
    if send.code == "conflict":
        read = send.member("version")
        if read is None or all(state.get("version") == read for state in states):
            broken(f"was told that {order.id} had changed, and it had not")
    elif send.status == 403:
        if may(run, send):
            broken("was told that it may not, and it may")
    elif send.code == "invalid-transition":
        if all(is_possible(state, send) for state in states):
            broken(f"was told that {order.id} can't become what it asked for, and it could")
    else:
        broken(f"was answered {send.status}, and nothing in it was wrong")


def shown_to_staff(content: Dict[str, Any]) -> Dict[str, Any]:
    """Returns a state of an order as the staff see it."""
    notes = content.get("notes", [])
    return {**shown(content), "userId": content.get("userId"), "notes": notes}


def is_possible(state: Dict[str, Any], send: Send) -> bool:
    """Returns whether an order may become what one of the staff asks for."""
    status, payment = state.get("status"), state.get("payment", {}).get("status")
    if send.member("paid"):
        if status in CALLED_OFF or payment != "pending":
            return False
        payment = "paid"
    to = send.member("status")
    if to is None:
        return True
    return to in NEXT.get(str(status), ()) and (to != "refunded" or payment == "paid")
