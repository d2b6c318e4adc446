"""I5, idempotency: at most one order for a customer's key, one answer for all of
its sends, another body refused; and the same for products that admins make.

A refusal is true, too: it is written down before it is told, no order was made
under its key by then, and none is made after it by a send that reached the gateway
no later than the refused one; where that is not known, by a send that was given up
before it began.
"""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Tuple

import orders as order_rules
import refusals
from run import (
    NOTHING, OPERATOR, Change, Order, Run, Send, hash_of_key, names, number, text,
)  # fmt: skip
from verdict import Verdict


# What all answers of a key have in common. An order's status may go on.
OF_AN_ORDER = ("orderId", "lines", "total")
OF_A_PRODUCT = (
    "productId", "name", "description", "price", "category", "status", "available", "version",
    "createdAt",
)  # fmt: skip


HOUR, WEEK = 3_600_000, 7 * 24 * 3_600_000


def judge(run: Run, verdict: Verdict) -> None:
    judge_key_rows(run, verdict)
    judge_orders(run, verdict)
    for (operation, user, key), sends in run.keyed.items():
        if operation == "checkout":
            judge_checkouts(run, user, key, sends, verdict)
        elif operation == "admin-create-product":
            judge_creations(run, user, key, sends, verdict)
    judge_products(run, verdict)


def judge_key_rows(run: Run, verdict: Verdict) -> None:
    """Rows of keys are of keys that their customer sent."""
    for (user, sort_key), changes in run.key_rows.items():
        sent = run.hashes.get((user, sort_key))
        began = min(
            (send.began for send in run.keyed["checkout", user, sent]) if sent else (),
            default=float("inf"),
        )
        for change in changes:
            if change.by == OPERATOR:
                continue
            verdict.looked_at("I5")
            if change.by == "checkout" and change.after is not None:
                judge_expiry(run, change, verdict)
            if change.at < began:
                verdict.broken(
                    "I5",
                    f"{change.by} wrote the row {sort_key} of a key that {user} had not sent",
                    commits=[change.commit],
                )


def judge_expiry(run: Run, change: Change, verdict: Verdict) -> None:
    """DynamoDB deletes a key's row no sooner than is promised, and not only after years:
    a week after the order was made, an hour after the refused request arrived."""
    expires = number(change.after, "expiresAt")
    order = run.orders.get(str(text(change.after, "order")))
    if order is not None:
        since, kept = order_rules.milliseconds(order.content.get("createdAt")), WEEK
    else:
        since, kept = number(change.after, "arrived"), HOUR
    if since is None:
        return
    left = (expires or 0) * 1000 - since
    # Clocks of functions may be off.
    if not kept - order_rules.SKEW / 2 <= left <= 2 * WEEK:
        verdict.broken(
            "I5",
            f"the row {change.key[1]} of a key is kept for {left / 1000:.0f} s",
            commits=[change.commit],
        )


def judge_orders(run: Run, verdict: Verdict) -> None:
    """Each order is made by one send of its key, and each key makes one."""
    for order in run.orders.values():
        verdict.looked_at("I5")
        sends = [send.number for send in order.sends]
        if order.key is not None and not order.makers:
            verdict.broken(
                "I5",
                f"{order.id} was made, and no send of {order.user}'s key {order.key} can have: "
                "each had not begun, asked for something else or was refused",
                sends, [order.commit.number],
            )  # fmt: skip
        elif order.key is None and not order.key_rows:
            judge_unkeyed(run, order, verdict)
    for (user, key), made in run.orders_of_key.items():
        if len(made) > 1:
            verdict.broken(
                "I5",
                f"the key {key} of {user} made {len(made)} orders: "
                f"{', '.join(order.id for order in made)}",
                [send.number for send in run.keyed["checkout", user, key]],
                [order.commit.number for order in made],
            )


def judge_unkeyed(run: Run, order: Order, verdict: Verdict) -> None:
    """An order without a key's row was made by one of the customer's keys: if
    that can only be one which made another order, it is one too many."""
    asked = {
        send.key: send
        for send in run.by_operation["checkout"]
        if send.user == order.user
        and send.key is not None
        and send.began <= order.commit.at
        and order.was_asked_by(send)
    }
    if all(run.orders_of_key.get((order.user, key)) for key in asked):
        verdict.broken(
            "I5",
            f"{order.id} was made by {order.user} beside the orders of all keys that asked for it "
            f"({', '.join(asked) or 'none'})",
            [send.number for send in asked.values()],
            [order.commit.number],
        )


def judge_checkouts(
    run: Run, user: str, key: str, sends: List[Send], verdict: Verdict
) -> None:
    """Judges all answers of one key of a customer."""
    made = run.orders_of_key.get((user, key), [])
    order = made[0] if made else None
    verdict.looked_at("I5", len(sends))
    judge_agreement(f"the key {key} of {user}", OF_AN_ORDER, sends, verdict)
    for send in sends:
        if send.is_success:
            judge_success(run, send, order, verdict)
        elif send.status == 422 and send.code == "idempotency-mismatch":
            judge_mismatch(run, send, order, verdict)
        elif send.is_definite and order is not None and (
            order.commit.at < send.began
            # What is not refused for the cart is refused for the request alone.
            or (send.status != 409 and send.code != "invalid" and order.was_asked_by(send))
        ):
            verdict.broken(
                "I5",
                f"send {send.number} was refused as {send.code}, and its key had made {order.id}",
                [send.number], [order.commit.number],
            )  # fmt: skip
        elif send.is_definite and send.status not in (401, 409):
            refusals.judge_otherwise(run, send, verdict)
    refused = [send for send in sends if send.status == 409]
    if not refused:
        return
    rows = refusal_rows(run, user, key)
    judge_written(refused, rows, verdict)
    for send in refused:
        refusals.judge(run, send, rows, order, verdict)
    if order is not None and order.makers:
        judge_late_order(order, refused, verdict)


def judge_agreement(
    what: str, same: Tuple[str, ...], sends: List[Send], verdict: Verdict
) -> None:
    """All 2xx answers of a key have the same in these members; it is made once, and
    replays say so."""
    answers = [send for send in sends if send.is_success and type(send.body) is dict]
    created = [send for send in answers if send.status == 201]
    if len(created) > 1:
        verdict.broken(
            "I5", f"{what} was answered 201 {len(created)} times", [s.number for s in created]
        )
    for send in answers:
        marked = send.headers.get("idempotent-replayed")
        if marked != ("true" if send.status == 200 else None):
            verdict.broken(
                "I5",
                f"send {send.number} was answered {send.status} with "
                f"`Idempotent-Replayed: {marked}`",
                [send.number],
            )
    for send in answers[1:]:
        differing = [name for name in same if differ(name, answers[0], send)]
        if differing:
            verdict.broken(
                "I5",
                f"{what} was answered with two of {', '.join(differing)}",
                [answers[0].number, send.number],
            )


def differ(name: str, one: Send, other: Send) -> bool:
    return bool(one.body.get(name) != other.body.get(name))


def judge_success(run: Run, send: Send, order: Optional[Order], verdict: Verdict) -> None:
    """A 2xx shows the order of its key, which its body asked for and which was
    committed by then."""
    named = run.orders.get(str(names(send)))
    if named is None or named.user != send.user:
        # I6 tells of an acknowledged order that is not there.
        return
    at, ids, commits = named.commit.at, [send.number], [named.commit.number]

    def broken(sentence: str) -> None:
        verdict.broken("I5", f"send {send.number} {sentence}", ids, commits)

    if order is not None and named.id != order.id:
        broken(f"was answered with {named.id}, and its key made {order.id}")
    if at > send.ended + run.dated or (send.status == 201 and at < send.began):
        broken(f"was answered {send.status} with {named.id}, which was not made by then")
    if not named.was_asked_by(send):
        broken(f"was answered with {named.id}, which is of another body")
    if not order_rules.is_state_of(send.body, named, send.began, send.ended):
        broken(f"was answered with another {named.id} than the one in the table")


def judge_mismatch(run: Run, send: Send, order: Optional[Order], verdict: Verdict) -> None:
    """A 422 `idempotency-mismatch` needs an order of the key with another body."""
    if order is None or order.commit.at > send.ended + run.dated:
        why = "its key had made no order"
    elif order.was_asked_by(send):
        why = f"its body is the one that made {order.id}"
    else:
        return
    verdict.broken("I5", f"send {send.number} was answered 422, and {why}", [send.number])


def refusal_rows(run: Run, user: str, key: str) -> List[Change]:
    """Returns the rows by which refusals of a key were written down."""
    changes = run.key_rows.get((user, "key#" + hash_of_key(key)), [])
    return [c for c in changes if text(c.after, "refusal") is not None and c.by == "checkout"]


def judge_written(refused: List[Send], rows: List[Change], verdict: Verdict) -> None:
    """Each 409 is written down, by a row of its own, before it is told."""
    # A row can be of several; it is taken for the one that was told first.
    waiting = sorted(refused, key=lambda send: send.ended)
    for row in rows:
        for send in waiting:
            if send.began <= row.at <= send.ended:
                waiting.remove(send)
                break
    for send in waiting:
        verdict.broken(
            "I5",
            f"send {send.number} was refused as {send.code}, and no row of its key says so",
            [send.number],
        )


def judge_late_order(order: Order, refused: List[Send], verdict: Verdict) -> None:
    """No order is made after a refusal by a send that reached the gateway no later than
    the refused one; or, where that is not known, that was given up before it began.

    A send that came afterwards may.
    """
    for refusal in refused:
        # One that began after the order was made is wrong for that.
        before = refusal.began <= order.commit.at
        if before and not any(can_follow(send, refusal) for send in order.makers):
            verdict.broken(
                "I5",
                f"send {refusal.number} was refused as {refusal.code}, and a send of the same key "
                f"that came before it made {order.id} afterwards",
                [refusal.number, *(send.number for send in order.makers)],
                [order.commit.number],
            )


def can_follow(send: Send, refusal: Send) -> bool:
    """Returns whether a send may make an order after a refusal was told."""
    if send.arrived is not None and refusal.arrived is not None:
        return send.arrived > refusal.arrived
    # When an unanswered send without `ended` was given up is not known.
    if send.began >= refusal.began or send.ended is None or send.deliveries > 1:
        return True
    return send.ended > refusal.began


def judge_creations(
    run: Run, admin: str, key: str, sends: List[Send], verdict: Verdict
) -> None:
    """Judges all answers of one key of an admin."""
    verdict.looked_at("I5", len(sends))
    judge_agreement(f"the key {key} of {admin}", OF_A_PRODUCT, sends, verdict)
    row = run.now["idempotency"].get((f"admin-create-product#{admin}", hash_of_key(key)))
    made = text(row, "made")
    for send in sends:
        if send.is_success and type(send.body) is dict:
            product = str(send.body.get("productId"))
            if product != made:
                verdict.broken(
                    "I5",
                    f"send {send.number} was answered with {product}, and its key made {made}",
                    [send.number],
                )
            judge_made_product(run, send, product, verdict)
        elif send.status == 422 and send.code == "idempotency-mismatch":
            states = run.products.get(str(made), NOTHING).states[:1]
            if not states or is_product_of(send.request, states[0], None):
                verdict.broken(
                    "I5",
                    f"send {send.number} was answered 422, and its key made nothing of another "
                    "body",
                    [send.number],
                )


def judge_made_product(run: Run, send: Send, product: str, verdict: Verdict) -> None:
    """An acknowledged product is there, and is what was asked for."""
    verdict.looked_at("I6")
    timeline = run.products.get(product)
    if timeline is None or timeline.times[0] > send.ended or not is_there(run, product):
        verdict.broken(
            "I6", f"send {send.number} was told of {product}, which is not there", [send.number]
        )
        return
    stock = run.stock.get(product, NOTHING).states[:1]
    first_stock = number(stock[0], "available") if stock else None
    if not is_product_of(send.request, timeline.states[0], first_stock):
        verdict.broken(
            "I5",
            f"send {send.number} was answered with {product}, which is of another body",
            [send.number], timeline.commits[:1],
        )  # fmt: skip


def is_there(run: Run, product: str) -> bool:
    """Returns whether the dump holds a product, or the operator has deleted it."""
    return (product,) in run.tables["products"] or product in run.deleted


def is_product_of(request: Any, product: Any, stock: Optional[int]) -> bool:
    """Returns whether a product, as it was made, is what a body asked for."""
    if type(request) is not dict or product is None:
        return False
    asked = (
        str(request.get("name", "")).strip(),
        str(request.get("description") or "").strip(),
        request.get("price"),
        request.get("category"),
        request.get("status"),
    )
    price = {"amount": number(product, "price"), "currency": text(product, "currency")}
    made = (
        text(product, "name"),
        text(product, "description") or "",
        price,
        text(product, "category"),
        text(product, "status"),
    )
    return asked == made and (stock is None or stock == (request.get("stock") or 0))


def judge_products(run: Run, verdict: Verdict) -> None:
    """Each product that a keyed send made has its key's row in the same commit,
    and each key makes one."""
    by_key: Dict[Tuple[str, ...], str] = {}
    for commit in run.commits:
        if commit.by != "admin-create-product":
            continue
        made = [change for change in commit.of("products") if change.before is None]
        rows = commit.of("idempotency")
        for product in made:
            verdict.looked_at("I5")
            own = [row for row in rows if text(row.after, "made") == product.key[0]]
            ids = [commit.number]
            if not own and not was_sent_without_key(run, product):
                verdict.broken("I5", f"{product.key[0]} was made without its key's row", (), ids)
            for row in own:
                if row.key in by_key:
                    verdict.broken(
                        "I5", f"one key made {by_key[row.key]} and {product.key[0]}", (), ids
                    )
                by_key[row.key] = product.key[0]
                judge_row_of_product(run, row, product, verdict)
        for row in rows:
            if text(row.after, "made") not in {product.key[0] for product in made}:
                verdict.broken(
                    "I5",
                    f"a key's row names {text(row.after, 'made')}, which its commit does not make",
                    commits=[commit.number],
                )


def was_sent_without_key(run: Run, product: Change) -> bool:
    return any(
        send.key is None
        and send.began <= product.at
        and is_product_of(send.request, product.after, None)
        for send in run.by_operation["admin-create-product"]
    )


def judge_row_of_product(run: Run, row: Change, product: Change, verdict: Verdict) -> None:
    """A key's row is of a key that its caller had sent with this body, and that was
    not refused."""
    caller, key_hash = row.key
    for send in run.by_operation["admin-create-product"]:
        if (
            send.key is not None
            and send.began <= row.at
            and caller == f"admin-create-product#{send.user}"
            and hash_of_key(send.key) == key_hash
            and (send.may_have_done_it or send.is_success)
            and is_product_of(send.request, product.after, None)
        ):
            return
    verdict.broken(
        "I5",
        f"{product.key[0]} was made, and no send with its key can have made it",
        commits=[row.commit],
    )
