"""I10, audit: each product that an admin makes has exactly one record, in the same
commit, and no record is there without its change or is touched again."""

from __future__ import annotations

from typing import Optional, Set

from run import OPERATOR, Change, Commit, Run, is_order, text
from verdict import Verdict

# Records that are written before what they tell of, or apart from it.
APART = (
    "signing-key-rotated", "refresh-token-reused", "frontend-trusted", "frontend-removed",
    "customer-searched",
)  # fmt: skip
CREATED = "product-created"
# What must change with the other records, and is named by which part of its key.
CHANGED = {
    "product-changed": ("products", 0), "product-deleted": ("products", 0),
    "stock-changed": ("movements", 0),
    "order-cancelled": ("orders", 1), "order-updated": ("orders", 1),
}  # fmt: skip


def judge(run: Run, verdict: Verdict) -> None:
    for commit in run.commits:
        records = commit.of("audit")
        for record in records:
            if commit.by != OPERATOR:
                verdict.looked_at("I10")
            if record.before is not None:
                verdict.broken(
                    "I10",
                    f"{commit.by} changed the record {record.key[1]}",
                    commits=[commit.number],
                )
            elif len(commit.changes) == len(records) and text(record.after, "action") not in APART:
                verdict.broken(
                    "I10",
                    f"the record {record.key[1]} ({text(record.after, 'action')}) was written "
                    "without its change",
                    commits=[commit.number],
                )
            elif text(record.after, "action") in CHANGED:
                judge_told(commit, record, verdict)
        judge_creations(run, commit, verdict)


def judge_told(commit: Commit, record: Change, verdict: Verdict) -> None:
    """A record tells of what its commit changes."""
    named, changed = text(record.after, "thing"), changed_by(commit, text(record.after, "action"))
    if named not in changed:
        verdict.broken(
            "I10",
            f"the record {record.key[1]} tells of {named}, which its commit does not change",
            commits=[commit.number],
        )


def changed_by(commit: Commit, action: Optional[str]) -> Set[str]:
    """Returns what a commit changes of that which records of an action tell of."""
    table, part = CHANGED[str(action)]
    changes = commit.of(table)
    if table == "orders":
        changes = [it for it in changes if is_order(it)]
    if table != "movements":
        changes = [it for it in changes if it.before and it.after]
    return {it.key[part] for it in changes}


def judge_creations(run: Run, commit: Commit, verdict: Verdict) -> None:
    """Products and records of new products belong to each other, one to one."""

    def broken(sentence: str) -> None:
        verdict.broken("I10", sentence, commits=[commit.number])

    records = [it for it in commit.of("audit") if text(it.after, "action") == CREATED]
    products = [it for it in commit.of("products") if it.before is None]
    made = {change.key[0] for change in products}
    for record in records:
        if text(record.after, "thing") not in made:
            broken(
                f"the record {record.key[1]} tells of {text(record.after, 'thing')}, which its "
                "commit does not make"
            )
    if commit.by == OPERATOR:
        return
    stocked = {change.key[0] for change in commit.of("stock") if change.before is None}
    for product in made:
        verdict.looked_at("I10")
        own = [record for record in records if text(record.after, "thing") == product]
        if len(own) != 1:
            broken(f"{commit.by} made {product} with {len(own)} records of the audit log")
        for record in own:
            judge_actor(run, commit, text(record.after, "actor"), broken)
            if not text(record.after, "requestId"):
                broken(f"the record {record.key[1]} names no request")
        if product not in stocked:
            broken(f"{commit.by} made {product} without its stock")
        if commit.by != "admin-create-product":
            broken(f"{commit.by} made {product}")


def judge_actor(run: Run, commit: Commit, actor, broken) -> None:
    """Who is recorded is an admin who had asked for a product."""
    person = run.people.get(str(actor))
    if person is None or person.role == "customer":
        broken(f"a record says that {actor} made a product, who is no admin")
    elif not any(
        send.user == actor and send.began <= commit.at
        for send in run.by_operation["admin-create-product"]
    ):
        broken(f"a record says that {actor} made a product, who had not asked for one")
