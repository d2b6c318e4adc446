"""Makes runs for the checker's tests: a shop of a few lines that does all things
right, unless a test tells it otherwise."""

from __future__ import annotations

import copy
import json
from datetime import datetime, timezone
from typing import Any, Dict, List, Optional, Tuple

from orders import ULID
from run import KEYS, hash_of_key, plain_item

# When the run's clock is 0.
EPOCH = datetime(2026, 11, 21, 10, tzinfo=timezone.utc).timestamp()
LETTERS = "".join(ULID)
NO_STORE = {"cache-control": "no-store", "x-request-id": "Rl1kVgZ3liAEPvw="}
PUBLIC = {
    "cache-control": "public, max-age=60, stale-while-revalidate=300",
    "vary": "Origin", "etag": '"3m8xqk1yq0p6Zr0h7xF2_w"',
}
STATUS_OF = {
    "malformed": 400, "unauthenticated": 401, "forbidden": 403, "not-found": 404,
    "empty-cart": 409, "out-of-stock": 409, "price-changed": 409, "cart-changed": 409,
    "invalid-transition": 409, "conflict": 409,
    "invalid": 422, "idempotency-mismatch": 422, "rate-limited": 429, "unavailable": 503,
    "internal": 500,
}  # fmt: skip


def dynamo(value: Any) -> Dict[str, Any]:
    """Turns plain JSON into DynamoDB's."""
    if isinstance(value, str):
        return {"S": value}
    if isinstance(value, (int, float)):
        return {"N": str(value)}
    if isinstance(value, dict):
        return {"M": {name: dynamo(part) for name, part in value.items()}}
    return {"L": [dynamo(part) for part in value]}


def item(**attributes: Any) -> Dict[str, Any]:
    return {name: dynamo(value) for name, value in attributes.items()}


def euros(amount: int) -> Dict[str, Any]:
    return {"amount": amount, "currency": "EUR"}


class Shop:
    """A shop whose clock stands still unless it is told to wait."""

    def __init__(self) -> None:
        self.now = 1000
        self.ids = 0
        self.people: List[Dict[str, Any]] = []
        self.history: List[Dict[str, Any]] = []
        self.journal: List[Dict[str, Any]] = []
        self.rows: Dict[str, Dict[Tuple[str, ...], Dict[str, Any]]] = {t: {} for t in KEYS}
        self.faults_ended = 0

    # ------------------------------------------------------------ what it is made of

    def wait(self, milliseconds: int = 10) -> None:
        self.now += milliseconds

    def id(self, prefix: str) -> str:
        """Makes an id of this moment."""
        self.ids += 1
        number = (int(EPOCH * 1000) + self.now) << 80 | self.ids
        letters = ""
        for _ in range(26):
            letters = LETTERS[number & 31] + letters
            number >>= 5
        return f"{prefix}_{letters}"

    def date(self) -> str:
        moment = datetime.fromtimestamp(EPOCH + self.now // 1000, timezone.utc)
        return moment.strftime("%Y-%m-%dT%H:%M:%SZ")

    def person(self, name: str, role: str = "customer") -> str:
        user = self.id("usr")
        canary = f"canary-{name}" if role == "customer" else None
        self.people.append({"userId": user, "role": role, "canary": canary})
        return user

    def commit(self, by: str, *changes: Any, send: Optional[int] = None) -> int:
        """Commits changes, for a send: `(table, item)` puts it, `(table, key, None)`
        deletes. What changes nothing leaves no entry."""
        number = self.journal[-1]["commit"] + 1 if self.journal else 1
        for table, *rest in changes:
            rows, names = self.rows[table], KEYS[table]
            after = rest[0] if len(rest) == 1 else None
            key = tuple(after[n]["S"] for n in names) if after else tuple(rest[0])
            before = rows.get(key)
            if before == after:
                continue
            if after is None:
                del rows[key]
            else:
                rows[key] = after
            self.journal.append({
                "commit": number, "at": self.now, "by": by, "table": table,
                "key": {n: {"S": part} for n, part in zip(names, key)},
                "before": copy.deepcopy(before), "after": copy.deepcopy(after),
                **({} if send is None else {"send": send}),
            })  # fmt: skip
        return number

    def begin(
        self,
        operation: str,
        user: Optional[str],
        path: str,
        request: Any = None,
        key: Optional[str] = None,
        intent: Optional[int] = None,
        method: str = "GET",
    ) -> Dict[str, Any]:
        """Begins a send."""
        number = len(self.history) + 1
        send = {
            "send": number, "intent": intent or 1000 + number, "client": 1, "user": user,
            "operation": operation, "key": key, "method": method, "path": path,
            "request": copy.deepcopy(request), "began": self.now, "ended": None, "status": None,
            "headers": {}, "body": None,
        }  # fmt: skip
        self.history.append(send)
        self.wait()
        return send

    def end(self, send: Dict[str, Any], status: int, body: Any, **headers: str) -> Dict[str, Any]:
        """Answers a send."""
        self.wait()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        kind = {"content-type": "application/json"} if body is not None else {}
        send.update(
            status=status, ended=self.now, body=copy.deepcopy(body),
            headers={**NO_STORE, **kind, **named},
        )  # fmt: skip
        self.wait()
        return send

    def lose(self, send: Dict[str, Any]) -> Dict[str, Any]:
        """Ends a send without an answer: its client gave up."""
        self.wait()
        send["ended"] = self.now
        self.wait()
        return send

    def refuse(self, send: Dict[str, Any], code: str, **extra: Any) -> Dict[str, Any]:
        """Answers a send with a problem document."""
        status = STATUS_OF[code]
        body = {
            "type": f"/problems/{code}", "title": code, "status": status, "code": code,
            "detail": "It can't be done.", "requestId": "Rl1kVgZ3liAEPvw=", **extra,
        }  # fmt: skip
        headers = {"content_type": "application/problem+json"}
        if status in (429, 503):
            headers["retry_after"] = "1"
        if status == 401:
            headers["www_authenticate"] = "Bearer"
        return self.end(send, status, body, **headers)

    # ------------------------------------------------------------------- the operator

    def product(self, price: int = 400, stock: int = 10, status: str = "published") -> str:
        """Seeds a product with its stock."""
        product = self.id("prod")
        self.commit("operator", ("products", self.product_item(product, price, status)))
        self.commit("operator", ("stock", self.stock_item(product, stock, 1)))
        self.wait()
        return product

    def product_item(self, product: str, price: int, status: str, name: str = "Blue Mug") -> Any:
        return item(
            productId=product, name=name, description="", price=price, currency="EUR",
            category="mugs", status=status, availability="in-stock", version=1,
            createdAt=self.date(),
        )  # fmt: skip

    def stock_item(self, product: str, pieces: int, version: int) -> Any:
        return item(productId=product, bucket="0", available=pieces, version=version)

    def change_product(self, product: str, by: str = "operator", **changes: Any) -> None:
        """Changes attributes of a product, and counts its version."""
        row = dict(self.rows["products"][(product,)])
        row["version"] = dynamo(int(row["version"]["N"]) + 1)
        row.update(item(**changes))
        self.commit(by, ("products", row))
        self.wait()

    def pieces(self, product: str) -> int:
        return int(self.rows["stock"][(product, "0")]["available"]["N"])

    def stock_change(self, product: str, more: int) -> Tuple[str, Any]:
        """Returns the change that adds pieces to a stock row."""
        version = int(self.rows["stock"][(product, "0")]["version"]["N"])
        return ("stock", self.stock_item(product, self.pieces(product) + more, version + 1))

    def restock(self, product: str, more: int, by: str = "operator") -> None:
        self.commit(by, self.stock_change(product, more))
        self.wait()

    # ------------------------------------------------------------------ customers

    def fill(self, user: str, product: str, quantity: int) -> Dict[str, Any]:
        """Sets a line of a cart by a request."""
        send = self.begin_fill(user, product, quantity)
        self.put_line_for(send)
        return self.end(send, 200, self.cart(user))

    def begin_fill(self, user: str, product: str, quantity: int, **more: Any) -> Dict[str, Any]:
        path = f"/api/cart/items/{product}"
        send = self.begin("set-cart-item", user, path, {"quantity": quantity}, method="PUT")
        send.update(more)
        return send

    def put_line_for(self, send: Dict[str, Any]) -> None:
        """Commits the line that a send asks for, in its name."""
        product = send["path"].rpartition("/")[2]
        pieces = send["request"]["quantity"]
        self.put_line(send["user"], product, pieces, send=send["send"])

    def take_back(self, send: Dict[str, Any]) -> None:
        """Commits that a send takes its line back."""
        product = send["path"].rpartition("/")[2]
        no_line = self.removed_line(send["user"], product)
        self.commit("set-cart-item", no_line, send=send["send"])

    def fill_up(self, user: str, lines: int) -> None:
        """Puts so many other products into a cart, by the run's own hand."""
        for _ in range(lines):
            self.put_line(user, self.product(), 1, by="operator")

    def put_line(
        self, user: str, product: str, quantity: int, by: str = "set-cart-item",
        send: Optional[int] = None,
    ) -> None:  # fmt: skip
        there = self.rows["carts"].get((user, product), {})
        row = item(userId=user, productId=product, quantity=quantity, madeBy="operator",
                   expiresAt=int(EPOCH) + 7776000)  # fmt: skip
        if by != "operator":
            attempt = {"S": self.id("try")}
            row.update(madeBy=there.get("madeBy", attempt), setBy=attempt)
        self.commit(by, ("carts", row), send=send)

    def unfill(self, user: str, product: str) -> Dict[str, Any]:
        """Removes a line of a cart by a request."""
        path = f"/api/cart/items/{product}"
        send = self.begin("remove-cart-item", user, path, method="DELETE")
        self.commit("remove-cart-item", self.removed_line(user, product))
        return self.end(send, 204, None)

    def removed_line(self, user: str, product: str) -> Any:
        """Returns the change that leaves of a line that it was removed or ordered."""
        return ("carts", item(userId=user, productId=product, quantity=0, at=self.now,
                              expiresAt=int(EPOCH) + 3600))  # fmt: skip

    def lines(self, user: str) -> List[Dict[str, Any]]:
        """Returns the lines of a cart that are on sale, as an order has them."""
        found = []
        for (owner, product), row in sorted(self.rows["carts"].items()):
            sold = self.rows["products"].get((product,))
            if owner != user or not sold or sold["status"]["S"] != "published":
                continue
            if row["quantity"]["N"] == "0":
                continue
            price, quantity = int(sold["price"]["N"]), int(row["quantity"]["N"])
            found.append({
                "productId": product, "name": sold["name"]["S"], "quantity": quantity,
                "unitPrice": euros(price), "lineTotal": euros(price * quantity),
            })  # fmt: skip
        return found

    def total(self, user: str) -> int:
        return sum(line["lineTotal"]["amount"] for line in self.lines(user))

    def cart(self, user: str) -> Dict[str, Any]:
        lines = [
            {**line, "availability": "in-stock", "purchasable": True} for line in self.lines(user)
        ]
        return {"items": lines, "total": euros(self.total(user))}

    def see_cart(self, user: str) -> Dict[str, Any]:
        send = self.begin("get-cart", user, "/api/cart")
        return self.end(send, 200, self.cart(user))

    def body(self, user: str, **changes: Any) -> Dict[str, Any]:
        """Returns a checkout's body at today's total."""
        canary = next(it["canary"] for it in self.people if it["userId"] == user)
        address = {
            "name": f"{canary} Cook", "line1": " 1 Example Street ", "line2": None,
            "postalCode": "10115", "city": "Berlin", "country": "DE", "phone": "+49 30 123456",
        }  # fmt: skip
        asked = {"expectedTotal": euros(self.total(user)), "shippingAddress": address}
        return {**asked, "paymentMethod": "invoice", **changes}

    def begin_checkout(
        self, user: str, key: str, body: Any = None, intent: Optional[int] = None
    ) -> Dict[str, Any]:
        body = body or self.body(user)
        return self.begin("checkout", user, "/api/checkout", body, key, intent, method="POST")

    def order_item(self, user: str, body: Any, **changes: Any) -> Dict[str, Any]:
        """Returns a new order of what is in a cart, as its item."""
        address = dict(body["shippingAddress"])
        address.update(line1=address["line1"].strip(), phone="+4930123456")
        del address["line2"]
        order = {
            "userId": user, "orderId": self.id("ord"), "status": "placed",
            "createdAt": self.date(), "lines": self.lines(user), "total": body["expectedTotal"],
            "shippingAddress": address,
            "payment": {"method": body["paymentMethod"], "status": "pending"},
            "history": [{"status": "placed", "at": self.date()}], "version": 1, **changes,
        }  # fmt: skip
        order.setdefault("statusShard", f"{order['status']}#2")
        return item(**order)

    def moved(self, row: Dict[str, Any], status: str, **changes: Any) -> Dict[str, Any]:
        """Returns an order's item once it has come to another status."""
        step = {"M": item(status=status, at=self.date())}
        return {
            **row,
            **item(
                status=status, statusShard=f"{status}#{row['statusShard']['S'][-1]}",
                version=int(row["version"]["N"]) + 1,
            ),
            "history": {"L": [*row["history"]["L"], step]},
            **item(**changes),
        }  # fmt: skip

    def parts(self, send: Dict[str, Any], order: Dict[str, Any]) -> Dict[str, List[Any]]:
        """Returns the changes of a checkout's commit, by table; key rows apart."""
        user = send["user"]
        lines = order["lines"]["L"]
        pieces = {
            line["M"]["productId"]["S"]: int(float(line["M"]["quantity"]["N"])) for line in lines
        }
        key_row = item(
            userId=user, orderId="key#" + hash_of_key(send["key"]), order=order["orderId"]["S"],
            bodyHash="h", expiresAt=int(EPOCH) + 604800,
        )  # fmt: skip
        return {
            "key": [("orders", key_row)],
            "orders": [("orders", order)],
            "stock": [self.stock_change(product, -taken) for product, taken in pieces.items()],
            "carts": [
                self.removed_line(*key) for key, row in self.rows["carts"].items()
                if key[0] == user and row["quantity"]["N"] != "0"
            ],
        }

    def place(self, send: Dict[str, Any], *without: str, **changes: Any) -> Dict[str, Any]:
        """Commits the order that a send asks for, without some of its parts."""
        order = self.order_item(send["user"], send["request"], **changes)
        parts = self.parts(send, order)
        made = [change for name in parts if name not in without for change in parts[name]]
        self.commit("checkout", *made)
        return self.shown(order)

    def shown(self, order: Dict[str, Any]) -> Dict[str, Any]:
        """Returns an order as an answer shows it."""
        from run import plain_item, shown

        return shown(plain_item(order))

    def checkout(
        self, user: str, key: str, body: Any = None, **changes: Any
    ) -> Dict[str, Any]:
        """Checks out: 201 with the order."""
        send = self.begin_checkout(user, key, body)
        return self.end(send, 201, self.place(send, **changes))

    def replay(self, user: str, first: Dict[str, Any], body: Any = None) -> Dict[str, Any]:
        """Sends a checkout again that was answered or lost: 200 with the order."""
        send = self.begin_checkout(user, first["key"], first["request"], first["intent"])
        order = body or self.orders_of(user)[-1]
        return self.end(send, 200, order, idempotent_replayed="true")

    def write_refusal(self, send: Dict[str, Any]) -> None:
        self.commit("checkout", ("orders", item(
            userId=send["user"], orderId="key#" + hash_of_key(send["key"]),
            refusal=self.id("ref"), expiresAt=int(EPOCH) + 3600,
        )))  # fmt: skip

    def refused(
        self, user: str, key: str, code: str, body: Any = None, **extra: Any
    ) -> Dict[str, Any]:
        """Sends a checkout that is refused with a 409."""
        send = self.begin_checkout(user, key, body)
        self.write_refusal(send)
        return self.refuse(send, code, **extra)

    def orders_of(self, user: str) -> List[Dict[str, Any]]:
        """Returns a customer's orders as answers show them, the oldest first."""
        rows = sorted(self.rows["orders"].items())
        return [self.shown(row) for key, row in rows if key[0] == user and key[1][:4] == "ord_"]

    def begin_cancel(
        self, user: str, order: Dict[str, Any], intent: Optional[int] = None
    ) -> Dict[str, Any]:
        path = f"/api/orders/{order['orderId']}/cancel"
        return self.begin("cancel-order", user, path, intent=intent, method="POST")

    def cancellation(
        self, user: str, order: Dict[str, Any], to: str = "cancelled", **of_record: Any
    ) -> Dict[str, List[Any]]:
        """Returns the changes of the commit that cancels an order, by table."""
        row = self.rows["orders"][(user, order["orderId"])]
        record = self.record(user, order["orderId"], "order-cancelled")
        return {
            "orders": [("orders", self.moved(row, to))],
            "stock": [
                self.stock_change(line["productId"], line["quantity"]) for line in order["lines"]
            ],
            "audit": [("audit", {**record, **item(**of_record)})],
        }

    def cancel(self, user: str, order: Dict[str, Any], *without: str) -> Dict[str, Any]:
        """Cancels an order by a request, without some parts of the commit."""
        send = self.begin_cancel(user, order)
        parts = self.cancellation(user, order)
        changes = [change for name in parts if name not in without for change in parts[name]]
        self.commit("cancel-order", *changes)
        return self.end(send, 200, self.shown(self.rows["orders"][(user, order["orderId"])]))

    def list_orders(
        self, user: str, orders: Any = None, query: str = "", cursor: Optional[str] = None
    ) -> Dict[str, Any]:
        """Lists a customer's orders."""
        send = self.begin("get-orders", user, f"/api/orders{query}")
        orders = self.orders_of(user)[::-1] if orders is None else orders
        return self.end(send, 200, {"items": orders, "nextCursor": cursor})

    def get_order(self, user: str, order: Dict[str, Any]) -> Dict[str, Any]:
        send = self.begin("get-order", user, f"/api/orders/{order['orderId']}")
        return self.end(send, 200, order)

    def list_products(self, user: Optional[str]) -> Dict[str, Any]:
        """Lists the catalogue."""
        send = self.begin("list-products", user, "/api/products")
        cards = [
            {"productId": key[0], "name": "Blue Mug", "price": euros(int(row["price"]["N"])),
             "category": "mugs", "imageUrl": None, "image": None, "availability": "in-stock"}
            for key, row in self.rows["products"].items()
        ]  # fmt: skip
        self.end(send, 200, {"items": cards, "nextCursor": None})
        send["headers"] = {"content-type": "application/json", **PUBLIC}
        return send

    def see_product(self, product: str) -> Dict[str, Any]:
        """Looks at one product."""
        send = self.begin("get-product", None, f"/api/products/{product}")
        price = int(self.rows["products"][(product,)]["price"]["N"])
        shown = {
            "productId": product, "name": "Blue Mug", "price": euros(price), "category": "mugs",
            "imageUrl": None, "image": None, "availability": "in-stock", "description": "",
            "images": [], "createdAt": self.date(),
        }  # fmt: skip
        self.end(send, 200, shown)
        send["headers"] = {"content-type": "application/json", **PUBLIC}
        return send

    # ------------------------------------------------------------------- the staff

    def begin_creation(self, admin: str, key: Optional[str], **changes: Any) -> Dict[str, Any]:
        body = {
            "name": "Red Mug", "price": euros(700), "category": "mugs", "status": "published",
            "stock": 4, **changes,
        }  # fmt: skip
        path = "/api/admin/products"
        return self.begin("admin-create-product", admin, path, body, key, method="POST")

    def create(self, send: Dict[str, Any], *without: str, **changes: Any) -> Dict[str, Any]:
        """Commits the product that a send asks for, without some of its parts."""
        body = {**send["request"], **changes}
        product, price = self.id("prod"), body["price"]["amount"]
        parts = {
            "products": ("products", self.product_item(
                product, price, body["status"], body["name"])),
            "stock": ("stock", self.stock_item(product, body["stock"], 1)),
            "movements": self.movement(
                product, "initial", body["stock"], send["user"], (0, body["stock"])),
            "audit": ("audit", self.record(send["user"], product)),
        }  # fmt: skip
        if send["key"]:
            parts["idempotency"] = ("idempotency", item(
                caller=f"admin-create-product#{send['user']}", keyHash=hash_of_key(send["key"]),
                bodyHash="h", made=product, createdAt=self.date(), expiresAt=int(EPOCH) + 86400,
            ))  # fmt: skip
        self.commit("admin-create-product", *(parts[n] for n in parts if n not in without))
        return {
            "productId": product, "name": body["name"], "description": "",
            "price": body["price"], "category": body["category"], "status": body["status"],
            "sku": None, "available": body["stock"], "images": [], "version": 1,
            "createdAt": self.date(),
        }  # fmt: skip

    def movement(
        self, product: str, kind: str, change: int, by: str,
        between: Optional[Tuple[int, int]] = None,
    ) -> Tuple[str, Any]:  # fmt: skip
        """Returns the change that writes down a movement of stock."""
        told = {} if between is None else {"before": between[0], "after": between[1]}
        return ("movements", item(
            productId=product, movementId=self.id("mov"), kind=kind, change=change, by=by,
            at=self.date(), **told,
        ))  # fmt: skip

    def begin_stock(
        self, user: str, product: str, key: Optional[str] = None, **asked: int
    ) -> Dict[str, Any]:
        """Begins to set the stock of a product."""
        path = f"/api/admin/products/{product}/stock"
        return self.begin("admin-set-stock", user, path, asked, key, method="PUT")

    def setting(self, send: Dict[str, Any], **of_record: Any) -> Dict[str, List[Any]]:
        """Returns the changes of the commit that sets the stock as a send asks, by table."""
        product, asked = send["path"].split("/")[4], send["request"]
        before = self.pieces(product)
        change = asked["adjustBy"] if "adjustBy" in asked else asked["available"] - before
        is_set = "available" in asked
        kind, between = ("set", (before, before + change)) if is_set else ("adjust", None)
        record = self.record(send["user"], product, "stock-changed")
        parts = {
            "stock": [self.stock_change(product, change)],
            "movements": [self.movement(product, kind, change, send["user"], between)],
            "audit": [("audit", {**record, **item(**of_record)})],
        }
        if send["key"]:
            parts["idempotency"] = [("idempotency", item(
                caller=f"admin-set-stock#{send['user']}", keyHash=hash_of_key(send["key"]),
                bodyHash="h", made=product, createdAt=self.date(), expiresAt=int(EPOCH) + 86400,
            ))]  # fmt: skip
        return parts

    def told_stock(self, send: Dict[str, Any], **headers: str) -> Dict[str, Any]:
        """Answers how many pieces there are."""
        product = send["path"].split("/")[4]
        level = {"productId": product, "available": self.pieces(product)}
        return self.end(send, 200, level, **headers)

    def set_stock(
        self, user: str, product: str, *without: str, key: Optional[str] = None, **asked: int
    ) -> Dict[str, Any]:
        """Sets the stock of a product by a request, without some parts of the commit."""
        send = self.begin_stock(user, product, key, **asked)
        parts = self.setting(send)
        self.commit(
            "admin-set-stock",
            *(change for name in parts if name not in without for change in parts[name]),
        )
        return self.told_stock(send)

    def begin_edit(self, user: str, product: str, **asked: Any) -> Dict[str, Any]:
        path = f"/api/admin/products/{product}"
        return self.begin("admin-update-product", user, path, asked, method="PATCH")

    def edited_row(self, product: str, **changes: Any) -> Dict[str, Any]:
        """Returns a product's row once it was changed."""
        row = self.rows["products"][(product,)]
        return {**row, **item(**{"version": int(row["version"]["N"]) + 1, **changes})}

    def shown_product(self, product: str) -> Dict[str, Any]:
        """Returns a product as the staff see it."""
        row = plain_item(self.rows["products"][(product,)])
        return {
            "productId": product, "price": euros(row["price"]), "sku": None, "images": [],
            "available": self.pieces(product),
            **{name: row[name] for name in
               ("name", "description", "category", "status", "version", "createdAt")},
        }  # fmt: skip

    def edit(
        self, user: str, product: str, changes: Dict[str, Any], *without: str, **asked: Any
    ) -> Dict[str, Any]:
        """Changes a product by a request, without some parts of the commit."""
        send = self.begin_edit(user, product, **asked)
        parts = {
            "products": ("products", self.edited_row(product, **changes)),
            "audit": ("audit", self.record(user, product, "product-changed")),
        }
        self.commit(
            "admin-update-product", *(parts[name] for name in parts if name not in without)
        )
        return self.end(send, 200, self.shown_product(product))

    def begin_deletion(self, user: str, product: str) -> Dict[str, Any]:
        path = f"/api/admin/products/{product}"
        return self.begin("admin-delete-product", user, path, method="DELETE")

    def delete(self, user: str, product: str) -> Dict[str, Any]:
        """Deletes a product by a request."""
        send = self.begin_deletion(user, product)
        self.commit(
            "admin-delete-product",
            ("products", self.edited_row(product, deletedAt=self.date())),
            ("audit", self.record(user, product, "product-deleted")),
        )
        return self.end(send, 204, None)

    def begin_move(self, user: str, order: Dict[str, Any], **asked: Any) -> Dict[str, Any]:
        """Begins to change an order as one of the staff."""
        owner = next(key[0] for key in self.rows["orders"] if key[1] == order["orderId"])
        path = f"/api/admin/orders/{owner}/{order['orderId']}"
        return self.begin("admin-update-order", user, path, asked, method="PATCH")

    def paid(self, row: Dict[str, Any], status: str = "paid") -> Dict[str, Any]:
        """Returns an order's item once its payment has come to a status."""
        version = int(row["version"]["N"]) + 1
        return {**row, **item(version=version, payment={"method": "invoice", "status": status})}

    def noted(self, row: Dict[str, Any], text: str, by: str) -> Dict[str, Any]:
        """Returns an order's item that has one note more."""
        notes = row.get("notes", {"L": []})["L"]
        return {**row, "notes": {"L": [*notes, {"M": item(text=text, by=by, at=self.date())}]}}

    def move(self, send: Dict[str, Any], row: Dict[str, Any], *more: Any) -> Dict[str, Any]:
        """Commits an order's new state for one of the staff, and answers with it."""
        self.commit_move(send, row, *more)
        return self.told_move(send, row)

    def commit_move(self, send: Dict[str, Any], row: Dict[str, Any], *more: Any) -> None:
        """Commits an order's new state for one of the staff."""
        record = self.record(send["user"], row["orderId"]["S"], "order-updated")
        changes = [("orders", row), *more, ("audit", record)]
        self.commit("admin-update-order", *changes, send=send["send"])

    def told_move(self, send: Dict[str, Any], row: Dict[str, Any]) -> Dict[str, Any]:
        """Answers one of the staff with an order's state."""
        plain = plain_item(row)
        shown = {**self.shown(row), "userId": plain["userId"], "notes": plain.get("notes", [])}
        return self.end(send, 200, shown)

    def record(self, actor: str, target: str, action: str = "product-created") -> Dict[str, Any]:
        """Returns a record of the audit log."""
        return item(
            day="2026-11-21#3", auditId=self.id("aud"), at=self.date(), actor=actor,
            action=action, thing=target, changes=[], requestId="Rl1kVgZ3liAEPvw=",
        )  # fmt: skip

    def creation(self, admin: str, key: Optional[str], **changes: Any) -> Dict[str, Any]:
        """Makes a product: 201."""
        send = self.begin_creation(admin, key, **changes)
        return self.end(send, 201, self.create(send))

    # ----------------------------------------------------------------------- the run

    def run(self, name: str = "a run") -> Dict[str, Any]:
        """Returns the run as it is written."""
        tables = {table: list(rows.values()) for table, rows in self.rows.items()}
        document = {
            "name": name, "layer": "simulator",
            "limits": {"functionTimeoutMillis": 10000, "tries": 6, "settleMillis": 30000},
            "faultsEnded": self.faults_ended, "people": self.people, "history": self.history,
            "journal": self.journal, "tables": tables,
        }  # fmt: skip
        return json.loads(json.dumps(document))


class Story(Shop):
    """A correct run with two customers, an admin and a bit of everything.

    Its sends stay at hand, so that a test can change one.
    """

    def __init__(self) -> None:
        super().__init__()
        self.alice, self.bob = self.person("alice"), self.person("bob")
        self.admin = self.person("admin", "admin")
        self.mug, self.pot = self.product(400, 10), self.product(2500, 3)
        self.catalogue = self.list_products(None)
        # A cart, an order, a replay, a list.
        self.filled = self.fill(self.alice, self.mug, 2)
        self.fill(self.alice, self.pot, 1)
        self.seen_cart = self.see_cart(self.alice)
        self.bought = self.checkout(self.alice, "key-alice-1")
        self.replayed = self.replay(self.alice, self.bought)
        self.listed = self.list_orders(self.alice)
        self.got = self.get_order(self.alice, self.bought["body"])
        # Refusals, and the same key used again after one.
        self.empty = self.refused(self.alice, "key-alice-2", "empty-cart")
        self.fill(self.bob, self.pot, 9)
        self.short = self.refused(self.bob, "key-bob-1", "out-of-stock", products=[self.pot])
        self.restock(self.pot, 20)
        self.change_product(self.pot, price=2600)
        old = self.body(self.bob, expectedTotal=euros(9 * 2500))
        self.dearer = self.refused(
            self.bob, "key-bob-1", "price-changed", old, total=euros(9 * 2600)
        )
        self.bob_bought = self.checkout(self.bob, "key-bob-1")
        # The same key with another body.
        send = self.begin_checkout(self.bob, "key-bob-1", self.body(self.bob))
        self.mismatch = self.refuse(send, "idempotency-mismatch")
        # A key of the same name by another customer, whose answer is lost.
        self.fill(self.alice, self.mug, 1)
        self.lost = self.begin_checkout(self.alice, "key-bob-1")
        self.place(self.lost)
        self.lose(self.lost)
        self.found = self.replay(self.alice, self.lost)
        # What failed and was sent again.
        self.fill(self.bob, self.mug, 1)
        self.failed = self.begin_checkout(self.bob, "key-bob-2", intent=77)
        self.refuse(self.failed, "unavailable")
        again = self.begin_checkout(self.bob, "key-bob-2", self.failed["request"], intent=77)
        self.settled = self.end(again, 201, self.place(again))
        # The staff.
        self.created = self.creation(self.admin, "key-admin-1")
        again = self.begin_creation(self.admin, "key-admin-1")
        self.recreated = self.end(again, 200, self.created["body"], idempotent_replayed="true")
        self.unkeyed = self.creation(self.admin, None, name="Green Mug")
        self.removed = self.fill(self.bob, self.mug, 3) and self.unfill(self.bob, self.mug)
        self.change_product(self.mug, status="draft")
