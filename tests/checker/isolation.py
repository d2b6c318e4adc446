"""I7, isolation: nobody is answered with what is another's, no cache may keep what
is somebody's, and nobody's request changes another's cart.
"""

from __future__ import annotations

import re
from typing import Dict, List, Optional, Set, Tuple
from urllib.parse import unquote

from run import OPERATOR, Change, Run, Send, number
from verdict import Verdict

PUBLIC_OPERATIONS = ("list-products", "get-product")
PUBLIC = "public, max-age=60, stale-while-revalidate=300"
# Answers of these name somebody to whom has not signed in by then.
SIGN_INS = ("register", "login", "refresh", "admin-login", "admin-refresh")
# Shorter texts are found in others by chance.
SHORTEST = 4


def judge(run: Run, verdict: Verdict) -> None:
    judge_answers(run, verdict)
    for send in run.sends:
        if send.status is not None:
            judge_caching(send, verdict)
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
    if "set-cookie" in send.headers:
        verdict.broken("I7", f"send {send.number} was answered with a cookie", [send.number])


def judge_cart_writers(run: Run, verdict: Verdict) -> None:
    """A function changes a cart only as a send of its owner asked it to.

    From its send on, at any time: what was delivered twice or given up may be
    written long after.
    """
    asked = cart_requests(run)
    for commit in run.commits:
        if commit.by == OPERATOR:
            continue
        for change in commit.of("carts"):
            verdict.looked_at("I7")
            user, product = change.key
            left = number(change.after, "quantity")
            if commit.at < asked.get(request_for(change), float("inf")):
                verdict.broken(
                    "I7",
                    f"{commit.by} changed {product} in the cart of {user} to {left or 'nothing'}, "
                    "who had not asked for it",
                    commits=[commit.number],
                )


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
    product = unquote(send.path.partition("?")[0].rpartition("/")[2])
    if send.operation == "remove-cart-item":
        return send.operation, send.user, product, None
    pieces = send.request.get("quantity") if type(send.request) is dict else None
    return (send.operation, send.user, product, pieces) if type(pieces) is int else None


def request_for(change: Change) -> CartRequest:
    """Returns what must have been asked for if a function makes this change.

    Nothing that can be asked makes `set-cart-item` remove a line, or another
    function set one.
    """
    user, product = change.key
    pieces = number(change.after, "quantity")
    if change.by == "checkout" and change.after is None:
        return change.by, user, None, None
    return change.by, user, product, pieces
