"""Correct runs have no violation, whatever order concurrent things came in and
whatever became of sends without an answer; and every invariant looks at them."""

from __future__ import annotations

import copy
import unittest
from typing import Any, Dict
from unittest import mock

from builder import Shop, Story, dynamo, euros, item
from check import judge
from verdict import INVARIANTS


class CorrectRuns(unittest.TestCase):
    def setUp(self) -> None:
        self.shop = Story()
        self.carol = self.shop.person("carol")
        self.cup, self.jug = self.shop.product(300, 5), self.shop.product(1000, 5)
        self.shop.fill(self.carol, self.cup, 2)

    def holds(self, **changes: Any) -> None:
        self.assertEqual(judge({**self.shop.run(), **changes}).violations, [])

    def begin(self, key: str = "key-carol", **changes: Any) -> Dict[str, Any]:
        return self.shop.begin_checkout(self.carol, key, self.shop.body(self.carol, **changes))

    def again(self, send: Dict[str, Any]) -> Dict[str, Any]:
        return self.shop.begin_checkout(self.carol, send["key"], send["request"], send["intent"])

    def row(self) -> Dict[str, Any]:
        """Returns the row of Carol's order."""
        return next(
            row for key, row in self.shop.rows["orders"].items()
            if key[0] == self.carol and key[1].startswith("ord_")
        )  # fmt: skip

    def test_a_run_with_a_bit_of_everything(self) -> None:
        verdict = judge(self.shop.run())
        self.assertEqual(verdict.violations, [])
        for invariant in INVARIANTS:
            self.assertGreater(verdict.judged[invariant], 0, invariant)

    def test_what_no_invariant_looks_at_is_not_counted(self) -> None:
        # The run's own hand seeds and restocks, and nobody sends anything.
        shop = Shop()
        product = shop.product()
        shop.restock(product, 3)
        shop.change_product(product, price=500)
        shop.put_line(shop.person("dora"), product, 1, by="operator")
        shop.commit("operator", ("audit", shop.record("operator", product, "frontend-trusted")))
        shop.commit("operator", ("orders", item(userId="usr_x", orderId="key#x", refusal="ref_x")))
        verdict = judge(shop.run())
        self.assertEqual((verdict.violations, verdict.judged), ([], dict.fromkeys(INVARIANTS, 0)))

    def test_each_order_and_what_comes_with_it_is_counted_once(self) -> None:
        before = judge(self.shop.run()).judged
        self.shop.checkout(self.carol, "key-carol")
        after = judge(self.shop.run()).judged
        more = {invariant: after[invariant] - before[invariant] for invariant in INVARIANTS}
        self.assertEqual(more, {
            # The stock that it takes; the order itself; with the sum over its product.
            "I1": 1, "I3": 1, "I4": 2,
            # Its key's row, the order, the send.
            "I5": 3, "I6": 1,
            # The answer, and the line that leaves the cart.
            "I7": 2, "I8": 1, "I9": 1, "I10": 0,
        })  # fmt: skip

    def test_what_was_answered_before_the_faults_ended_is_not_live(self) -> None:
        self.shop.faults_ended = self.shop.now
        self.assertEqual(judge(self.shop.run()).judged["I8"], 0)
        self.shop.see_cart(self.carol)
        self.assertEqual(judge(self.shop.run()).judged["I8"], 1)

    # ------------------------------------------------------------- unknown outcomes

    def test_a_lost_send_had_no_effect(self) -> None:
        lost = self.begin()
        self.shop.lose(lost)
        send = self.again(lost)
        self.shop.end(send, 201, self.shop.place(send))
        self.holds()

    def test_a_lost_send_has_its_effect_while_it_is_sent_again(self) -> None:
        lost = self.begin()
        lost["ended"] = None
        send = self.again(lost)
        self.shop.place(lost)
        order = self.shop.orders_of(self.carol)[0]
        self.shop.end(send, 200, order, idempotent_replayed="true")
        self.holds()

    def test_a_send_that_failed_has_its_effect_later(self) -> None:
        failed = self.shop.refuse(self.begin(), "unavailable")
        self.shop.wait(3000)
        self.shop.place(failed)
        self.shop.wait()
        self.shop.replay(self.carol, failed)
        self.holds()

    def test_a_lost_send_is_refused_when_it_is_sent_again(self) -> None:
        lost = self.shop.lose(self.begin())
        self.shop.unfill(self.carol, self.cup)
        send = self.again(lost)
        self.shop.write_refusal(send)
        self.shop.refuse(send, "empty-cart")
        self.holds()

    def test_the_maker_is_answered_as_if_it_were_a_replay(self) -> None:
        send = self.begin()
        order = self.shop.place(send)
        self.shop.end(send, 200, order, idempotent_replayed="true")
        self.holds()

    def test_a_process_with_a_wrong_clock_takes_no_token(self) -> None:
        send = self.begin()
        self.shop.refuse(send, "unauthenticated")
        again = self.again(send)
        self.shop.end(again, 201, self.shop.place(again))
        self.holds()

    def test_an_order_by_a_process_with_a_wrong_clock(self) -> None:
        send = self.begin()
        self.shop.now += 600_000
        order = self.shop.order_item(self.carol, send["request"])
        self.shop.now -= 600_000
        self.shop.commit("checkout", *sum(self.shop.parts(send, order).values(), []))
        self.shop.end(send, 201, self.shop.shown(order))
        self.holds()

    def test_a_send_that_is_delivered_twice(self) -> None:
        send = self.begin()
        send["deliveries"] = 2
        self.shop.put_line(self.carol, self.cup, 3, by="operator")
        self.shop.write_refusal(send)
        self.shop.refuse(send, "cart-changed")
        self.shop.put_line(self.carol, self.cup, 2, by="operator")
        self.shop.place(send)
        self.holds()

    # --------------------------------------------------------------------- refusals

    def test_a_key_is_used_again_after_a_refusal(self) -> None:
        self.shop.unfill(self.carol, self.cup)
        self.shop.refused(self.carol, "key-carol", "empty-cart")
        self.shop.fill(self.carol, self.jug, 1)
        self.shop.checkout(self.carol, "key-carol")
        self.holds()

    def test_a_key_is_used_again_after_a_refusal_and_its_answer_is_lost(self) -> None:
        for ended in (True, False):
            with self.subTest(ended=ended):
                self.setUp()
                self.shop.unfill(self.carol, self.cup)
                self.shop.refused(self.carol, "key-carol", "empty-cart")
                self.shop.fill(self.carol, self.jug, 1)
                lost = self.begin()
                self.shop.place(lost)
                self.shop.lose(lost)
                if not ended:
                    lost["ended"] = None
                self.shop.replay(self.carol, lost)
                self.holds()

    def test_nobody_knows_when_a_send_was_given_up_that_makes_an_order(self) -> None:
        lost = self.begin()
        self.shop.change_product(self.cup, price=350)
        send = self.again(lost)
        self.shop.write_refusal(send)
        self.shop.refuse(send, "price-changed", total=euros(700))
        self.shop.change_product(self.cup, price=300)
        self.shop.place(lost)
        self.shop.wait()
        self.shop.replay(self.carol, lost)
        self.holds()

    def test_the_second_delivery_of_a_failed_send_comes_after_a_refusal(self) -> None:
        failed = self.shop.refuse(self.begin(), "unavailable")
        failed["deliveries"] = 2
        self.shop.change_product(self.cup, price=350)
        send = self.again(failed)
        self.shop.write_refusal(send)
        self.shop.refuse(send, "price-changed", total=euros(700))
        self.shop.change_product(self.cup, price=300)
        self.shop.place(failed)
        self.shop.wait()
        self.shop.replay(self.carol, failed)
        self.holds()

    def test_of_two_parallel_sends_one_is_refused_and_one_makes_an_order(self) -> None:
        one, other = self.begin(), self.begin()
        self.shop.put_line(self.carol, self.cup, 3, by="operator")
        self.shop.write_refusal(one)
        self.shop.refuse(one, "cart-changed")
        self.shop.put_line(self.carol, self.cup, 2, by="operator")
        self.shop.end(other, 201, self.shop.place(other))
        self.holds()
        one["arrived"], other["arrived"] = 4, 5
        self.holds()

    def test_another_refusal_of_the_same_key_changes_the_cart_too(self) -> None:
        one, other = self.begin(), self.begin()
        self.shop.change_product(self.cup, price=350)
        self.shop.write_refusal(one)
        self.shop.refuse(one, "price-changed", total=euros(700))
        self.shop.write_refusal(other)
        self.shop.refuse(other, "cart-changed")
        self.holds()

    def test_two_parallel_refusals_of_which_one_is_lost(self) -> None:
        one, other = self.begin(), self.begin()
        self.shop.unfill(self.carol, self.cup)
        self.shop.write_refusal(one)
        self.shop.lose(one)
        self.shop.fill(self.carol, self.cup, 1)
        self.shop.write_refusal(other)
        self.shop.refuse(other, "price-changed", total=euros(300))
        send = self.shop.begin_checkout(self.carol, "key-carol", one["request"], one["intent"])
        self.shop.write_refusal(send)
        self.shop.refuse(send, "price-changed", total=euros(300))
        self.holds()

    def test_empty_by_a_product_that_is_not_sold_for_a_moment(self) -> None:
        send = self.begin()
        self.shop.change_product(self.cup, status="draft")
        self.shop.write_refusal(send)
        self.shop.change_product(self.cup, status="published")
        self.shop.refuse(send, "empty-cart")
        self.holds()

    def test_empty_by_another_order_that_is_being_made(self) -> None:
        # Plain reads see a part of what is already committed.
        other = self.shop.begin_checkout(self.carol, "key-other")
        send = self.begin()
        self.shop.end(other, 201, self.shop.place(other))
        self.shop.write_refusal(send)
        self.shop.refuse(send, "empty-cart")
        self.holds()

    def test_changed_by_another_order_that_a_read_did_not_see(self) -> None:
        other = self.shop.begin_checkout(self.carol, "key-other")
        body = self.shop.body(self.carol)
        self.shop.place(other)
        send = self.shop.begin_checkout(self.carol, "key-carol", body)
        self.shop.write_refusal(send)
        self.shop.refuse(send, "cart-changed")
        self.shop.end(other, 201, self.shop.orders_of(self.carol)[0])
        self.holds()

    def test_a_total_of_two_products_whose_prices_were_read_at_different_times(self) -> None:
        self.shop.fill(self.carol, self.jug, 1)
        send = self.begin()
        self.shop.change_product(self.cup, price=350)
        self.shop.change_product(self.jug, price=1100)
        self.shop.write_refusal(send)
        # The cup's price was read after, the jug's before the change.
        self.shop.refuse(send, "price-changed", total=euros(1700))
        self.holds()

    def test_short_of_a_line_that_was_longer_for_a_moment(self) -> None:
        send = self.begin()
        self.shop.put_line(self.carol, self.cup, 6, by="operator")
        self.shop.put_line(self.carol, self.cup, 2, by="operator")
        self.shop.write_refusal(send)
        self.shop.refuse(send, "out-of-stock", products=[self.cup])
        self.holds()

    def test_an_id_that_spells_a_word_of_the_inside(self) -> None:
        with mock.patch.object(self.shop, "id", lambda _: "prod_01jksawsc6e1b0myrpvkkxpn7q"):
            pot = self.shop.product(100, 1)
        self.shop.fill(self.carol, pot, 2)
        self.shop.refused(self.carol, "key-carol", "out-of-stock", products=[pot])
        self.holds()

    # --------------------------------------------------------------- carts and orders

    def test_a_line_that_comes_while_the_checkout_is_under_way_stays(self) -> None:
        send = self.begin()
        order = self.shop.order_item(self.carol, send["request"])
        parts = self.shop.parts(send, order)
        self.shop.fill(self.carol, self.jug, 1)
        self.shop.commit("checkout", *sum(parts.values(), []))
        self.shop.end(send, 201, self.shop.shown(order))
        self.holds()

    def test_a_line_that_is_set_long_after_its_client_gave_up(self) -> None:
        lost = self.shop.begin(
            "set-cart-item", self.carol, f"/api/cart/items/{self.jug}", {"quantity": 2}, intent=9,
            method="PUT",
        )  # fmt: skip
        self.shop.lose(lost)
        self.shop.fill(self.carol, self.jug, 3)["intent"] = 9
        self.shop.wait(60_000)
        self.shop.put_line(self.carol, self.jug, 2)
        self.holds()

    def test_a_line_that_is_removed_and_set_again_by_second_deliveries(self) -> None:
        removed = self.shop.unfill(self.carol, self.cup)
        filled = self.shop.fill(self.carol, self.cup, 3)
        for send in (removed, filled):
            send["deliveries"] = 2
        self.shop.commit("remove-cart-item", ("carts", (self.carol, self.cup), None))
        self.shop.wait()
        self.shop.put_line(self.carol, self.cup, 3)
        self.holds()

    def test_a_cart_that_is_edited_by_the_runs_own_hand(self) -> None:
        self.shop.put_line(self.shop.person("dora"), self.cup, 1, by="operator")
        self.holds()

    def test_what_is_not_sold_leaves_the_cart(self) -> None:
        self.shop.fill(self.carol, self.jug, 1)
        self.shop.change_product(self.jug, status="draft")
        self.shop.checkout(self.carol, "key-carol")
        self.holds()

    def test_what_was_not_sold_when_it_was_read_leaves_the_cart(self) -> None:
        self.shop.fill(self.carol, self.jug, 1)
        self.shop.change_product(self.jug, status="draft")
        send = self.begin()
        order = self.shop.order_item(self.carol, send["request"])
        self.shop.change_product(self.jug, status="published")
        self.shop.commit("checkout", *sum(self.shop.parts(send, order).values(), []))
        self.shop.end(send, 201, self.shop.shown(order))
        self.holds()

    def test_what_costs_nothing(self) -> None:
        self.shop.change_product(self.cup, price=0)
        self.shop.checkout(self.carol, "key-carol")
        self.holds()

    def test_what_was_never_made_is_no_product(self) -> None:
        self.shop.put_line(self.carol, "prod_gone", 1, by="operator")
        self.shop.checkout(self.carol, "key-carol")
        self.holds()

    def test_a_cart_that_is_read_while_it_is_ordered(self) -> None:
        cart = self.shop.cart(self.carol)
        self.shop.checkout(self.carol, "key-carol")
        send = self.shop.begin("get-cart", self.carol, "/api/cart")
        self.shop.end(send, 200, cart)
        self.holds()

    def test_a_line_that_was_ordered_or_removed_leaves_a_row_of_no_pieces(self) -> None:
        self.shop.checkout(self.carol, "key-carol")
        self.shop.wait(20_000)
        self.shop.see_cart(self.carol)
        self.shop.refused(self.carol, "key-2", "empty-cart")
        self.shop.fill(self.carol, self.jug, 1)
        self.shop.checkout(self.carol, "key-3")
        for _ in range(2):
            self.shop.unfill(self.carol, self.jug)
            self.shop.wait(20_000)
        self.shop.see_cart(self.carol)
        self.holds()

    def test_an_edit_that_a_later_one_has_overtaken(self) -> None:
        path = f"/api/cart/items/{self.cup}"
        send = self.shop.begin("set-cart-item", self.carol, path, {"quantity": 4})
        removal = self.shop.begin("remove-cart-item", self.carol, path)
        self.shop.fill(self.carol, self.cup, 3)
        self.shop.end(send, 200, self.shop.cart(self.carol))
        self.shop.end(removal, 204, None)
        self.holds()

    def test_a_removal_that_is_delivered_twice_and_removes_what_came_before_it(self) -> None:
        path = f"/api/cart/items/{self.jug}"
        late = self.shop.begin("set-cart-item", self.carol, path, {"quantity": 4}, method="PUT")
        removal = self.shop.begin("remove-cart-item", self.carol, path, method="DELETE")
        late["arrived"], removal["arrived"] = 4, 5
        self.shop.end(removal, 204, None)
        self.shop.wait(10)
        self.shop.put_line(self.carol, self.jug, 4, send=late["send"])
        self.shop.end(late, 200, self.shop.cart(self.carol))
        self.shop.commit(
            "remove-cart-item", ("carts", (self.carol, self.jug), None), send=removal["send"]
        )
        self.holds()

    def test_an_edit_that_a_checkout_has_overtaken(self) -> None:
        path = f"/api/cart/items/{self.cup}"
        send = self.shop.begin("set-cart-item", self.carol, path, {"quantity": 4})
        order = self.shop.checkout(self.carol, "key-carol")
        send["arrived"], order["arrived"] = 4, 5
        self.shop.end(send, 200, self.shop.cart(self.carol))
        self.holds()

    def test_a_list_that_is_read_while_an_order_is_made(self) -> None:
        before = self.shop.begin("get-orders", self.carol, "/api/orders")
        after = self.shop.begin("get-orders", self.carol, "/api/orders")
        self.shop.checkout(self.carol, "key-carol")
        self.shop.end(before, 200, {"items": [], "nextCursor": None})
        orders = self.shop.orders_of(self.carol)
        self.shop.end(after, 200, {"items": orders, "nextCursor": None})
        self.holds()

    def test_pages(self) -> None:
        orders = []
        for number in range(3):
            self.shop.fill(self.carol, self.cup, 1)
            self.shop.wait(50)
            orders.insert(0, self.shop.checkout(self.carol, f"key-carol-{number}")["body"])
        self.shop.list_orders(self.carol, orders[:2], "?limit=2", cursor="c1")
        self.shop.list_orders(self.carol, [], "?limit=2&cursor=c1", cursor="c2")
        self.shop.list_orders(self.carol, orders[2:], "?limit=2&cursor=c2")
        self.shop.list_orders(self.carol, [], "?limit=2&status=shipped", cursor="c3")
        self.shop.list_orders(self.carol, [], "?limit=2&status=shipped&cursor=c3")
        self.holds()

    def test_pages_of_one_status(self) -> None:
        self.shop.checkout(self.carol, "key-carol")
        self.shop.list_orders(self.carol, query="?status=placed")
        self.shop.list_orders(self.carol, [], "?status=shipped")
        self.holds()

    def test_a_page_of_a_cursor_that_nobody_was_given(self) -> None:
        self.shop.checkout(self.carol, "key-carol")
        self.shop.list_orders(self.carol, [], "?cursor=c9")
        self.holds()

    def test_an_order_is_asked_for_before_it_is_acknowledged(self) -> None:
        send = self.begin()
        order = self.shop.order_item(self.carol, send["request"])
        path = f"/api/orders/{order['orderId']['S']}"
        early = self.shop.begin("get-order", self.carol, path)
        self.shop.commit("checkout", *sum(self.shop.parts(send, order).values(), []))
        self.shop.end(send, 201, self.shop.shown(order))
        self.shop.refuse(early, "not-found")
        failed = self.shop.begin("get-order", self.carol, path, intent=9)
        self.shop.refuse(failed, "unavailable")
        again = self.shop.begin("get-order", self.carol, path, intent=9)
        self.shop.end(again, 200, self.shop.shown(order))
        self.holds()

    def test_a_cart_that_stays_as_it_is(self) -> None:
        self.shop.fill(self.carol, self.jug, 1)
        self.shop.change_product(self.jug, status="draft")
        self.shop.wait(20_000)
        self.shop.see_cart(self.carol)
        self.holds()

    def test_an_order_that_goes_on(self) -> None:
        self.shop.checkout(self.carol, "key-carol")
        self.shop.wait(6000)
        self.shop.commit("operator", ("orders", self.shop.moved(self.row(), "processing")))
        self.shop.list_orders(self.carol)
        self.holds()

    def test_an_order_that_is_counted_anew_and_stays_where_it_is(self) -> None:
        self.shop.checkout(self.carol, "key-carol")
        self.shop.commit("operator", ("orders", {**self.row(), "version": dynamo(2)}))
        self.shop.list_orders(self.carol)
        self.holds()

    def test_an_order_that_is_cancelled_gives_its_pieces_back(self) -> None:
        order = self.shop.checkout(self.carol, "key-carol")["body"]
        before = judge(self.shop.run()).judged
        self.shop.cancel(self.carol, order)
        self.shop.list_orders(self.carol)
        again = self.shop.begin_cancel(self.carol, order)
        self.shop.refuse(again, "invalid-transition")
        self.holds()
        after = judge(self.shop.run()).judged
        more = {name: after[name] - before[name] for name in ("I1", "I6", "I10")}
        # I10: the step, and its record. I6: two answers and the page.
        self.assertEqual((more["I1"], more["I10"]), (1, 2))
        self.assertGreaterEqual(more["I6"], 2)

    def test_a_cancellation_whose_answer_was_lost(self) -> None:
        order = self.shop.checkout(self.carol, "key-carol")["body"]
        lost = self.shop.begin_cancel(self.carol, order)
        changes = sum(self.shop.cancellation(self.carol, order).values(), [])
        self.shop.commit("cancel-order", *changes, send=lost["send"])
        self.shop.lose(lost)
        again = self.shop.begin_cancel(self.carol, order, lost["intent"])
        self.shop.refuse(again, "invalid-transition")
        self.holds()

    def test_a_cancellation_that_meets_the_one_that_does_it(self) -> None:
        order = self.shop.checkout(self.carol, "key-carol")["body"]
        other = self.shop.begin_cancel(self.carol, order)
        self.shop.cancel(self.carol, order)
        self.shop.refuse(other, "invalid-transition")
        self.holds()

    def test_a_cancellation_of_which_the_second_delivery_does_it_first(self) -> None:
        order = self.shop.checkout(self.carol, "key-carol")["body"]
        send = self.shop.begin_cancel(self.carol, order)
        changes = sum(self.shop.cancellation(self.carol, order).values(), [])
        self.shop.commit("cancel-order", *changes, send=send["send"])
        self.shop.refuse(send, "invalid-transition")
        self.holds()

    def test_a_price_that_is_seen_while_its_transaction_is_committed(self) -> None:
        admin = self.shop.admin
        old = self.shop.shown_product(self.cup)["price"]
        self.shop.edit(admin, self.cup, {"price": 500}, price=euros(500))
        self.shop.wait(3000)
        seen = self.shop.see_product(self.cup)
        seen["body"]["price"] = old
        self.holds()

    def test_an_order_that_the_staff_cancel_or_refund_before_it_ships(self) -> None:
        for status in ("cancelled", "refunded"):
            with self.subTest(status=status):
                self.setUp()
                order = self.shop.checkout(self.carol, "key-carol")["body"]
                if status == "refunded":
                    send = self.shop.begin_move(self.shop.admin, order, paid=True)
                    self.shop.move(send, self.shop.paid(self.row()))
                send = self.shop.begin_move(self.shop.admin, order, status=status)
                pieces = self.shop.stock_change(self.cup, 2)
                self.shop.move(send, self.shop.moved(self.row(), status), pieces)
                self.holds()

    def test_an_order_that_was_paid_and_cancelled_is_refunded(self) -> None:
        order = self.shop.checkout(self.carol, "key-carol")["body"]
        send = self.shop.begin_move(self.shop.admin, order, paid=True)
        self.shop.move(send, self.shop.paid(self.row()))
        self.shop.cancel(self.carol, order)
        send = self.shop.begin_move(self.shop.admin, order, status="refunded")
        payment = {"payment": {"method": "invoice", "status": "refunded"}}
        self.shop.move(send, self.shop.moved(self.row(), "refunded", **payment))
        self.shop.list_orders(self.carol)
        again = self.shop.begin_move(self.shop.admin, order, status="refunded")
        self.shop.refuse(again, "invalid-transition")
        self.holds()

    def test_a_note_that_is_sent_again_is_there_once(self) -> None:
        order = self.shop.checkout(self.carol, "key-carol")["body"]
        first = self.shop.begin_move(self.shop.admin, order, note="rang")
        row = {**self.row(), **item(version=2)}
        self.shop.move(first, self.shop.noted(row, "rang", self.shop.admin))
        self.shop.wait(6000)
        again = self.shop.begin_move(self.shop.admin, order, note="rang")
        self.shop.end(again, 200, first["body"])
        self.holds()

    def test_an_order_that_is_refunded_once_it_has_shipped_gives_nothing_back(self) -> None:
        self.shop.checkout(self.carol, "key-carol")
        for status in ("processing", "shipped", "refunded"):
            self.shop.commit("operator", ("orders", self.shop.moved(self.row(), status)))
        self.holds()

    def test_an_order_that_the_staff_move_along_and_write_about(self) -> None:
        order = self.shop.checkout(self.carol, "key-carol")["body"]
        for status in ("processing", "shipped", "delivered"):
            send = self.shop.begin_move(self.shop.admin, order, status=status, note=status)
            row = self.shop.moved(self.row(), status)
            self.shop.move(send, self.shop.noted(row, status, self.shop.admin))
        send = self.shop.begin_move(self.shop.admin, order, status="shipped")
        self.shop.refuse(send, "invalid-transition")
        send = self.shop.begin_move(self.shop.admin, order, note="late", version=2)
        self.shop.refuse(send, "conflict")
        self.holds()

    def test_an_order_that_is_read_as_it_was_while_its_move_is_committed(self) -> None:
        order = self.shop.checkout(self.carol, "key-carol")["body"]
        moving = self.shop.begin_move(self.shop.admin, order, status="processing")
        row = self.shop.moved(self.row(), "processing")
        self.shop.commit_move(moving, row)
        early = self.shop.begin_move(self.shop.admin, order, note="x", version=2)
        self.shop.refuse(early, "conflict")
        self.shop.told_move(moving, row)
        self.holds()

    def test_a_line_that_is_refused_and_a_row_that_remembers_it(self) -> None:
        for there in (0, 2):
            if there:
                self.shop.fill(self.carol, self.jug, there)
            self.shop.change_product(self.jug, status="draft")
            path = f"/api/cart/items/{self.jug}"
            asked = {"quantity": 5}
            send = self.shop.begin("set-cart-item", self.carol, path, asked, method="PUT")
            row = self.shop.rows["carts"].get((self.carol, self.jug))
            refusal = item(refused=self.shop.now, refusal="not-sold")
            row = {**row, **refusal} if there else None
            line = ("carts", row) if there else self.shop.removed_line(self.carol, self.jug)
            self.shop.commit("set-cart-item", line, send=send["send"])
            self.shop.refuse(send, "not-found")
            self.shop.change_product(self.jug, status="published")
        self.holds()

    def begin_line(self, quantity: int = 5, **more: Any) -> Dict[str, Any]:
        return self.shop.begin_fill(self.carol, self.jug, quantity, **more)

    def told_cart(self, send: Dict[str, Any]) -> None:
        self.shop.end(send, 200, self.shop.cart(self.carol))

    def test_a_line_that_is_refused_by_a_delivery_when_another_request_has_set_it_again(self) -> None:
        send, other = self.begin_line(), self.begin_line()
        for it in (send, other):
            self.shop.put_line_for(it)
        self.told_cart(other)
        self.shop.change_product(self.jug, status="draft")
        self.shop.refuse(send, "not-found")
        self.holds()

    def test_a_line_that_is_refused_of_a_product_that_is_sold_soon_after(self) -> None:
        self.shop.change_product(self.jug, status="draft")
        send = self.begin_line()
        self.shop.change_product(self.jug, status="published")
        self.shop.wait()
        self.shop.refuse(send, "not-found")
        self.holds()

    def test_a_line_that_another_request_of_the_same_millisecond_has_set(self) -> None:
        send, other = self.begin_line(2, arrived=5), self.begin_line(3, arrived=5)
        self.shop.put_line_for(other)
        for it in (other, send):
            self.told_cart(it)
        self.holds()

    def test_a_line_too_many_that_is_taken_back(self) -> None:
        self.shop.fill_up(self.carol, 31)
        send = self.begin_line()
        self.shop.put_line_for(send)
        self.shop.wait()
        self.shop.take_back(send)
        self.shop.wait()
        self.shop.refuse(send, "invalid", errors=[])
        self.holds()

    def test_a_line_too_many_of_a_request_that_failed(self) -> None:
        self.shop.fill_up(self.carol, 31)
        send = self.begin_line()
        self.shop.put_line_for(send)
        self.shop.refuse(send, "unavailable")
        self.told_cart(self.begin_line(intent=send["intent"]))
        self.holds()

    def test_a_line_too_many_that_another_request_has_set_again(self) -> None:
        for quantity in (5, 6):
            with self.subTest(quantity):
                self.setUp()
                self.shop.fill_up(self.carol, 31)
                sends = [self.begin_line(), self.begin_line(quantity)]
                for send in sends:
                    self.shop.put_line_for(send)
                for send in sends:
                    self.told_cart(send)
                self.holds()

    def test_a_line_too_many_whose_request_has_not_looked_yet(self) -> None:
        self.shop.fill_up(self.carol, 32)
        send, other = self.begin_line(), self.shop.begin_fill(self.carol, self.cup, 1)
        for it in (send, other):
            self.shop.put_line_for(it)
        self.told_cart(other)
        self.shop.fill(self.carol, self.jug, 2)
        self.told_cart(send)
        self.holds()

    def test_a_line_too_many_whose_product_is_taken_off_the_list(self) -> None:
        self.shop.fill_up(self.carol, 31)
        send = self.begin_line()
        self.shop.put_line_for(send)
        self.shop.change_product(self.jug, status="draft")
        self.told_cart(send)
        self.holds()

    def test_a_line_that_makes_room_since_it_is_not_sold(self) -> None:
        (cup,) = self.shop.cart(self.carol)["items"]
        self.shop.change_product(self.cup, status="draft")
        self.shop.fill_up(self.carol, 31)
        send = self.begin_line()
        self.shop.put_line_for(send)
        no_line = self.shop.removed_line(self.carol, self.cup)
        self.shop.commit("set-cart-item", no_line, send=send["send"])
        self.shop.wait()
        # A plain read may still see what was before.
        reading = self.shop.begin("get-cart", self.carol, "/api/cart")
        cart = self.shop.cart(self.carol)
        cart["items"].append({**cup, "purchasable": False})
        self.shop.end(reading, 200, cart)
        self.told_cart(send)
        self.holds()

    def test_what_an_admin_alone_may_do_to_an_order(self) -> None:
        steve = self.shop.person("steve", "staff")
        order = self.shop.checkout(self.carol, "key-carol")["body"]
        for asked in ({"paid": True}, {"status": "refunded"}):
            self.shop.refuse(self.shop.begin_move(steve, order, **asked), "forbidden")
        send = self.shop.begin_move(self.shop.admin, order, paid=True)
        self.shop.move(send, self.shop.paid(self.row()))
        send = self.shop.begin_move(self.shop.admin, order, status="refunded")
        payment = {"payment": {"method": "invoice", "status": "refunded"}}
        row = self.shop.moved(self.row(), "refunded", **payment)
        self.shop.move(send, row, self.shop.stock_change(self.cup, 2))
        send = self.shop.begin_move(steve, order, note="all well")
        self.shop.move(send, self.shop.noted(self.shop.paid(self.row(), "refunded"), "all well", steve))
        self.holds()

    def test_a_move_that_is_refused_and_delivered_again_once_it_is_possible(self) -> None:
        order = self.shop.checkout(self.carol, "key-carol")["body"]
        early = self.shop.begin_move(self.shop.admin, order, status="shipped")
        self.shop.refuse(early, "invalid-transition")
        send = self.shop.begin_move(self.shop.admin, order, status="processing")
        self.shop.move(send, self.shop.moved(self.row(), "processing"))
        record = self.shop.record(self.shop.admin, order["orderId"], "order-updated")
        changes = [("orders", self.shop.moved(self.row(), "shipped")), ("audit", record)]
        self.shop.commit("admin-update-order", *changes, send=early["send"])
        self.holds()

    def test_stock_that_the_staff_set_and_change(self) -> None:
        admin = self.shop.admin
        for asked in ({"available": 9}, {"available": 9}, {"adjustBy": -4}, {"adjustBy": 20}):
            self.shop.set_stock(admin, self.cup, **asked)
        self.shop.set_stock(admin, self.cup, key="key-stock", adjustBy=1)
        again = self.shop.begin_stock(admin, self.cup, "key-stock", adjustBy=1)
        self.shop.told_stock(again, idempotent_replayed="true")
        other = self.shop.begin_stock(admin, self.cup, "key-stock", adjustBy=2)
        self.shop.refuse(other, "idempotency-mismatch")
        low = self.shop.begin_stock(admin, self.cup, adjustBy=-99)
        self.shop.refuse(low, "conflict")
        self.shop.checkout(self.carol, "key-carol")
        self.holds()

    def test_a_change_of_stock_whose_answer_was_lost(self) -> None:
        lost = self.shop.begin_stock(self.shop.admin, self.cup, "key-stock", adjustBy=1)
        self.shop.commit("admin-set-stock", *sum(self.shop.setting(lost).values(), []))
        self.shop.lose(lost)
        again = self.shop.begin_stock(self.shop.admin, self.cup, "key-stock", adjustBy=1)
        again["intent"] = lost["intent"]
        self.shop.told_stock(again, idempotent_replayed="true")
        self.holds()

    def test_a_product_that_is_edited_and_deleted(self) -> None:
        admin, sue = self.shop.admin, self.shop.person("sue", "super-admin")
        self.shop.edit(admin, self.jug, {"price": 1100}, price=euros(1100))
        self.shop.edit(admin, self.jug, {"status": "draft"}, status="draft", version=2)
        stale = self.shop.begin_edit(admin, self.jug, name="Old Jug", version=2)
        self.shop.refuse(stale, "conflict")
        self.shop.delete(sue, self.jug)
        self.shop.end(self.shop.begin_deletion(sue, self.jug), 204, None)
        for send in (
            self.shop.begin_edit(admin, self.jug, name="New Jug"),
            self.shop.begin_stock(admin, self.jug, adjustBy=1),
        ):
            self.shop.refuse(send, "not-found")
        self.holds()

    def test_anothers_order_is_not_found(self) -> None:
        order = self.shop.bought["body"]["orderId"]
        send = self.shop.begin("get-order", self.carol, f"/api/orders/{order}")
        self.shop.refuse(send, "not-found")
        self.holds()

    def test_a_label_that_checkout_sets(self) -> None:
        self.shop.checkout(self.carol, "key-carol")
        row = {**self.shop.rows["products"][(self.cup,)], "availability": dynamo("low-stock")}
        self.shop.commit("checkout", ("products", {**row, "stockVersion": dynamo(2)}))
        self.holds()

    # ------------------------------------------------------------------------- others

    def test_an_order_is_seen_before_it_is_dated(self) -> None:
        lost = self.begin()
        order = self.shop.order_item(self.carol, lost["request"])
        parts = self.shop.parts(lost, order)
        self.shop.lose(lost)
        again = self.again(lost)
        self.shop.end(again, 200, self.shop.shown(order), idempotent_replayed="true")
        self.shop.commit("checkout", *sum(parts.values(), []))
        self.holds(layer="chaos")
        self.assertNotEqual(judge(self.shop.run()).violations, [])

    def test_parallel_sends_of_an_intent(self) -> None:
        one, other = self.begin(), self.begin()
        other["intent"] = one["intent"]
        self.shop.end(one, 201, self.shop.place(one))
        self.shop.refuse(other, "unavailable")
        self.holds()

    def test_a_send_that_fails_after_its_intent_has_succeeded(self) -> None:
        send = self.begin()
        self.shop.end(send, 201, self.shop.place(send))
        self.shop.faults_ended = self.shop.now
        again = self.again(send)
        self.shop.refuse(again, "unavailable")
        self.holds()

    def test_a_product_whose_answer_was_lost(self) -> None:
        lost = self.shop.begin_creation(self.shop.admin, "key-admin-2")
        body = self.shop.create(lost)
        self.shop.lose(lost)
        again = self.shop.begin_creation(self.shop.admin, "key-admin-2")
        again["intent"] = lost["intent"]
        self.shop.end(again, 200, body, idempotent_replayed="true")
        self.holds()

    def test_records_that_stand_apart(self) -> None:
        record = self.shop.record("schedule", "signing-key", "signing-key-rotated")
        self.shop.commit("rotate-signing-key", ("audit", record))
        self.holds()

    def test_a_product_of_the_operators(self) -> None:
        product = self.shop.id("prod")
        self.shop.commit(
            "operator",
            ("products", self.shop.product_item(product, 100, "draft")),
            ("audit", self.shop.record("operator", product)),
        )
        self.holds()

    def test_a_product_that_the_operator_deletes_again(self) -> None:
        product = self.shop.created["body"]["productId"]
        self.shop.commit("operator", ("products", (product,), None))
        self.holds()

    def test_a_product_of_no_stock(self) -> None:
        send = self.shop.begin_creation(self.shop.admin, "key-admin-2")
        body = self.shop.create(send, stock=0)
        for name, value in (("stock", None), ("description", None)):
            send["request"][name] = value
        self.shop.end(send, 201, body)
        self.holds()

    def test_a_failure_of_the_gateway_without_a_policy(self) -> None:
        send = self.shop.begin("get-cart", self.carol, "/api/cart", intent=9)
        self.shop.end(send, 504, {"message": "Gateway Timeout"})
        del send["headers"]["cache-control"]
        final = self.shop.begin("get-cart", self.carol, "/api/cart", intent=9)
        self.shop.end(final, 200, self.shop.cart(self.carol))
        self.holds()

    def test_another_body_under_an_admins_key(self) -> None:
        send = self.shop.begin_creation(self.shop.admin, "key-admin-1", name="Grey Mug")
        self.shop.refuse(send, "idempotency-mismatch")
        self.holds()

    def test_bodies_that_mean_the_same(self) -> None:
        first = self.shop.checkout(self.carol, "key-carol")
        body = copy.deepcopy(first["request"])
        body["shippingAddress"].update(line1="1 Example Street", line2="  ", phone="+4930123456")
        send = self.shop.begin_checkout(self.carol, "key-carol", body)
        self.shop.end(send, 200, first["body"], idempotent_replayed="true")
        self.holds()

    def test_a_key_so_short_that_it_stands_anywhere(self) -> None:
        self.shop.checkout(self.carol, "ab")
        self.shop.see_cart(self.shop.bob)["headers"]["x-amzn-trace-id"] = "ab"
        self.holds()

    def test_a_catalogue_as_old_as_it_says(self) -> None:
        old = self.shop.see_product(self.cup)
        self.shop.change_product(self.cup, price=777)
        self.shop.wait(4500)
        send = self.shop.see_product(self.cup)
        send["body"], send["headers"]["age"] = old["body"], "4"
        self.holds()

    def test_problems_of_the_catalogue_are_not_kept(self) -> None:
        send = self.shop.begin("get-product", None, "/api/products/prod_x")
        self.shop.refuse(send, "not-found")
        self.holds()

    def test_a_cursor_that_is_none(self) -> None:
        send = self.shop.begin("get-orders", self.carol, "/api/orders?cursor=x")
        self.shop.refuse(send, "malformed")
        self.holds()

    def test_an_empty_answer_of_the_gateway_and_any_id_of_a_request(self) -> None:
        send = self.shop.begin("get-cart", self.carol, "/api/cart", intent=9)
        self.shop.end(send, 504, None)
        send = self.shop.begin("get-cart", self.carol, "/api/cart", intent=9)
        self.shop.refuse(send, "unavailable", requestId="aws-panic")
        self.shop.see_cart(self.carol)["intent"] = 9
        self.holds()

    def test_a_slow_answer_among_few_and_many_quick_ones(self) -> None:
        send = self.shop.begin("get-cart", self.carol, "/api/cart")
        self.shop.wait(10_500)
        self.shop.end(send, 200, self.shop.cart(self.carol))
        self.holds()
        for _ in range(200):
            self.shop.see_cart(self.carol)
        self.holds()

    def test_staff_may_see_people(self) -> None:
        send = self.shop.begin("admin-list-users", self.shop.admin, "/api/admin/users")
        self.shop.end(send, 200, {"items": [{"userId": self.carol}], "nextCursor": None})
        self.holds()

    def test_who_signs_in_is_named(self) -> None:
        send = self.shop.begin("login", None, "/api/auth/login", method="POST")
        self.shop.end(send, 200, {"user": {"userId": self.carol}})
        self.holds()

    def test_a_key_that_stands_within_another_word(self) -> None:
        self.shop.checkout(self.carol, "key-1")
        self.shop.fill(self.shop.bob, self.jug, 1)
        self.shop.see_cart(self.shop.bob)["headers"]["x-amzn-trace-id"] = "key-12"
        self.holds()

    def test_tables_by_their_names_in_the_template(self) -> None:
        names = {
            "orders": "OrdersTable", "stock": "InventoryTable", "products": "ProductsTable",
            "carts": "carts", "audit": "AuditTable", "idempotency": "IdempotencyKeysTable",
            "movements": "StockMovementsTable",
        }  # fmt: skip
        run = self.shop.run()
        run["tables"] = {names[name]: rows for name, rows in run["tables"].items()}
        run["tables"]["TokenKeysTable"] = [{"kid": {"S": "k1"}}]
        for change in run["journal"]:
            change["table"] = names[change["table"]]
        self.assertEqual(judge(run).violations, [])


if __name__ == "__main__":
    unittest.main()
