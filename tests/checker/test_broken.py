"""For every rule a run that breaks it: it must be caught, and by its invariant."""

from __future__ import annotations

import copy
import unittest
from typing import Any, Dict, List

from builder import Story, dynamo, euros, item
from check import judge
from run import hash_of_key


class Broken(unittest.TestCase):
    """What the tests below have in common."""

    def setUp(self) -> None:
        self.shop = Story()
        # Somebody with a full cart, for whom nothing has happened yet.
        self.carol = self.shop.person("carol")
        self.cup, self.jug = self.shop.product(300, 5), self.shop.product(1000, 5)
        self.shop.fill(self.carol, self.cup, 2)

    def verdicts(self) -> List[Dict[str, Any]]:
        return judge(self.shop.run()).violations

    def caught(self, invariant: str, words: str) -> None:
        """Demands a violation of this invariant whose sentence has these words."""
        violations = self.verdicts()
        fitting = [it for it in violations if it["invariant"] == invariant and words in it["text"]]
        self.assertTrue(fitting, f"no {invariant} with {words!r} in {violations}")

    def holds(self) -> None:
        self.assertEqual(self.verdicts(), [])

    def begin(self, key: str = "key-carol", **changes: Any) -> Dict[str, Any]:
        return self.shop.begin_checkout(self.carol, key, self.shop.body(self.carol, **changes))

    def order_row(self, order: Dict[str, Any]) -> Dict[str, Any]:
        return self.shop.rows["orders"][(self.carol, order["orderId"])]


class Stock(Broken):
    """I1."""

    def test_stock_below_zero(self) -> None:
        self.shop.fill(self.carol, self.cup, 9)
        self.shop.checkout(self.carol, "key-carol")
        self.caught("I1", f"{self.cup} has -4 pieces")

    def test_more_sold_than_came(self) -> None:
        # The read of another process's stock is written back over its own.
        send = self.begin()
        self.shop.place(send, "stock")
        self.shop.commit("checkout", self.shop.stock_change(self.cup, 0))
        self.shop.wait()
        self.shop.fill(self.carol, self.cup, 5)
        self.shop.checkout(self.carol, "key-carol-2")
        self.caught("I1", f"7 pieces of {self.cup} were sold, and 5 came")

    def test_a_decrement_without_an_order(self) -> None:
        self.shop.commit("checkout", self.shop.stock_change(self.cup, -1))
        self.caught("I1", "the orders of the same commit are of 0")

    def test_a_decrement_of_another_quantity(self) -> None:
        send = self.begin()
        order = self.shop.order_item(self.carol, send["request"])
        parts = self.shop.parts(send, order)
        parts["stock"] = [self.shop.stock_change(self.cup, -1)]
        self.shop.commit("checkout", *(change for part in parts.values() for change in part))
        self.shop.end(send, 201, self.shop.shown(order))
        self.caught("I1", "the orders of the same commit are of 2")

    def test_an_increment_by_checkout(self) -> None:
        self.shop.commit("checkout", self.shop.stock_change(self.cup, 3))
        self.caught("I1", "from 5 to 8")

    def test_a_decrement_that_does_not_count(self) -> None:
        send = self.begin()
        order = self.shop.order_item(self.carol, send["request"])
        parts = self.shop.parts(send, order)
        parts["stock"] = [("stock", self.shop.stock_item(self.cup, 3, 1))]
        self.shop.commit("checkout", *(change for part in parts.values() for change in part))
        self.shop.end(send, 201, self.shop.shown(order))
        self.caught("I1", "without counting its version")

    def test_a_cancelled_order_gives_too_much_back(self) -> None:
        order = self.shop.checkout(self.carol, "key-carol")["body"]
        row = self.shop.moved(self.order_row(order), "cancelled")
        self.shop.commit("cancel-order", ("orders", row), self.shop.stock_change(self.cup, 3))
        self.caught("I1", "the orders of the same commit are of -2")

    def test_stock_of_no_new_product(self) -> None:
        self.shop.commit("admin-create-product", ("stock", self.shop.stock_item("prod_x", 5, 1)))
        self.caught("I1", "which is no new product")


class Contents(Broken):
    """I3."""

    def placed(self, **changes: Any) -> None:
        send = self.begin()
        self.shop.end(send, 201, self.shop.place(send, **changes))

    def line(self, **changes: Any) -> Dict[str, Any]:
        line = {
            "productId": self.cup, "name": "Blue Mug", "quantity": 2, "unitPrice": euros(300),
            "lineTotal": euros(600),
        }  # fmt: skip
        return {**line, **changes}

    def test_another_price_than_the_product_has(self) -> None:
        send = self.begin()
        self.shop.change_product(self.cup, price=350)
        order = self.shop.place(send, lines=[self.line()])
        self.shop.end(send, 201, order)
        self.caught("I3", "has the price {'amount': 300")

    def test_a_wrong_sum_of_a_line(self) -> None:
        self.placed(lines=[self.line(lineTotal=euros(601))], total=euros(601))
        self.caught("I3", "asks 601 for 2 x 300")

    def test_a_wrong_total(self) -> None:
        self.placed(total=euros(599))
        self.caught("I3", "has the total 599, and its lines are 600")

    def test_another_total_than_was_expected(self) -> None:
        send = self.begin(expectedTotal=euros(500))
        self.shop.end(send, 201, self.shop.place(send, total=euros(600)))
        self.caught("I3", "another total, address or method")

    def test_an_amount_that_is_not_whole(self) -> None:
        self.placed(total={"amount": 600.5, "currency": "EUR"})
        self.caught("I3", "has a total that is no amount: {'amount': 600.5")

    def test_a_line_that_is_not_whole(self) -> None:
        self.placed(lines=[self.line(unitPrice={"amount": 300.5, "currency": "EUR"})])
        self.caught("I3", "and the sum {'amount': 600, 'currency': 'EUR'} for")

    def test_a_quantity_that_is_not_whole(self) -> None:
        self.placed(lines=[self.line(quantity=2.5)])
        self.caught("I3", "has 2.5 pieces")

    def test_a_date_that_is_not_written_as_one(self) -> None:
        self.placed(createdAt="2026-11-21T10:0:1Z")
        self.caught("I3", "has the date '2026-11-21T10:0:1Z'")

    def test_an_id_without_a_time(self) -> None:
        for name in ("ord_short", "ord_" + "u" * 26):
            with self.subTest(name=name):
                self.setUp()
                self.placed(orderId=name)
                self.caught("I3", "and its id another time")

    def test_two_currencies(self) -> None:
        line = self.line(lineTotal={"amount": 600, "currency": "USD"})
        self.placed(lines=[line])
        self.caught("I3", "several currencies")

    def test_a_quantity_that_no_line_can_have(self) -> None:
        self.placed(lines=[self.line(quantity=100, lineTotal=euros(30000))])
        self.caught("I3", "has 100 pieces")

    def test_no_lines(self) -> None:
        self.placed(lines=[])
        self.caught("I3", "has 0 lines")

    def test_two_lines_of_one_product(self) -> None:
        half = self.line(quantity=1, lineTotal=euros(300))
        self.placed(lines=[half, half])
        self.caught("I3", "two lines of one product")

    def test_a_product_that_is_not_sold(self) -> None:
        send = self.begin()
        self.shop.change_product(self.cup, status="draft")
        self.shop.end(send, 201, self.shop.place(send, lines=[self.line()]))
        self.caught("I3", "was not sold at that moment")

    def test_another_name_than_the_product_has(self) -> None:
        self.placed(lines=[self.line(name="Old Mug")])
        self.caught("I3", "calls")

    def test_anothers_address(self) -> None:
        body = self.shop.body(self.carol)
        body["shippingAddress"]["name"] = "canary-alice Cook"
        send = self.begin()
        order = self.shop.order_item(self.carol, body)
        self.shop.commit("checkout", *sum(self.shop.parts(send, order).values(), []))
        self.shop.end(send, 201, self.shop.shown(order))
        self.caught("I3", "another total, address or method")
        self.caught("I3", "goes to 'canary-alice Cook'")
        self.caught("I7", "canary-alice, which is of")

    def test_another_payment(self) -> None:
        self.placed(payment={"method": "invoice", "status": "paid"})
        self.caught("I3", "has the payment")

    def test_another_first_status(self) -> None:
        self.placed(status="shipped")
        self.caught("I3", "began as 'shipped'")

    def test_another_first_version(self) -> None:
        self.placed(version=2)
        self.caught("I3", "began with the version 2")

    def test_a_date_that_is_none(self) -> None:
        self.placed(createdAt="today")
        self.caught("I3", "has the date 'today'")

    def test_another_date_than_its_id(self) -> None:
        date = "2026-11-21T10:05:00Z"
        self.placed(createdAt=date, history=[{"status": "placed", "at": date}])
        self.caught("I3", "and its id another time")

    def test_a_date_far_from_its_commit(self) -> None:
        self.shop.now += 3_600_000
        send = self.begin()
        order = self.shop.order_item(self.carol, send["request"])
        self.shop.now += 3_600_000
        self.shop.commit("checkout", *sum(self.shop.parts(send, order).values(), []))
        self.shop.lose(send)
        self.shop.replay(self.carol, send)
        self.caught("I3", "far from when it was committed")

    def test_lines_that_change_later(self) -> None:
        self.placed()
        order = self.shop.orders_of(self.carol)[0]
        row = {**self.order_row(order), "total": dynamo(euros(1)), "version": dynamo(2)}
        self.shop.commit("operator", ("orders", row))
        self.caught("I3", "had its total changed")

    def test_a_status_that_goes_back(self) -> None:
        self.placed()
        order = self.shop.orders_of(self.carol)[0]
        row = {**self.order_row(order), "status": dynamo("pending-payment"), "version": dynamo(2)}
        self.shop.commit("operator", ("orders", row))
        self.caught("I3", "went from placed to pending-payment")

    def test_a_change_that_is_not_counted(self) -> None:
        self.placed()
        order = self.shop.orders_of(self.carol)[0]
        row = {**self.order_row(order), "status": dynamo("processing")}
        self.shop.commit("operator", ("orders", row))
        self.caught("I3", "without counting its version")

    def test_an_order_that_is_listed_elsewhere(self) -> None:
        for shard in ("shipped#2", "placed#4", "placed", None):
            with self.subTest(shard=shard):
                self.setUp()
                self.placed()
                row = dict(self.order_row(self.shop.orders_of(self.carol)[0]))
                row.update(version=dynamo(2), statusShard=dynamo(shard or ""))
                if shard is None:
                    del row["statusShard"]
                self.shop.commit("operator", ("orders", row))
                self.caught("I3", f"is placed and listed in {shard}")

    def test_an_order_that_comes_to_another_shard(self) -> None:
        self.placed()
        order = self.shop.orders_of(self.carol)[0]
        row = self.shop.moved(self.order_row(order), "processing", statusShard="processing#1")
        self.shop.commit("operator", ("orders", row))
        self.caught("I3", "came to another shard")

    def test_a_history_that_does_not_follow(self) -> None:
        for steps in ([], ["shipped"], ["processing", "processing"]):
            with self.subTest(steps=steps):
                self.setUp()
                self.placed()
                row = self.order_row(self.shop.orders_of(self.carol)[0])
                moved = self.shop.moved(row, "processing")
                more = [{"M": item(status=step, at=self.shop.date())} for step in steps]
                moved["history"] = {"L": [*row["history"]["L"], *more]}
                self.shop.commit("operator", ("orders", moved))
                self.caught("I3", "went from placed to processing, and its history got")

    def test_a_product_that_checkout_changes(self) -> None:
        self.shop.change_product(self.cup, by="checkout", price=1)
        self.caught("I3", "checkout changed the product")


class Parts(Broken):
    """I4."""

    def without(self, *parts: str) -> Dict[str, Any]:
        send = self.begin()
        return self.shop.end(send, 201, self.shop.place(send, *parts))

    def test_no_key_row(self) -> None:
        self.without("key")
        self.caught("I4", "has 0 rows of keys")

    def test_a_key_row_after_the_commit(self) -> None:
        send = self.begin()
        order = self.shop.order_item(self.carol, send["request"])
        parts = self.shop.parts(send, order)
        self.shop.commit("checkout", *parts["orders"], *parts["stock"], *parts["carts"])
        self.shop.commit("checkout", *parts["key"])
        self.shop.end(send, 201, self.shop.shown(order))
        self.caught("I4", "has 0 rows of keys")
        self.caught("I4", "which this commit does not make")

    def test_a_key_row_of_somebody_else(self) -> None:
        send = self.begin()
        order = self.shop.order_item(self.carol, send["request"])
        parts = self.shop.parts(send, order)
        parts["key"][0][1]["userId"] = {"S": self.shop.alice}
        self.shop.commit("checkout", *sum(parts.values(), []))
        self.shop.end(send, 201, self.shop.shown(order))
        self.caught("I4", "has 1 rows of keys of")

    def test_no_decrement(self) -> None:
        self.without("stock")
        self.caught("I4", f"is of 2 pieces of {self.cup}, and its commit takes 0")
        self.caught("I4", f"of 5 pieces of {self.cup} 5 are left, and 2 are in live orders")

    def test_a_decrement_too_many(self) -> None:
        send = self.begin()
        order = self.shop.order_item(self.carol, send["request"])
        parts = self.shop.parts(send, order)
        parts["stock"].append(self.shop.stock_change(self.jug, -1))
        self.shop.commit("checkout", *sum(parts.values(), []))
        self.shop.end(send, 201, self.shop.shown(order))
        self.caught("I4", f"is of 0 pieces of {self.jug}, and its commit takes 1")

    def test_a_cart_that_is_not_emptied(self) -> None:
        self.without("carts")
        self.caught("I4", f"left its {self.cup} in the cart")

    def test_a_cart_that_is_emptied_outside_of_the_commit(self) -> None:
        self.without("carts")
        self.shop.commit("checkout", ("carts", (self.carol, self.cup), None))
        self.caught("I4", "changed the line")

    def test_an_emptied_cart_without_an_order(self) -> None:
        self.shop.commit("checkout", ("carts", (self.carol, self.cup), None))
        self.caught("I4", "without an order of theirs in the same commit")

    def test_a_line_of_another_quantity_than_the_cart_has(self) -> None:
        send = self.begin()
        lines = self.shop.lines(self.carol)
        self.shop.put_line(self.carol, self.cup, 3, by="operator")
        self.shop.end(send, 201, self.shop.place(send, lines=lines))
        self.caught("I4", f"is of 2 {self.cup}, and the cart held 3")

    def test_a_line_that_is_taken_without_being_ordered(self) -> None:
        self.shop.fill(self.carol, self.jug, 1)
        send = self.begin(expectedTotal=euros(600))
        cup = [line for line in self.shop.lines(self.carol) if line["productId"] == self.cup]
        self.shop.end(send, 201, self.shop.place(send, lines=cup))
        self.caught("I4", f"took {self.jug} out of the cart without ordering it")

    def left_in(self, product: str) -> None:
        """Orders the cups alone, and leaves another line in the cart."""
        send = self.begin(expectedTotal=euros(600))
        cup = [line for line in self.shop.lines(self.carol) if line["productId"] == self.cup]
        order = self.shop.order_item(self.carol, send["request"], lines=cup)
        parts = self.shop.parts(send, order)
        parts["carts"] = [it for it in parts["carts"] if it[1] == (self.carol, self.cup)]
        self.shop.commit("checkout", *sum(parts.values(), []))
        self.shop.end(send, 201, self.shop.shown(order))

    def test_a_line_that_is_left_out(self) -> None:
        self.shop.fill(self.carol, self.jug, 1)
        self.left_in(self.jug)
        self.caught("I4", f"left out {self.jug}, which was in the cart before")

    def test_an_unsold_line_that_is_left_in_the_cart(self) -> None:
        self.shop.fill(self.carol, self.jug, 1)
        self.shop.change_product(self.jug, status="draft")
        self.left_in(self.jug)
        self.caught("I4", f"left {self.jug}, which is not sold, in the cart")

    def test_an_order_by_another_function(self) -> None:
        send = self.begin()
        order = self.shop.place(send)
        last = self.shop.journal[-1]["commit"]
        for change in self.shop.journal:
            if change["commit"] == last:
                change["by"] = "get-cart"
        self.shop.end(send, 201, order)
        self.caught("I4", "was made by get-cart")


class Keys(Broken):
    """I5."""

    def answered(self, key: str = "key-carol") -> Dict[str, Any]:
        return self.shop.checkout(self.carol, key)

    def test_two_orders_of_one_key(self) -> None:
        self.answered()
        self.shop.fill(self.carol, self.cup, 2)
        self.answered()
        self.caught("I5", "made 2 orders")
        self.caught("I5", "was answered 201 2 times")
        self.caught("I5", "was answered with two of orderId")
        self.caught("I5", "changed the row of a key which names the order")

    def test_two_orders_of_one_key_that_have_no_row(self) -> None:
        other = self.shop.body(self.carol, expectedTotal=euros(1))
        self.shop.refused(self.carol, "key-other", "price-changed", other, total=euros(600))
        send = self.begin()
        self.shop.end(send, 201, self.shop.place(send, "key"))
        self.shop.put_line(self.carol, self.cup, 2, by="operator")
        send = self.shop.begin_checkout(self.carol, "key-carol", send["request"])
        self.shop.place(send, "key")
        self.shop.lose(send)
        self.shop.replay(self.carol, send, body=self.shop.orders_of(self.carol)[0])
        self.caught("I5", "beside the orders of all keys that asked for it")

    def test_one_order_without_a_row_is_not_two(self) -> None:
        send = self.begin()
        self.shop.place(send, "key")
        self.shop.lose(send)
        send = self.shop.begin_checkout(self.carol, "key-carol", send["request"])
        self.shop.write_refusal(send)
        self.shop.refuse(send, "empty-cart")
        told = [it["text"] for it in self.verdicts() if it["invariant"] == "I5"]
        self.assertFalse([text for text in told if "beside the orders" in text])

    def test_answers_that_differ(self) -> None:
        first = self.answered()
        again = self.shop.replay(self.carol, first)
        again["body"]["lines"][0]["quantity"] = 1
        self.caught("I5", "was answered with two of lines")

    def test_a_replay_that_does_not_say_so(self) -> None:
        again = self.shop.replay(self.carol, self.answered())
        del again["headers"]["idempotent-replayed"]
        self.caught("I5", "was answered 200 with `Idempotent-Replayed: None`")

    def test_a_first_answer_that_says_it_is_a_replay(self) -> None:
        self.answered()["headers"]["idempotent-replayed"] = "true"
        self.caught("I5", "was answered 201 with `Idempotent-Replayed: true`")

    def test_an_answer_before_the_commit(self) -> None:
        send = self.begin()
        order = self.shop.order_item(self.carol, send["request"])
        self.shop.end(send, 201, self.shop.shown(order))
        self.shop.commit("checkout", *sum(self.shop.parts(send, order).values(), []))
        self.caught("I5", "which was not made by then")

    def test_201_for_an_order_that_was_there(self) -> None:
        send = self.begin()
        self.shop.place(send)
        self.shop.lose(send)
        again = self.shop.replay(self.carol, send)
        again["status"] = 201
        del again["headers"]["idempotent-replayed"]
        self.caught("I5", "was answered 201 with")

    def test_the_order_of_another_key(self) -> None:
        first = self.answered()
        self.shop.fill(self.carol, self.cup, 2)
        second = self.answered("key-carol-2")
        again = self.shop.replay(self.carol, second, body=first["body"])
        self.assertEqual(again["key"], "key-carol-2")
        self.caught("I5", "and its key made")

    def test_another_body_is_answered_with_the_order(self) -> None:
        first = self.answered()
        other = copy.deepcopy(first["request"])
        other["shippingAddress"]["city"] = "Hamburg"
        send = self.shop.begin_checkout(self.carol, "key-carol", other)
        self.shop.end(send, 200, first["body"], idempotent_replayed="true")
        self.caught("I5", "which is of another body")

    def test_an_answer_that_is_not_as_the_table_has_it(self) -> None:
        self.answered()["body"]["shippingAddress"]["city"] = "Hamburg"
        self.caught("I5", "than the one in the table")

    def test_a_mismatch_without_an_order(self) -> None:
        self.shop.refuse(self.begin(), "idempotency-mismatch")
        self.caught("I5", "was answered 422, and its key had made no order")

    def test_a_mismatch_of_the_same_body(self) -> None:
        first = self.answered()
        send = self.shop.begin_checkout(self.carol, "key-carol", first["request"])
        self.shop.refuse(send, "idempotency-mismatch")
        self.caught("I5", "its body is the one that made")

    def test_a_mismatch_before_the_order(self) -> None:
        other = self.begin(expectedTotal=euros(1))
        self.shop.refuse(other, "idempotency-mismatch")
        self.answered()
        self.caught("I5", "was answered 422, and its key had made no order")

    def test_an_order_of_a_body_that_was_refused(self) -> None:
        # It was told that the key is another's body, and made an order.
        send = self.begin()
        self.shop.place(send)
        self.shop.refuse(send, "idempotency-mismatch")
        self.caught("I5", "no send of")

    def test_an_order_before_its_send(self) -> None:
        send = self.begin()
        self.shop.place(send)
        send["began"] += 15
        self.shop.lose(send)
        self.shop.replay(self.carol, send)
        self.caught("I5", "no send of")

    def test_a_key_row_of_a_key_that_was_not_sent(self) -> None:
        row = item(userId=self.carol, orderId="key#" + hash_of_key("other"), refusal="ref_1")
        self.shop.commit("checkout", ("orders", row))
        self.caught("I5", "had not sent")

    def test_another_customers_key_is_taken_for_ones_own(self) -> None:
        # The key is found whoever sent it.
        self.answered()
        send = self.shop.begin_checkout(self.shop.alice, "key-carol")
        self.shop.end(send, 200, self.shop.orders_of(self.carol)[0], idempotent_replayed="true")
        self.caught("I7", f"which is of {self.carol}")
        self.caught("I6", f"which {self.shop.alice} has not in the table")


class OtherRefusals(Broken):
    """I5, what is refused in another way than by a 409."""

    def test_a_key_of_an_order_that_is_refused_otherwise(self) -> None:
        for status, code in ((400, "malformed"), (403, "forbidden")):
            with self.subTest(code=code):
                self.setUp()
                first = self.begin()
                self.shop.place(first)
                self.shop.lose(first)
                self.shop.refuse(self.begin(), code)
                self.caught("I5", f"was refused as {code}, and its key had made")

    def test_what_is_right_and_refused(self) -> None:
        self.shop.refuse(self.begin(), "invalid", errors=[])
        self.caught("I5", "nothing in it was wrong, and its cart had 1 lines")

    def test_a_row_of_a_key_that_is_deleted_too_early_or_never(self) -> None:
        for expires in ({}, {"expiresAt": {"N": "1"}}, {"expiresAt": {"N": "1795256160000"}}):
            with self.subTest(expires=expires):
                self.setUp()
                self.shop.checkout(self.carol, "key-carol")
                rows = (*self.shop.rows["orders"].values(), *(c["after"] for c in self.shop.journal))
                for row in rows:
                    if row is not None and "order" in row and row["userId"]["S"] == self.carol:
                        row.pop("expiresAt", None)
                        row.update(expires)
                self.caught("I5", "of a key is kept for")


class Refusals(Broken):
    """I5: what is refused was not done, and was so."""

    def refused(self, code: str, **extra: Any) -> Dict[str, Any]:
        return self.shop.refused(self.carol, "key-carol", code, **extra)

    def test_a_refusal_that_is_not_written_down(self) -> None:
        self.shop.unfill(self.carol, self.cup)
        self.shop.refuse(self.begin(), "empty-cart")
        self.caught("I5", "no row of its key says so")

    def test_a_refusal_while_the_order_is_made(self) -> None:
        lost, send = self.begin(), self.begin()
        self.shop.place(lost)
        self.shop.refuse(send, "empty-cart")
        self.shop.lose(lost)
        self.shop.replay(self.carol, lost)
        self.caught("I5", "no row of its key says so")

    def test_two_refusals_of_which_one_is_written_down(self) -> None:
        self.shop.unfill(self.carol, self.cup)
        one, other = self.begin(), self.begin()
        self.shop.write_refusal(one)
        self.shop.refuse(one, "empty-cart")
        self.shop.refuse(other, "empty-cart")
        self.caught("I5", "no row of its key says so")

    def test_a_refusal_after_the_order(self) -> None:
        first = self.shop.checkout(self.carol, "key-carol")
        send = self.shop.begin_checkout(self.carol, "key-carol", first["request"])
        self.shop.refuse(send, "empty-cart")
        self.caught("I5", "and its key had made")

    def test_an_order_by_the_send_that_was_refused(self) -> None:
        send = self.begin()
        self.shop.write_refusal(send)
        self.shop.place(send)
        self.shop.refuse(send, "cart-changed")
        self.caught("I5", "was refused")

    def test_an_order_after_a_refusal_by_a_send_that_was_given_up_before(self) -> None:
        lost = self.begin()
        self.shop.lose(lost)
        self.shop.change_product(self.cup, price=350)
        self.shop.refused(
            self.carol, "key-carol", "price-changed", lost["request"], total=euros(700)
        )
        self.shop.change_product(self.cup, price=300)
        self.shop.place(lost)
        self.shop.wait()
        self.shop.replay(self.carol, lost)
        self.caught("I5", "that came before it made")

    def test_an_order_after_a_refusal_by_a_send_that_arrived_no_later(self) -> None:
        for arrived in (4, 5):
            with self.subTest(arrived=arrived):
                self.setUp()
                first, refused = self.begin(), self.begin()
                first["arrived"], refused["arrived"] = arrived, 5
                self.shop.put_line(self.carol, self.cup, 3, by="operator")
                self.shop.write_refusal(refused)
                self.shop.refuse(refused, "cart-changed")
                self.shop.put_line(self.carol, self.cup, 2, by="operator")
                self.shop.end(first, 201, self.shop.place(first))
                self.caught("I5", "that came before it made")

    def test_an_order_between_a_refusal_and_its_answer_by_a_send_that_was_given_up(self) -> None:
        lost = self.shop.lose(self.begin())
        self.shop.change_product(self.cup, price=350)
        send = self.shop.begin_checkout(self.carol, "key-carol", lost["request"], lost["intent"])
        self.shop.write_refusal(send)
        self.shop.change_product(self.cup, price=300)
        self.shop.place(lost)
        self.shop.refuse(send, "price-changed", total=euros(700))
        self.shop.replay(self.carol, lost)
        self.caught("I5", "that came before it made")

    def test_a_refusal_that_is_written_down_too_early_or_too_late(self) -> None:
        self.shop.unfill(self.carol, self.cup)
        for place in ("early", "late"):
            with self.subTest(place=place):
                first = self.shop.refused(self.carol, f"key-{place}", "empty-cart")
                self.holds()
                row = self.shop.journal[-1]
                row["at"] = first["began"] - 1 if place == "early" else first["ended"] + 1
                self.caught("I5", "no row of its key says so")
                row["at"] = first["began"] + 1

    def test_a_refusal_that_another_function_writes(self) -> None:
        self.shop.unfill(self.carol, self.cup)
        self.refused("empty-cart")
        self.shop.journal[-1]["by"] = "operator"
        self.caught("I5", "no row of its key says so")

    def test_empty_while_something_was_in_the_cart(self) -> None:
        self.refused("empty-cart")
        self.caught("I5", f"all the time {self.cup} was in the cart")

    def test_empty_by_a_torn_read_of_the_keys_own_order(self) -> None:
        lost = self.begin()
        again = self.shop.begin_checkout(self.carol, "key-carol", lost["request"])
        self.shop.write_refusal(again)
        self.shop.refuse(again, "empty-cart")
        self.shop.place(lost)
        self.shop.end(lost, 201, self.shop.orders_of(self.carol)[0])
        self.caught("I5", f"all the time {self.cup} was in the cart")

    def test_short_while_there_was_enough(self) -> None:
        self.refused("out-of-stock", products=[self.cup])
        self.caught("I5", "there were always 5 or more")

    def test_short_of_what_is_not_in_the_cart(self) -> None:
        self.refused("out-of-stock", products=[self.jug])
        self.caught("I5", f"{self.jug} was not in the cart")

    def test_short_of_what_is_not_sold(self) -> None:
        self.shop.fill(self.carol, self.jug, 9)
        self.shop.change_product(self.jug, status="draft")
        self.refused("out-of-stock", products=[self.jug])
        self.caught("I5", f"{self.jug} was not sold")

    def test_short_of_nothing(self) -> None:
        self.refused("out-of-stock", products=[])
        self.caught("I5", "it names no products")

    def test_a_total_that_never_was(self) -> None:
        self.refused("price-changed", total=euros(650))
        self.caught("I5", "the cart's total never was 650")

    def test_the_expected_total_is_told_as_another(self) -> None:
        self.refused("price-changed", total=euros(600))
        self.caught("I5", "is the expected one")

    def test_changed_while_nothing_changed(self) -> None:
        self.refused("cart-changed")
        self.caught("I5", "no line of it changed")


class Steps(Broken):
    """Orders that are cancelled."""

    def setUp(self) -> None:
        super().setUp()
        self.order = self.shop.checkout(self.carol, "key-carol")["body"]

    def commit(self, by: str = "cancel-order", **changes: Any) -> None:
        parts = self.shop.cancellation(self.carol, self.order, **changes)
        self.shop.commit(by, *sum(parts.values(), []))

    def test_a_cancellation_that_gives_nothing_back(self) -> None:
        self.shop.cancel(self.carol, self.order, "stock")
        self.caught("I4", "which gave back {} and not")
        self.caught("I4", "are in live orders")

    def test_a_cancellation_that_gives_back_twice(self) -> None:
        self.shop.cancel(self.carol, self.order)
        self.shop.commit("cancel-order", self.shop.stock_change(self.cup, 2))
        self.caught("I1", "the orders of the same commit are of 0")

    def test_a_cancellation_without_its_record(self) -> None:
        self.shop.cancel(self.carol, self.order, "audit")
        self.caught("I10", "with 0 records of the audit log")

    def test_a_record_without_its_cancellation(self) -> None:
        record = self.shop.record(self.carol, self.order["orderId"], "order-cancelled")
        self.shop.commit("cancel-order", ("audit", record), self.shop.stock_change(self.cup, 0))
        self.caught("I10", "which its commit does not change")

    def test_a_record_that_says_somebody_else(self) -> None:
        send = self.shop.begin_cancel(self.carol, self.order)
        self.commit(actor=self.shop.admin)
        row = self.order_row(self.order)
        self.shop.end(send, 200, self.shop.shown(row))
        self.caught("I10", "and its record says")

    def test_a_cancellation_that_nobody_asked_for(self) -> None:
        self.commit()
        self.caught("I7", "by cancel-order, and nobody asked")

    def test_a_cancellation_that_another_customer_asked_for(self) -> None:
        other = self.shop.person("oscar")
        send = self.shop.begin_cancel(other, self.order)
        self.commit()
        self.shop.end(send, 200, self.shop.shown(self.order_row(self.order)))
        self.caught("I7", "by cancel-order, and nobody asked")

    def test_a_cancellation_that_was_refused(self) -> None:
        send = self.shop.begin_cancel(self.carol, self.order)
        self.commit()
        self.shop.refuse(send, "invalid-transition")
        self.caught("I7", "by cancel-order, and nobody asked")

    def test_a_refusal_of_what_could_be_cancelled(self) -> None:
        send = self.shop.begin_cancel(self.carol, self.order)
        self.shop.refuse(send, "invalid-transition")
        self.caught("I6", "can't be cancelled, and it could")

    def test_an_order_that_is_not_found_to_be_cancelled(self) -> None:
        send = self.shop.begin_cancel(self.carol, self.order)
        self.shop.refuse(send, "not-found")
        self.caught("I6", "did not find")

    def test_two_who_are_told_that_they_cancelled(self) -> None:
        send = self.shop.cancel(self.carol, self.order)
        again = self.shop.begin_cancel(self.carol, self.order)
        self.shop.end(again, 200, send["body"])
        self.caught("I6", "was told that it cancelled")

    def test_an_order_that_another_function_changes(self) -> None:
        self.commit(by="get-order")
        self.caught("I4", "was changed by get-order")

    def test_an_order_that_the_staff_move_elsewhere_than_they_asked(self) -> None:
        path = f"/api/admin/orders/{self.carol}/{self.order['orderId']}"
        send = self.shop.begin(
            "admin-update-order", self.shop.admin, path, {"status": "processing"}, method="PATCH"
        )
        self.commit("admin-update-order", actor=self.shop.admin, action="order-updated")
        self.shop.end(send, 200, {})
        self.caught("I7", "came to cancelled by admin-update-order, and nobody asked")


class Creations(Broken):
    """I5 and I10 of products that admins make."""

    def begin_creation(self, key: Any = "key-admin-2") -> Dict[str, Any]:
        return self.shop.begin_creation(self.shop.admin, key)

    def without(self, *parts: str) -> None:
        send = self.begin_creation()
        self.shop.end(send, 201, self.shop.create(send, *parts))

    def test_a_product_without_its_keys_row(self) -> None:
        self.without("idempotency")
        self.caught("I5", "was made without its key's row")

    def test_two_products_of_one_key(self) -> None:
        self.without()
        self.without()
        self.caught("I5", "one key made")
        self.caught("I5", "was answered 201 2 times")

    def test_a_keys_row_of_another_product(self) -> None:
        send = self.begin_creation()
        row = item(
            caller=f"admin-create-product#{self.shop.admin}", keyHash=hash_of_key("key-admin-2"),
            made="prod_x", createdAt=self.shop.date(),
        )  # fmt: skip
        self.shop.commit("admin-create-product", ("idempotency", row))
        self.shop.refuse(send, "forbidden")
        self.caught("I5", "which its commit does not make")

    def test_a_product_of_another_body(self) -> None:
        send = self.begin_creation()
        self.shop.end(send, 201, self.shop.create(send, name="Grey Mug"))
        self.caught("I5", "which is of another body")
        self.caught("I5", "no send with its key can have made it")

    def test_a_product_of_another_admins_key(self) -> None:
        other = self.shop.person("other", "admin")
        send = self.begin_creation()
        send["user"] = other
        product = self.shop.create(send)
        send["user"] = self.shop.admin
        self.shop.end(send, 201, product)
        self.caught("I5", "no send with its key can have made it")

    def test_a_product_of_a_refused_send(self) -> None:
        send = self.begin_creation()
        self.shop.create(send)
        self.shop.refuse(send, "forbidden")
        self.caught("I5", "no send with its key can have made it")

    def test_the_product_of_another_key(self) -> None:
        send = self.begin_creation()
        self.shop.create(send)
        self.shop.end(send, 201, self.shop.created["body"])
        self.caught("I5", "and its key made")

    def test_answers_of_a_product_that_differ(self) -> None:
        self.shop.recreated["body"]["available"] = 3
        self.caught("I5", "was answered with two of available")

    def test_a_mismatch_without_a_product(self) -> None:
        self.shop.refuse(self.begin_creation(), "idempotency-mismatch")
        self.caught("I5", "its key made nothing of another body")

    def test_a_mismatch_of_the_body_that_made_the_product(self) -> None:
        send = self.shop.begin_creation(self.shop.admin, "key-admin-1")
        self.shop.refuse(send, "idempotency-mismatch")
        self.caught("I5", "its key made nothing of another body")

    def test_a_product_that_is_not_there(self) -> None:
        send = self.begin_creation()
        body = {**self.shop.created["body"], "productId": self.shop.id("prod")}
        self.shop.end(send, 201, body)
        self.caught("I6", "which is not there")

    def test_a_product_without_a_record(self) -> None:
        self.without("audit")
        self.caught("I10", "with 0 records of the audit log")

    def test_a_record_after_the_commit(self) -> None:
        self.without("audit")
        product = self.shop.history[-1]["body"]["productId"]
        record = self.shop.record(self.shop.admin, product)
        self.shop.commit("admin-create-product", ("audit", record))
        self.caught("I10", "was written without its change")
        self.caught("I10", "which its commit does not make")

    def test_two_records_of_a_product(self) -> None:
        send = self.begin_creation()
        product = self.shop.create(send)
        commit = self.shop.journal[-1]["commit"]
        record = self.shop.record(self.shop.admin, product["productId"])
        self.shop.commit("admin-create-product", ("audit", record))
        self.shop.journal[-1]["commit"] = commit
        self.shop.end(send, 201, product)
        self.caught("I10", "with 2 records of the audit log")

    def test_a_record_that_is_changed(self) -> None:
        ((key, row),) = list(self.shop.rows["audit"].items())[:1]
        self.shop.commit("admin-create-product", ("audit", {**row, "actor": dynamo("unknown")}))
        self.caught("I10", f"changed the record {key[1]}")

    def test_a_record_of_somebody_who_is_no_admin(self) -> None:
        send = self.begin_creation()
        send["user"] = self.carol
        product = self.shop.create(send)
        send["user"] = self.shop.admin
        self.shop.end(send, 201, product)
        self.caught("I10", "who is no admin")

    def test_a_record_of_somebody_unknown(self) -> None:
        self.without()
        for change in self.shop.journal[-4:]:
            if change["table"] == "audit":
                change["after"]["actor"] = dynamo("usr_nobody")
        self.caught("I10", "usr_nobody made a product, who is no admin")

    def test_a_record_of_an_admin_who_asks_later(self) -> None:
        other = self.shop.person("other", "admin")
        send = self.begin_creation()
        send["user"] = other
        product = self.shop.create(send)
        send["user"] = self.shop.admin
        self.shop.end(send, 201, product)
        self.shop.creation(other, "key-other")
        self.caught("I10", "who had not asked for one")

    def test_a_product_of_another_stock(self) -> None:
        send = self.begin_creation()
        self.shop.end(send, 201, self.shop.create(send, stock=5))
        self.caught("I5", "which is of another body")

    def test_a_product_that_is_made_after_the_answer(self) -> None:
        send = self.begin_creation()
        body = self.shop.create(send)
        self.shop.end(send, 201, body)
        send["ended"] = send["began"] + 1
        self.caught("I6", "which is not there")

    def test_a_product_that_a_function_deletes(self) -> None:
        self.without()
        product = self.shop.history[-1]["body"]["productId"]
        self.shop.commit("checkout", ("products", (product,), None))
        self.caught("I6", "which is not there")

    def test_a_record_of_an_admin_who_had_had_not_asked(self) -> None:
        other = self.shop.person("other", "admin")
        send = self.begin_creation()
        send["user"] = other
        product = self.shop.create(send)
        send["user"] = self.shop.admin
        self.shop.end(send, 201, product)
        self.caught("I10", "who had not asked for one")

    def test_a_record_that_names_no_request(self) -> None:
        self.without()
        for change in self.shop.journal[-4:]:
            if change["table"] == "audit":
                del change["after"]["requestId"]
        self.caught("I10", "names no request")

    def test_a_product_without_stock(self) -> None:
        self.without("stock")
        self.caught("I10", "without its stock")

    def test_a_product_of_another_function(self) -> None:
        self.without()
        for change in self.shop.journal[-5:]:
            change["by"] = "set-cart-item"
        self.caught("I10", "set-cart-item made")


class Durability(Broken):
    """I6."""

    def test_an_acknowledged_order_that_is_not_there(self) -> None:
        send = self.begin()
        order = self.shop.order_item(self.carol, send["request"])
        self.shop.end(send, 201, self.shop.shown(order))
        self.caught("I6", "has not in the table")

    def test_an_order_that_is_deleted(self) -> None:
        order = self.shop.checkout(self.carol, "key-carol")["body"]
        self.shop.commit("checkout", ("orders", (self.carol, order["orderId"]), None))
        self.caught("I6", "deleted the order")
        self.caught("I6", "has not in the table")

    def two_orders(self) -> List[Dict[str, Any]]:
        self.shop.checkout(self.carol, "key-carol")
        self.shop.fill(self.carol, self.cup, 1)
        self.shop.wait(50)
        self.shop.checkout(self.carol, "key-carol-2")
        self.shop.wait()
        return self.shop.orders_of(self.carol)

    def test_a_list_without_an_acknowledged_order(self) -> None:
        old, new = self.two_orders()
        self.shop.list_orders(self.carol, [old])
        self.caught("I6", f"without {new['orderId']}")

    def test_a_first_page_without_the_newest_order(self) -> None:
        old, new = self.two_orders()
        self.shop.list_orders(self.carol, [old], "?limit=1", cursor="c")
        self.caught("I6", f"without {new['orderId']}")

    def test_a_second_page_without_its_order(self) -> None:
        old, new = self.two_orders()
        self.shop.list_orders(self.carol, [new], "?limit=1", cursor="c1")
        self.shop.list_orders(self.carol, [], "?limit=1&cursor=c1")
        self.caught("I6", f"without {old['orderId']}")

    def test_a_list_of_a_status_without_an_order_of_it(self) -> None:
        old, new = self.two_orders()
        self.shop.list_orders(self.carol, [old], "?status=placed")
        self.caught("I6", f"without {new['orderId']}")

    def test_a_list_of_a_status_with_another(self) -> None:
        self.shop.list_orders(self.carol, self.two_orders()[::-1], "?status=shipped")
        self.caught("I6", "lists an order that is placed among those shipped")

    def test_a_list_out_of_order(self) -> None:
        self.shop.list_orders(self.carol, self.two_orders())
        self.caught("I6", "out of order or twice")

    def test_a_list_that_is_too_long(self) -> None:
        self.shop.list_orders(self.carol, self.two_orders()[::-1], "?limit=1")
        self.caught("I6", "lists 2 orders, and 1 at most")

    def test_a_list_with_an_order_that_never_was(self) -> None:
        send = self.begin()
        order = self.shop.shown(self.shop.order_item(self.carol, send["request"]))
        self.shop.lose(send)
        self.shop.replay(self.carol, self.shop.checkout(self.carol, "key-carol"))
        self.shop.list_orders(self.carol, [*self.shop.orders_of(self.carol), order])
        self.caught("I6", "had not")

    def test_a_list_with_an_order_that_is_made_later(self) -> None:
        send = self.begin()
        order = self.shop.order_item(self.carol, send["request"])
        self.shop.list_orders(self.carol, [self.shop.shown(order)])
        self.shop.commit("checkout", *sum(self.shop.parts(send, order).values(), []))
        self.shop.end(send, 201, self.shop.shown(order))
        self.caught("I6", "had not")

    def test_a_list_with_an_order_as_it_was_not(self) -> None:
        order = self.shop.checkout(self.carol, "key-carol")["body"]
        self.shop.list_orders(self.carol, [{**order, "version": 2}])
        self.caught("I6", "as it was not: version")

    def test_an_acknowledged_order_that_is_not_found(self) -> None:
        order = self.shop.checkout(self.carol, "key-carol")["body"]
        send = self.shop.begin("get-order", self.carol, f"/api/orders/{order['orderId']}")
        self.shop.refuse(send, "not-found")
        self.caught("I6", "did not find")

    def test_another_order_than_was_asked_for(self) -> None:
        old, new = self.two_orders()
        send = self.shop.begin("get-order", self.carol, f"/api/orders/{old['orderId']}")
        self.shop.end(send, 200, new)
        self.caught("I6", "asked for")

    def test_an_order_that_is_shown_as_it_was_not(self) -> None:
        order = self.shop.checkout(self.carol, "key-carol")["body"]
        self.shop.get_order(self.carol, {**order, "version": 2})
        self.caught("I6", "as it was not: version")

    def test_a_key_that_is_never_resolved(self) -> None:
        self.shop.lose(self.begin())
        self.caught("I6", "is not known at the end")

    def test_a_key_that_only_an_earlier_refusal_resolves(self) -> None:
        self.shop.refused(self.carol, "key-carol", "price-changed", total=euros(600))
        self.shop.lose(self.begin())
        self.caught("I6", "is not known at the end")

    def test_a_change_of_a_cart_that_is_lost(self) -> None:
        path = f"/api/cart/items/{self.cup}"
        send = self.shop.begin("set-cart-item", self.carol, path, {"quantity": 4})
        self.shop.end(send, 200, self.shop.cart(self.carol))
        self.caught("I6", "and it never was that")

    def test_a_change_of_a_cart_that_an_earlier_one_overtakes(self) -> None:
        path = f"/api/cart/items/{self.cup}"
        send = self.shop.begin("set-cart-item", self.carol, path, {"quantity": 4})
        other = self.shop.fill(self.carol, self.cup, 3)
        send["arrived"], other["arrived"] = 5, 4
        self.shop.end(send, 200, self.shop.cart(self.carol))
        self.caught("I6", "and it never was that")

    def test_a_line_that_is_not_removed(self) -> None:
        send = self.shop.begin("remove-cart-item", self.carol, f"/api/cart/items/{self.cup}")
        self.shop.end(send, 204, None)
        self.caught("I6", "to nothing, and it never was that")

    def test_a_price_that_is_not_the_products(self) -> None:
        self.shop.wait(5000)
        cart = self.shop.see_cart(self.carol)["body"]
        cart["items"][0]["unitPrice"]["amount"] += 1
        cart["items"][0]["lineTotal"]["amount"] += 2
        cart["total"]["amount"] += 2
        self.caught("I6", "which it was not lately")

    def test_a_catalogue_that_is_older_than_it_says(self) -> None:
        old = self.shop.see_product(self.cup)
        self.shop.change_product(self.cup, price=777)
        self.shop.wait(4500)
        send = self.shop.see_product(self.cup)
        send["body"], send["headers"]["age"] = old["body"], "3"
        self.caught("I6", "which it was not lately")

    def test_a_cart_as_it_no_longer_is(self) -> None:
        old = self.shop.cart(self.carol)
        self.shop.fill(self.carol, self.cup, 3)
        self.shop.wait()
        send = self.shop.begin("get-cart", self.carol, "/api/cart")
        self.shop.end(send, 200, old)
        self.caught("I6", "which is no longer so")

    def test_a_cart_without_a_line(self) -> None:
        self.shop.wait(20_000)
        send = self.shop.begin("get-cart", self.carol, "/api/cart")
        self.shop.end(send, 200, {"items": [], "total": euros(0)})
        self.caught("I6", "which was in it all the time")


class Carts(Broken):
    """I6, of lines that are refused, and of too many."""

    def begin_line(self, **more: Any) -> Dict[str, Any]:
        return self.shop.begin_fill(self.carol, self.jug, 3, **more)

    def test_a_line_that_is_refused_though_it_is_sold(self) -> None:
        self.shop.refuse(self.begin_line(), "not-found")
        self.caught("I6", f"404 not-found for {self.jug}, which was sold all the time")

    def test_a_line_that_is_refused_in_a_cart_that_is_not_full(self) -> None:
        self.shop.refuse(self.begin_line(), "invalid", errors=[])
        self.caught("I6", f"422 invalid for {self.jug}, and the cart had 1 lines at most")

    def test_a_line_that_is_refused_for_no_reason_that_there_is(self) -> None:
        self.shop.refuse(self.begin_line(), "out-of-stock")
        self.caught("I6", f"409 out-of-stock for {self.jug}, for which there is no such reason")

    def test_a_line_that_is_refused_and_set(self) -> None:
        send = self.begin_line()
        self.shop.put_line_for(send)
        self.shop.change_product(self.jug, status="draft")
        self.shop.refuse(send, "not-found")
        self.caught("I6", f"404 not-found for {self.jug}, which it set")

    def test_a_line_that_is_refused_and_set_later_over_that_of_an_earlier_request(self) -> None:
        self.shop.change_product(self.jug, status="draft")
        earlier = self.shop.begin_fill(self.carol, self.jug, 1, arrived=4)
        send = self.begin_line(arrived=5)
        self.shop.change_product(self.jug, status="published")
        self.shop.put_line_for(earlier)
        self.shop.end(earlier, 200, self.shop.cart(self.carol))
        self.shop.refuse(send, "not-found")
        self.shop.put_line_for(send)
        self.caught("I6", f"404 not-found for {self.jug}, which it set")

    def test_a_refused_request_that_takes_back_the_line_of_another(self) -> None:
        self.shop.fill_up(self.carol, 31)
        one, other = self.begin_line(), self.begin_line()
        for send in (one, other):
            self.shop.put_line_for(send)
        self.shop.end(other, 200, self.shop.cart(self.carol))
        self.shop.take_back(one)
        self.shop.refuse(one, "invalid", errors=[])
        words = f"send {one['send']} took {self.jug} out of the cart of {self.carol}, and had not"
        self.caught("I6", words)

    def test_a_line_that_is_dropped_though_it_is_sold(self) -> None:
        self.shop.fill_up(self.carol, 31)
        send = self.begin_line()
        self.shop.put_line_for(send)
        no_line = self.shop.removed_line(self.carol, self.cup)
        self.shop.commit("set-cart-item", no_line, send=send["send"])
        self.shop.end(send, 200, self.shop.cart(self.carol))
        self.caught("I7", f"set-cart-item changed {self.cup} in the cart of {self.carol} to nothing")

    def test_a_removal_that_is_refused(self) -> None:
        path = f"/api/cart/items/{self.cup}"
        send = self.shop.begin("remove-cart-item", self.carol, path, method="DELETE")
        self.shop.refuse(send, "not-found")
        self.caught("I6", f"send {send['send']} was answered 404 not-found, and a line can always be")

    def test_a_line_too_many_that_stays(self) -> None:
        self.shop.fill_up(self.carol, 31)
        self.holds()
        send = self.begin_line()
        self.shop.put_line_for(send)
        self.shop.end(send, 200, self.shop.cart(self.carol))
        self.shop.unfill(self.carol, self.jug)
        self.caught("I6", f"send {send['send']} left 33 lines in the cart of {self.carol}")

    def test_a_line_too_many_that_is_refused_and_stays(self) -> None:
        self.shop.fill_up(self.carol, 31)
        send = self.begin_line()
        self.shop.put_line_for(send)
        self.shop.refuse(send, "invalid", errors=[])
        self.caught("I6", f"422 invalid for {self.jug}, which it set")


class Isolation(Broken):
    """I7."""

    def test_anothers_list(self) -> None:
        # What an answer that is kept by path does.
        orders = self.shop.orders_of(self.shop.alice)[::-1]
        self.shop.list_orders(self.carol, orders)
        self.caught("I7", "canary-alice, which is of")
        self.caught("I7", f"{orders[0]['orderId']}, which is of")
        self.caught("I6", f"shows {orders[0]['orderId']}, which {self.carol} had not")

    def test_anothers_cart(self) -> None:
        self.shop.fill(self.shop.alice, self.jug, 4)
        send = self.shop.begin("get-cart", self.carol, "/api/cart")
        self.shop.end(send, 200, self.shop.cart(self.shop.alice))
        self.caught("I7", "which never was so")

    def test_anothers_order(self) -> None:
        self.shop.get_order(self.carol, self.shop.bought["body"])
        self.caught("I7", "canary-alice, which is of")

    def test_anothers_total(self) -> None:
        send = self.begin()
        order = self.shop.end(send, 201, self.shop.place(send))["body"]
        total = self.shop.bought["body"]["total"]
        self.assertNotEqual(order["total"], total)
        for show in (
            lambda: self.shop.get_order(self.carol, {**order, "total": total}),
            lambda: self.shop.list_orders(self.carol, [{**order, "total": total}]),
        ):
            show()
            self.caught("I6", f"send {len(self.shop.history)} shows {order['orderId']} as it was not: total")

    def test_anothers_total_of_a_cart(self) -> None:
        send = self.shop.see_cart(self.carol)
        send["body"]["total"] = euros(4711)
        self.caught("I9", "shows the total 4711 of lines that are 600")

    def test_anothers_id_in_a_problem(self) -> None:
        order = self.shop.bought["body"]["orderId"]
        send = self.shop.begin("get-order", self.carol, f"/api/orders/{order}")
        self.shop.refuse(send, "not-found", detail=f"{order} is of {self.shop.alice}.")
        self.caught("I7", f"{order}, which is of")
        self.caught("I7", f"{self.shop.alice}, which is of")

    def test_anothers_key_in_a_header(self) -> None:
        send = self.shop.see_cart(self.carol)
        send["headers"]["x-key"] = "key-alice-1"
        self.caught("I7", "key-alice-1, which is of")

    def test_something_of_somebody_in_the_catalogue(self) -> None:
        send = self.shop.list_products(None)
        send["body"]["items"][0]["name"] = "canary-bob"
        self.caught("I7", "answered nobody with canary-bob")

    def test_a_customer_sees_people(self) -> None:
        send = self.shop.begin("admin-list-users", self.carol, "/api/admin/users")
        users = [{"userId": self.shop.alice}]
        self.shop.end(send, 200, {"items": users, "nextCursor": None})
        self.caught("I7", f"{self.shop.alice}, which is of")

    def test_a_problem_without_a_policy(self) -> None:
        send = self.shop.begin("get-cart", self.carol, "/api/cart")
        del self.shop.refuse(send, "unavailable")["headers"]["cache-control"]
        self.caught("I7", "was answered 503 with `Cache-Control: None`")

    def test_a_private_answer_that_caches_may_keep(self) -> None:
        self.shop.see_cart(self.carol)["headers"]["cache-control"] = "private, max-age=60"
        self.caught("I7", "`Cache-Control: private, max-age=60`")

    def test_a_private_answer_without_a_policy(self) -> None:
        del self.shop.see_cart(self.carol)["headers"]["cache-control"]
        self.caught("I7", "`Cache-Control: None`")

    def test_a_public_answer_that_is_kept_too_long(self) -> None:
        self.shop.list_products(None)["headers"]["cache-control"] = "public, max-age=9000"
        self.caught("I7", "`Cache-Control: public, max-age=9000`")

    def test_a_failure_of_the_gateway_that_caches_may_keep(self) -> None:
        send = self.shop.begin("get-cart", self.carol, "/api/cart")
        self.shop.end(send, 504, {"message": "Gateway Timeout"}, cache_control="public")
        self.caught("I7", "`Cache-Control: public`")

    def test_a_cookie(self) -> None:
        self.shop.see_cart(self.carol)["headers"]["set-cookie"] = "a=b"
        self.caught("I7", "with a cookie")

    def test_a_cart_that_somebody_else_changes(self) -> None:
        other = self.shop.person("dora")
        self.shop.put_line(other, self.cup, 1)
        self.caught("I7", f"set-cart-item changed {self.cup} in the cart of {other} to 1")

    def not_asked_for(self, by: str, left: str, product: str) -> None:
        """Demands that one change of Carol's cart, the last one, is told."""
        self.caught("I7", f"{by} changed {product} in the cart of {self.carol} to {left}, who had")

    def test_a_line_that_is_set_to_what_its_owner_never_sent(self) -> None:
        self.shop.put_line(self.carol, self.cup, 77)
        self.not_asked_for("set-cart-item", "77", self.cup)

    def test_a_line_that_is_set_though_its_owner_set_others(self) -> None:
        self.shop.put_line(self.carol, self.jug, 2)
        self.not_asked_for("set-cart-item", "2", self.jug)

    def test_a_line_that_is_set_to_what_only_somebody_else_sent(self) -> None:
        send = self.shop.begin(
            "set-cart-item", self.shop.bob, f"/api/cart/items/{self.cup}", {"quantity": 4},
            method="PUT",
        )  # fmt: skip
        self.shop.put_line(self.carol, self.cup, 4)
        self.shop.lose(send)
        self.not_asked_for("set-cart-item", "4", self.cup)

    def test_a_line_that_is_set_before_it_is_sent(self) -> None:
        self.shop.put_line(self.carol, self.jug, 2)
        self.shop.wait()
        self.shop.fill(self.carol, self.jug, 2)
        self.not_asked_for("set-cart-item", "2", self.jug)

    def test_a_line_that_its_owner_did_not_remove(self) -> None:
        self.shop.fill(self.carol, self.jug, 1)
        self.shop.unfill(self.carol, self.jug)
        self.shop.commit("remove-cart-item", ("carts", (self.carol, self.cup), None))
        self.not_asked_for("remove-cart-item", "nothing", self.cup)

    def test_a_line_that_setting_removes(self) -> None:
        self.shop.fill(self.carol, self.jug, 2)
        self.shop.wait(2000)
        send = self.shop.begin(
            "set-cart-item", self.carol, f"/api/cart/items/{self.cup}", {"quantity": "no"},
            method="PUT",
        )  # fmt: skip
        self.shop.commit("set-cart-item", ("carts", (self.carol, self.jug), None))
        self.shop.refuse(send, "invalid", errors=[])
        self.not_asked_for("set-cart-item", "nothing", self.jug)

    def test_a_row_that_remembers_what_nobody_asked(self) -> None:
        row = self.shop.rows["carts"][(self.carol, self.cup)]
        self.shop.commit("set-cart-item", ("carts", {**row, **item(at=1)}), send=self.shop.bought["send"])
        self.not_asked_for("set-cart-item", "2", self.cup)

    def test_a_line_that_removing_sets(self) -> None:
        self.shop.unfill(self.carol, self.cup)
        self.shop.put_line(self.carol, self.cup, 2, by="remove-cart-item")
        self.not_asked_for("remove-cart-item", "2", self.cup)

    def test_a_cart_that_somebody_elses_checkout_empties(self) -> None:
        # With an order of the one who checks out, in the same commit.
        send = self.shop.begin_checkout(self.shop.bob, "key-bob-9", self.shop.body(self.carol))
        order = self.shop.order_item(self.carol, send["request"])
        parts = self.shop.parts(send, order)
        self.shop.commit("checkout", *sum(parts.values(), []), ("carts", (self.carol, self.cup), None))
        self.shop.lose(send)
        self.not_asked_for("checkout", "nothing", self.cup)

    def test_a_function_that_has_no_business_with_carts(self) -> None:
        self.shop.commit("get-cart", ("carts", (self.carol, self.cup), None))
        self.not_asked_for("get-cart", "nothing", self.cup)


    def test_a_cart_that_is_changed_when_the_answer_has_been_given(self) -> None:
        # As by a request that is delivered twice: what was ordered is in the cart again.
        first = self.shop.history[-1]["send"]
        self.shop.wait(10)
        self.shop.checkout(self.carol, "key-carol")
        self.shop.put_line(self.carol, self.cup, 2, send=first)
        changed = f"had been answered when it changed {self.cup} in the cart of {self.carol} to 2"
        self.caught("I6", changed)

    def test_a_late_removal_of_what_came_after_it(self) -> None:
        path = f"/api/cart/items/{self.jug}"
        removal = self.shop.begin("remove-cart-item", self.carol, path, method="DELETE")
        self.shop.end(removal, 204, None)
        self.shop.wait(10)
        later = self.shop.begin("set-cart-item", self.carol, path, {"quantity": 4}, method="PUT")
        removal["arrived"], later["arrived"] = 4, 5
        self.shop.put_line(self.carol, self.jug, 4, send=later["send"])
        self.shop.end(later, 200, self.shop.cart(self.carol))
        self.shop.commit(
            "remove-cart-item", ("carts", (self.carol, self.jug), None), send=removal["send"]
        )
        self.caught("I6", f"had been answered when it changed {self.jug}")

    def test_a_line_that_is_set_for_another_send(self) -> None:
        other = self.shop.see_cart(self.carol)["send"]
        self.shop.fill(self.carol, self.jug, 2)
        self.shop.put_line(self.carol, self.jug, 1, send=other)
        self.not_asked_for("set-cart-item", "1", self.jug)

    def test_a_cart_of_which_more_is_removed_than_was_asked(self) -> None:
        self.shop.fill(self.carol, self.jug, 1)
        self.shop.unfill(self.carol, self.jug)
        self.shop.commit("remove-cart-item", ("carts", (self.carol, self.cup), None))
        self.caught("I7", f"remove-cart-item changed {self.cup} in the cart of {self.carol} to not")

    def test_a_validator_of_two_bodies(self) -> None:
        self.shop.list_products(None)
        self.shop.change_product(self.cup, name="Red Mug")
        self.shop.list_products(None)
        self.caught("I9", "have one `ETag` for two bodies")

    def test_a_public_answer_with_the_id_of_a_request(self) -> None:
        self.shop.list_products(None)["headers"]["x-request-id"] = "r"
        self.caught("I7", "for any cache to keep with x-request-id")


class LateCancellations(Broken):
    """I7."""

    def test_a_cancellation_that_was_refused_and_is_done_later(self) -> None:
        order = self.shop.checkout(self.carol, "key-carol")["body"]
        row = self.order_row(order)
        self.shop.commit("operator", ("orders", {**row, "status": dynamo("expired")}))
        send = self.shop.begin_cancel(self.carol, order)
        self.shop.refuse(send, "invalid-transition")
        self.shop.commit("operator", ("orders", row))
        changes = sum(self.shop.cancellation(self.carol, order).values(), [])
        self.shop.commit("cancel-order", *changes, send=send["send"])
        self.caught("I7", "came to cancelled by cancel-order, and nobody asked")


class Movements(Broken):
    """I4, I5, I6, I7 and I10 of stock that the staff set."""

    def setUp(self) -> None:
        super().setUp()
        self.admin = self.shop.admin

    def commit(self, send: Dict[str, Any], **parts: Any) -> None:
        """Commits what a send asks for, with other parts."""
        changes = {**self.shop.setting(send), **parts}
        self.shop.commit("admin-set-stock", *sum(changes.values(), []))

    def test_a_change_without_a_movement(self) -> None:
        self.shop.set_stock(self.admin, self.cup, "movements", adjustBy=3)
        self.caught("I4", f"changed the stock of {self.cup} for 0 orders, with 0 movements")
        self.caught("I4", f"there are 8 pieces of {self.cup} and, by its movements and orders")

    def test_a_product_whose_stock_has_no_movement(self) -> None:
        send = self.shop.begin_creation(self.admin, None)
        self.shop.end(send, 201, self.shop.create(send, "movements"))
        self.caught("I4", "for 0 orders, with 0 movements")

    def test_a_movement_without_its_change(self) -> None:
        self.shop.set_stock(self.admin, self.cup, "stock", adjustBy=3)
        self.caught("I4", "came without a change of the stock")
        self.caught("I4", "there should be 8")

    def test_two_movements_of_one_change(self) -> None:
        send = self.shop.begin_stock(self.admin, self.cup, adjustBy=3)
        more = [self.shop.movement(self.cup, "adjust", 3, self.admin) for _ in range(2)]
        self.commit(send, movements=more)
        self.shop.told_stock(send)
        self.caught("I4", "for 0 orders, with 2 movements")

    def test_a_movement_of_another_number(self) -> None:
        send = self.shop.begin_stock(self.admin, self.cup, adjustBy=3)
        self.commit(send, stock=[self.shop.stock_change(self.cup, 2)])
        self.shop.told_stock(send)
        self.caught("I4", "tells of 3, and the stock went from 5 to 7")
        self.caught("I1", "its movements of 3")

    def test_a_movement_between_other_numbers(self) -> None:
        send = self.shop.begin_stock(self.admin, self.cup, available=8)
        between = self.shop.movement(self.cup, "set", 3, self.admin, (4, 7))
        self.commit(send, movements=[between])
        self.shop.told_stock(send)
        self.caught("I4", "tells of 4 and 7, and the stock went from 5 to 8")

    def test_a_movement_that_is_touched_again(self) -> None:
        self.shop.set_stock(self.admin, self.cup, adjustBy=3)
        row = next(iter(self.shop.rows["movements"].values()))
        self.shop.commit("admin-set-stock", ("movements", {**row, "by": dynamo("usr_x")}))
        self.caught("I4", "was touched again by admin-set-stock")

    def test_a_movement_of_another_function(self) -> None:
        self.shop.commit(
            "checkout", self.shop.stock_change(self.cup, 3),
            self.shop.movement(self.cup, "adjust", 3, self.admin),
        )  # fmt: skip
        self.caught("I4", "is 'adjust' and was written by checkout")

    def test_a_movement_beside_an_order(self) -> None:
        send = self.begin()
        order = self.shop.order_item(self.carol, send["request"])
        parts = self.shop.parts(send, order)
        parts["movements"] = [self.shop.movement(self.cup, "adjust", -2, self.admin)]
        self.shop.commit("checkout", *sum(parts.values(), []))
        self.shop.end(send, 201, self.shop.shown(order))
        self.caught("I4", "for 1 orders, with 1 movements")

    def test_pieces_that_come_back_twice(self) -> None:
        order = self.shop.checkout(self.carol, "key-carol")["body"]
        self.shop.cancel(self.carol, order)
        self.shop.commit("cancel-order", self.shop.stock_change(self.cup, 2))
        self.caught("I4", f"there are 7 pieces of {self.cup} and, by its movements and orders")

    def test_a_change_that_nobody_asked_for(self) -> None:
        send = self.shop.begin_stock(self.admin, self.cup, adjustBy=3)
        send["request"] = {"adjustBy": 4}
        self.commit(send)
        send["request"] = {"adjustBy": 3}
        self.shop.told_stock(send)
        self.caught("I7", f"changed the stock of {self.cup} by 4, who had not asked for it")

    def test_a_change_that_a_customer_asked_for(self) -> None:
        self.shop.set_stock(self.carol, self.cup, adjustBy=3)
        self.caught("I7", f"{self.carol} changed the stock")

    def test_a_change_of_another_product(self) -> None:
        send = self.shop.begin_stock(self.admin, self.cup, adjustBy=3)
        path, send["path"] = send["path"], f"/api/admin/products/{self.jug}/stock"
        self.commit(send)
        send["path"] = path
        self.shop.told_stock(send)
        self.caught("I7", f"changed the stock of {self.jug}")

    def test_a_change_without_a_record(self) -> None:
        self.shop.set_stock(self.admin, self.cup, "audit", adjustBy=3)
        self.caught("I10", "its records say []")

    def test_a_record_of_somebody_else(self) -> None:
        send = self.shop.begin_stock(self.admin, self.cup, adjustBy=3)
        parts = self.shop.setting(send, actor="usr_x")
        self.shop.commit("admin-set-stock", *sum(parts.values(), []))
        self.shop.told_stock(send)
        self.caught("I10", "('stock-changed', 'usr_x')")

    def test_a_record_of_stock_that_does_not_change(self) -> None:
        record = self.shop.record(self.admin, self.jug, "stock-changed")
        row = self.shop.edited_row(self.cup, name="Cup")
        self.shop.commit("admin-set-stock", ("products", row), ("audit", record))
        self.caught("I10", f"tells of {self.jug}, which its commit does not change")

    def test_a_key_that_changes_stock_twice(self) -> None:
        for _ in range(2):
            send = self.shop.begin_stock(self.admin, self.cup, "key-stock", adjustBy=3)
            self.commit(send)
            self.shop.told_stock(send)
            self.shop.rows["idempotency"].popitem()
            self.shop.journal.append({
                **self.shop.journal[-1], "commit": self.shop.journal[-1]["commit"] + 1,
                "by": "operator", "before": self.shop.journal[-1]["after"], "after": None,
            })  # fmt: skip
        self.caught("I5", "changed stock 2 times")
        self.caught("I5", "was told 2 times that it did it")

    def test_a_change_without_its_keys_row(self) -> None:
        send = self.shop.begin_stock(self.admin, self.cup, "key-stock", adjustBy=3)
        self.commit(send, idempotency=[])
        self.shop.told_stock(send)
        self.caught("I5", "was told that it is done, and its key had changed no stock so")
        self.caught("I7", "who had not asked for it")

    def test_another_body_that_is_told_of_the_first_one(self) -> None:
        self.shop.set_stock(self.admin, self.cup, key="key-stock", adjustBy=3)
        other = self.shop.begin_stock(self.admin, self.cup, "key-stock", adjustBy=4)
        self.shop.told_stock(other, idempotent_replayed="true")
        self.caught("I5", "its key had changed no stock so")

    def test_a_mismatch_of_the_same_body(self) -> None:
        self.shop.set_stock(self.admin, self.cup, key="key-stock", adjustBy=3)
        again = self.shop.begin_stock(self.admin, self.cup, "key-stock", adjustBy=3)
        self.shop.refuse(again, "idempotency-mismatch")
        self.caught("I5", "was told of another body")

    def test_an_answer_without_its_change(self) -> None:
        self.shop.told_stock(self.shop.begin_stock(self.admin, self.cup, available=5))
        self.caught("I6", f"was told that it changed the stock of {self.cup}, and did not")

    def test_an_answer_of_another_number(self) -> None:
        send = self.shop.begin_stock(self.admin, self.cup, available=8)
        self.commit(send)
        self.shop.end(send, 200, {"productId": self.cup, "available": 99})
        self.caught("I6", f"was told of 99 pieces of {self.cup}")

    def test_a_replay_of_what_it_would_come_to_by_another_change(self) -> None:
        self.shop.set_stock(self.admin, self.cup, key="key-stock", adjustBy=3)
        again = self.shop.begin_stock(self.admin, self.cup, "key-stock", adjustBy=3)
        told = {"productId": self.cup, "available": 11}
        self.shop.end(again, 200, told, idempotent_replayed="true")
        self.caught("I6", f"was told of 11 pieces of {self.cup}")

    def test_a_sum_of_what_is_there_after_it(self) -> None:
        send = self.shop.begin_stock(self.admin, self.cup, adjustBy=3)
        self.commit(send)
        self.shop.end(send, 200, {"productId": self.cup, "available": 8 + 3})
        self.caught("I6", f"was told of 11 pieces of {self.cup}")

    def test_a_refusal_of_what_there_is(self) -> None:
        send = self.shop.begin_stock(self.admin, self.cup, adjustBy=-5)
        self.shop.refuse(send, "conflict")
        self.caught("I6", "has too few pieces for -5: [5]")

    def test_a_product_that_is_not_found_and_there(self) -> None:
        send = self.shop.begin_stock(self.admin, self.cup, adjustBy=-5)
        self.shop.refuse(send, "not-found")
        self.caught("I6", f"did not find {self.cup}, which was there")

    def test_a_refusal_for_nothing(self) -> None:
        send = self.shop.begin_stock(self.admin, self.cup, adjustBy=5)
        self.shop.refuse(send, "invalid", errors=[])
        self.caught("I6", "was refused, and nothing in it was wrong")


class Edits(Broken):
    """I3, I6, I7 and I10 of products that the staff change or delete."""

    def setUp(self) -> None:
        super().setUp()
        self.admin, self.sue = self.shop.admin, self.shop.person("sue", "super-admin")

    def test_an_edit_that_nobody_asked_for(self) -> None:
        self.shop.edit(self.admin, self.cup, {"price": 1, "name": "Cup"}, price=euros(1))
        self.caught("I7", f"{self.cup} was changed by admin-update-product, and nobody had asked")

    def test_an_edit_by_somebody_who_may_not(self) -> None:
        steve = self.shop.person("steve", "staff")
        self.shop.edit(steve, self.cup, {"price": 1}, price=euros(1))
        self.caught("I7", f"{self.cup} was changed by admin-update-product, and nobody had asked")

    def test_an_edit_that_does_not_count(self) -> None:
        self.shop.edit(self.admin, self.cup, {"price": 1, "version": 1}, price=euros(1))
        self.caught("I3", "without counting its version")

    def test_an_edit_without_a_record(self) -> None:
        self.shop.edit(self.admin, self.cup, {"price": 1}, "audit", price=euros(1))
        self.caught("I10", "its records say []")

    def test_a_record_of_a_product_that_does_not_change(self) -> None:
        self.shop.commit(
            "admin-update-product", ("products", self.shop.edited_row(self.cup, price=1)),
            ("audit", self.shop.record(self.admin, self.jug, "product-changed")),
        )  # fmt: skip
        self.caught("I10", f"tells of {self.jug}, which its commit does not change")

    def test_a_price_that_is_seen_after_its_edit_was_told(self) -> None:
        old = self.shop.shown_product(self.cup)["price"]
        send = self.shop.begin_edit(self.admin, self.cup, price=euros(500))
        self.shop.commit(
            "admin-update-product", ("products", self.shop.edited_row(self.cup, price=500)),
            ("audit", self.shop.record(self.admin, self.cup, "product-changed")),
            send=send["send"],
        )  # fmt: skip
        self.shop.end(send, 200, self.shop.shown_product(self.cup))
        self.shop.wait(1500)
        seen = self.shop.see_product(self.cup)
        seen["body"]["price"] = old
        self.caught("I6", "which it was not lately")

    def test_a_cart_with_a_price_of_a_moment_ago(self) -> None:
        carol = self.shop.person("carla")
        self.shop.fill(carol, self.cup, 1)
        old = self.shop.shown_product(self.cup)["price"]
        self.shop.change_product(self.cup, price=500)
        self.shop.wait(100)
        seen = self.shop.see_cart(carol)
        for line in seen["body"]["items"]:
            line["unitPrice"] = old
        self.caught("I6", "(get-cart) shows")

    def test_an_edit_that_is_told_and_not_made(self) -> None:
        self.shop.edit(self.admin, self.cup, {"price": 2}, "products", "audit", price=euros(2))
        self.caught("I6", "asked for {'price': {'amount': 2")

    def test_an_edit_that_is_shown_in_another_way(self) -> None:
        send = self.shop.begin_edit(self.admin, self.cup, price=euros(2))
        self.shop.end(send, 200, {**self.shop.shown_product(self.cup), "price": euros(2)})
        self.caught("I6", f"shows {self.cup} as it was not")

    def test_an_edit_that_is_refused_as_stale_and_is_not(self) -> None:
        send = self.shop.begin_edit(self.admin, self.cup, price=euros(2), version=1)
        self.shop.refuse(send, "conflict")
        self.caught("I6", f"was told that {self.cup} had changed, and it had not")

    def test_an_edit_that_is_refused_for_nothing(self) -> None:
        send = self.shop.begin_edit(self.admin, self.cup, price=euros(2))
        self.shop.refuse(send, "invalid", errors=[])
        self.caught("I6", "was answered 422, and nothing in it was wrong")

    def test_an_edit_of_what_is_there_and_not_found(self) -> None:
        self.shop.refuse(self.shop.begin_edit(self.admin, self.cup, name="Cup"), "not-found")
        self.caught("I6", f"did not find {self.cup}, which was there")

    def test_an_edit_of_what_is_deleted(self) -> None:
        self.shop.delete(self.sue, self.cup)
        self.shop.edit(self.admin, self.cup, {"price": 1}, price=euros(1))
        self.caught("I3", f"{self.cup} was changed when it was deleted")

    def test_a_deletion_by_an_admin(self) -> None:
        self.shop.delete(self.admin, self.cup)
        self.caught("I7", f"{self.cup} was changed by admin-delete-product, and nobody had asked")

    def test_a_deletion_that_is_told_and_not_done(self) -> None:
        self.shop.end(self.shop.begin_deletion(self.sue, self.cup), 204, None)
        self.caught("I6", f"was answered 204, and {self.cup} is as it was")

    def test_an_order_of_what_is_deleted(self) -> None:
        send = self.begin()
        self.shop.delete(self.sue, self.cup)
        row = self.shop.rows["products"].pop((self.cup,))
        self.shop.rows["products"][(self.cup,)] = {**row, "deletedAt": row["createdAt"]}
        self.shop.end(send, 201, self.shop.place(send))
        self.caught("I3", f"is of {self.cup}, which was not sold at that moment")


class Moves(Broken):
    """I3, I6 and I7 of orders that the staff move along."""

    def setUp(self) -> None:
        super().setUp()
        self.admin = self.shop.admin
        self.order = self.shop.checkout(self.carol, "key-carol")["body"]
        self.row = self.order_row(self.order)

    def begin_move(self, **asked: Any) -> Dict[str, Any]:
        return self.shop.begin_move(self.admin, self.order, **asked)

    def test_a_move_that_nobody_asked_for(self) -> None:
        send = self.begin_move(note="x")
        row = self.shop.noted(self.shop.moved(self.row, "processing"), "x", self.admin)
        self.shop.move(send, row)
        self.caught("I7", "came to processing by admin-update-order, and nobody asked")

    def test_a_note_that_nobody_wrote(self) -> None:
        send = self.begin_move(status="processing")
        row = self.shop.noted(self.shop.moved(self.row, "processing"), "x", self.admin)
        self.shop.move(send, row)
        self.caught("I7", "and nobody asked")

    def test_a_payment_that_nobody_told_of(self) -> None:
        send = self.begin_move(note="x")
        self.shop.move(send, self.shop.noted(self.shop.paid(self.row), "x", self.admin))
        self.caught("I7", "and nobody asked")

    def test_a_refund_of_what_was_not_paid(self) -> None:
        send = self.begin_move(status="refunded")
        row = self.shop.moved(self.row, "refunded")
        self.shop.move(send, row, self.shop.stock_change(self.cup, 2))
        self.caught("I3", "was refunded, and had not been paid")

    def test_a_refund_of_a_cancelled_order_gives_its_pieces_back_once_more(self) -> None:
        self.shop.commit("operator", ("orders", self.shop.paid(self.row)))
        self.shop.cancel(self.carol, self.order)
        send = self.begin_move(status="refunded")
        payment = {"payment": {"method": "invoice", "status": "refunded"}}
        row = self.shop.moved(self.order_row(self.order), "refunded", **payment)
        self.shop.move(send, row, self.shop.stock_change(self.cup, 2))
        self.caught("I1", "and the orders of the same commit are of 0")

    def test_a_note_that_is_told_and_is_anothers_or_of_other_words(self) -> None:
        steve = self.shop.person("steve", "staff")
        first = self.begin_move(note="rang")
        self.shop.move(first, self.shop.noted({**self.row, **item(version=2)}, "rang", self.shop.admin))
        for user, asked in (
            (steve, {"note": "rang"}), (self.shop.admin, {"note": "rang again"}),
            (self.shop.admin, {"note": "rang", "version": 2}),
            (self.shop.admin, {"note": "rang", "status": "placed"}),
        ):  # fmt: skip
            with self.subTest(asked=asked):
                send = self.shop.begin_move(user, self.order, **asked)
                self.shop.end(send, 200, first["body"])
                self.caught("I6", f"send {send['send']} was told that it changed")

    def test_a_move_that_is_told_and_not_made(self) -> None:
        send = self.begin_move(status="processing")
        shown = {**self.order, "status": "processing", "userId": self.carol, "notes": []}
        self.shop.end(send, 200, shown)
        self.caught("I6", f"was told that it changed {self.order['orderId']}, and did not so")

    def test_a_move_that_is_refused_and_possible(self) -> None:
        refund = {"paid": True, "status": "refunded"}
        for asked in ({"status": "processing"}, {"paid": True}, refund):
            with self.subTest(asked=asked):
                self.setUp()
                self.shop.refuse(self.begin_move(**asked), "invalid-transition")
                self.caught("I6", "can't become what it asked for, and it could")

    def test_a_refund_by_somebody_who_may_not(self) -> None:
        steve = self.shop.person("steve", "staff")
        self.shop.commit("operator", ("orders", self.shop.paid(self.row)))
        send = self.shop.begin_move(steve, self.order, status="refunded")
        row = self.shop.moved(self.order_row(self.order), "refunded")
        row = {**row, **item(payment={"method": "invoice", "status": "refunded"})}
        self.shop.move(send, row, self.shop.stock_change(self.cup, 2))
        self.caught("I7", "came to refunded by admin-update-order, and nobody asked")

    def test_a_move_that_is_forbidden_to_somebody_who_may(self) -> None:
        self.shop.refuse(self.begin_move(status="processing"), "forbidden")
        self.caught("I6", "was told that it may not, and it may")

    def test_a_move_that_is_refused_as_stale_and_is_not(self) -> None:
        for asked in ({"note": "x"}, {"note": "x", "version": 1}):
            with self.subTest(asked=asked):
                self.setUp()
                self.shop.refuse(self.begin_move(**asked), "conflict")
                self.caught("I6", "had changed, and it had not")

    def test_a_move_that_is_refused_as_stale_once_the_one_before_was_told_of(self) -> None:
        moving = self.begin_move(status="processing")
        self.shop.move(moving, self.shop.moved(self.row, "processing"))
        self.shop.wait(10)
        self.shop.refuse(self.begin_move(note="x", version=2), "conflict")
        self.caught("I6", "had changed, and it had not")

    def test_an_order_that_is_not_found(self) -> None:
        self.shop.refuse(self.begin_move(note="x"), "not-found")
        self.caught("I6", "was answered 404, and nothing in it was wrong")


class Liveness(Broken):
    """I8."""

    def test_an_intent_that_ends_without_an_answer(self) -> None:
        self.shop.lose(self.shop.begin("get-cart", self.carol, "/api/cart"))
        self.caught("I8", "was not answered")

    def test_an_intent_that_ends_with_503(self) -> None:
        self.shop.refuse(self.shop.begin("get-cart", self.carol, "/api/cart"), "unavailable")
        self.caught("I8", "was 503")

    def test_an_intent_that_ends_with_429(self) -> None:
        self.shop.refuse(self.shop.begin("get-cart", self.carol, "/api/cart"), "rate-limited")
        self.caught("I8", "was 429")

    def tried(self, times: int, pause: int = 0) -> None:
        self.shop.faults_ended = self.shop.now
        for _ in range(times):
            send = self.shop.begin("get-cart", self.carol, "/api/cart", intent=5)
            self.shop.refuse(send, "unavailable")
            self.shop.wait(pause)
        send = self.shop.begin("get-cart", self.carol, "/api/cart", intent=5)
        self.shop.end(send, 200, self.shop.cart(self.carol))

    def test_too_many_tries(self) -> None:
        self.tried(6)
        self.caught("I8", "took more than 6 sends")

    def test_as_many_tries_as_are_allowed(self) -> None:
        self.tried(5)
        self.holds()

    def test_too_long(self) -> None:
        self.tried(5, pause=7000)
        self.caught("I8", "ms after the faults had ended")


class Contract(Broken):
    """I9."""

    def answer(self, status: int, body: Any = None, **headers: str) -> Dict[str, Any]:
        send = self.shop.begin("get-cart", self.carol, "/api/cart", intent=9)
        self.shop.end(send, status, body, **headers)
        final = self.shop.begin("get-cart", self.carol, "/api/cart", intent=9)
        self.shop.end(final, 200, self.shop.cart(self.carol))
        return send

    def problem(self, code: str, **extra: Any) -> Dict[str, Any]:
        send = self.shop.begin("get-cart", self.carol, "/api/cart", intent=9)
        self.shop.refuse(send, code, **extra)
        final = self.shop.begin("get-cart", self.carol, "/api/cart", intent=9)
        self.shop.end(final, 200, self.shop.cart(self.carol))
        return send

    def test_a_status_that_is_not_declared(self) -> None:
        self.problem("not-found")
        self.caught("I9", "was answered 404, which it does not declare")

    def test_a_500(self) -> None:
        self.problem("internal")
        self.caught("I9", "was answered 500")

    def test_an_operation_that_is_not_in_the_contract(self) -> None:
        self.problem("unavailable")["operation"] = "make-coffee"
        self.caught("input", "which no contract has")

    def test_a_problem_without_its_type(self) -> None:
        self.problem("unavailable")["headers"]["content-type"] = "application/json"
        self.caught("I9", "without a problem document")

    def test_a_problem_that_is_text(self) -> None:
        self.problem("unavailable")["body"] = "Service Unavailable"
        self.caught("I9", "a problem that is no object")

    def test_a_short_answer_of_the_gateway(self) -> None:
        self.answer(502, {"message": "Internal Server Error"})
        self.holds()

    def test_a_short_answer_of_the_shop(self) -> None:
        self.answer(403, {"message": "Forbidden"})
        self.caught("I9", "without a problem document")

    def test_the_code_of_another_status(self) -> None:
        self.problem("unavailable")["body"]["code"] = "internal"
        self.caught("I9", "was answered 503 with the code internal")

    def test_the_code_of_another_operation(self) -> None:
        send = self.begin()
        self.shop.refuse(send, "empty-cart")
        send["body"].update(code="conflict", type="/problems/conflict")
        self.caught("I9", "was answered 409 with the code conflict")

    def test_a_problem_with_more_than_it_may_have(self) -> None:
        self.problem("unavailable", cause="a timeout")
        self.caught("I9", "was answered with a problem of")

    def test_a_problem_of_another_status(self) -> None:
        self.problem("unavailable")["body"]["status"] = 500
        self.caught("I9", "and the problem says 500")

    def test_a_problem_without_a_title(self) -> None:
        self.problem("unavailable", title="")
        self.caught("I9", "without title")

    def test_503_without_retry_after(self) -> None:
        del self.problem("unavailable")["headers"]["retry-after"]
        self.caught("I9", "with `Retry-After: `")

    def test_503_with_a_time_that_is_none(self) -> None:
        self.problem("unavailable")["headers"]["retry-after"] = "0"
        self.caught("I9", "with `Retry-After: 0`")

    def test_a_problem_whose_title_is_no_text(self) -> None:
        self.problem("unavailable", title=5)
        self.caught("I9", "without title")

    def test_401_without_a_challenge(self) -> None:
        del self.problem("unauthenticated")["headers"]["www-authenticate"]
        self.caught("I9", "without `WWW-Authenticate: Bearer`")

    def test_words_of_the_inside(self) -> None:
        self.problem("unavailable", detail="TransactionCanceledException")
        self.caught("I9", "'transaction'")

    def test_a_problem_of_another_type(self) -> None:
        self.problem("unavailable")["body"]["type"] = "about:blank"
        self.caught("I9", "and the problem says 503 about:blank")

    def test_the_code_of_an_operation_with_keys(self) -> None:
        path = f"/api/cart/items/{self.cup}"
        send = self.shop.begin("set-cart-item", self.carol, path, {"quantity": 0})
        self.shop.refuse(send, "idempotency-mismatch")
        self.caught("I9", "was answered 422 with the code idempotency-mismatch")

    def test_a_panic(self) -> None:
        self.answer(502, {"message": "thread 'main' panicked at src/main.rs:3"})
        self.caught("I9", "was answered 502 with 'panicked'")

    def test_a_panic_in_a_success(self) -> None:
        self.shop.see_cart(self.carol)["headers"]["x-why"] = "called `Option::unwrap()` on None"
        self.caught("I9", "called `option::")

    def test_an_order_of_another_shape(self) -> None:
        self.shop.got["body"]["userId"] = self.shop.alice
        self.caught("I9", "was answered with a Order of")

    def test_an_order_that_is_no_object(self) -> None:
        self.shop.got["body"] = "an order"
        self.caught("I9", "was answered with a Order that is no object")

    def test_an_order_whose_lines_are_of_another_shape(self) -> None:
        del self.shop.got["body"]["lines"][0]["name"]
        self.caught("I9", "was answered with a OrderLine of")

    def test_an_amount_that_is_none(self) -> None:
        self.shop.seen_cart["body"]["total"]["amount"] = "3300"
        self.caught("I9", "was answered with a Money of 3300")

    def test_an_amount_below_zero(self) -> None:
        self.shop.seen_cart["body"]["total"]["amount"] = -1
        self.caught("I9", "was answered with a Money of -1")

    def test_an_order_that_is_kept_in_another_shape(self) -> None:
        send = self.begin()
        self.shop.end(send, 201, self.shop.place(send, note="fragile"))
        self.shop.list_orders(self.carol)
        found = [it for it in self.verdicts() if "was answered with a Order of" in it["text"]]
        self.assertEqual(len(found), 2)

    def test_a_cart_with_a_wrong_sum(self) -> None:
        self.shop.seen_cart["body"]["items"][0]["lineTotal"]["amount"] += 1
        self.caught("I9", "x")

    def test_a_cart_with_a_wrong_total(self) -> None:
        self.shop.seen_cart["body"]["total"]["amount"] += 1
        self.caught("I9", "shows the total")

    def test_a_success_of_another_type(self) -> None:
        self.shop.see_cart(self.carol)["headers"]["content-type"] = "text/html"
        self.caught("I9", "with the type 'text/html'")

    def test_a_body_where_there_is_none(self) -> None:
        self.shop.removed["body"] = {}
        self.caught("I9", "was answered 204 with a body")

    def test_a_catalogue_without_etag(self) -> None:
        del self.shop.list_products(None)["headers"]["etag"]
        self.caught("I9", "without `ETag`")

    def test_a_catalogue_of_no_age_or_too_high_a_one(self) -> None:
        for age in ("0", "11", "-1", "x", ""):
            self.shop.list_products(None)["headers"]["age"] = age
            self.caught("I9", f"with the `Age` {age!r}")

    def test_an_age_of_what_nobody_may_keep(self) -> None:
        self.shop.see_cart(self.carol)["headers"]["age"] = "1"
        self.caught("I9", "with the `Age` '1'")

    def test_an_answer_that_is_late(self) -> None:
        send = self.shop.begin("get-cart", self.carol, "/api/cart")
        self.shop.wait(12_000)
        self.shop.end(send, 200, self.shop.cart(self.carol))
        self.caught("I9", "was answered after 12020 ms")

    def test_too_many_slow_answers(self) -> None:
        for place in range(200):
            send = self.shop.begin("get-cart", self.carol, "/api/cart")
            self.shop.wait(9_990 if place % 20 == 0 else 10)
            self.shop.end(send, 200, self.shop.cart(self.carol))
        self.caught("I9", "a hundredth of the answers took 10010 ms or more")


class Contradictions(Broken):
    """What the run says of itself."""

    def test_a_gap_in_the_journal(self) -> None:
        gap = [place for place, it in enumerate(self.shop.journal) if it["table"] == "carts"]
        del self.shop.journal[gap[0]]
        self.caught("input", "than the commits before it left")

    def test_a_price_that_changes_unnoticed(self) -> None:
        row = {**self.shop.rows["products"][(self.cup,)], "price": dynamo(1)}
        self.shop.commit("operator", ("products", row))
        self.caught("input", "without counting its version")

    def test_a_dump_that_is_not_what_the_journal_left(self) -> None:
        self.shop.rows["stock"][(self.cup, "0")] = self.shop.stock_item(self.cup, 4, 1)
        self.caught("input", "the dump of stock does not hold")
        self.caught("I4", "are left, and")


if __name__ == "__main__":
    unittest.main()
