"""Who says what: conversations, from `messages.json` or from a file of one's own. The format is in README.md."""

import difflib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from sandbox import media
from sandbox.accounts import CHANNELS

LANGUAGES = (
    "my", "shn", "mnw", "ksw", "kac", "km", "lo", "th", "ne", "hi", "bn",
    "vi", "id", "tl", "ta", "si", "ur", "en", "es", "ms", "zh",
)  # fmt: skip
#: What can be said on which channel. A kind of line that only one channel knows decides the channel.
KINDS: Mapping[str, frozenset[str]] = {
    "text": frozenset(("sms", "line", "facebook", "telegram")),
    "image": frozenset(("sms", "line", "facebook", "telegram")),
    "audio": frozenset(("line", "facebook", "telegram")),
    "video": frozenset(("line", "facebook", "telegram")),
    "file": frozenset(("line", "facebook", "telegram")),
    "sticker": frozenset(("line", "facebook", "telegram")),
    "location": frozenset(("line", "facebook", "telegram")),
    "edit": frozenset(("facebook", "telegram")),
    "unsend": frozenset(("line",)),
    "reaction": frozenset(("facebook",)),
    "read": frozenset(("facebook",)),
    "follow": frozenset(("line",)),
    "start": frozenset(("telegram",)),
    "blocked": frozenset(("line", "telegram")),
    "group": frozenset(("telegram",)),
    "call": frozenset(("voice",)),
}
CALLS = ("voicemail", "silent", "menu", "ringing", "cut off", "withheld")
_OTHER_NAMES = {"missed_call": ("call", "ringing"), "voicemail": ("call", "voicemail"), "sms": ("text", "")}
_FOLLOWERS = ("edit", "unsend")  # these change the line before them


class BadMessages(ValueError):
    """A messages file cannot be used; the text names the item and says what to write."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One thing a person says or does."""

    kind: str = "text"  #: one of KINDS
    text: str = ""
    seconds: int = 0  #: of a voice note or voicemail
    how: str = ""  #: one of CALLS, for a call
    file: str = ""  #: one of media.KINDS, in place of what phones send


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """What one person says on one channel, line after line."""

    id: str
    lines: tuple[Line, ...]
    language: str | None = None  #: BCP 47; None: nobody can tell (a sticker)
    encoding: str = "unicode"  #: or `zawgyi`
    urgency: str = ""  #: U1..U4, what a careful reader would say
    channel: str | None = None  #: where it belongs
    strict: bool = False  #: True: on that channel only, otherwise where the language and country fit best
    account: str | None = None
    country: str | None = None  #: where the person is
    person: str | None = None  #: who; None: somebody new each time
    copies: int = 1  #: how often each line is delivered


def own_conversations() -> list[Conversation]:
    """All of `messages.json`."""
    text = files("sandbox").joinpath("messages.json").read_text("utf-8")
    return [_conversation(item, number) for number, item in enumerate(json.loads(text)["conversations"], 1)]


def conversations_of(path: Path) -> list[Conversation]:
    """Those of a messages file, each of its items one. Raises BadMessages, also when the file cannot be read."""
    try:
        return parse(path.read_text("utf-8-sig"))
    except (OSError, UnicodeDecodeError) as error:
        raise BadMessages(f"{path.name} cannot be read: {type(error).__name__}; it must be a UTF-8 file") from None


def parse(text: str) -> list[Conversation]:
    """A JSON list of items as README.md describes; raises BadMessages. Keys it does not know are passed over."""
    try:
        items = json.loads(text)
    except (ValueError, RecursionError) as error:
        where = f" in line {error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
        raise BadMessages(f"this is not JSON: look{where or ' for a missing bracket'}") from None
    if isinstance(items, dict):
        items = items.get("messages", items.get("conversations"))
    if not isinstance(items, list) or not items:
        raise BadMessages('write a list of items: [{"person": "aye", "text": "…"}, …]')
    return [_conversation(item, number) for number, item in enumerate(items, 1)]


def _conversation(item: Any, number: int) -> Conversation:
    if not isinstance(item, dict):
        raise BadMessages(f"item {number}: write an object, {{...}}")
    channel = item.get("channel") or ("sms" if item.get("kind") == "sms" else None)
    if channel is not None and channel not in CHANNELS:
        raise BadMessages(f"item {number}: channel must be one of {', '.join(CHANNELS)}")
    spoken = item.get("language", item.get("lang"))
    lines = item["lines"] if isinstance(item.get("lines"), list) and item["lines"] else [item]
    return Conversation(
        id=str(item.get("id", f"item-{number}")),
        lines=tuple(_line(line, number) for line in lines),
        language=str(spoken).partition("-")[0] if spoken else None,
        encoding=str(item.get("encoding", "unicode")),
        urgency=str(item.get("urgency", "")),
        channel=channel,
        strict=bool(item.get("strict", "channel" in item and "lines" not in item)),
        account=_text(item, "account"),
        country=_text(item, "country") or _text(item, "destination"),
        person=_text(item, "person"),
        copies=max(1, _count(item, "copies", 1, number)),
    )


def _line(item: Any, number: int) -> Line:
    if isinstance(item, str):
        return Line(text=item)
    if not isinstance(item, dict):
        raise BadMessages(f"item {number}: a line is a text or an object")
    kind, how = _OTHER_NAMES.get(str(item.get("kind", "text")), (str(item.get("kind", "text")), ""))
    if kind not in KINDS:
        raise BadMessages(f"item {number}: kind {_near(kind, list(KINDS))}")
    how = str(item.get("how", how or ("voicemail" if kind == "call" else "")))
    if kind == "call" and how not in CALLS:
        raise BadMessages(f"item {number}: how {_near(how, CALLS)}")
    file = _text(item, "file") or ""
    if file and file not in media.KINDS:
        raise BadMessages(f"item {number}: file {_near(file, list(media.KINDS))}")
    text = item.get("text", "")
    if not isinstance(text, str) or (kind in ("text", "edit", "group") and not text.strip()):
        raise BadMessages(f"item {number}: text must be the words the person writes")
    return Line(kind=kind, text=text, seconds=_count(item, "seconds", 20, number), how=how, file=file)


def _near(given: str, known: Sequence[str]) -> str:
    close = difflib.get_close_matches(given, known, 1)
    return f"is unknown; did you mean {close[0]}?" if close else f"must be one of {', '.join(known)}"


def _text(item: Mapping[str, Any], key: str) -> str | None:
    value = item.get(key)
    return str(value) if value not in (None, "") else None


def _count(item: Mapping[str, Any], key: str, default: int, number: int) -> int:
    value = item.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 3600:
        raise BadMessages(f"item {number}: {key} must be a whole number")
    return value


def channels_for(conversation: Conversation) -> frozenset[str]:
    """Where all lines of a conversation can be said; empty when they do not go together."""
    return frozenset(CHANNELS).intersection(*(KINDS[line.kind] for line in conversation.lines))


def changes_the_line_before(line: Line) -> bool:
    """Whether a line is about the one before it."""
    return line.kind in _FOLLOWERS
