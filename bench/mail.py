"""What is sent: the sandbox's invented people, as requests ready for the wire. Chance is seeded."""

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import cycle, islice
from random import Random

from sandbox.accounts import Account
from sandbox.casting import Turn, turns, with_room
from sandbox.people import person
from sandbox.posting import Post, posts, webhook_of
from sandbox.providers import line
from sandbox.script import Line, own_conversations
from sandbox.webhook import Webhook

KNOWN = 0.8  #: share of the messages that come from people who wrote before
_WRITTEN = ("line", "facebook", "telegram", "sms")


def on_the_wire(webhook: Webhook) -> bytes:
    """The whole HTTP request."""
    headers = [("Host", "127.0.0.1"), ("Content-Length", str(len(webhook.body))), *webhook.headers]
    head = "".join(f"{name}: {value}\r\n" for name, value in headers)
    return f"{webhook.method} {webhook.path} HTTP/1.1\r\n{head}\r\n".encode() + webhook.body


def line_texts(account: Account, count: int, seed: int) -> list[bytes]:
    """Signed LINE webhooks, each with a text of its own and no two alike."""
    now, words = datetime.now(UTC), cycle(texts())
    return [
        on_the_wire(line.text(account, person(f"door {seed}.{n % 997}", "my", "TH"), next(words), now, seed + n))
        for n in range(count)
    ]


def written(accounts: Sequence[Account], count: int, known: int, seed: int) -> list[bytes]:
    """Texts in all languages, Zawgyi among them, on all written channels.

    Four of five by one of `known` people, the others each by somebody new; with `count == known` every known person
    writes once.
    """
    rng, words, now = Random(seed), cycle(texts()), datetime.now(UTC)
    able = [account for account in accounts if account.inbound and account.channel in _WRITTEN]
    return [
        on_the_wire(webhook_of(_turn(able, _who(rng, n, count, known, seed), next(words), seed + n), now))
        for n in range(count)
    ]


def _who(rng: Random, n: int, count: int, known: int, seed: int) -> tuple[int, str]:
    if count == known:
        return n, f"known {n}"
    number = rng.randrange(known)
    return (number, f"known {number}") if rng.random() < KNOWN else (n, f"new {seed}.{n}")


def _turn(able: Sequence[Account], who: tuple[int, str], words: str, number: int) -> Turn:
    account = able[who[0] % len(able)]
    return Turn(
        account=account,
        person=person(who[1], account.languages[0], account.countries[0] if account.countries else "TH"),
        line=Line(text=words),
        number=number,
        before=number,
        copies=1,
    )


def story(accounts: Sequence[Account], count: int, seed: int) -> list[Post]:
    """So many calls and messages of a lively month, as `worker-voice simulate` sends them."""
    script = turns(with_room(own_conversations(), accounts), accounts, seed, endless=True)
    return list(posts(islice(script, count), Random(seed), lambda: datetime.now(UTC)))


def texts() -> list[str]:
    """What the sandbox's invented people say, in all languages."""
    return [said.text for conversation in own_conversations() for said in conversation.lines if said.kind == "text"]
