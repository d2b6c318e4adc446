"""I7, isolation: nobody is answered with what is another's, no cache may keep what
is somebody's, and nobody's request changes another's cart.
"""

from __future__ import annotations

import re
from typing import Dict, Iterator, List, Optional, Set, Tuple

from run import OPERATOR, Run, Send
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
    """A function changes a cart for a send of its owner only."""
    first: Dict[Tuple[str, str], float] = {}
    for send in run.sends:
        if send.user is not None:
            first.setdefault((send.operation, send.user), send.began)
    for number, at, by, user in cart_writes(run):
        if at < first.get((by, user), float("inf")):
            verdict.broken(
                "I7",
                f"{by} changed the cart of {user}, who had not asked for it",
                commits=[number],
            )


def cart_writes(run: Run) -> Iterator[Tuple[int, float, str, str]]:
    """Yields what functions changed in carts: commit, time, function, owner."""
    for commit in run.commits:
        if commit.by != OPERATOR:
            for change in commit.of("carts"):
                yield commit.number, commit.at, commit.by, change.key[0]
