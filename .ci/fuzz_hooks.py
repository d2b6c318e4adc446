"""What the fuzzing of the contract tells schemathesis: who calls, with which real ids.

Loaded by schemathesis in a process of its own for each role (`.ci/fuzz-contract` starts
it). Values that a schema can't know are put in before a request is sent: ids of products
that exist, the total of the cart, a password that is right, a token that was given. So
the handlers are reached behind their checks of the input.

A request that changes its own caller (signing out everywhere, changing a password) is
sent as somebody who was made for it and is not needed afterwards.
"""

import atexit
import collections
import json
import os
import random
import re
import secrets
import time
import unicodedata
import zlib

import jsonschema_rs
import requests
import schemathesis
from schemathesis.core.failures import AcceptedNegativeData
from schemathesis.core.parameters import ParameterLocation as Location
from schemathesis.generation.meta import (
    CONTENT_TYPE_PROBES,
    CoverageScenario,
    coverage_scenario,
)
from schemathesis.openapi.checks import RejectedPositiveData, UnsupportedMethodResponse

API = os.environ["FUZZ_API"]
ROLE = os.environ["FUZZ_ROLE"]
SUPER_ADMIN = json.loads(os.environ["FUZZ_SUPER_ADMIN"])
REPORT = os.environ["FUZZ_REPORT"]
# The values of `x-audience` that are meant for the role, besides `anyone`.
AUDIENCES = set(os.environ["FUZZ_AUDIENCES"].split())
# Access tokens are valid for 900 seconds.
TOKEN_SECONDS = 600
# Operations that end what their caller is signed in with.
ENDS_SESSIONS = {"logout", "admin-logout", "change-password", "admin-change-password"}
# After ten wrong passwords an account is closed to the address that they come from.
MANY_FAILURES = 8

chance = random.Random(f"{os.environ['FUZZ_SEED']} {ROLE}")
http = requests.Session()


def call(method, path, status, token=None, **options):
    """Makes a request of our own, which has to succeed."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    headers |= options.pop("headers", {})
    answer = http.request(method, API + path, headers=headers, timeout=30, **options)
    if answer.status_code != status:
        raise RuntimeError(f"{method} {path}: {answer.status_code} {answer.text}")
    return answer.json() if answer.content else None


class Person:
    """Someone with an account, who signs in anew before their token ends."""

    def __init__(self, role, email, password):
        self.role, self.email, self.password = role, email, password
        self.session, self.since = None, 0.0

    @property
    def side(self):
        return "auth" if self.role == "customer" else "admin"

    def sign_in(self):
        """Opens another session."""
        body = {"email": self.email, "password": self.password}
        return call("POST", f"/api/{self.side}/login", 200, json=body)

    @property
    def token(self):
        if self.session is None or time.monotonic() - self.since > TOKEN_SECONDS:
            self.session, self.since = self.sign_in(), time.monotonic()
        return self.session["accessToken"]

    @property
    def user_id(self):
        assert self.token
        return self.session["user"]["userId"]


operator = Person("super-admin", SUPER_ADMIN["email"], SUPER_ADMIN["password"])


def name_of_nobody():
    return f"fuzz-{secrets.token_hex(8)}"


def new_password():
    return f"{secrets.token_hex(8)} at night"


def invite(role):
    body = {"email": f"{name_of_nobody()}@example.com", "name": "Fuzz", "role": role}
    return body["email"], call("POST", "/api/admin/users", 201, operator.token, json=body)


def new_person(role):
    """Makes an account that nobody else uses."""
    password = new_password()
    if role == "customer":
        email = f"{name_of_nobody()}@example.com"
        body = {"email": email, "password": password, "name": "Fuzz"}
        call("POST", "/api/auth/register", 201, json=body)
    else:
        email, invited = invite(role)
        body = {"token": invited["invitation"]["token"], "password": password}
        call("POST", "/api/admin/accept-invite", 204, json=body)
    return Person(role, email, password)


def new_product(status):
    body = {
        "name": "A lamp for fuzzing",
        "price": {"amount": 100, "currency": "EUR"},
        "category": "lamps",
        "status": status,
        "stock": 1000000,
    }
    return call("POST", "/api/admin/products", 201, operator.token, json=body)["productId"]


class Spare:
    """Somebody who may be spoilt, and is then replaced."""

    def __init__(self, role):
        self.role, self.person, self.failures = role, None, 0

    def get(self):
        if self.person is None or self.failures >= MANY_FAILURES:
            self.person, self.failures = new_person(self.role), 0
        return self.person

    def spoil(self):
        self.person = None


def new_category():
    slug = name_of_nobody()
    call("PUT", f"/api/admin/categories/{slug}", 201, operator.token, json={"name": "Fuzz"})
    return slug


def new_upload(admin):
    """Asks for an upload, which only who has asked for it may look at."""
    body = {"productId": DRAFT, "contentType": "image/png", "contentLength": 100}
    return call("POST", "/api/admin/uploads", 201, admin.token, json=body)["uploadId"]


def chunk(kind, content):
    check = zlib.crc32(kind + content).to_bytes(4, "big")
    return len(content).to_bytes(4, "big") + kind + content + check


def png():
    """Returns a picture of one grey pixel."""
    header = (1).to_bytes(4, "big") * 2 + bytes([8, 0, 0, 0, 0])
    pixel = zlib.compress(bytes([0, 128]))
    parts = chunk(b"IHDR", header), chunk(b"IDAT", pixel), chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def new_image(admin):
    """Sends a picture of the draft and waits until it is judged."""
    body = {"productId": DRAFT, "contentType": "image/png", "contentLength": 100}
    form = call("POST", "/api/admin/uploads", 201, admin.token, json=body)
    sent = http.post(form["url"], data=form["fields"], files={"file": png()}, timeout=30)
    if sent.status_code != 201:
        raise RuntimeError(f"the bucket: {sent.status_code} {sent.text}")
    for _ in range(300):
        state = call("GET", f"/api/admin/uploads/{form['uploadId']}", 200, admin.token)
        if state["status"] != "pending":
            return state["image"]["imageId"]
        time.sleep(0.1)
    raise RuntimeError("a picture is not judged")


LAMPS = [new_product("published") for _ in range(3)]
DRAFT = new_product("draft")
caller = None if ROLE == "anonymous" else new_person(ROLE)
spare_caller = None if ROLE == "anonymous" else Spare(ROLE)
# One has products, the others may be deleted.
SLUGS = ["lamps", *(new_category() for _ in range(3))]
uploads, images = [], []
if ROLE in ("admin", "super-admin"):
    uploads = [new_upload(caller)]
    images = [new_image(caller) for _ in range(5)]
# Whose accounts and sessions are signed in to, refreshed and signed out of.
guests = {"auth": Spare("customer"), "admin": Spare("staff")}
# Whose role and status change.
subjects = [new_person("staff").user_id, invite("admin")[1]["userId"]]
subjects.append(new_person("customer").user_id)
orders = []
# Who has placed them: the caller, or a customer whom the staff serve.
buyer = caller if ROLE == "customer" else new_person("customer")
if ROLE != "anonymous":
    for _ in range(3):
        call("PUT", f"/api/cart/items/{LAMPS[0]}", 200, buyer.token, json={"quantity": 2})
        address = {"name": "Fuzz", "line1": "1", "postalCode": "1", "city": "B", "country": "DE"}
        order = {
            "expectedTotal": {"amount": 200, "currency": "EUR"},
            "shippingAddress": address,
            "paymentMethod": "invoice",
        }
        key = {"Idempotency-Key": name_of_nobody()}
        placed = call("POST", "/api/checkout", 201, buyer.token, json=order, headers=key)
        orders.append(placed["orderId"])


@schemathesis.auth(refresh_interval=None)
class Token:
    """Signs every request with the role's token, whoever the operation is for."""

    def get(self, case, context):
        if caller is None:
            return None
        if operation_id(case) in ENDS_SESSIONS:
            return spare_caller.get().token
        return caller.token

    def set(self, case, data, context):
        case.headers["Authorization"] = f"Bearer {data}"


def operation_id(case):
    return case.operation.definition.raw["operationId"]


def operation_audience(case):
    return case.operation.definition.raw["x-audience"]


def is_ours(case):
    """Returns whether the role may call the operation."""
    return operation_audience(case) in AUDIENCES | {"anyone"}


def is_valid_at(case, location):
    return not case.meta.is_negative_at(location)


# ------------------------------------------------------------------ real values
def side_of(case):
    return "admin" if case.path.startswith("/api/admin/") else "auth"


def one_in(n):
    return chance.randrange(n) == 0


def real_credentials(case, body):
    person = guests[side_of(case)].get()
    return body | {"email": person.email, "password": person.password}


def real_refresh_token(case, body):
    if "refreshToken" not in body:
        return body
    return body | {"refreshToken": guests[side_of(case)].get().sign_in()["refreshToken"]}


def good_password(case, body):
    """Chooses a password: most generated ones hold characters that passwords may not."""
    return body | {"password": new_password()} if one_in(2) else body


def new_customer(case, body):
    """Chooses an address too: the examples' has an account soon."""
    body = good_password(case, body)
    return body | {"email": f"{name_of_nobody()}@example.com"} if one_in(2) else body


def real_invitation(case, body):
    token = invite("staff")[1]["invitation"]["token"]
    return good_password(case, body | {"token": token})


def real_password(case, body):
    if caller is None:
        return body
    body = body | {"currentPassword": spare_caller.get().password}
    return body | {"newPassword": new_password()} if one_in(2) else body


def whole_numbers(value):
    """Returns a value with its integers written as such: `2.0` is one to JSON Schema."""
    if isinstance(value, dict):
        return {name: whole_numbers(it) for name, it in value.items()}
    return int(value) if isinstance(value, float) and value.is_integer() else value


def real_total(case, body):
    if caller is None or caller.role != "customer":
        return body
    path = f"/api/cart/items/{chance.choice(LAMPS)}"
    cart = call("PUT", path, 200, caller.token, json={"quantity": chance.randint(1, 99)})
    return body | {"expectedTotal": cart["total"]}


def real_product(case, body):
    return body | {"productId": chance.choice([*LAMPS, DRAFT])}


def any_version(case, body):
    """Leaves out the version that was read: others have changed it since."""
    return {name: value for name, value in body.items() if name != "version"}


def real_update(case, body):
    """Writes a note down, which every order takes."""
    return {"note": "Fuzzed."} if one_in(2) else any_version(case, body)


def real_change(case, body):
    """Names a category that is there, and no code, which another may have."""
    body = {name: value for name, value in any_version(case, body).items() if name != "sku"}
    if "price" in body:
        body["price"] = {"amount": 100, "currency": "EUR"}
    return body | {"category": "lamps", "name": "A changed lamp"}


def real_customer(case, body):
    """Looks for somebody who is there, by what the body has."""
    if isinstance(body.get("email"), str):
        return body | {"email": buyer.email}
    return body | {"orderId": chance.choice(orders)} if orders else body


REAL_BODIES = {
    "register": new_customer,
    "login": real_credentials,
    "admin-login": real_credentials,
    "refresh": real_refresh_token,
    "admin-refresh": real_refresh_token,
    "logout": real_refresh_token,
    "admin-logout": real_refresh_token,
    "accept-invite": real_invitation,
    "change-password": real_password,
    "admin-change-password": real_password,
    "checkout": real_total,
    "admin-upload": real_product,
    "admin-search-customers": real_customer,
    "admin-update-order": real_update,
    "admin-update-product": real_change,
    "admin-save-category": any_version,
}


def real_cursor(case, query):
    """Returns the query with the cursor that its own first page gives, or without any."""
    query = {name: value for name, value in query.items() if name != "cursor"}
    first = http.get(
        API + case.formatted_path,
        params=query | {"limit": 1},
        headers={"Authorization": f"Bearer {caller.token}"} if caller else {},
        timeout=30,
    )
    cursor = first.json().get("nextCursor") if first.status_code == 200 else None
    return query | {"cursor": cursor} if cursor else query


@schemathesis.hook
def before_call(context, case, kwargs):
    if case.meta is None or not is_ours(case):
        return
    if is_valid_at(case, Location.PATH) and not one_in(8):
        known = {
            "productId": LAMPS, "orderId": orders, "userId": subjects, "slug": SLUGS,
            "uploadId": uploads, "imageId": images,
        }
        if "imageId" in case.path_parameters:
            known["productId"] = [DRAFT]
        if "orderId" in case.path_parameters:
            known["userId"] = [buyer.user_id]
        real = {name: chance.choice(known[name]) for name in case.path_parameters if known.get(name)}
        if real:
            case.path_parameters = case.path_parameters | real
    # Ids that answers had are used again. Whoever we call as has to stay who they are.
    if case.path_parameters.get("userId") in {it.user_id for it in (operator, caller) if it}:
        case.path_parameters = case.path_parameters | {"userId": chance.choice(subjects)}
    if is_valid_at(case, Location.QUERY) and "cursor" in case.query and not one_in(8):
        case.query = real_cursor(case, case.query)
    # The examples' keys would be used for one body after another.
    if is_valid_at(case, Location.HEADER) and "Idempotency-Key" in case.headers and not one_in(8):
        case.headers["Idempotency-Key"] = name_of_nobody()
    # So would the version that they have read.
    if is_valid_at(case, Location.HEADER) and "If-Match" in case.headers and not one_in(8):
        del case.headers["If-Match"]
    if isinstance(case.body, dict) and is_valid_at(case, Location.BODY):
        case.body = whole_numbers(case.body)
        real = REAL_BODIES.get(operation_id(case))
        if real and not one_in(8):
            case.body = real(case, case.body)


@schemathesis.hook
def after_call(context, case, response):
    operation, status = operation_id(case), response.status_code
    if case.meta is None or coverage_scenario(case) != CoverageScenario.UNSPECIFIED_HTTP_METHOD:
        answers[operation][status] += 1
    if operation in ENDS_SESSIONS and spare_caller:
        if status == 204:
            spare_caller.spoil()
        elif status == 422:
            spare_caller.failures += 1
    if operation in ("login", "admin-login") and status == 401:
        guests[side_of(case)].failures += 1


# -------------------------------------------------------------- our own checks
@schemathesis.check
def role_is_kept(ctx, response, case):
    """With the role's token, its own operations are open to it and others answer 403; without, 401."""
    if coverage_scenario(case) == CoverageScenario.UNSPECIFIED_HTTP_METHOD:
        return True
    if operation_id(case) in ENDS_SESSIONS or case.meta.is_negative_at(Location.PATH):
        return True
    sent = response.request.headers.get("Authorization")
    signed_in = caller is not None and sent == f"Bearer {caller.token}"
    status = response.status_code
    if not is_ours(case):
        wanted = 403 if signed_in else 401
        assert status == wanted, f"{status}, expected {wanted}"
    elif signed_in and operation_audience(case) != "anyone" and not is_an_admins(case):
        assert status not in (401, 403), f"{status} to whom it is for"
    return None


def is_an_admins(case):
    """Returns whether one of the staff asks for what only admins may do to an order."""
    body = case.body if isinstance(case.body, dict) else {}
    is_money = body.get("paid") is True or body.get("status") == "refunded"
    return ROLE == "staff" and operation_id(case) == "admin-update-order" and is_money


@schemathesis.check
def probes_are_documented(ctx, response, case):
    """Judges what schemathesis sends on purpose in another shape, and asks only for no 5xx."""
    scenario = coverage_scenario(case)
    if scenario == CoverageScenario.UNSPECIFIED_HTTP_METHOD:
        assert is_route_not_found(case, response), f"{response.status_code} {response.headers}"
    elif scenario in CONTENT_TYPE_PROBES and "requestBody" in case.operation.definition.raw:
        documented = case.operation.responses.status_codes
        assert str(response.status_code) in documented, f"undocumented {response.status_code}"
        assert response.status_code >= 400, "a body of another media type was taken"
    else:
        return True
    return None


def is_route_not_found(case, response):
    """Returns whether this is the contract's answer to a route that it doesn't have."""
    contract = case.operation.schema.raw_schema
    components = {"components": contract["components"]}
    wanted = contract["components"]["responses"]["NotFound"]
    [(media_type, content)] = wanted["content"].items()
    validator = jsonschema_rs.Draft202012Validator(components | content["schema"])
    return (
        response.status_code == 404
        and response.headers.get("content-type") == [media_type]
        and all(name.lower() in response.headers for name in wanted["headers"])
        and response.headers["cache-control"] == ["no-store"]
        and validator.is_valid(json.loads(response.content))
    )


# Shown as nothing, though Python calls them printable.
UNSEEN = "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
# Parts of Hangul syllables, which passwords have composed.
JAMO = "[\u1100-\u11ff\ua960-\ua97f\ud7b0-\ud7ff]"


def is_hiding(text):
    """Returns whether a text has characters that nobody sees, or that Unicode doesn't know."""
    odd = (it for it in text if not it.isprintable() and unicodedata.category(it) != "Zs")
    return any(odd) or re.search(UNSEEN, text) is not None


def is_odd_password(text):
    return is_hiding(text) or re.search(JAMO, text) is not None


def is_shorter_composed(text):
    return len(unicodedata.normalize("NFC", text)) < len(text)


def anything(text):
    return True


LISTS = (
    "list-products", "admin-list-products", "get-orders", "admin-list-orders", "admin-list-users",
    "admin-list-audit",
)
WITH_KEY = (
    "checkout", "admin-create-product", "admin-set-stock", "admin-upload", "admin-create-user",
)
WITH_LINES = (
    "register", "login", "admin-login", "checkout", "admin-create-product", "admin-create-user",
    "admin-save-category", "admin-update-product", "admin-update-order", "admin-search-customers",
)
CHANGES_PASSWORD = ("change-password", "admin-change-password")
SETS_PASSWORD = ("register", "accept-invite", *CHANGES_PASSWORD)
# Refusals of requests that fit their schemas, for reasons that no schema can give: by these
# operations, with this status, of what, if the value is like that, and why.
REFUSALS = [
    (LISTS, 400, "^The parameter `cursor` must be the", anything, "a cursor that this list didn't give"),
    (["admin-list-audit"], 400, "^The parameter `target` must be left out", anything, "two filters"),
    (WITH_KEY, 422, "^This idempotency key was used with another", anything, "a key used before"),
    (WITH_LINES, 422, "must not contain invisible characters", is_hiding, "hidden characters"),
    (SETS_PASSWORD, 422, "assword must not contain control", is_odd_password, "a password's characters"),
    (SETS_PASSWORD, 422, "assword must be [0-9]+ to 128", is_shorter_composed, "a password's length"),
    (SETS_PASSWORD, 422, "assword is among the passwords", anything, "a password guessed first"),
    (SETS_PASSWORD, 422, "assword is little more than", anything, "a password that holds a name"),
    (CHANGES_PASSWORD, 422, "^/currentPassword is not the", anything, "another's password"),
    (["admin-update-user"], 422, "^/role must be customer; customers", anything, "a customer as staff"),
    (["admin-update-user"], 422, "staff don't become customers$", anything, "staff as a customer"),
    (["admin-update-user"], 422, "^/status can't be active before", anything, "an invited account"),
    (["admin-upload"], 422, "^/productId names no product", anything, "a picture of nothing"),
    (["set-cart-item"], 422, "^/quantity a cart holds at most", anything, "a full cart"),
    (["checkout"], 422, "^ the cart must hold at most", anything, "a full cart"),
    (["admin-create-product", "admin-update-product"], 422, "^/price/currency must be EUR", anything, "another currency"),
    (["admin-create-product", "admin-update-product"], 422, "^/category names no category", anything, "a category of nothing"),
    (["admin-save-category"], 422, "^/parent (must|names)", anything, "a parent that makes no tree"),
    (["admin-set-stock"], 422, "^/adjustBy must leave at most", anything, "too many pieces"),
]

answers = collections.defaultdict(collections.Counter)
excused = collections.Counter()


def refused(response):
    """Yields what an answer says is wrong, each bad field with its value, or else the detail."""
    problem = json.loads(response.content)
    if "errors" not in problem:
        yield problem["detail"], ""
    for error in problem.get("errors", []):
        value = json.loads(response.request.body)
        for name in error["pointer"].split("/")[1:]:
            value = value.get(name) if isinstance(value, dict) else None
        yield f"{error['pointer']} {error['detail']}", str(value)


def trimmed(value):
    if isinstance(value, dict):
        return {name: trimmed(it) for name, it in value.items()}
    return value.strip() if isinstance(value, str) else value


def is_valid_trimmed(case, response):
    """Returns whether a body was invalid only for how long it is with white space around text."""
    if not isinstance(case.body, dict) or any(
        case.meta.is_negative_at(it) for it in Location if it != Location.BODY
    ):
        return False
    schema = case.operation.get_body_for_media_type(case.media_type).optimized_schema
    validator = jsonschema_rs.Draft202012Validator(schema)
    body = json.loads(response.request.body)
    too_long = all(it.schema_path[-1] == "maxLength" for it in validator.iter_errors(body))
    return too_long and validator.is_valid(trimmed(body))


def reason_for(operation, status, what, value):
    for operations, refusing, pattern, is_like_that, reason in REFUSALS:
        here = operation in operations and status == refusing
        if here and re.search(pattern, what) and is_like_that(value):
            return reason
    return None


@schemathesis.hook
def filter_failure(context, failure, case, response):
    # A path that lacks the method is no route at all: 404, as `probes_are_documented` asks.
    if isinstance(failure, UnsupportedMethodResponse):
        return not is_route_not_found(case, response)
    if isinstance(failure, AcceptedNegativeData) and is_valid_trimmed(case, response):
        excused["too long, but for white space around it, which is taken off"] += 1
        return False
    if isinstance(failure, RejectedPositiveData):
        status = response.status_code
        reasons = [reason_for(operation_id(case), status, *it) for it in refused(response)]
        if not reasons or None in reasons:
            return True
        excused.update(reasons)
        return False
    return True


@atexit.register
def report():
    with open(REPORT, "w") as file:
        json.dump({"answers": answers, "excused": excused}, file)
