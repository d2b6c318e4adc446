"""I6, durability, of carts: a line that was set is there, one that was refused is not,
and a cart is shown as it was at some moment while the answer was under way.

Plain reads may see parts of transactions that are being committed.
"""

from __future__ import annotations

from typing import List, Optional, Sequence

from run import (
    MAX_LINES, NOTHING, OPERATOR, TORN, Change, Item, Run, Send, cart_line, items_of, number,
    on_sale, text,
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
            if not send.is_success and not send.is_definite:
                continue
            verdict.looked_at("I6")
            if operation == "set-cart-item" and not send.is_success:
                judge_refusal(run, send, verdict)
            elif operation == "remove-cart-item" and not send.is_success:
                verdict.broken(
                    "I6",
                    f"send {send.number} was answered {send.status} {send.code}, and a line can "
                    "always be removed",
                    [send.number],
                )
            if not send.is_success:
                continue
            if operation != "get-cart":
                judge_change(run, send, verdict)
            if operation != "remove-cart-item":
                judge_cart(run, send, verdict)
            if operation == "set-cart-item":
                judge_length(run, send, verdict)
    judge_withdrawals(run, verdict)


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
        return one.arrived >= other.arrived
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
    there by it once that has been answered."""
    product, until = send.product, send.ended + run.dated
    wrong: Optional[str] = None
    if send.code == "not-found":
        products = run.products.get(product, NOTHING).between(send.began, until, TORN)
        if all(map(on_sale, products)):
            wrong = "which was sold all the time"
    elif send.code == "invalid":
        # Clients ask for a few pieces, so that only the cart can be wrong.
        cart = run.carts.get(str(send.user), {}).values()
        lines = sum(any(line.between(send.began, until, TORN)) for line in cart)
        if lines <= MAX_LINES:
            wrong = f"and the cart had {lines} lines at most"
    else:
        wrong = "for which there is no such reason"
    changes = run.cart_changes.get((str(send.user), product), ())
    row = row_at(changes, until)
    for change in changes:
        if change.send == send.number and sets_line(change):
            if change.at > until or text(row, "setBy") == text(change.after, "setBy"):
                wrong = "which it set"
    if wrong:
        verdict.broken(
            "I6",
            f"send {send.number} of {send.user} was answered {send.status} {send.code} for "
            f"{product}, {wrong}",
            [send.number],
        )


def judge_withdrawals(run: Run, verdict: Verdict) -> None:
    """Who refuses to set a line takes back none that another request has set."""
    for (user, product), changes in run.cart_changes.items():
        setters = {text(it.after, "setBy"): it.send for it in changes if sets_line(it)}
        for change in changes:
            send = run.numbered.get(change.send)
            if send is None or send.product != product or change.by != "set-cart-item":
                continue
            line = cart_line(change.before)
            if line is None or cart_line(change.after) is not None:
                continue
            verdict.looked_at("I6")
            if setters.get(text(line, "setBy")) != send.number:
                verdict.broken(
                    "I6",
                    f"send {send.number} took {product} out of the cart of {user}, and had not "
                    "set it",
                    [send.number], [change.commit],
                )  # fmt: skip


def judge_length(run: Run, send: Send, verdict: Verdict) -> None:
    """A cart is not too long by lines whose requests were answered: each of them looked
    when its line was there.

    A line that another request has set by then, or another delivery, is theirs, who
    need not look. What a request left that failed is not counted.
    """
    user = str(send.user)
    lines = 0
    for product in run.carts.get(user, ()):
        changes = run.cart_changes[user, product]
        line = cart_line(row_at(changes, send.ended))
        lines += line is not None and is_settled(run, product, changes, line, send.ended)
    if lines > MAX_LINES:
        verdict.broken(
            "I6",
            f"send {send.number} left {lines} lines in the cart of {user}",
            [send.number],
        )


def is_settled(
    run: Run, product: str, changes: List[Change], line: Item, moment: float
) -> bool:
    """Returns whether whoever made a line had looked at the cart by a moment."""
    attempt = text(line, "madeBy")
    made = next(it for it in changes if text(it.after, "madeBy") == attempt)
    if made.by == OPERATOR:
        return True
    maker = run.numbered.get(made.send)
    if maker is None or not maker.is_success or maker.ended > moment:
        return False
    # Another delivery of it doesn't look where the product is no longer sold.
    products = run.products.get(product, NOTHING).between(maker.began, maker.ended, TORN)
    return text(line, "setBy") == attempt and all(map(on_sale, products))


def row_at(changes: Sequence[Change], moment: float) -> Optional[Item]:
    """Returns a row as it was at a moment."""
    before = [change for change in changes if change.at <= moment]
    return before[-1].after if before else None


def sets_line(change: Change) -> bool:
    """Returns whether a change of a row is that a request set its line."""
    attempt = text(change.after, "setBy")
    return attempt is not None and attempt != text(change.before, "setBy")
