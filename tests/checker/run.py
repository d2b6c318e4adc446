"""Reads one run and indexes it once: sends by key, states by item, orders by id.

A run is what README.md in this folder describes. Whatever is not of that form is
refused with `Malformed`. What is of that form and contradicts itself (a journal
with a gap, a dump that is not what the journal left) is told as a violation of
`input`, since then no other verdict can be trusted.

What is known here of the service is its items as they stand in the tables:
which attributes they have, and that the row of an idempotency key is found by
the SHA-256 of the key.
"""

from __future__ import annotations

import base64
import hashlib
import math
from bisect import bisect_left
from collections import Counter, defaultdict
from functools import lru_cache
from typing import Any, Dict, List, NamedTuple, Optional, Set, Tuple
from urllib.parse import unquote

Item = Dict[str, Any]

# The tables that are judged, and the attributes of their keys.
KEYS = {
    "orders": ("userId", "orderId"),
    "stock": ("productId", "bucket"),
    "products": ("productId",),
    "carts": ("userId", "productId"),
    "audit": ("day", "auditId"),
    "idempotency": ("caller", "keyHash"),
    "movements": ("productId", "movementId"),
}
# What the tables are called in template.yaml, where that is another word.
ALIASES = {
    "inventory": "stock", "idempotencykeys": "idempotency", "stockmovements": "movements",
}  # fmt: skip

# How long plain reads may see a part of a transaction as it was before, in
# milliseconds: longer than it takes to be committed.
TORN = 5000
# How old what a function has read of a product may be, in milliseconds: they are
# read eventually where nothing is bought.
LATELY = 1000
# How old what a process remembers of the catalogue may be, in seconds.
REMEMBERED = 10
# How much later than its effect a commit may be dated, in milliseconds: nothing
# where all is one thread.
DATED = {"simulator": 0, "chaos": 500}

# How many lines a cart may have.
MAX_LINES = 32

# Who writes past the service: the run's own hand.
OPERATOR = "operator"


class Malformed(Exception):
    """A run that is not of the form which README.md describes."""


@lru_cache(maxsize=1024)
def table_name(name: str) -> str:
    """Returns a table's name as the checker knows it: `InventoryTable` is `stock`."""
    short = name.lower().replace("-", "").replace("_", "")
    if short.endswith("table"):
        short = short[: -len("table")]
    return ALIASES.get(short, short)


@lru_cache(maxsize=65536)
def hash_of_key(key: str) -> str:
    """Returns how the tables name an idempotency key."""
    digest = hashlib.sha256(key.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def text(item: Optional[Item], name: str) -> Optional[str]:
    """Returns a text of an item; `None` if there is none."""
    value = item.get(name) if item else None
    return value.get("S") if value else None


def number(item: Optional[Item], name: str) -> Optional[int]:
    """Returns a whole number of an item; `None` if there is none."""
    value = item.get(name) if item else None
    return whole(value.get("N")) if value else None


def whole(digits: Any) -> Optional[int]:
    """Reads a number of DynamoDB's JSON; `None` if it is not a whole one."""
    try:
        return int(digits)
    except (TypeError, ValueError):
        return None


def plain(value: Dict[str, Any]) -> Any:
    """Turns DynamoDB's JSON into plain JSON."""
    ((kind, held),) = value.items()
    if kind == "N":
        as_integer = whole(held)
        return float(held) if as_integer is None else as_integer
    if kind == "M":
        return {name: plain(part) for name, part in held.items()}
    if kind == "L":
        return [plain(part) for part in held]
    if kind == "NULL":
        return None
    return held


def available(item: Optional[Item]) -> int:
    """Returns the pieces of a stock row; none if there is no row."""
    return number(item, "available") or 0


def on_sale(product: Optional[Item]) -> bool:
    """Returns whether customers may buy a product."""
    return text(product, "status") == "published" and not is_deleted(product)


def is_deleted(product: Optional[Item]) -> bool:
    """Returns whether a product's row says that it was deleted: it stays for a day."""
    return text(product, "deletedAt") is not None


def cart_line(row: Optional[Item]) -> Optional[Item]:
    """Returns the line that a row of a cart is: none if it says that the line was
    removed or ordered, by the quantity 0."""
    return None if number(row, "quantity") == 0 else row


class Send:
    """One HTTP request as one client sent it once, and its answer."""

    __slots__ = (
        "number", "intent", "client", "user", "operation", "key", "path", "request",
        "began", "ended", "status", "headers", "body", "deliveries", "arrived", "given",
        "_texts",
    )  # fmt: skip

    def __init__(self, document: Dict[str, Any]) -> None:
        try:
            self.number = document["send"]
            self.intent = document["intent"]
            self.client = document["client"]
            self.user: Optional[str] = document["user"]
            self.operation: str = document["operation"]
            self.key: Optional[str] = document["key"]
            self.path: str = document["path"]
            self.request: Any = document["request"]
            self.began = document["began"]
            self.ended = document["ended"]
            self.status: Optional[int] = document["status"]
            self.headers: Dict[str, str] = document["headers"] or {}
            self.body: Any = document["body"]
            # How often it was delivered: each of them may have its own outcome.
            self.deliveries: int = document.get("deliveries", 1)
            # When it reached the gateway, and when a process was given it, if that is
            # known.
            self.arrived: Optional[int] = document.get("arrived")
            self.given: Optional[int] = document.get("given")
        except (KeyError, TypeError) as error:
            raise Malformed(f"a send lacks {error}: {str(document)[:120]}") from None
        self._texts: Optional[Set[str]] = None
        wrong = self._wrong()
        if wrong:
            raise Malformed(f"send {self.number}: {wrong}")

    def _wrong(self) -> Optional[str]:
        """Returns what of it is not of the form that README.md describes."""
        if not (is_id(self.number) and is_id(self.intent)):
            return "`send` or `intent` is no id"
        if not (type(self.operation) is str and type(self.path) is str):
            return "`operation` or `path` is no text"
        if not (self.key is None or type(self.key) is str):
            return "`key` is no text"
        if type(self.headers) is not dict:
            return "`headers` is no object"
        if not is_time(self.began):
            return "`began` is no time"
        if self.ended is None:
            return None if self.status is None else "it was answered and has no `ended`"
        if not is_time(self.ended):
            return "`ended` is no time"
        if self.ended < self.began:
            return "it ended before it began"
        if not (self.status is None or type(self.status) is int):
            return "`status` is no number"
        return None

    @property
    def age(self) -> int:
        """How old the answer says that it is, in seconds: of most it says nothing."""
        age = str(self.headers.get("age", "0"))
        return int(age) if age.isascii() and age.isdigit() else -1

    @property
    def is_success(self) -> bool:
        """Whether the answer is a 2xx."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def is_definite(self) -> bool:
        """Whether the answer tells what became of the request.

        A 401 does not: it is what somebody with a good token gets from a process
        whose clock is wrong, and they send the same again.
        """
        if self.status is None or self.status >= 500 or self.status == 429:
            return False
        return self.status != 401 or self.user is None

    @property
    def is_unknown(self) -> bool:
        """Whether the request may or may not have had its effect."""
        return self.status is None or self.status >= 500

    @property
    def may_have_done_it(self) -> bool:
        """Whether the request may have had its effect though no 2xx says so.

        Of two deliveries one may have had it, and the other been answered.
        """
        return self.is_unknown or self.deliveries > 1 or self.status == 401

    def may_have_made(self, commit: "Commit") -> bool:
        """Returns whether it may have made a commit, or is said to have.

        Of two deliveries one may be refused, and the other do it later.
        """
        if self.began > commit.at or commit.send not in (None, self.number):
            return False
        return commit.send is not None or self.is_success or self.may_have_done_it

    @property
    def product(self) -> str:
        """The product whose line of a cart it asks to change."""
        return unquote(self.path.partition("?")[0].rpartition("/")[2])

    def member(self, name: str) -> Any:
        """Returns a member of what was asked for; `None` if there is none."""
        return self.request.get(name) if type(self.request) is dict else None

    @property
    def code(self) -> Optional[str]:
        """The `code` of a problem document."""
        return self.body.get("code") if type(self.body) is dict else None

    @property
    def is_problem(self) -> bool:
        """Whether the answer calls itself a problem document."""
        kind = str(self.headers.get("content-type", ""))
        return kind.split(";")[0].strip() == "application/problem+json"


    def texts(self) -> Set[str]:
        """Returns every text of the answer, in its body and its headers."""
        if self._texts is None:
            self._texts = set()
            gather(self.body, self._texts)
            gather(self.headers, self._texts)
        return self._texts


def gather(value: Any, texts: Set[str]) -> None:
    """Adds every text in a JSON value."""
    rest = [value]
    while rest:
        part = rest.pop()
        kind = type(part)
        if kind is str:
            texts.add(part)
        elif kind is dict:
            texts.update(part)
            rest.extend(part.values())
        elif kind is list:
            rest.extend(part)


class Change:
    """One item as one commit changed it."""

    __slots__ = ("commit", "at", "by", "send", "table", "key", "before", "after")

    def __init__(self, document: Dict[str, Any]) -> None:
        try:
            self.commit: int = document["commit"]
            self.at = document["at"]
            self.by: str = document["by"]
            # For which send the function did it, if that is known.
            self.send: Optional[int] = document.get("send")
            self.table = table_name(document["table"])
            self.before: Optional[Item] = document["before"]
            self.after: Optional[Item] = document["after"]
            key = document["key"]
        except (KeyError, TypeError, AttributeError) as error:
            raise Malformed(f"a commit lacks {error}: {str(document)[:120]}") from None
        names = KEYS.get(self.table)
        wrong = self._wrong(names is not None)
        if wrong:
            raise Malformed(f"commit {self.commit}: {wrong}")
        self.key: Tuple[str, ...] = ()
        try:
            if names is not None:
                self.key = tuple([key[name]["S"] for name in names])
        except (KeyError, TypeError):
            raise Malformed(
                f"commit {self.commit}: `key` of {self.table} is not {names}"
            ) from None

    def _wrong(self, is_judged: bool) -> Optional[str]:
        """Returns what of it is not of the form that README.md describes."""
        if type(self.commit) is not int:
            return "`commit` is no number"
        if not is_time(self.at):
            return "`at` is no time"
        if type(self.by) is not str:
            return "`by` is no text"
        if not (self.send is None or is_id(self.send)):
            return "`send` is no id"
        for state in (self.before, self.after):
            if not (state is None or type(state) is dict):
                return "`before` or `after` is no item"
        if is_judged and self.before == self.after:
            return f"an item of {self.table} did not change"
        return None

    @property
    def is_of_pieces(self) -> bool:
        """Whether it changes how many pieces a row of a cart has."""
        before, after = number(self.before, "quantity"), number(self.after, "quantity")
        return (before or 0) != (after or 0)


class Timeline:
    """The states of one item, in the order in which they were committed."""

    __slots__ = ("times", "states", "commits", "torn")

    def __init__(self) -> None:
        self.times: List[float] = []
        self.states: List[Optional[Item]] = []
        self.commits: List[int] = []
        # Until when plain reads may see what was before, if it came by a transaction.
        self.torn: List[float] = []

    def add(self, change: Change, torn: float) -> None:
        self.add_state(change.after, change, torn)

    def add_state(self, state: Optional[Item], change: Change, torn: float) -> None:
        self.times.append(change.at)
        self.states.append(state)
        self.commits.append(change.commit)
        self.torn.append(torn)

    def between(
        self, began: float, ended: float, late: float = 0, but: Optional[int] = None
    ) -> List[Optional[Item]]:
        """Returns every state that a read between these moments may have seen.

        `late` is how long plain reads may see an item as it was before a
        transaction of which nobody was told yet that it is done. `but` is a
        commit whose states don't count.
        """
        times, states = self.times, self.states
        place = bisect_left(times, began)
        found = [states[place - 1] if place else None]
        if late and place and times[place - 1] >= began - late and self.torn[place - 1] >= began:
            found.append(states[place - 2] if place > 1 else None)
        while place < len(times) and times[place] <= ended:
            if self.commits[place] != but:
                found.append(states[place])
            place += 1
        return found


# The states of what never was there.
NOTHING = Timeline()


class Commit:
    """All items that one committed write changed."""

    __slots__ = ("number", "at", "by", "send", "changes", "tables")

    def __init__(self, first: Change) -> None:
        self.number, self.at, self.by = first.commit, first.at, first.by
        self.send = first.send
        self.changes: List[Change] = []
        self.tables: Dict[str, List[Change]] = {}
        self.add(first)

    def add(self, change: Change) -> None:
        self.changes.append(change)
        self.tables.setdefault(change.table, []).append(change)

    def of(self, table: str) -> List[Change]:
        """Returns the changes of a table."""
        return self.tables.get(table, [])


class Order:
    """An order as it was committed, and what was the case just before."""

    __slots__ = (
        "id", "user", "commit", "item", "content", "versions", "torn", "key_rows", "key", "products",
        "cart", "sends", "makers", "shown", "misshapen", "is_called_off",
    )  # fmt: skip

    def __init__(self, change: Change, commit: Commit) -> None:
        assert change.after is not None
        self.user, self.id = change.key
        self.commit = commit
        self.item: Item = change.after
        self.content: Dict[str, Any] = plain_item(change.after)
        # As an answer shows it, and what is wrong with its shape; `None` if
        # that was not looked at.
        self.shown = shown(self.content)
        # Whether its pieces came back.
        self.is_called_off = False
        self.misshapen: Optional[str] = None
        # Each state that it had, from when on.
        self.versions: List[Tuple[float, Dict[str, Any]]] = [(commit.at, self.content)]
        # Until when plain reads may see what was before each.
        self.torn: List[float] = [-math.inf]
        # The rows in the same commit that name it as their key's order.
        self.key_rows: List[Change] = []
        # The key that made it, as the client sent it; `None` if that can't be told.
        self.key: Optional[str] = None
        # Products of its lines, and the customer's cart, just before the commit.
        self.products: Dict[str, Optional[Item]] = {}
        self.cart: Dict[str, Item] = {}
        # The sends of its key, and those that can have made it.
        self.sends: List[Send] = []
        self.makers: List[Send] = []

    @property
    def lines(self) -> List[Dict[str, Any]]:
        """Its lines, as far as they can be read."""
        lines = self.content.get("lines")
        return [line for line in lines if type(line) is dict] if type(lines) is list else []

    def quantities(self) -> Dict[str, int]:
        """Returns the pieces of each product."""
        pieces: Dict[str, int] = defaultdict(int)
        for line in self.lines:
            quantity = line.get("quantity")
            pieces[str(line.get("productId"))] += quantity if type(quantity) is int else 0
        return pieces

    def find_makers(self) -> None:
        """Finds which sends of its key can have made it: those that asked for this,
        had begun, and were not refused."""
        at, maker = self.commit.at, self.commit.send
        asked = [
            send for send in self.sends
            if send.began <= at and self.was_asked_by(send) and maker in (None, send.number)
        ]  # fmt: skip
        created = [send for send in asked if send.status == 201 and names(send) == self.id]
        self.makers = created or [
            send for send in asked
            if send.may_have_done_it or (send.status == 200 and names(send) == self.id)
        ]  # fmt: skip

    def was_asked_by(self, send: Send) -> bool:
        """Returns whether this is what the body of a send asked for."""
        body = meaning(send.request)
        if body is None:
            return False
        address = self.content.get("shippingAddress")
        payment = self.content.get("payment")
        return (
            body["expectedTotal"] == self.content.get("total")
            and body["shippingAddress"] == address
            and type(payment) is dict
            and body["paymentMethod"] == payment.get("method")
        )


# What a customer is not shown of an order's row.
UNSHOWN = ("userId", "statusShard", "notes")


def shown(content: Dict[str, Any]) -> Dict[str, Any]:
    """Returns a state of an order as an answer shows it."""
    return {name: value for name, value in content.items() if name not in UNSHOWN}


def names(send: Send) -> Optional[str]:
    """Returns which order a checkout's answer names."""
    return send.body.get("orderId") if type(send.body) is dict else None


def plain_item(item: Item) -> Dict[str, Any]:
    """Turns an item into plain JSON."""
    try:
        return {name: plain(value) for name, value in item.items()}
    except (AttributeError, ValueError, TypeError):
        raise Malformed(f"an item is not DynamoDB's JSON: {str(item)[:120]}") from None


def meaning(body: Any) -> Optional[Dict[str, Any]]:
    """Returns what a checkout's body means; `None` if it can't be read as one.

    Lines are trimmed, `null` and an empty second line are as if left out, and
    separators in a telephone number don't count (openapi.yaml).
    """
    if type(body) is not dict or type(body.get("shippingAddress")) is not dict:
        return None
    address = {}
    for name, value in body["shippingAddress"].items():
        if type(value) is str:
            value = value.strip()
        if name == "phone" and type(value) is str:
            value = value.translate(SEPARATORS)
        if value is None or (name == "line2" and value == ""):
            continue
        address[name] = value
    return {
        "expectedTotal": body.get("expectedTotal"),
        "shippingAddress": address,
        "paymentMethod": body.get("paymentMethod"),
    }


SEPARATORS = str.maketrans("", "", " -.()")


def drops_line(commit: Commit, send: Optional[Send]) -> bool:
    """Returns whether a request to set a line takes another one out, which is no longer
    sold: by a transaction that also looks at its product."""
    if send is None or commit.by != "set-cart-item":
        return False
    return any(change.key[1] != send.product for change in commit.of("carts"))


def items_of(send: Send) -> Optional[List[Dict[str, Any]]]:
    """Returns the items of a list; `None` if the answer is none, of which I9 tells."""
    items = send.body.get("items") if type(send.body) is dict else None
    if type(items) is not list or not all(type(item) is dict for item in items):
        return None
    return items


class Person(NamedTuple):
    """Somebody with an account."""

    user: str
    role: str
    canary: Optional[str]


class Run:
    """A run and its indexes."""

    def __init__(self, document: Any) -> None:
        expect(type(document) is dict, "the run", "is no object")
        for name, kind in SHAPE.items():
            expect(type(document.get(name)) is kind, f"`{name}`", "is absent or of another type")
        self.name: str = document["name"]
        expect(document["layer"] in DATED, "`layer`", "is neither simulator nor chaos")
        # How much later than its effect a commit may be dated.
        self.dated = DATED[document["layer"]]
        limits = document["limits"]
        for name in ("functionTimeoutMillis", "tries", "settleMillis"):
            expect(is_time(limits.get(name)), f"`limits.{name}`", "is no number")
        self.timeout: float = limits["functionTimeoutMillis"]
        self.tries: int = limits["tries"]
        self.settle: float = limits["settleMillis"]
        self.faults_ended = document.get("faultsEnded")
        expect(is_time(self.faults_ended), "`faultsEnded`", "is no time")
        self.people = read_people(document["people"])
        # What contradicts itself in what was read.
        self.contradictions: List[Tuple[str, List[int]]] = []
        self._read_sends(document["history"])
        self._read_journal(document["journal"])
        self._read_tables(document["tables"])
        self._find_keys()

    def _read_sends(self, history: List[Any]) -> None:
        self.sends = [Send(document) for document in history]
        self.numbered: Dict[Any, Send] = {send.number: send for send in self.sends}
        self.intents: Dict[Any, List[Send]] = defaultdict(list)
        # By operation, user and key.
        self.keyed: Dict[Tuple[str, str, str], List[Send]] = defaultdict(list)
        self.by_operation: Dict[str, List[Send]] = defaultdict(list)
        seen: Set[Any] = set()
        last = float("-inf")
        for send in self.sends:
            if send.number in seen:
                raise Malformed(f"send {send.number}: stands in the history twice")
            if send.began < last:
                raise Malformed(f"send {send.number}: stands after one that began later")
            if send.user is not None and send.user not in self.people:
                raise Malformed(f"send {send.number}: {send.user} is not in `people`")
            seen.add(send.number)
            last = send.began
            self.intents[send.intent].append(send)
            self.by_operation[send.operation].append(send)
            if send.key is not None and send.user is not None:
                self.keyed[send.operation, send.user, send.key].append(send)

    def _read_journal(self, journal: List[Any]) -> None:
        self.commits: List[Commit] = []
        for document in journal:
            change = Change(document)
            last = self.commits[-1] if self.commits else None
            if last is not None and last.number == change.commit:
                last.add(change)
                continue
            if last is not None and not (change.commit > last.number and change.at >= last.at):
                raise Malformed(f"commit {change.commit}: stands after a later one")
            self.commits.append(Commit(change))
        # How many commits of several items each send made.
        several = (commit.send for commit in self.commits if len(commit.changes) > 1)
        self.made_by: Dict[Any, int] = Counter(several)
        self._replay()

    def _replay(self) -> None:
        self.orders: Dict[str, Order] = {}
        self.stock: Dict[str, Timeline] = {}
        self.products: Dict[str, Timeline] = {}
        # By user, then by product.
        self.carts: Dict[str, Dict[str, Timeline]] = {}
        # Each write of a row of a cart, whatever it changed, by user and product.
        self.cart_changes: Dict[Tuple[str, ...], List[Change]] = defaultdict(list)
        # The rows of the keys of checkout, by user and hash.
        self.key_rows: Dict[Tuple[str, str], List[Change]] = defaultdict(list)
        # The products that the operator deleted.
        self.deleted: Set[str] = set()
        now: Dict[str, Dict[Tuple[str, ...], Item]] = {table: {} for table in KEYS}
        carts: Dict[str, Dict[str, Item]] = defaultdict(dict)
        for commit in self.commits:
            self._find_orders(commit, now["products"], carts)
            torn = self._torn_until(commit)
            for change in commit.changes:
                table = change.table
                if table not in KEYS:
                    continue
                if now[table].get(change.key) != change.before:
                    self.contradictions.append((
                        f"commit {change.commit} found in {table} another {'/'.join(change.key)} "
                        "than the commits before it left",
                        [change.commit],
                    ))  # fmt: skip
                if table == "products" and is_uncounted(change):
                    self.contradictions.append((
                        f"the operator changed {change.key[0]} without counting its version",
                        [change.commit],
                    ))  # fmt: skip
                if change.after is None:
                    now[table].pop(change.key, None)
                else:
                    now[table][change.key] = change.after
                if table == "stock":
                    self.stock.setdefault(change.key[0], Timeline()).add(change, torn)
                elif table == "products":
                    if change.after is None and change.by == OPERATOR:
                        self.deleted.add(change.key[0])
                    self.products.setdefault(change.key[0], Timeline()).add(change, torn)
                elif table == "carts":
                    user, product = change.key
                    lines = self.carts.setdefault(user, {})
                    self.cart_changes[change.key].append(change)
                    line = cart_line(change.after)
                    if line is not None or cart_line(change.before) is not None:
                        lines.setdefault(product, Timeline()).add_state(line, change, torn)
                    if line is None:
                        carts[user].pop(product, None)
                    else:
                        carts[user][product] = line
                elif table == "orders":
                    self._note_order_row(change, torn)
        self.now = now

    def _torn_until(self, commit: Commit) -> float:
        """Returns until when plain reads may see of a commit what was before: until whoever asked
        for it is told that it is done, where it is known who did. Of a send that may have been
        delivered twice one delivery may be told of what the other one still does."""
        send = self.numbered.get(commit.send)
        if len(commit.changes) < 2 and not drops_line(commit, send):
            return -math.inf
        if send is None or not send.is_success or send.ended < commit.at:
            return math.inf
        is_replay = send.headers.get("idempotent-replayed") == "true"
        is_twice = send.deliveries > 1 or self.made_by[commit.send] > 1
        return math.inf if is_replay or is_twice else send.ended

    def _find_orders(
        self,
        commit: Commit,
        products: Dict[Tuple[str, ...], Item],
        carts: Dict[str, Dict[str, Item]],
    ) -> None:
        """Finds the orders that a commit makes, with the state just before it."""
        rows = commit.of("orders")
        made = [Order(row, commit) for row in rows if row.before is None and is_order(row)]
        for order in made:
            self.orders[order.id] = order
            order.products = {p: products.get((p,)) for p in order.quantities()}
            order.cart = dict(carts[order.user])
            order.key_rows = [
                row for row in rows if text(row.after, "order") == order.id and not is_order(row)
            ]  # fmt: skip

    def _note_order_row(self, change: Change, torn: float) -> None:
        user, sort_key = change.key
        if not is_order(change):
            self.key_rows[user, sort_key].append(change)
        elif change.before is not None and change.after is not None:
            order = self.orders.get(sort_key)
            if order is not None:
                order.versions.append((change.at, plain_item(change.after)))
                order.torn.append(torn)
                order.is_called_off |= returns(change.before, change.after)

    def _read_tables(self, tables: Dict[str, Any]) -> None:
        self.tables: Dict[str, Dict[Tuple[str, ...], Item]] = {}
        for name, items in tables.items():
            table = table_name(name)
            if table not in KEYS:
                continue
            expect(type(items) is list, f"table {name}", "is no list")
            rows = {}
            for item in items:
                try:
                    rows[tuple([item[part]["S"] for part in KEYS[table]])] = item
                except (KeyError, TypeError):
                    raise Malformed(f"table {name} holds an item without its key") from None
            self.tables[table] = rows
        for table in KEYS:
            expect(table in self.tables, f"table {table}", "is absent from `tables`")
            if self.tables[table] != self.now[table]:
                self._tell_difference(table)

    def _tell_difference(self, table: str) -> None:
        left, dumped = self.now[table], self.tables[table]
        for key in sorted(left.keys() | dumped.keys()):
            if left.get(key) != dumped.get(key):
                self.contradictions.append((
                    f"the dump of {table} does not hold {'/'.join(key)} as the journal left it",
                    [],
                ))  # fmt: skip

    def _find_keys(self) -> None:
        """Finds the key that made each order: by its row, or else by its answers."""
        checkouts = self.by_operation["checkout"]
        # By user and the key's hash.
        self.hashes: Dict[Tuple[str, str], str] = {}
        named: Dict[str, Set[str]] = defaultdict(set)
        for send in checkouts:
            if send.key is None or send.user is None:
                continue
            self.hashes[send.user, "key#" + hash_of_key(send.key)] = send.key
            if send.is_success:
                named[str(names(send))].add(send.key)
        self.orders_of_key: Dict[Tuple[str, str], List[Order]] = defaultdict(list)
        for order in self.orders.values():
            for row in order.key_rows:
                order.key = self.hashes.get(row.key) if row.key[0] == order.user else None
            if not order.key_rows and len(named[order.id]) == 1:
                (order.key,) = named[order.id]
            if order.key is not None:
                self.orders_of_key[order.user, order.key].append(order)
                order.sends = self.keyed["checkout", order.user, order.key]
                order.find_makers()


SHAPE = {
    "name": str, "layer": str, "limits": dict, "people": list,
    "history": list, "journal": list, "tables": dict,
}  # fmt: skip


def read_people(documents: List[Any]) -> Dict[str, Person]:
    """Reads who has an account, by user id."""
    people = {}
    for document in documents:
        try:
            person = Person(document["userId"], document["role"], document.get("canary"))
        except (KeyError, TypeError, AttributeError):
            raise Malformed(f"somebody lacks an id or a role: {str(document)[:120]}") from None
        expect(type(person.user) is str, str(person.user), "is no user id")
        expect(
            person.role != "customer" or (type(person.canary) is str and len(person.canary) > 0),
            person.user, "is a customer without a canary",
        )  # fmt: skip
        people[person.user] = person
    return people


def is_order(change: Change) -> bool:
    """Returns whether a row of the table `orders` is an order, and no key's row."""
    return change.key[1].startswith("ord_")


# Where an order stands while it has not shipped, and once it is called off.
UNSHIPPED = ("pending-payment", "placed", "processing")
CALLED_OFF = ("cancelled", "expired", "refunded")


def returns(before: Optional[Item], after: Optional[Item]) -> bool:
    """Returns whether the pieces of an order that changes come back into the stock."""
    return text(before, "status") in UNSHIPPED and text(after, "status") in CALLED_OFF


def is_uncounted(change: Change) -> bool:
    """Returns whether the run's own hand changed a product so that nobody who had
    read it could notice: then no price can be judged."""
    before, after = change.before, change.after
    return (
        change.by == OPERATOR
        and before is not None
        and after is not None
        and before.get("version") == after.get("version")
        and any(before.get(name) != after.get(name) for name in ("price", "status", "name"))
    )


def is_id(value: Any) -> bool:
    return type(value) is int or type(value) is str


def is_time(value: Any) -> bool:
    return type(value) is int or type(value) is float


def expect(holds: bool, what: str, why: str) -> None:
    """Refuses the run unless something holds."""
    if not holds:
        raise Malformed(f"{what}: {why}")
