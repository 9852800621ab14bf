"""What the composer shows: where words can go, until when, how much fits, and what is kept ready to say."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID, uuid4

from desk import canned
from desk.canned import Canned
from desk.composing import Composer, Way
from desk.listing import Row
from desk.seat import Seat
from model.events import MediaKind
from model.media import ENDINGS, IMAGES, SENDABLE
from web.local import Local

#: What the browser's own window offers first; the server looks into each file all the same.
_DOCUMENTS = [f".{ending}" for mime, kind in SENDABLE.items() if kind == "file" for ending in ENDINGS[mime]]
ACCEPTED = ",".join([*IMAGES, "audio/*", "video/*", *_DOCUMENTS])
_QUICK = 4  # chips above the composer; all others are one click away


@dataclass(frozen=True, slots=True)
class Offered:
    """A way to the person, as the composer offers it."""

    value: str  #: account and address, as the form sends them
    label: str
    hint: str  #: beside Send: window, month's messages, trouble
    unit: str  #: in what the length is counted: segments, utf16 or characters
    most: int  #: of these in one message
    why: str  #: a refusal's code, empty where words can go
    channel: str  #: its name in words
    carries: Mapping[MediaKind, int]  #: kinds of files that can go → bytes of the largest
    as_link: Sequence[MediaKind]  #: those of them that go as a link
    choices: int  #: most quick replies


@dataclass(frozen=True, slots=True)
class Held:
    """Words that were not sent, and why: what is newer than what their author saw, or a rule."""

    text: str
    newer: Sequence[UUID]
    reason: str = ""
    opens_at: datetime | None = None
    to: str = ""  #: the way that was chosen, as the form sent it
    once: str = field(
        default_factory=lambda: uuid4().hex
    )  #: so that a second press of the same button says nothing twice


def offered(composer: Composer, local: Local, now: datetime) -> list[Offered]:
    """All ways, the one of the newest words first."""
    return [_offer(way, local, now) for way in composer.ways if way.channel]


def _offer(way: Way, local: Local, now: datetime) -> Offered:
    channel, hints = local.text(f"channel.{way.channel}"), list[str]()
    if way.closes_at and way.closes_at > now:
        hints.append(local.text("compose.window", left=local.length((way.closes_at - now).total_seconds())))
    if way.free_until:
        hints.append(local.text("compose.free"))
    if way.pushes_left is not None:
        hints.append(local.text("compose.pushes", n=way.pushes_left, count=way.pushes_left))
    if way.failing_since:
        hints.append(local.text("compose.failing", since=local.clock(way.failing_since)))
    return Offered(
        value=f"{way.account}|{way.address}",
        label=local.text("compose.on", on=channel) if not way.reason else local.text("compose.not_on", on=channel),
        hint=". ".join(hints),
        unit=way.limits.unit if way.limits else "characters",
        most=way.limits.text if way.limits else 0,
        why=way.reason or "",
        channel=channel,
        carries=dict(way.limits.file_bytes) if way.limits else {},
        as_link=sorted(way.limits.as_link) if way.limits else (),
        choices=way.limits.choices if way.limits else 0,
    )


def quick(every: Sequence[Canned], language: str, seat: Seat, row: Row) -> list[tuple[str, str]]:
    """The answers offered above the composer, as title and text."""
    chosen = [one for one in every if one.quick and one.language == language][:_QUICK]
    return [(one.title, filled(one, seat, row)) for one in chosen]


def filled(one: Canned, seat: Seat, row: Row) -> str:
    """A kept answer with what is safe to fill in. What is not known stays in braces, for the agent to see."""
    values = {"pseudonym": row.pseudonym, "ticket": str(row.number)}
    values |= {"agent": seat.agent.name, "organisation": seat.organisation.name}
    return canned.filled(one.text, values)[0]
