"""I1, no oversell, and I4, conservation: pieces leave the stock by orders and by what the
staff say, with a movement (movements.py).

An order, its decrements of stock, its key's row and the removal of what it took
from the cart are one commit. What another commit does of that is a violation.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Dict, List

from run import (
    NOTHING, OPERATOR, Change, Commit, Order, Run, available, cart_line, is_order, number,
    on_sale, returns, text,
)  # fmt: skip
from verdict import Verdict

# Which functions change carts, beside checkout and the operator.
CART_EDITORS = ("set-cart-item", "remove-cart-item")


def judge(run: Run, verdict: Verdict) -> None:
    by_commit: Dict[int, List[Order]] = defaultdict(list)
    for order in run.orders.values():
        by_commit[order.commit.number].append(order)
    for commit in run.commits:
        orders = by_commit.get(commit.number, [])
        judge_stock(run, commit, orders, verdict)
        judge_rows(commit, orders, verdict)
        judge_cart_rows(commit, orders, verdict)
        for order in orders:
            judge_parts(run, order, verdict)
    judge_conservation(run, verdict)


def called_off(run: Run, commit: Commit) -> List[Order]:
    """Returns the orders whose pieces a commit gives back."""
    changes = [change for change in commit.of("orders") if is_order(change)]
    ended = [change for change in changes if returns(change.before, change.after)]
    return [run.orders[change.key[1]] for change in ended if change.key[1] in run.orders]


def moved_by(movement: Change) -> int:
    """Returns by how much a movement says that the stock changed."""
    return number(movement.after, "change") or 0


def judge_stock(run: Run, commit: Commit, orders: List[Order], verdict: Verdict) -> None:
    """Judges each change of a stock row by itself."""
    for change in commit.of("stock"):
        product, left = change.key[0], number(change.after, "available")
        if change.after is not None and (left is None or left < 0):
            verdict.broken(
                "I1", f"{product} has {left} pieces in stock", commits=[commit.number]
            )
        if commit.by == OPERATOR:
            continue
        if change.before is None:
            judge_new_stock(commit, change, verdict)
            continue
        verdict.looked_at("I1")
        taken = available(change.before) - available(change.after)
        ordered = sum(order.quantities().get(product, 0) for order in orders)
        ordered -= sum(order.quantities().get(product, 0) for order in called_off(run, commit))
        moved = sum(moved_by(row) for row in commit.of("movements") if row.key[0] == product)
        if change.after is None or taken != ordered - moved:
            verdict.broken(
                "I1",
                f"{commit.by} changed the stock of {product} from {available(change.before)} to "
                f"{left}, and the orders of the same commit are of {ordered}"
                + (f", its movements of {moved}" if moved else ""),
                commits=[commit.number],
            )
        elif number(change.after, "version") != (number(change.before, "version") or 0) + 1:
            verdict.broken(
                "I1",
                f"{commit.by} took from the stock of {product} without counting its version",
                commits=[commit.number],
            )


def judge_new_stock(commit: Commit, change: Change, verdict: Verdict) -> None:
    """A stock row is made with its product."""
    made = [it for it in commit.of("products") if it.before is None and it.key[0] == change.key[0]]
    if not made:
        verdict.broken(
            "I1",
            f"{commit.by} made stock of {change.key[0]}, which is no new product",
            commits=[commit.number],
        )


def judge_rows(commit: Commit, orders: List[Order], verdict: Verdict) -> None:
    """No key's row names an order that its commit does not make, and none that
    does is changed again; an order is not taken back."""
    made = {order.id for order in orders}
    for change in commit.of("orders"):
        names, named = text(change.after, "order"), text(change.before, "order")
        if is_order(change):
            if change.before is not None and change.after is None:
                verdict.broken(
                    "I6", f"{commit.by} deleted the order {change.key[1]}", commits=[commit.number]
                )
            continue
        if named is not None and commit.by != OPERATOR:
            verdict.broken(
                "I5",
                f"{commit.by} changed the row of a key which names the order {named}",
                commits=[commit.number],
            )
        elif names is not None and names not in made:
            verdict.broken(
                "I4",
                f"{commit.by} wrote that a key made {names}, which this commit does not make",
                commits=[commit.number],
            )


def judge_cart_rows(commit: Commit, orders: List[Order], verdict: Verdict) -> None:
    """Checkout takes lines out of carts with an order, and does nothing else to
    carts."""
    if commit.by == OPERATOR or commit.by in CART_EDITORS:
        return
    buyers = {order.user for order in orders}
    for change in commit.of("carts"):
        if cart_line(change.after) is not None or change.key[0] not in buyers:
            verdict.broken(
                "I4",
                f"{commit.by} changed the line {change.key[1]} in the cart of {change.key[0]} "
                "without an order of theirs in the same commit",
                commits=[commit.number],
            )


def judge_parts(run: Run, order: Order, verdict: Verdict) -> None:
    """An order comes with all of its parts, of what was in the cart."""
    verdict.looked_at("I4")
    commit, pieces = order.commit, order.quantities()

    def broken(sentence: str) -> None:
        sends = [send.number for send in order.sends]
        verdict.broken("I4", f"{order.id} {sentence}", sends, [commit.number])

    if commit.by != "checkout":
        broken(f"was made by {commit.by}")
    if len(order.key_rows) != 1 or order.key_rows[0].key[0] != order.user:
        broken(f"has {len(order.key_rows)} rows of keys of {order.user} in its commit instead of 1")
    taken: Dict[str, int] = defaultdict(int)
    for change in commit.of("stock"):
        taken[change.key[0]] += available(change.before) - available(change.after)
    for product in sorted(pieces.keys() | taken.keys()):
        if pieces.get(product, 0) != taken.get(product, 0):
            broken(
                f"is of {pieces.get(product, 0)} pieces of {product}, and its commit takes "
                f"{taken.get(product, 0)}"
            )
    removed = {c.key[1]: c for c in commit.of("carts") if c.key[0] == order.user}
    for product, quantity in pieces.items():
        line = order.cart.get(product)
        if line is None or number(line, "quantity") != quantity:
            broken(f"is of {quantity} {product}, and the cart held {number(line, 'quantity')}")
        if product not in removed:
            broken(f"left its {product} in the cart")
    judge_left_out(run, order, set(removed), broken)


def judge_left_out(run: Run, order: Order, removed: set, broken) -> None:
    """What was in the cart and is not in the order was not sold, or came to the
    cart while the checkout was under way and is still there."""
    began = min((send.began for send in order.makers), default=order.commit.at)
    for product in sorted(order.cart.keys() - order.quantities().keys()):
        states = run.products.get(product, NOTHING).between(began, order.commit.at)
        was_unsold = not all(on_sale(state) for state in states)
        if product in removed:
            if not was_unsold:
                broken(f"took {product} out of the cart without ordering it")
            continue
        lines = run.carts[order.user][product].between(began, order.commit.at)
        if len(lines) == 1 and not was_unsold:
            broken(f"left out {product}, which was in the cart before the checkout began")
        elif len(lines) == 1:
            broken(f"left {product}, which is not sold, in the cart")


def judge_conservation(run: Run, verdict: Verdict) -> None:
    """What came into the stock is still there or in a live order."""
    sold: Dict[str, int] = defaultdict(int)
    for _, sort_key in run.tables["orders"]:
        order = run.orders.get(sort_key)
        if order is not None and not order.is_called_off:
            for product, quantity in order.quantities().items():
                sold[product] += quantity
    came: Dict[str, int] = defaultdict(int)
    left: Dict[str, int] = defaultdict(int)
    for commit in run.commits:
        for change in commit.of("stock"):
            if commit.by == OPERATOR:
                came[change.key[0]] += available(change.after) - available(change.before)
        for row in commit.of("movements"):
            if commit.by != OPERATOR:
                came[row.key[0]] += moved_by(row)
    for (product, _), item in run.tables["stock"].items():
        left[product] += available(item)
    for product in sorted(came.keys() | left.keys() | sold.keys()):
        if sold[product]:
            verdict.looked_at("I4")
        if sold[product] > came[product]:
            verdict.broken(
                "I1", f"{sold[product]} pieces of {product} were sold, and {came[product]} came"
            )
        if came[product] - left[product] != sold[product]:
            verdict.broken(
                "I4",
                f"of {came[product]} pieces of {product} {left[product]} are left, and "
                f"{sold[product]} are in live orders",
            )
