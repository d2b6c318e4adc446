"""What a 409 of checkout says must have been so: by some state of the tables while
it was under way, as far as reads at different moments can have seen them.

Only what no reading at all explains is a violation. Plain reads may see parts of
other transactions that are being committed; the order of the same key is no
explanation, since its own send would have been answered with it.
"""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Set

from run import MAX_LINES, TORN, Change, Item, Order, Run, Send, Timeline, number, on_sale
from verdict import Verdict

# More totals than this are not computed.
MAX_TOTALS = 4096


def judge(
    run: Run, send: Send, rows: List[Change], order: Optional[Order], verdict: Verdict
) -> None:
    """Judges what a 409 says. `rows` are the refusals of its key that were written
    down, `order` is its key's."""
    verdict.looked_at("I5")
    window = Window(run, send, rows, order)
    why = {
        "empty-cart": empty_cart,
        "out-of-stock": out_of_stock,
        "price-changed": price_changed,
        "cart-changed": cart_changed,
    }.get(str(send.code))
    wrong = why(window, send) if why else None
    if wrong:
        verdict.broken(
            "I5",
            f"send {send.number} of {send.user} was refused as {send.code}, but {wrong}",
            [send.number],
        )


def judge_otherwise(run: Run, send: Send, verdict: Verdict) -> None:
    """Judges what is refused in another way than by a 409: clients send what is
    right, so that only a cart can be wrong, which is too long."""
    verdict.looked_at("I5")
    window = Window(run, send, [], None)
    lines = sum(any(window.lines(product)) for product in window.cart)
    if send.code != "invalid" or lines <= MAX_LINES:
        verdict.broken(
            "I5",
            f"send {send.number} of {send.user} was answered {send.status} {send.code}, but "
            f"nothing in it was wrong, and its cart had {lines} lines",
            [send.number],
        )


class Window:
    """What the reads of one send can have seen."""

    def __init__(self, run: Run, send: Send, rows: List[Change], order: Optional[Order]) -> None:
        self.run = run
        # One of these is its own; what it read, it read before that was written.
        self.rows = [row for row in rows if send.began <= row.at <= send.ended]
        self.began = send.began
        self.ended = self.rows[-1].at if self.rows else send.ended
        self.cart: Dict[str, Timeline] = run.carts.get(str(send.user), {})
        self.own = order.commit.number if order else None

    def lines(self, product: str) -> List[Optional[Item]]:
        """Returns the states of a line of the customer's cart."""
        return self.of(self.cart.get(product))

    def product(self, product: str) -> List[Optional[Item]]:
        """Returns the states of a product."""
        return self.of(self.run.products.get(product))

    def stock(self, product: str) -> List[Optional[Item]]:
        """Returns the states of a product's stock."""
        return self.of(self.run.stock.get(product))

    def of(self, timeline: Optional[Timeline]) -> List[Optional[Item]]:
        """Returns the states of anything."""
        if timeline is None:
            return [None]
        return timeline.between(self.began, self.ended + self.run.dated, TORN, self.own)


def empty_cart(window: Window, send: Send) -> Optional[str]:
    """Some line was there, of a product that was sold, all the time."""
    for product in window.cart:
        if all(window.lines(product)) and all(map(on_sale, window.product(product))):
            return f"all the time {product} was in the cart and was sold"
    return None


def out_of_stock(window: Window, send: Send) -> Optional[str]:
    """A product that it names was not in the cart, not sold, or never short."""
    named = send.body.get("products") if type(send.body) is dict else None
    if type(named) is not list or not named:
        return "it names no products"
    for product in map(str, named):
        most = max(number(line, "quantity") or 0 for line in window.lines(product))
        least = min(number(row, "available") or 0 for row in window.stock(product))
        if most == 0:
            return f"{product} was not in the cart"
        if not any(map(on_sale, window.product(product))):
            return f"{product} was not sold"
        if least >= most:
            return f"there were always {least} or more of {product} for the {most} in the cart"
    return None


def price_changed(window: Window, send: Send) -> Optional[str]:
    """The total that it names is the expected one, or never was the cart's."""
    total = send.body.get("total") if type(send.body) is dict else None
    expected = send.request.get("expectedTotal") if type(send.request) is dict else None
    if total == expected:
        return f"the total that it names is the expected one, {total}"
    totals: Set[int] = {0}
    for product in window.cart:
        sums = {
            (number(line, "quantity") or 0) * (number(row, "price") or 0) if on_sale(row) else 0
            for line in window.lines(product)
            for row in window.product(product)
        }
        totals = {before + more for before in totals for more in sums}
        if len(totals) > MAX_TOTALS:
            return None
    amount: Any = total.get("amount") if type(total) is dict else None
    if amount not in totals:
        return f"the cart's total never was {amount}: {sorted(totals)[:5]}"
    return None


def cart_changed(window: Window, send: Send) -> Optional[str]:
    """No line of the cart changed, and no other send of the key was refused."""
    for timeline in window.cart.values():
        if len(window.of(timeline)) > 1:
            return None
    if len(window.rows) > 1:
        return None
    return "no line of it changed"

