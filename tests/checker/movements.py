"""I4, each change of stock is accounted for: it is an order's, a called-off order's, or has a
movement in its commit. And what the staff say of stock: it was asked for (I7), has a record
(I10), is done once under a key (I5), and what was answered was so (I6)."""

from __future__ import annotations

from collections import defaultdict
from typing import Dict, List, Optional

from products import judge_gone, judge_record, named_product
from run import (
    NOTHING, OPERATOR, TORN, Change, Commit, Order, Run, Send, available, hash_of_key, number,
    text,
)  # fmt: skip
from stock import called_off, moved_by
from verdict import Verdict

SET_STOCK = "admin-set-stock"
# Which functions write movements, and of which kinds.
KINDS = {"admin-create-product": ("initial",), SET_STOCK: ("set", "adjust")}
# What the records of such changes say.
ACTION = "stock-changed"


def judge(run: Run, verdict: Verdict) -> None:
    made: Dict[int, List[Order]] = defaultdict(list)
    for order in run.orders.values():
        made[order.commit.number].append(order)
    for commit in run.commits:
        for movement in commit.of("movements"):
            judge_movement(commit, movement, verdict)
        if commit.by != OPERATOR:
            judge_accounted(run, commit, made[commit.number], verdict)
        if commit.by == SET_STOCK:
            for movement in commit.of("movements"):
                judge_setting(run, commit, movement, verdict)
    judge_accounts(run, made, verdict)
    judge_keys(run, verdict)
    for send in run.by_operation[SET_STOCK]:
        judge_answer(run, send, verdict)


def stock_change(commit: Commit, product: str) -> Optional[Change]:
    """Returns how a commit changes the stock of a product."""
    return next((it for it in commit.of("stock") if it.key[0] == product), None)


def judge_movement(commit: Commit, movement: Change, verdict: Verdict) -> None:
    """A movement comes with its change, tells the truth of it, and stays."""
    product, name = movement.key

    def broken(sentence: str) -> None:
        verdict.broken("I4", f"the movement {name} of {product} {sentence}", (), [commit.number])

    if movement.before is not None:
        broken(f"was touched again by {commit.by}")
        return
    kind, change = text(movement.after, "kind"), number(movement.after, "change")
    if commit.by != OPERATOR and kind not in KINDS.get(commit.by, ()):
        broken(f"is {kind!r} and was written by {commit.by}")
    stock = stock_change(commit, product)
    if stock is None:
        broken("came without a change of the stock")
        return
    before, after = available(stock.before), available(stock.after)
    if change != after - before:
        broken(f"tells of {change}, and the stock went from {before} to {after}")
    told = (number(movement.after, "before"), number(movement.after, "after"))
    if kind != "adjust" and told != (before, after):
        broken(f"tells of {told[0]} and {told[1]}, and the stock went from {before} to {after}")


def judge_accounted(run: Run, commit: Commit, made: List[Order], verdict: Verdict) -> None:
    """A change of stock is of orders, or has one movement; never both."""
    orders = [*made, *called_off(run, commit)]
    for change in commit.of("stock"):
        product = change.key[0]
        is_ordered = any(product in order.quantities() for order in orders)
        verdict.looked_at("I4", 0 if is_ordered else 1)
        movements = [it for it in commit.of("movements") if it.key[0] == product]
        if len(movements) != (0 if is_ordered else 1):
            verdict.broken(
                "I4",
                f"{commit.by} changed the stock of {product} for {len(orders)} orders, with "
                f"{len(movements)} movements",
                commits=[commit.number],
            )


def judge_accounts(run: Run, made: Dict[int, List[Order]], verdict: Verdict) -> None:
    """After each commit there is what the run's own hand and movements brought, without
    what was ordered, with what was called off."""
    account: Dict[str, int] = defaultdict(int)
    there: Dict[str, int] = defaultdict(int)
    for commit in run.commits:
        touched = set()
        for change in commit.of("stock"):
            product = change.key[0]
            there[product] = available(change.after)
            if commit.by == OPERATOR:
                account[product] += available(change.after) - available(change.before)
            touched.add(product)
        if commit.by != OPERATOR:
            for movement in commit.of("movements"):
                account[movement.key[0]] += moved_by(movement)
                touched.add(movement.key[0])
        for orders, sign in ((made[commit.number], -1), (called_off(run, commit), 1)):
            for order in orders:
                for product, pieces in order.quantities().items():
                    account[product] += sign * pieces
                    touched.add(product)
        for product in sorted(touched):
            if account[product] != there[product]:
                verdict.broken(
                    "I4",
                    f"there are {there[product]} pieces of {product} and, by its movements and "
                    f"orders, there should be {account[product]}",
                    commits=[commit.number],
                )
                # Told once.
                account[product] = there[product]


def judge_setting(run: Run, commit: Commit, movement: Change, verdict: Verdict) -> None:
    """The staff's change of stock was asked for by whoever it and its record say."""
    product = movement.key[0]
    asking = [it for it in run.by_operation[SET_STOCK] if asks(run, it, commit, movement)]
    by = text(movement.after, "by")
    if by not in {send.user for send in asking}:
        verdict.broken(
            "I7",
            f"{by} changed the stock of {product} by {moved_by(movement)}, who had not asked for "
            "it",
            commits=[commit.number],
        )
    judge_record(commit, product, ACTION, by, verdict)


def asks(run: Run, send: Send, commit: Commit, movement: Change) -> bool:
    """Returns whether a send may have made a movement: under its key, with the key's row."""
    person = run.people.get(str(send.user))
    if person is None or person.role == "customer" or not send.may_have_made(commit):
        return False
    rows = {row.key for row in commit.of("idempotency")}
    keyed = set() if send.key is None else {row_of(send)}
    return named_product(send) == movement.key[0] and keyed == rows and wants(send, movement)


def wants(send: Send, movement: Change) -> bool:
    """Returns whether a movement is what was asked for."""
    if text(movement.after, "kind") == "set":
        return send.member("available") == number(movement.after, "after")
    return send.member("adjustBy") == number(movement.after, "change")


def row_of(send: Send) -> tuple:
    """Returns the key of the row of an idempotency key."""
    return f"{SET_STOCK}#{send.user}", hash_of_key(str(send.key))


def judge_keys(run: Run, verdict: Verdict) -> None:
    """A key changes stock once; its other answers say that they are of that change, and
    another body is refused."""
    done: Dict[tuple, List[Change]] = defaultdict(list)
    at: Dict[tuple, float] = {}
    for commit in run.commits:
        if commit.by == SET_STOCK:
            for row in commit.of("idempotency"):
                done[row.key].extend(commit.of("movements"))
                at.setdefault(row.key, commit.at)
    for (operation, user, key), sends in run.keyed.items():
        if operation != SET_STOCK:
            continue
        verdict.looked_at("I5", len(sends))
        ids = [send.number for send in sends]
        movements = done[row_of(sends[0])]
        if len(movements) > 1:
            verdict.broken(
                "I5",
                f"the key {key} of {user} changed stock {len(movements)} times",
                ids, [it.commit for it in movements],
            )  # fmt: skip
        unmarked = [it for it in sends if it.is_success and not is_replay(it)]
        if len(unmarked) > 1:
            verdict.broken(
                "I5", f"the key {key} of {user} was told {len(unmarked)} times that it did it", ids
            )
        for send in sends:
            judge_keyed(send, movements, at.get(row_of(send)), run.dated, verdict)


def judge_keyed(
    send: Send, movements: List[Change], at: Optional[float], dated: float, verdict: Verdict
) -> None:
    """What a send with a key was told of it was so."""
    fits = any(named_product(send) == it.key[0] and wants(send, it) for it in movements)
    is_done = at is not None and at <= (send.ended or at) + dated
    if send.is_success and not (is_done and fits):
        why = "was told that it is done, and its key had changed no stock so"
    elif send.code == "idempotency-mismatch" and (fits or not is_done):
        why = "was told of another body, and its key had changed no stock by one"
    else:
        return
    verdict.broken("I5", f"send {send.number} {why}", [send.number])


def is_replay(send: Send) -> bool:
    return send.headers.get("idempotent-replayed") == "true"


def judge_answer(run: Run, send: Send, verdict: Verdict) -> None:
    """What was answered was so at some moment of it."""
    if not send.is_definite or send.status in (401, 403):
        return
    verdict.looked_at("I6")

    def broken(sentence: str) -> None:
        verdict.broken("I6", f"send {send.number} {sentence}", [send.number])

    product, until = named_product(send), send.ended + run.dated
    states = run.stock.get(product, NOTHING).between(send.began, until, TORN)
    levels = {available(state) for state in states}
    change = send.member("adjustBy")
    if send.status == 404:
        judge_gone(run, send, broken)
    elif send.status == 409:
        if change is None or all(level + change >= 0 for level in levels):
            broken(f"was told that {product} has too few pieces for {change}: {sorted(levels)}")
    elif send.code == "invalid":
        broken("was refused, and nothing in it was wrong")
    elif send.is_success:
        made = [] if is_replay(send) else made_by(run, send, until)
        if not is_replay(send) and not made:
            broken(f"was told that it changed the stock of {product}, and did not")
        for commit in made if change is not None else []:
            # Where the stock can't be read again: what it came to if nothing was sold since it
            # was read before.
            read = run.stock[product].between(send.began, commit.at, TORN, commit.number)
            levels |= {available(state) + change for state in read}
        shown = send.body.get("available") if type(send.body) is dict else None
        if shown not in levels:
            broken(f"was told of {shown} pieces of {product}, and there were {sorted(levels)}")


def made_by(run: Run, send: Send, until: float) -> List[Commit]:
    """Returns the changes of stock that may be this send's."""
    return [
        commit
        for commit in run.commits
        if commit.by == SET_STOCK and send.began <= commit.at <= until
        and any(asks(run, send, commit, movement) for movement in commit.of("movements"))
    ]
