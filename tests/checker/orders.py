"""I3, what an order says: the prices of its place in the journal, sums of whole
numbers, the total and the address that its send asked for."""

from __future__ import annotations

import re
from datetime import datetime, timezone
from typing import Any, Dict, Optional

from run import MAX_LINES, Order, Run, number, on_sale, shown, text
from verdict import Verdict

# The statuses that an order may come to from each.
NEXT = {
    "pending-payment": {"placed", "cancelled", "expired"},
    "placed": {"processing", "cancelled", "refunded"},
    "processing": {"shipped", "cancelled", "refunded"},
    "shipped": {"delivered", "refunded"},
    "delivered": {"refunded"},
    "cancelled": {"refunded"},
}
# What of an order never changes.
FIXED = ("userId", "orderId", "lines", "total", "shippingAddress", "createdAt")
# Who sets the word for the stock on products.
SET_LABELS = ("checkout", "cancel-order", "admin-update-order", "admin-set-stock")
# The index's partition in which an order is listed by its status.
SHARD = re.compile(r"([a-z-]+)#([0-3])")
# How many pieces a line may have.
MAX_QUANTITY = 99
# How far clocks of functions may be from each other, both ways, in milliseconds,
# and how long a function may take between dating an order and committing it.
SKEW = 2 * 10 * 60 * 1000 + 60 * 1000
# The letters of a ULID, each five bits.
ULID = {letter: value for value, letter in enumerate("0123456789abcdefghjkmnpqrstvwxyz")}
TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


def judge(run: Run, verdict: Verdict) -> None:
    first: Optional[float] = None
    for order in run.orders.values():
        verdict.looked_at("I3")

        def broken(sentence: str, order: Order = order) -> None:
            sends = [send.number for send in order.sends]
            verdict.broken("I3", f"{order.id} {sentence}", sends, [order.commit.number])

        judge_lines(order, broken)
        judge_request(run, order, broken)
        made_at = judge_times(order, broken)
        judge_versions(order, broken)
        if made_at is not None:
            offset = made_at - order.commit.at
            first = offset if first is None else first
            if abs(offset - first) > SKEW + run.timeout:
                broken(f"is dated {order.content.get('createdAt')}, far from when it was committed")
    judge_products(run, verdict)


def judge_lines(order: Order, broken) -> None:
    """Judges prices and sums."""
    lines, total = order.lines, order.content.get("total")
    if not 1 <= len(lines) <= MAX_LINES:
        broken(f"has {len(lines)} lines")
    if len({line.get("productId") for line in lines}) != len(lines):
        broken("has two lines of one product")
    if not is_money(total):
        broken(f"has a total that is no amount: {total}")
        return
    assert type(total) is dict
    summed = 0
    for line in lines:
        product = str(line.get("productId"))
        price, line_total = line.get("unitPrice"), line.get("lineTotal")
        quantity = line.get("quantity")
        row = order.products.get(product)
        if type(quantity) is not int or not 1 <= quantity <= MAX_QUANTITY:
            broken(f"has {quantity} pieces of {product}")
            continue
        if not (is_money(price) and is_money(line_total)):
            broken(f"has the price {price} and the sum {line_total} for {product}")
            continue
        summed += line_total["amount"]
        if line_total["amount"] != quantity * price["amount"]:
            broken(f"asks {line_total['amount']} for {quantity} x {price['amount']} of {product}")
        if not price["currency"] == line_total["currency"] == total["currency"]:
            broken(f"has several currencies: {price}, {line_total}, {total}")
        if not on_sale(row):
            broken(f"is of {product}, which was not sold at that moment")
        today = {"amount": number(row, "price"), "currency": text(row, "currency")}
        if price != today:
            broken(f"has the price {price} for {product}, which cost {today}")
        if row is not None and line.get("name") != text(row, "name"):
            broken(f"calls {product} {line.get('name')!r}, which is {text(row, 'name')!r}")
    if summed != total["amount"]:
        broken(f"has the total {total['amount']}, and its lines are {summed}")


def judge_request(run: Run, order: Order, broken) -> None:
    """An order is what a send of its key asked for: total, address, method."""
    sends = [send for send in order.sends if send.began <= order.commit.at]
    if sends and not any(order.was_asked_by(send) for send in sends):
        broken(
            f"has the total {order.content.get('total')}, and another total, address or method "
            "than the body that its key was sent with"
        )
    payment = order.content.get("payment")
    if payment != {"method": "invoice", "status": "pending"}:
        broken(f"has the payment {payment}")
    address = order.content.get("shippingAddress")
    person = run.people.get(order.user)
    name = str(address.get("name")) if type(address) is dict else ""
    if person is not None and person.canary is not None and person.canary not in name:
        broken(f"of {order.user} goes to {name!r}")


def judge_times(order: Order, broken) -> Optional[float]:
    """Judges status, history and dates. Returns when it was made, in
    milliseconds since 1970 by the clock of the function that made it."""
    content = order.content
    made = milliseconds(content.get("createdAt"))
    if made is None:
        broken(f"has the date {content.get('createdAt')!r}")
        return None
    history = [{"status": "placed", "at": content["createdAt"]}]
    if content.get("status") != "placed" or content.get("history") != history:
        broken(f"began as {content.get('status')!r} with the history {content.get('history')}")
    if content.get("version") != 1:
        broken(f"began with the version {content.get('version')}")
    named = ulid_milliseconds(order.id)
    # Both are of the same moment, the date to the second.
    if named is None or not -1000 <= named - made < 2000:
        broken(f"is dated {content['createdAt']}, and its id another time")
    return made


def judge_versions(order: Order, broken) -> None:
    """An order that changes keeps what was ordered and goes forward; its history and
    the partition in which it is listed follow its status."""
    shards = [SHARD.fullmatch(str(state.get("statusShard"))) for _, state in order.versions]
    for (_, state), shard in zip(order.versions, shards):
        if shard is None or shard[1] != state.get("status"):
            broken(f"is {state.get('status')} and listed in {state.get('statusShard')}")
    if len({shard[2] for shard in shards if shard}) > 1:
        broken("came to another shard")
    for (_, before), (_, after) in zip(order.versions, order.versions[1:]):
        for name in FIXED:
            if before.get(name) != after.get(name):
                broken(f"had its {name} changed")
        status, to = before.get("status"), after.get("status")
        if status != to and to not in NEXT.get(str(status), ()):
            broken(f"went from {status} to {to}")
        old, new = before.get("history"), after.get("history")
        added = new[len(old):] if type(old) is list and type(new) is list else None
        steps = [step.get("status") for step in added or [] if type(step) is dict]
        if added is None or new[: len(old)] != old or steps != [to] * (status != to):
            broken(f"went from {status} to {to}, and its history got {added}")
        if after.get("version") != (before.get("version") or 0) + 1:
            broken(f"was changed without counting its version: {after.get('version')}")


def judge_products(run: Run, verdict: Verdict) -> None:
    """Who sells, or gives back, sets labels of products and nothing else."""
    for commit in run.commits:
        if commit.by not in SET_LABELS:
            continue
        for change in commit.of("products"):
            before, after = dict(change.before or {}), dict(change.after or {})
            for label in ("availability", "stockVersion"):
                before.pop(label, None)
                after.pop(label, None)
            if before != after:
                verdict.broken(
                    "I3",
                    f"{commit.by} changed the product {change.key[0]}",
                    commits=[commit.number],
                )


def is_money(value: Any) -> bool:
    """Returns whether a value is an amount of whole minor units with a currency."""
    return (
        type(value) is dict
        and value.keys() == {"amount", "currency"}
        and type(value["amount"]) is int
        and value["amount"] >= 0
        and type(value["currency"]) is str
    )


def milliseconds(timestamp: Any) -> Optional[float]:
    """Reads a timestamp; `None` if it is none."""
    if type(timestamp) is not str or TIMESTAMP.fullmatch(timestamp) is None:
        return None
    try:
        moment = datetime.strptime(timestamp, "%Y-%m-%dT%H:%M:%SZ")
    except ValueError:
        return None
    return moment.replace(tzinfo=timezone.utc).timestamp() * 1000


def ulid_milliseconds(name: str) -> Optional[int]:
    """Reads the time in an id, a prefix and a ULID; `None` if it is none."""
    letters = name.partition("_")[2]
    if len(letters) != 26 or any(letter not in ULID for letter in letters):
        return None
    time = 0
    for letter in letters[:10]:
        time = time * 32 + ULID[letter]
    return time


def is_state_of(body: Dict[str, Any], order: Order, began: float, ended: float) -> bool:
    """Returns whether an answer shows a state that an order had in this time."""
    if len(order.versions) == 1:
        return body == order.shown
    for place, (_, content) in enumerate(order.versions):
        later = order.versions[place + 1][0] if place + 1 < len(order.versions) else None
        if later is not None and later < began:
            continue
        if order.versions[place][0] > ended and place > 0:
            break
        if body == shown(content):
            return True
    return False
