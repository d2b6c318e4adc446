"""Products that the staff change or delete: as somebody asked (I7), counted (I3) and recorded
(I10), and what was answered was so (I6)."""

from __future__ import annotations

from typing import Any, Dict, Optional

from run import (
    NOTHING, TORN, Change, Commit, Item, Run, Send, is_deleted, number, text,
)  # fmt: skip
from verdict import Verdict

# Who changes products, and what their records say.
ACTIONS = {"admin-update-product": "product-changed", "admin-delete-product": "product-deleted"}
# Who may.
ROLES = {
    "admin-update-product": ("admin", "super-admin"), "admin-delete-product": ("super-admin",),
}  # fmt: skip
# What one may ask for.
ASKED = ("name", "description", "price", "category", "status")


def judge(run: Run, verdict: Verdict) -> None:
    for commit in run.commits:
        if commit.by in ACTIONS:
            for change in commit.of("products"):
                if change.before and change.after:
                    judge_change(run, commit, change, verdict)
    for send in run.by_operation["admin-update-product"]:
        judge_update(run, send, verdict)
    for send in run.by_operation["admin-delete-product"]:
        judge_deletion(run, send, verdict)


def named_product(send: Send) -> str:
    """Returns which product a request of the staff is of."""
    return send.path.partition("?")[0].split("/")[4]


def content(row: Optional[Item]) -> Dict[str, Any]:
    """Returns what of a product can be asked for, and its version, as answers show it."""
    shown = {name: text(row, name) for name in ASKED}
    shown["price"] = {"amount": number(row, "price"), "currency": text(row, "currency")}
    shown["version"] = number(row, "version")
    return shown


def judge_change(run: Run, commit: Commit, change: Change, verdict: Verdict) -> None:
    """A product is changed as an admin asked, and in nothing else."""
    product = change.key[0]
    asking = [it for it in run.by_operation[commit.by] if asks(run, it, commit, change)]
    if not asking:
        verdict.broken(
            "I7",
            f"{product} was changed by {commit.by}, and nobody had asked for that",
            commits=[commit.number],
        )
    if number(change.after, "version") != (number(change.before, "version") or 0) + 1:
        verdict.broken(
            "I3",
            f"{product} was changed by {commit.by} without counting its version",
            commits=[commit.number],
        )
    if is_deleted(change.before):
        verdict.broken(
            "I3", f"{product} was changed when it was deleted", commits=[commit.number]
        )
    actors = {send.user for send in asking}
    records = [it for it in commit.of("audit") if text(it.after, "thing") == product]
    actor = text(records[0].after, "actor") if records else None
    judge_record(commit, product, ACTIONS[commit.by], actor if actor in actors else None, verdict)


def asks(run: Run, send: Send, commit: Commit, change: Change) -> bool:
    """Returns whether a send may have made a change of a product."""
    person = run.people.get(str(send.user))
    if person is None or person.role not in ROLES[commit.by]:
        return False
    if named_product(send) != change.key[0] or not send.may_have_made(commit):
        return False
    if commit.by == "admin-delete-product":
        before, after = content(change.before), content(change.after)
        return is_deleted(change.after) and all(before[name] == after[name] for name in ASKED)
    if is_deleted(change.after):
        return False
    before, after = content(change.before), content(change.after)
    wanted = {name: send.member(name) for name in ASKED if send.member(name) is not None}
    return all(after[name] == wanted.get(name, before[name]) for name in ASKED)


def judge_record(
    commit: Commit, thing: str, action: str, actor: Optional[str], verdict: Verdict
) -> None:
    """What one of the staff did has exactly one record, of this action and actor."""
    verdict.looked_at("I10")
    records = [it.after for it in commit.of("audit") if text(it.after, "thing") == thing]
    told = [(text(it, "action"), text(it, "actor")) for it in records]
    if actor is None or told != [(action, actor)]:
        verdict.broken(
            "I10",
            f"{thing} was changed by {commit.by}, and its records say {told}",
            commits=[commit.number],
        )


def judge_gone(run: Run, send: Send, broken) -> None:
    """A product that was not found was deleted at some moment of it."""
    product = named_product(send)
    states = run.products.get(product, NOTHING).between(send.began, send.ended + run.dated, TORN)
    if not any(state is None or is_deleted(state) for state in states):
        broken(f"did not find {product}, which was there")


def judge_update(run: Run, send: Send, verdict: Verdict) -> None:
    """An edit that was acknowledged is there; one that was refused was stale."""
    if not send.is_definite or send.status in (401, 403):
        return
    verdict.looked_at("I6")

    def broken(sentence: str) -> None:
        verdict.broken("I6", f"send {send.number} {sentence}", [send.number])

    product, until = named_product(send), send.ended + run.dated
    states = run.products.get(product, NOTHING).between(send.began, until, TORN)
    if send.status == 404:
        judge_gone(run, send, broken)
    elif send.status == 409:
        read, versions = send.member("version"), {number(state, "version") for state in states}
        if versions == {read} or (read is None and len(versions) == 1):
            broken(f"was told that {product} had changed, and it had not")
    elif send.status != 200:
        broken(f"was answered {send.status}, and nothing in it was wrong")
    elif type(send.body) is dict:
        shown = {name: send.body.get(name) for name in (*ASKED, "version")}
        if shown not in [content(state) for state in states if state and not is_deleted(state)]:
            broken(f"shows {product} as it was not: {shown}")
        wanted = {name: send.member(name) for name in ASKED if send.member(name) is not None}
        if any(shown[name] != asked for name, asked in wanted.items()):
            broken(f"asked for {wanted} of {product}, and was told of {shown}")


def judge_deletion(run: Run, send: Send, verdict: Verdict) -> None:
    """Who is told that a product is deleted finds it so."""
    if send.status not in (204, 404):
        return
    verdict.looked_at("I6")
    product = named_product(send)
    states = run.products.get(product, NOTHING).between(send.ended, send.ended + run.dated)
    if send.status == 404 or not any(it is None or is_deleted(it) for it in states):
        verdict.broken(
            "I6",
            f"send {send.number} was answered {send.status}, and {product} is as it was",
            [send.number],
        )
