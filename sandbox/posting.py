"""Turns as the requests a provider makes of them: some twice, some late, some in one request with others."""

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from random import Random

from sandbox.accounts import Account
from sandbox.casting import Turn
from sandbox.media import TIMED, File
from sandbox.providers import facebook, line, telegram, twilio_call, twilio_sms, twilio_voice
from sandbox.providers.twilio_call import Caller
from sandbox.script import Line
from sandbox.webhook import Webhook

TWICE_OR_THRICE = 0.03  #: of all requests
LATE = 0.03  #: of all requests, where the provider does not keep the order
TOGETHER = 0.2  #: of LINE's and Messenger's turns
_MOST_TOGETHER = 5

Maker = Callable[[Turn, datetime], Webhook]


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """What one task sends: requests one after another, or a call that depends on the answers."""

    turns: int  #: how many things people said or did are in it
    webhooks: Sequence[Webhook] = ()
    call: Generator[Webhook, bytes, None] | None = None


def posts(said: Iterable[Turn], rng: Random, now: Callable[[], datetime]) -> Iterator[Post]:
    """Every turn in exactly one post, in about the order given."""
    late: list[Post] = []
    together: dict[str, list[Webhook]] = {}
    for turn in said:
        if turn.line.kind == "call":
            yield Post(turns=1, call=_call(turn, now()))
            continue
        webhook = webhook_of(turn, now())
        group = together.setdefault(turn.account.id, [])
        if turn.account.channel in _BATCHES and turn.copies == 1 and (group or rng.random() < TOGETHER):
            group.append(webhook)
            if len(group) > rng.randint(1, _MOST_TOGETHER - 1):
                yield _bundle(turn, together.pop(turn.account.id), rng)
            continue
        post = Post(turns=1, webhooks=_copies(turn, webhook, rng))
        if turn.account.channel != "telegram" and rng.random() < LATE:
            late.append(post)
            continue
        yield post
        while late and rng.random() < 0.5:
            yield late.pop(0)
    yield from late
    for group in together.values():
        yield from (Post(turns=1, webhooks=(webhook,)) for webhook in group)


def webhook_of(turn: Turn, at: datetime) -> Webhook:
    """The request for one turn that is no call.

    Raises KeyError where the channel cannot say it; `script.channels_for` prevents that.
    """
    return _MAKERS[turn.account.channel][turn.line.kind](turn, at)


def copies_of(account: Account, webhook: Webhook, copies: int) -> Sequence[Webhook]:
    """The same request so many times; LINE marks those after the first."""
    again = line.redelivery(account, webhook) if copies > 1 and account.channel == "line" else webhook
    return (webhook, *[again] * (copies - 1))


def _copies(turn: Turn, webhook: Webhook, rng: Random) -> Sequence[Webhook]:
    copies = turn.copies
    if copies == 1 and rng.random() < TWICE_OR_THRICE:
        copies += rng.randint(1, 2)
    return copies_of(turn.account, webhook, copies)


def _bundle(turn: Turn, webhooks: list[Webhook], rng: Random) -> Post:
    rng.shuffle(webhooks)
    return Post(turns=len(webhooks), webhooks=(_BATCHES[turn.account.channel](turn.account, webhooks),))


def _call(turn: Turn, at: datetime) -> Generator[Webhook, bytes, None]:
    how, spoken = turn.line.how, turn.account.languages
    known = turn.person.language in spoken[:9]
    key = str(spoken.index(turn.person.language) + 1) if known else ""
    callers = {
        "voicemail": Caller(presses=key, speaks=turn.line.seconds),
        "withheld": Caller(presses=key, speaks=turn.line.seconds),
        "silent": Caller(),
        "menu": Caller(leaves="in the menu"),
        "ringing": Caller(leaves="while ringing"),
        "cut off": Caller(presses=key, speaks=turn.line.seconds, leaves="while speaking"),
    }
    call = twilio_voice.call(turn.account, turn.person, at, turn.number, withheld=how == "withheld")
    return twilio_call.follow(call, callers[how])


_BATCHES: Mapping[str, Callable[..., Webhook]] = {"line": line.batch, "facebook": facebook.batch}


def _file(line: Line, usual: str) -> File:
    """The file a line asks for, else what phones send on that channel."""
    kind = line.file or usual
    return File(kind, line.seconds if kind in TIMED else 0)


def _unsend(turn: Turn, at: datetime) -> Webhook:
    usual = {"image": "jpeg", "file": "pdf", "audio": "m4a", "video": "mp4"}.get(turn.of.kind)
    file = _file(turn.of, usual) if usual else None
    return line.unsend(turn.account, turn.person, turn.before, at, turn.number, file)


_MAKERS: Mapping[str, Mapping[str, Maker]] = {
    "sms": {
        "text": lambda t, at: twilio_sms.text(t.account, t.person, t.line.text, t.number),
        "image": lambda t, at: twilio_sms.image(t.account, t.person, t.number, t.line.text, _file(t.line, "jpeg")),
    },
    "line": {
        "text": lambda t, at: line.text(t.account, t.person, t.line.text, at, t.number),
        "image": lambda t, at: line.image(t.account, t.person, at, t.number, _file(t.line, "jpeg")),
        "audio": lambda t, at: line.audio(t.account, t.person, t.line.seconds, at, t.number, _file(t.line, "m4a")),
        "video": lambda t, at: line.video(t.account, t.person, t.line.seconds, at, t.number),
        "file": lambda t, at: line.document(t.account, t.person, at, t.number, _file(t.line, "pdf")),
        "sticker": lambda t, at: line.sticker(t.account, t.person, at, t.number),
        "location": lambda t, at: line.location(t.account, t.person, at, t.number),
        "follow": lambda t, at: line.follow(t.account, t.person, at, t.number),
        "unsend": _unsend,
        "blocked": lambda t, at: line.unfollow(t.account, t.person, at, t.number),
    },
    "facebook": {
        "text": lambda t, at: facebook.text(t.account, t.person, t.line.text, at, t.number),
        "image": lambda t, at: facebook.image(t.account, t.person, at, t.number, _file(t.line, "jpeg")),
        "audio": lambda t, at: facebook.audio(t.account, t.person, at, t.number, file=_file(t.line, "m4a")),
        "video": lambda t, at: facebook.video(t.account, t.person, at, t.number, t.line.seconds),
        "file": lambda t, at: facebook.document(t.account, t.person, at, t.number, _file(t.line, "pdf")),
        "sticker": lambda t, at: facebook.sticker(t.account, t.person, at, t.number),
        "location": lambda t, at: facebook.location(t.account, t.person, at, t.number),
        "edit": lambda t, at: facebook.edit(t.account, t.person, t.line.text, t.before, at, t.number),
        "read": lambda t, at: facebook.read(t.account, t.person, at),
        "reaction": lambda t, at: facebook.reaction(
            t.account, t.person, facebook.message_id(t.account, t.before), at
        ),
    },
    "telegram": {
        "text": lambda t, at: telegram.text(t.account, t.person, t.line.text, at, t.number),
        "image": lambda t, at: telegram.photo(t.account, t.person, at, t.number, t.line.text, _file(t.line, "jpeg")),
        "audio": lambda t, at: telegram.voice(t.account, t.person, t.line.seconds, at, t.number, _file(t.line, "ogg")),
        "video": lambda t, at: telegram.video(t.account, t.person, t.line.seconds, at, t.number),
        "file": lambda t, at: telegram.document(t.account, t.person, at, t.number, _file(t.line, "pdf")),
        "sticker": lambda t, at: telegram.sticker(t.account, t.person, at, t.number),
        "location": lambda t, at: telegram.location(t.account, t.person, at, t.number),
        "edit": lambda t, at: telegram.edit(t.account, t.person, t.line.text, t.before, at, t.number),
        "start": lambda t, at: telegram.start(t.account, t.person, at, t.number),
        "blocked": lambda t, at: telegram.blocked(t.account, t.person, at, t.number),
        "group": lambda t, at: telegram.group_text(t.account, t.person, t.line.text, at, t.number),
    },
}  # fmt: skip
