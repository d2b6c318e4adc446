"""I6, durability: what was acknowledged is in the table and in its owner's list, and
what was not answered is resolved by its key.

An answer that shows orders shows them as they were at some moment while it was
under way. Plain reads may see parts of transactions that are being committed.
"""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Tuple
from urllib.parse import parse_qs

from orders import is_state_of
from run import LATELY, NOTHING, TORN, Order, Run, Send, items_of, names, number, on_sale, text
from verdict import Verdict


def judge(run: Run, verdict: Verdict) -> None:
    acknowledged = judge_acknowledged(run, verdict)
    judge_lists(run, acknowledged, verdict)
    judge_single(run, acknowledged, verdict)
    judge_catalogue(run, verdict)
    judge_unknown(run, verdict)


def judge_acknowledged(run: Run, verdict: Verdict) -> Dict[str, Dict[str, float]]:
    """Each acknowledged order is in the table. Returns since when each order of
    each customer was known to them."""
    known: Dict[str, Dict[str, float]] = {}
    for send in run.by_operation["checkout"]:
        if not send.is_success or send.user is None or send.ended is None:
            continue
        verdict.looked_at("I6")
        order = str(names(send))
        if (send.user, order) not in run.tables["orders"]:
            verdict.broken(
                "I6",
                f"send {send.number} was told of {order}, which {send.user} has not in the table",
                [send.number],
            )
        orders = known.setdefault(send.user, {})
        orders[order] = min(send.ended, orders.get(order, send.ended))
    return known


def judge_lists(
    run: Run, acknowledged: Dict[str, Dict[str, float]], verdict: Verdict
) -> None:
    """Each page of `get-orders` shows what it must, and nothing that is not so."""
    # By user and cursor: the last order of the page that had the cursor.
    ends: Dict[Tuple[Optional[str], str], Optional[str]] = {}
    pages = [send for send in run.by_operation["get-orders"] if send.status == 200]
    for send in pages:
        items = items_of(send)
        if items is not None and type(send.body.get("nextCursor")) is str:
            last = str(items[-1].get("orderId")) if items else None
            ends[send.user, send.body["nextCursor"]] = last
    for send in pages:
        items = items_of(send)
        if items is None:
            continue
        verdict.looked_at("I6")
        query = parse_qs(send.path.partition("?")[2], keep_blank_values=True)
        cursor, status = (query.get(name, [""])[0] for name in ("cursor", "status"))
        page = Page(send, items, status)
        judge_items(run, page, query.get("limit", ["24"])[0], verdict)
        above: Optional[str] = "~"
        if cursor:
            above = ends.get((send.user, cursor)) or (page.ids[0] if page.ids else None)
        for order_id, since in acknowledged.get(str(send.user), {}).items():
            order = run.orders.get(order_id)
            if order is None or since >= send.began or not page.must_show(order, above):
                continue
            verdict.broken(
                "I6",
                f"send {send.number} lists the orders of {send.user} without {order_id}, which was "
                f"acknowledged at {since}",
                [send.number], [order.commit.number],
            )  # fmt: skip


class Page:
    """One page of a customer's orders."""

    def __init__(self, send: Send, items: List[Dict[str, Any]], status: str) -> None:
        self.send, self.items, self.status = send, items, status
        self.ids = [str(item.get("orderId")) for item in items]
        self.is_last = send.body.get("nextCursor") is None

    def must_show(self, order: Order, above: Optional[str]) -> bool:
        """Returns whether an acknowledged order belongs on this page and is not on
        it. `above` is the id after which the page begins; `None` if unknown."""
        statuses = {content.get("status") for _, content in order.versions}
        if self.status and statuses != {self.status}:
            return False
        if above is None or order.id >= above or order.id in self.ids:
            return False
        return self.is_last or (bool(self.ids) and order.id > self.ids[-1])


def judge_items(run: Run, page: Page, limit: str, verdict: Verdict) -> None:
    """A page is of the customer's orders as they were, newest first, none twice."""
    send = page.send

    def broken(sentence: str) -> None:
        verdict.broken("I6", f"send {send.number} {sentence}", [send.number])

    if page.ids != sorted(set(page.ids), reverse=True):
        broken(f"lists orders out of order or twice: {', '.join(page.ids)}")
    if limit.isdigit() and len(page.items) > int(limit):
        broken(f"lists {len(page.items)} orders, and {limit} at most were asked for")
    for item in page.items:
        if page.status and item.get("status") != page.status:
            broken(f"lists an order that is {item.get('status')} among those {page.status}")
        judge_shown(run, send, item, broken)


def judge_shown(run: Run, send: Send, item: Dict[str, Any], broken) -> None:
    """An order that is shown is one of the caller's, as it was."""
    order = run.orders.get(str(item.get("orderId")))
    if order is None or order.user != send.user or order.commit.at > send.ended + run.dated:
        broken(f"shows {item.get('orderId')}, which {send.user} had not")
    elif not is_state_of(item, order, send.began - TORN, send.ended + run.dated):
        broken(f"shows {order.id} as it was not: {differences(item, order)}")


def differences(item: Dict[str, Any], order: Order) -> str:
    """Returns the names of what differs from the order as it was made."""
    made = order.shown
    differing = sorted(n for n in item.keys() | made.keys() if item.get(n) != made.get(n))
    return ", ".join(differing)


def judge_single(
    run: Run, acknowledged: Dict[str, Dict[str, float]], verdict: Verdict
) -> None:
    """`get-order` finds what was acknowledged, and shows it as it is."""
    for send in run.by_operation["get-order"]:

        def broken(sentence: str, send: Send = send) -> None:
            verdict.broken("I6", f"send {send.number} {sentence}", [send.number])

        asked = send.path.partition("?")[0].rpartition("/")[2]
        if send.status == 200 and type(send.body) is dict:
            verdict.looked_at("I6")
            if send.body.get("orderId") != asked:
                broken(f"asked for {asked} and got {send.body.get('orderId')}")
            judge_shown(run, send, send.body, broken)
        elif send.status == 404:
            verdict.looked_at("I6")
            since = acknowledged.get(str(send.user), {}).get(asked)
            if since is not None and since < send.began:
                broken(f"did not find {asked}, which was acknowledged at {since}")


def judge_catalogue(run: Run, verdict: Verdict) -> None:
    """Whoever sees a product, alone, in a list or in a cart, sees its name and price as
    they were lately, or as old as the answer says."""
    for operation in ("get-product", "list-products", "get-cart", "set-cart-item"):
        for send in run.by_operation[operation]:
            if send.status != 200 or type(send.body) is not dict:
                continue
            alone = operation == "get-product"
            if alone and send.body.get("productId") != send.path.rpartition("/")[2]:
                verdict.broken(
                    "I6", f"send {send.number} got another product than it asked for",
                    [send.number],
                )  # fmt: skip
            for shown in [send.body] if alone else items_of(send) or ():
                verdict.looked_at("I6")
                product = str(shown.get("productId"))
                price = shown.get("price", shown.get("unitPrice"))
                timeline = run.products.get(product, NOTHING)
                since = send.began - LATELY - 1000 * send.age
                if operation in ("get-cart", "set-cart-item"):
                    # Carts read products as they are: what was deleted can't be bought.
                    since = send.began
                if shown.get("purchasable") is False:
                    # What is gone is shown as it was when its line was set.
                    since = 0
                states = timeline.between(since, send.ended + run.dated, TORN)
                if not any(
                    on_sale(it) and (text(it, "name"), price_of(it)) == (shown.get("name"), price)
                    for it in states
                ):
                    verdict.broken(
                        "I6",
                        f"send {send.number} ({operation}) shows {product} at {price}, which it "
                        "was not lately",
                        [send.number],
                    )


def price_of(product: Any) -> Any:
    """Returns a product's price as answers show it."""
    return {"amount": number(product, "price"), "currency": text(product, "currency")}


def judge_unknown(run: Run, verdict: Verdict) -> None:
    """Each key that was sent with an unknown outcome is resolved at the end: by a
    2xx, or by a definite answer to a later send."""
    for (operation, user, key), sends in run.keyed.items():
        unknown = [send for send in sends if send.is_unknown]
        if not unknown:
            continue
        verdict.looked_at("I6")
        last = max(send.began for send in unknown)
        if not any(s.is_success or (s.is_definite and s.began >= last) for s in sends):
            verdict.broken(
                "I6",
                f"what became of the key {key} of {user} ({operation}) is not known at the end",
                [send.number for send in unknown],
            )
