"""I7, isolation: nobody is answered with what is another's, no cache may keep what
is somebody's, and nobody's request changes another's cart.
"""

from __future__ import annotations

import re
from typing import Dict, List, Optional, Set, Tuple

from run import NOTHING, OPERATOR, Change, Run, Send, number, on_sale
from verdict import Verdict

PUBLIC_OPERATIONS = ("list-products", "get-product")
PUBLIC = "public, max-age=60, stale-while-revalidate=300"
# Answers of these name somebody to whom has not signed in by then.
SIGN_INS = ("register", "login", "refresh", "admin-login", "admin-refresh")
# Shorter texts are found in others by chance.
SHORTEST = 4
# Later than anything.
NEVER = float("inf")


def judge(run: Run, verdict: Verdict) -> None:
    judge_answers(run, verdict)
    for send in run.sends:
        if send.status is not None:
            judge_caching(send, verdict)
    judge_validators(run, verdict)
    judge_cart_writers(run, verdict)


def judge_answers(run: Run, verdict: Verdict) -> None:
    """No answer holds another's canary, id, order or key."""
    answers: Dict[Optional[str], List[Send]] = {}
    for send in run.sends:
        if send.status is not None and send.operation not in SIGN_INS:
            verdict.looked_at("I7")
            answers.setdefault(send.user, []).append(send)
    owners = owners_of_secrets(run)
    for user, sends in answers.items():
        person = run.people.get(str(user))
        if person is not None and person.role != "customer":
            # The staff may see people and orders.
            sends = [send for send in sends if not send.operation.startswith("admin-")]
        texts = set().union(*(send.texts() for send in sends))
        everything = "\n".join(texts)
        for secret, of in owners.items():
            if secret in everything and user not in of:
                tell(secret, sorted(of), sends, verdict)


def owners_of_secrets(run: Run) -> Dict[str, Set[str]]:
    """Returns whose each text is that only its owners may be answered with."""
    owners: Dict[str, Set[str]] = {}
    for person in run.people.values():
        for secret in (person.user, person.canary):
            if secret:
                owners.setdefault(secret, set()).add(person.user)
    for order in run.orders.values():
        owners.setdefault(order.id, set()).add(order.user)
    for _, user, key in run.keyed:
        if len(key) >= SHORTEST:
            owners.setdefault(key, set()).add(user)
    return owners


def tell(secret: str, of: List[str], sends: List[Send], verdict: Verdict) -> None:
    """Tells of the answers that hold a text as a whole word."""
    whole = re.compile(rf"(?<![\w-]){re.escape(secret)}(?![\w-])")
    for send in sends:
        if any(whole.search(text) for text in send.texts()):
            verdict.broken(
                "I7",
                f"send {send.number} ({send.operation}) answered {send.user or 'nobody'} with "
                f"{secret}, which is of {' and '.join(of)}",
                [send.number],
            )


def judge_caching(send: Send, verdict: Verdict) -> None:
    """Only the catalogue's answers may be kept by caches."""
    policy = send.headers.get("cache-control")
    is_public = send.operation in PUBLIC_OPERATIONS and send.status in (200, 304)
    if is_public:
        fits = policy == PUBLIC
    elif send.is_problem or (send.status or 0) < 500:
        fits = policy == "no-store"
    else:
        # AWS's gateway answers without the header.
        fits = policy in (None, "no-store")
    if not fits:
        verdict.broken(
            "I7",
            f"send {send.number} ({send.operation}) was answered {send.status} with "
            f"`Cache-Control: {policy}`",
            [send.number],
        )
    own = [name for name in send.headers if name.startswith(("x-request-id", "ratelimit-"))]
    if is_public and own:
        verdict.broken(
            "I7",
            f"send {send.number} was answered for any cache to keep with {', '.join(own)}",
            [send.number],
        )
    if is_public and send.headers.get("vary") != "Origin":
        verdict.broken("I7", f"send {send.number} was answered without `Vary`", [send.number])
    if "set-cookie" in send.headers:
        verdict.broken("I7", f"send {send.number} was answered with a cookie", [send.number])


def judge_validators(run: Run, verdict: Verdict) -> None:
    """An `ETag` of a path is of one body."""
    bodies: Dict[Tuple[str, str], Send] = {}
    for send in run.sends:
        tag = send.headers.get("etag")
        if send.status != 200 or tag is None:
            continue
        other = bodies.setdefault((send.path, tag), send)
        if other.body != send.body:
            verdict.broken(
                "I9",
                f"sends {other.number} and {send.number} have one `ETag` for two bodies",
                [other.number, send.number],
            )


def judge_cart_writers(run: Run, verdict: Verdict) -> None:
    """A function changes a cart only as a send of its owner asked it to; and what it
    asked for comes no more when the answer has been given."""
    asked = cart_requests(run)
    # Who wrote each row last.
    writers: Dict[Tuple[str, ...], Optional[Send]] = {}
    for commit in run.commits:
        if commit.by == OPERATOR:
            continue
        for change in commit.of("carts"):
            verdict.looked_at("I7")
            user, product = change.key
            left = number(change.after, "quantity")
            send = run.numbered.get(commit.send)
            wanted = {request_for(change)}
            if change.by == "set-cart-item" and not left:
                # It takes back what it refuses: the line that makes a cart too long.
                refused = (it for it in run.by_operation[change.by] if not it.is_success)
                wanted = {request_of(it) for it in refused}
                wanted = {it for it in wanted if it and it[1:3] == (user, product)}
                # And what is not sold just then, if a cart is too long for that.
                then = commit.at - run.dated
                states = run.products.get(product, NOTHING).between(then, commit.at)
                if not all(on_sale(it) for it in states):
                    wanted = {it for it in asked if it[:2] == (change.by, user)}
            if change.by == "set-cart-item" and number(change.before, "quantity") == left and left:
                # It remembers what it refuses, and leaves the line as it is.
                refused = (it for it in run.by_operation[change.by] if not it.is_success)
                wanted |= {it for it in map(request_of, refused) if it and it[1:3] == (user, product)}
            since = min((asked.get(it, NEVER) for it in wanted), default=NEVER)
            if commit.send is not None and (send is None or request_of(send) not in wanted):
                since = NEVER
            if commit.at < since:
                verdict.broken(
                    "I7",
                    f"{commit.by} changed {product} in the cart of {user} to {left or 'nothing'}, "
                    "who had not asked for it",
                    commits=[commit.number],
                )
            elif send is not None and comes_too_late(run, send, change, writers.get(change.key)):
                verdict.broken(
                    "I6",
                    f"send {send.number} had been answered when it changed {product} in the cart "
                    f"of {user} to {left or 'nothing'}",
                    [send.number], [commit.number],
                )  # fmt: skip
            writers[change.key] = send


def comes_too_late(run: Run, send: Send, change: Change, before: Optional[Send]) -> bool:
    """Returns whether a send changes a line when it has been answered; unless what stood
    there was of a send that reached the gateway before it, and was later still."""
    if send.is_unknown or change.at <= send.ended + run.dated:
        return False
    if not change.is_of_pieces:
        return False
    if before is None or before.arrived is None or send.arrived is None:
        return True
    return before is send or before.arrived > send.arrived


# What a cart is asked for: the operation, whose cart, and where it is of one line the
# product, and the pieces that it is set to.
CartRequest = Tuple[str, str, Optional[str], Optional[int]]


def cart_requests(run: Run) -> Dict[CartRequest, float]:
    """Returns since when each change of a cart had been asked for by its owner."""
    asked: Dict[CartRequest, float] = {}
    for operation in ("set-cart-item", "remove-cart-item", "checkout"):
        for send in run.by_operation[operation]:
            request = request_of(send)
            if request is not None:
                asked.setdefault(request, send.began)
    return asked


def request_of(send: Send) -> Optional[CartRequest]:
    """Returns which change of a cart a send asks for; `None` if it can ask for none."""
    if send.user is None:
        return None
    if send.operation == "checkout":
        return send.operation, send.user, None, None
    product = send.product
    if send.operation == "remove-cart-item":
        return send.operation, send.user, product, None
    pieces = send.request.get("quantity") if type(send.request) is dict else None
    return (send.operation, send.user, product, pieces) if type(pieces) is int else None


def request_for(change: Change) -> CartRequest:
    """Returns what must have been asked for if a function makes this change.

    Nothing that can be asked makes another function than `set-cart-item` set a
    line.
    """
    user, product = change.key
    pieces = number(change.after, "quantity") or None
    if change.by == "checkout" and pieces is None:
        return change.by, user, None, None
    return change.by, user, product, pieces
