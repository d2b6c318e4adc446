"""I9, the contract: declared statuses, problem documents, the shape of answers, no
inner words, and answers in time.

The tables here are openapi.yaml's; test_contract.py compares them.
"""

from __future__ import annotations

import math
import re
from typing import Any, Dict, Optional, Set, Tuple

from run import REMEMBERED, Run, Send
from verdict import Verdict

_SIGN_IN = (200, 400, 401, 413, 415, 422, 429, 500, 503)
_READ = (200, 400, 401, 403, 429, 500, 503)
_CREATE = (200, 201, 400, 401, 403, 413, 415, 422, 429, 500, 503)
_PASSWORD = (204, 400, 401, 403, 409, 413, 415, 422, 429, 500, 503)
_SIGN_OUT = (204, 400, 401, 403, 413, 415, 422, 429, 500, 503)
# The statuses that each operation declares.
STATUSES = {
    "list-products": (200, 304, 400, 429, 500, 503),
    "get-product": (200, 304, 404, 429, 500, 503),
    "list-categories": (200, 304, 429, 500, 503),
    "register": (201, 400, 409, 413, 415, 422, 429, 500, 503),
    "login": _SIGN_IN,
    "refresh": _SIGN_IN,
    "logout": _SIGN_OUT,
    "change-password": _PASSWORD,
    "get-cart": (200, 401, 403, 429, 500, 503),
    "set-cart-item": (200, 400, 401, 403, 404, 413, 415, 422, 429, 500, 503),
    "remove-cart-item": (204, 401, 403, 404, 429, 500, 503),
    "checkout": (200, 201, 400, 401, 403, 409, 413, 415, 422, 429, 500, 503),
    "get-orders": _READ,
    "get-order": (200, 401, 403, 404, 429, 500, 503),
    "cancel-order": (200, 401, 403, 404, 409, 429, 500, 503),
    "admin-login": (200, 400, 401, 403, 413, 415, 422, 429, 500, 503),
    "admin-refresh": (200, 400, 401, 403, 413, 415, 422, 429, 500, 503),
    "admin-logout": _SIGN_OUT,
    "accept-invite": _PASSWORD,
    "admin-change-password": _PASSWORD,
    "admin-list-orders": _READ,
    "admin-get-order": (200, 401, 403, 404, 429, 500, 503),
    "admin-update-order": (200, 400, 401, 403, 404, 409, 413, 415, 422, 429, 500, 503),
    "admin-search-customers": (200, 400, 401, 403, 404, 413, 415, 422, 429, 500, 503),
    "admin-list-products": _READ,
    "admin-get-product": (200, 401, 403, 404, 429, 500, 503),
    "admin-create-product": tuple(sorted((*_CREATE, 409))),
    "admin-update-product": (200, 400, 401, 403, 404, 409, 413, 415, 422, 429, 500, 503),
    "admin-set-stock": (200, 400, 401, 403, 404, 409, 413, 415, 422, 429, 500, 503),
    "admin-delete-product": (204, 401, 403, 404, 429, 500, 503),
    "admin-save-category": tuple(sorted((*_CREATE, 404, 409))),
    "admin-delete-category": (204, 401, 403, 404, 409, 429, 500, 503),
    "admin-upload": tuple(sorted((*_CREATE, 409))),
    "admin-get-upload": (200, 401, 403, 404, 429, 500, 503),
    "admin-delete-image": (204, 401, 403, 404, 429, 500, 503),
    "admin-list-users": _READ,
    "admin-create-user": tuple(sorted((*_CREATE, 409))),
    "admin-update-user": (200, 400, 401, 403, 404, 409, 413, 415, 422, 429, 500, 503),
    "admin-list-audit": _READ,
    "not-found": (404, 429),
}
# What the gateway answers itself while functions fail. Of its other refusals no
# run gives cause.
GATEWAY = (502, 503, 504)

# The codes of problems, by status.
CODES = {
    400: {"malformed"},
    401: {"unauthenticated"},
    403: {"forbidden"},
    404: {"not-found"},
    409: {"conflict"},
    413: {"payload-too-large"},
    415: {"unsupported-media-type"},
    422: {"invalid"},
    429: {"rate-limited"},
    502: {"unavailable"},
    503: {"unavailable"},
    504: {"unavailable"},
}
CHECKOUT_CODES = {"empty-cart", "out-of-stock", "price-changed", "cart-changed"}
# The other codes of a 409, by operation.
CONFLICT_CODES = {
    "cancel-order": {"invalid-transition"},
    "admin-update-order": {"conflict", "invalid-transition"},
}
# Which operations take an idempotency key.
KEYED = (
    "checkout", "admin-create-product", "admin-set-stock", "admin-upload", "admin-create-user",
)  # fmt: skip
PROBLEM = {"type", "title", "status", "detail", "code", "requestId"}
# What problems of a code have beside that.
EXTRA = {"invalid": {"errors"}, "out-of-stock": {"products"}, "price-changed": {"total"}}

# The properties of answers: those that must be there, and those that may.
SHAPES = {
    "Order": (
        {"orderId", "status", "createdAt", "lines", "total", "shippingAddress", "payment",
         "history", "version"},
        set(),
    ),
    "StaffOrder": (
        {"orderId", "userId", "status", "createdAt", "lines", "total", "shippingAddress",
         "payment", "history", "version", "notes"},
        set(),
    ),
    "OrderLine": ({"productId", "name", "quantity", "unitPrice", "lineTotal"}, set()),
    "ShippingAddress": ({"name", "line1", "postalCode", "city", "country"}, {"line2", "phone"}),
    "OrderPage": ({"items", "nextCursor"}, set()),
    "Cart": ({"items", "total"}, set()),
    "CartItem": (
        {"productId", "name", "quantity", "unitPrice", "lineTotal", "availability", "purchasable"},
        set(),
    ),
    "ProductPage": ({"items", "nextCursor"}, set()),
    "ProductCard": (
        {"productId", "name", "price", "category", "imageUrl", "image", "availability"}, set(),
    ),
    "Product": (
        {"productId", "name", "price", "category", "imageUrl", "image", "availability",
         "description", "images", "createdAt"},
        set(),
    ),
    "StaffProduct": (
        {"productId", "name", "description", "price", "category", "status", "sku", "available",
         "images", "version", "createdAt"},
        set(),
    ),
    "StockLevel": ({"productId", "available"}, set()),
    "Money": ({"amount", "currency"}, set()),
}  # fmt: skip
# What a 2xx of an operation is, and what lies in it where.
BODIES = {
    "checkout": "Order",
    "get-order": "Order",
    "get-orders": "OrderPage",
    "cancel-order": "Order",
    "get-cart": "Cart",
    "set-cart-item": "Cart",
    "list-products": "ProductPage",
    "get-product": "Product",
    "admin-create-product": "StaffProduct",
    "admin-update-product": "StaffProduct",
    "admin-set-stock": "StockLevel",
    "admin-update-order": "StaffOrder",
}
PARTS = {
    "Order": {"lines": "OrderLine", "total": "Money", "shippingAddress": "ShippingAddress"},
    "StaffOrder": {"lines": "OrderLine", "total": "Money", "shippingAddress": "ShippingAddress"},
    "OrderLine": {"unitPrice": "Money", "lineTotal": "Money"},
    "OrderPage": {"items": "Order"},
    "Cart": {"items": "CartItem", "total": "Money"},
    "CartItem": {"unitPrice": "Money", "lineTotal": "Money"},
    "ProductPage": {"items": "ProductCard"},
    "ProductCard": {"price": "Money"},
    "Product": {"price": "Money"},
    "StaffProduct": {"price": "Money"},
}

# What only a program that fell over says, and what no problem of the shop may say
# of its inside. In lower case.
PANIC = (
    "panicked", "rust_backtrace", "stack backtrace", ".rs:", "called `option::",
    "called `result::", "thread '",
)  # fmt: skip
INTERNAL = (
    "dynamo", "aws", "sdk", "lambda", "transaction", "condition", "throttl", "arn:", "exception",
    "unwrap", "panic", "expression", "key#",
)  # fmt: skip

# An id of the shop, whose random letters may spell a word.
ID = re.compile(r"[a-z]{3,4}_[0-9a-z]{26}")

# From how many answers on a hundredth of them is judged.
ENOUGH = 200
# How much later than the function's timeout an answer may come, in milliseconds.
GRACE = 2000


def judge(run: Run, verdict: Verdict) -> None:
    times = []
    for send in run.sends:
        if send.operation not in STATUSES:
            verdict.broken(
                "input",
                f"send {send.number} is of {send.operation}, which no contract has",
                [send.number],
            )
        elif send.status is not None:
            verdict.looked_at("I9")
            times.append(send.ended - send.began)
            for wrong in (judge_status(run, send), judge_time(run, send)):
                if wrong:
                    verdict.broken(
                        "I9", f"send {send.number} ({send.operation}) {wrong}", [send.number]
                    )
    judge_words(run, verdict)
    judge_slowest(run, times, verdict)


def judge_status(run: Run, send: Send) -> Optional[str]:
    """Returns what is wrong with a status and what must come with it."""
    status = send.status or 0
    if status == 500:
        return "was answered 500"
    if status not in STATUSES[send.operation] and status not in GATEWAY:
        return f"was answered {status}, which it does not declare"
    if status < 400:
        return judge_body(run, send)
    if not send.is_problem:
        # AWS's gateway has a short body of its own.
        is_short = send.body in (None, "") or (
            type(send.body) is dict and send.body.keys() == {"message"}
        )
        if is_short and status in (429, *GATEWAY):
            return None
        return f"was answered {status} without a problem document"
    return judge_problem(send, status)


def judge_problem(send: Send, status: int) -> Optional[str]:
    """Returns what is wrong with a problem document."""
    body = send.body
    if type(body) is not dict:
        return f"was answered {status} with a problem that is no object"
    code = str(body.get("code"))
    if code not in codes_of(send.operation, status):
        return f"was answered {status} with the code {code}"
    if body.keys() != PROBLEM | EXTRA.get(code, set()):
        return f"was answered with a problem of {sorted(body)}"
    if body["status"] != status or body["type"] != f"/problems/{code}":
        return f"was answered {status}, and the problem says {body['status']} {body['type']}"
    if not all(type(body[name]) is str and body[name] for name in ("title", "detail", "requestId")):
        return "was answered with a problem without title, detail or request"
    retry = str(send.headers.get("retry-after", ""))
    if status in (429, 502, 503, 504) and not (retry.isdigit() and 1 <= int(retry) <= 900):
        return f"was answered {status} with `Retry-After: {retry}`"
    if status == 401 and send.headers.get("www-authenticate") != "Bearer":
        return "was answered 401 without `WWW-Authenticate: Bearer`"
    return None


def codes_of(operation: str, status: int) -> Set[str]:
    """Returns the codes of problems that an operation may be answered with."""
    if operation == "checkout" and status == 409:
        return CHECKOUT_CODES
    if operation in CONFLICT_CODES and status == 409:
        return CONFLICT_CODES[operation]
    if operation in KEYED and status == 422:
        return {"invalid", "idempotency-mismatch"}
    return CODES.get(status, set())


def judge_body(run: Run, send: Send) -> Optional[str]:
    """Returns what is wrong with the answer of what was done."""
    if send.status in (204, 304):
        if send.body not in (None, ""):
            return f"was answered {send.status} with a body"
    else:
        kind = str(send.headers.get("content-type", "")).split(";")[0].strip()
        if kind != "application/json":
            return f"was answered with the type {kind!r}"
        shape = BODIES.get(send.operation)
        wrong = misshapen(run, send.body, shape) if shape else None
        if wrong:
            return f"was answered with a {wrong}"
        if shape == "Cart":
            wrong = judge_sums(send.body)
            if wrong:
                return wrong
    is_catalogue = send.operation in ("list-products", "get-product")
    if is_catalogue and "etag" not in send.headers:
        return "was answered without `ETag`"
    if "age" in send.headers and not (is_catalogue and 1 <= send.age <= REMEMBERED):
        return f"was answered with the `Age` {send.headers['age']!r}"
    return None


def misshapen(run: Run, value: Any, shape: str) -> Optional[str]:
    """Returns what of a value is not as the contract has it."""
    if shape == "Order" and type(value) is dict:
        # Most are shown again and again, as they are in the table.
        order = run.orders.get(str(value.get("orderId")))
        if order is not None and value == order.shown:
            if order.misshapen is None:
                order.misshapen = misshapen_parts(run, value, shape) or ""
            return order.misshapen
    return misshapen_parts(run, value, shape)


def misshapen_parts(run: Run, value: Any, shape: str) -> Optional[str]:
    """Returns what of the parts of a value is not as the contract has it."""
    if type(value) is not dict:
        return f"{shape} that is no object"
    required, optional = SHAPES[shape]
    keys = value.keys()
    if not (required <= keys and keys <= required | optional):
        return f"{shape} of {sorted(keys)}"
    for name, part_shape in PARTS.get(shape, {}).items():
        part = value[name]
        for one in part if type(part) is list else [part]:
            wrong = misshapen(run, one, part_shape)
            if wrong:
                return wrong
    if shape == "Money" and (type(value["amount"]) is not int or value["amount"] < 0):
        return f"Money of {value['amount']}"
    return None


def judge_sums(cart: Dict[str, Any]) -> Optional[str]:
    """Returns what is wrong with the sums of a cart."""
    total = 0
    for item in cart["items"]:
        line = item["lineTotal"]["amount"]
        total += line if item["purchasable"] else 0
        if line != item["quantity"] * item["unitPrice"]["amount"]:
            return f"shows {line} for {item['quantity']} x {item['unitPrice']['amount']}"
    if total != cart["total"]["amount"]:
        return f"shows the total {cart['total']['amount']} of lines that are {total}"
    return None


def judge_words(run: Run, verdict: Verdict) -> None:
    """No answer has words of the inside."""
    answers = [send for send in run.sends if send.status is not None]
    problems = [send for send in answers if (send.status or 0) >= 400]
    for sends, words in ((answers, PANIC), (problems, INTERNAL)):
        # All at once first, since nearly always there is nothing to be found.
        if not has_word(set().union(*(send.texts() for send in sends)), words):
            continue
        for send in sends:
            word = has_word(words_of(send), words)
            if word:
                verdict.broken(
                    "I9",
                    f"send {send.number} ({send.operation}) was answered {send.status} with "
                    f"{word!r}",
                    [send.number],
                )


def has_word(texts: Set[str], words: Tuple[str, ...]) -> Optional[str]:
    """Returns a word that stands in one of these texts."""
    everything = "\n".join(texts).lower()
    return next((word for word in words if word in everything), None)


def words_of(send: Send) -> Set[str]:
    """Returns the texts of an answer; of a problem without ids and the random one of
    its request."""
    texts = send.texts()
    if send.is_problem and type(send.body) is dict:
        return {text for text in texts - {send.body.get("requestId")} if not ID.fullmatch(text)}
    return texts


def judge_time(run: Run, send: Send) -> Optional[str]:
    """Returns how much too late an answer came."""
    # A process that starts is not on the function's time.
    took = send.ended - (send.began if send.given is None else send.given)
    if took > run.timeout + GRACE:
        return f"was answered after {took} ms"
    return None


def judge_slowest(run: Run, times: list, verdict: Verdict) -> None:
    """All but a hundredth of the answers come before the function's timeout."""
    if len(times) < ENOUGH:
        return
    times.sort()
    slow = times[math.ceil(len(times) * 0.99) - 1]
    if slow >= run.timeout:
        verdict.broken("I9", f"a hundredth of the answers took {slow} ms or more")
