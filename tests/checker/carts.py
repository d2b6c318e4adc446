"""I6, durability, of carts: a line that was set is there, one that was refused is not,
and a cart is shown as it was at some moment while the answer was under way.

Plain reads may see parts of transactions that are being committed.
"""

from __future__ import annotations

from typing import Dict, List, NamedTuple, Optional

from run import (
    MAX_LINES, NOTHING, OPERATOR, TORN, Change, Run, Send, is_deleted, items_of, number, on_sale,
)  # fmt: skip
from verdict import Verdict

# How long before a read a product must have been on sale, in milliseconds, if
# carts must show it: products are read eventually there.
EVENTUALLY = 10_000


def judge(run: Run, verdict: Verdict) -> None:
    """An acknowledged change of a cart was made, a refused one was not, and carts are
    shown as they were.

    A cart that never was the caller's is for I7 to tell.
    """
    for operation in ("get-cart", "set-cart-item", "remove-cart-item"):
        for send in run.by_operation[operation]:
            is_refused = operation == "set-cart-item" and send.is_definite and not send.is_success
            if not send.is_success and not is_refused:
                continue
            verdict.looked_at("I6")
            if is_refused:
                judge_refusal(run, send, verdict)
                continue
            if operation != "get-cart":
                judge_change(run, send, verdict)
            if operation != "remove-cart-item":
                judge_cart(run, send, verdict)
            if operation == "set-cart-item":
                judge_length(run, send, verdict)


def judge_change(run: Run, send: Send, verdict: Verdict) -> None:
    """A line was as it was set at some moment of its send, or a later request had
    changed it before."""
    product = send.product
    lines = run.carts.get(str(send.user), {}).get(product, NOTHING)
    until = send.ended + run.dated
    quantities = {number(line, "quantity") for line in lines.between(send.began, until)}
    asked = send.request.get("quantity") if type(send.request) is dict else None
    changes = run.cart_changes.get((str(send.user), product), ())
    has_changed = any(send.began <= change.at <= until for change in changes)
    if asked not in quantities and not is_overtaken(run, send, has_changed):
        verdict.broken(
            "I6",
            f"send {send.number} set {product} in the cart of {send.user} to {asked or 'nothing'}, "
            f"and it never was that",
            [send.number],
        )


def is_overtaken(run: Run, send: Send, has_changed: bool) -> bool:
    """Returns whether a line changed while it was being set, and may have done so by
    a request that arrived later: then it is as if this one had come first."""
    if not has_changed:
        return False
    edits = run.by_operation["set-cart-item"] + run.by_operation["remove-cart-item"]
    edits = [edit for edit in edits if edit.path == send.path] + run.by_operation["checkout"]
    return any(
        edit is not send and edit.user == send.user and may_be_later(edit, send) for edit in edits
    )


def may_be_later(one: Send, other: Send) -> bool:
    """Returns whether a send may have arrived later than another, and before that
    one was answered."""
    if one.began > other.ended:
        return False
    if one.arrived is not None and other.arrived is not None:
        return one.arrived > other.arrived
    return one.ended is None or one.ended >= other.began


def judge_cart(run: Run, send: Send, verdict: Verdict) -> None:
    """A cart shows lines as they were, and leaves out none that was there all the
    time."""
    items = items_of(send)
    if items is None:
        return
    cart, shown_lines = run.carts.get(str(send.user), {}), set()
    for item in items:
        product, quantity = str(item.get("productId")), item.get("quantity")
        shown_lines.add(product)
        lines = cart.get(product, NOTHING)
        states = lines.between(send.began, send.ended + run.dated, TORN)
        if quantity in {number(line, "quantity") for line in states}:
            continue
        ever = {number(line, "quantity") for line in lines.between(0, send.ended + run.dated)}
        verdict.broken(
            "I6" if quantity in ever else "I7",
            f"send {send.number} shows {quantity} {product} in the cart of {send.user}, "
            + ("which is no longer so" if quantity in ever else "which never was so"),
            [send.number],
        )
    for product, lines in cart.items():
        if product in shown_lines or not all(lines.between(send.began, send.ended + run.dated, TORN)):
            continue
        states = run.products.get(product, NOTHING).between(send.began - EVENTUALLY, send.ended)
        if all(map(on_sale, states)):
            verdict.broken(
                "I6",
                f"send {send.number} shows the cart of {send.user} without {product}, which was in "
                "it all the time",
                [send.number],
            )


def judge_refusal(run: Run, send: Send, verdict: Verdict) -> None:
    """A line that was refused could not be set at some moment of its send, and is not
    there when that has been answered."""
    product, until = send.product, send.ended + run.dated
    products = run.products.get(product, NOTHING).between(send.began, until, TORN)
    wrong: Optional[str] = None
    if send.code == "not-found":
        if all(map(on_sale, products)):
            wrong = "which was sold all the time"
    elif send.code == "invalid":
        # Clients ask for one to five pieces, so that only the cart can be wrong.
        cart = run.carts.get(str(send.user), {}).values()
        lines = sum(any(line.between(send.began, until, TORN)) for line in cart)
        if lines <= MAX_LINES:
            wrong = f"and the cart had {lines} lines at most"
    else:
        wrong = "for which there is no such reason"
    # Of two deliveries one may set the line, and the other find the product deleted.
    is_excused = send.deliveries > 1 and any(map(is_deleted, products))
    made = run.cart_changes.get((str(send.user), product), ())
    last = next((it for it in reversed(made) if it.at <= send.ended and it.is_of_pieces), None)
    if last is not None and last.send == send.number and number(last.after, "quantity"):
        if not is_excused:
            wrong = "which it had set"
    if wrong:
        verdict.broken(
            "I6",
            f"send {send.number} of {send.user} was answered {send.status} {send.code} for "
            f"{product}, {wrong}",
            [send.number],
        )


class Made(NamedTuple):
    """A line that is in a cart, and who made it."""

    by: str
    send: Optional[int]
    # Whether another request has changed it since.
    is_changed: bool


def judge_length(run: Run, send: Send, verdict: Verdict) -> None:
    """A cart is not too long by lines whose requests were answered: each of them looked
    when its line was there.

    A line that somebody else has changed by then is theirs, who need not look. What a
    request left that failed is not counted.
    """
    cart = [
        line_at(run.cart_changes[str(send.user), product], send.ended)
        for product in run.carts.get(str(send.user), ())
    ]
    settled = [it for it in cart if it is not None and is_settled(run, it, send.ended)]
    if len(settled) > MAX_LINES:
        verdict.broken(
            "I6",
            f"send {send.number} left {len(settled)} lines in the cart of {send.user}",
            [send.number],
        )


def line_at(changes: List[Change], moment: float) -> Optional[Made]:
    """Returns the line that a row has at a moment; `None` if there is none."""
    line: Optional[Made] = None
    for change in changes:
        if change.at > moment:
            break
        if not change.is_of_pieces:
            continue
        if not number(change.after, "quantity"):
            line = None
        elif line is None or not number(change.before, "quantity"):
            line = Made(change.by, change.send, False)
        elif change.send is None or change.send != line.send:
            line = line._replace(is_changed=True)
    return line


def is_settled(run: Run, line: Made, moment: float) -> bool:
    """Returns whether whoever made a line had looked at the cart by a moment."""
    if line.by == OPERATOR:
        return True
    maker = run.numbered.get(line.send)
    if maker is None or line.is_changed or maker.deliveries > 1:
        return False
    return maker.is_success and maker.ended <= moment
