"""What Messenger sends: entries of a Page, each with events of any number of people."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sandbox import sign
from sandbox.accounts import Account
from sandbox.media import PDF, PHOTO, File
from sandbox.people import Person
from sandbox.webhook import Webhook, hexes, milliseconds

Event = dict[str, Any]

_CDN = "https://scontent.xx.fbcdn.net"


def text(account: Account, person: Person, words: str, at: datetime, number: int) -> Webhook:
    """A text message. `number` makes the ids: the same number is the same message."""
    return _message(account, person, at, number, "text", {"text": words})


def image(account: Account, person: Person, at: datetime, number: int, file: File = PHOTO) -> Webhook:
    """A photo; its address stands in the message and expires."""
    return _attachment(account, person, at, number, "image", _media(account, number, f"photo.{file.ending}", file))


def audio(
    account: Account, person: Person, at: datetime, number: int, seconds: int = 5, file: File | None = None
) -> Webhook:
    """A voice note; Messenger does not say how long it is."""
    clip = _media(account, number, "audioclip.mp4", file or File("m4a", seconds))
    return _attachment(account, person, at, number, "audio", clip)


def video(account: Account, person: Person, at: datetime, number: int, seconds: int = 5) -> Webhook:
    """A film."""
    return _attachment(account, person, at, number, "video", _media(account, number, "v.mp4", File("mp4", seconds)))


def document(account: Account, person: Person, at: datetime, number: int, file: File = PDF) -> Webhook:
    """Any other file."""
    return _attachment(account, person, at, number, "file", _media(account, number, f"contract.{file.ending}", file))


def sticker(account: Account, person: Person, at: datetime, number: int) -> Webhook:
    """The thumb, as it is sent since August 2026: a type of its own, no longer an image."""
    payload = _media(account, number, "sticker.png", File("png")) | {"sticker_id": 369239263222822}
    return _attachment(account, person, at, number, "sticker", payload)


def quick_reply(account: Account, person: Person, title: str, payload: str, at: datetime, number: int) -> Webhook:
    """The person tapped a quick reply: a message with its title, and what we gave it to carry."""
    more = {"text": title, "quick_reply": {"payload": payload}}
    return _message(account, person, at, number, "quick reply", more)


def postback(account: Account, person: Person, title: str, payload: str, at: datetime, number: int) -> Webhook:
    """The person tapped a button below one of our messages."""
    pressed = {"mid": message_id(account, number), "title": title, "payload": payload}
    return _deliver(account, [_from(account, person, at, {"postback": pressed})], at, "postback", (pressed["mid"],))


def location(account: Account, person: Person, at: datetime, number: int) -> Webhook:
    """A place: Messenger has no such message, people share a link to a map."""
    pin = {
        "type": "fallback",
        "payload": {"url": "https://maps.example/?q=13.5475,100.2744", "title": "Pinned location"},
    }
    more = {"text": "https://maps.example/?q=13.5475,100.2744", "attachments": [pin]}
    return _message(account, person, at, number, "location", more)


def edit(account: Account, person: Person, words: str, of: int, at: datetime, number: int) -> Webhook:
    """The person changed the message made with number `of`."""
    change = {"mid": message_id(account, of), "text": words, "num_edit": 1}
    return _deliver(account, [_from(account, person, at, {"message_edit": change})], at, "edit")


def reaction(account: Account, person: Person, mid: str, at: datetime) -> Webhook:
    """A heart under a message, theirs or ours."""
    heart = {"reaction": "love", "emoji": "❤", "action": "react", "mid": mid}
    return _deliver(account, [_from(account, person, at, {"reaction": heart})], at, "reaction")


def delivery(
    account: Account, person: Person, mids: Sequence[str], at: datetime, *, watermark: datetime | None = None
) -> Webhook:
    """Our messages reached the person's phone: these, and all sent before the watermark."""
    mark = {"mids": list(mids), "watermark": _mark(at, watermark)}
    return _deliver(account, [_from(account, person, at, {"delivery": mark})], at, "delivery")


def read(account: Account, person: Person, at: datetime, *, watermark: datetime | None = None) -> Webhook:
    """The person read all that was sent until the watermark."""
    mark = {"watermark": _mark(at, watermark)}
    return _deliver(account, [_from(account, person, at, {"read": mark})], at, "read")


def echo(
    account: Account,
    person: Person,
    words: str,
    mid: str,
    at: datetime,
    *,
    metadata: str | None = None,
    attachment: Event | None = None,
) -> Webhook:
    """What the Page said to the person: our own words with `metadata`, without it those of somebody in another app."""
    own_app = int(account.key("app_id", "1517776481860111"))
    ours = {"app_id": own_app, "metadata": metadata} if metadata else {"app_id": 263902037430900}
    said = {"attachments": [attachment]} if attachment else {"text": words}
    event = {
        "sender": {"id": _page(account)},
        "recipient": {"id": person.facebook_id},
        "timestamp": milliseconds(at),
        "message": {"mid": mid, "is_echo": True, **ours, **said},
    }
    return _deliver(account, [event], at, "echo")


def _mark(at: datetime, watermark: datetime | None) -> int:
    return milliseconds(watermark or at - timedelta(milliseconds=500))


def batch(account: Account, webhooks: Sequence[Webhook]) -> Webhook:
    """Several requests as one with many entries, in the order given; they may be of several Pages of one app."""
    entries = [entry for webhook in webhooks for entry in json.loads(webhook.body)["entry"]]
    ids = tuple(ident for webhook in webhooks for ident in webhook.message_ids)
    return _signed(account, entries, f"batch of {len(entries)}", ids)


def message_id(account: Account, number: int) -> str:
    """Messenger's id of the message made with that number."""
    return "m_" + hexes(60, "facebook message", account.id, number)


def _attachment(account: Account, person: Person, at: datetime, number: int, kind: str, payload: Event) -> Webhook:
    return _message(account, person, at, number, kind, {"attachments": [{"type": kind, "payload": payload}]})


def _media(account: Account, number: int, name: str, file: File) -> Event:
    place = hexes(11, "media", account.id, number) + file.code
    return {"url": f"{account.api_base or _CDN}/media/{place}/{name}?oh=1"}


def _message(account: Account, person: Person, at: datetime, number: int, note: str, more: Event) -> Webhook:
    ident = message_id(account, number)
    return _deliver(account, [_from(account, person, at, {"message": {"mid": ident, **more}})], at, note, (ident,))


def _from(account: Account, person: Person, at: datetime, more: Event) -> Event:
    ends = {"sender": {"id": person.facebook_id}, "recipient": {"id": _page(account)}}
    return {**ends, "timestamp": milliseconds(at), **more}


def _page(account: Account) -> str:
    return account.key("page_id")


def _deliver(
    account: Account, events: Sequence[Event], at: datetime, note: str, message_ids: tuple[str, ...] = ()
) -> Webhook:
    return _signed(
        account, [{"id": _page(account), "time": milliseconds(at) + 123, "messaging": list(events)}], note, message_ids
    )


def _signed(account: Account, entries: Sequence[Event], note: str, message_ids: tuple[str, ...]) -> Webhook:
    shown = json.dumps({"object": "page", "entry": list(entries)}, separators=(",", ":"))
    body = shown.replace("/", "\\/").encode()  # on Meta's wire all but ASCII is \uXXXX, and a slash is escaped
    return Webhook(
        account_id=account.id,
        channel="facebook",
        path=account.hook_path,
        headers=(
            ("Content-Type", "application/json"),
            ("User-Agent", "facebookexternalua"),
            *sign.messenger(account.key("app_secret"), body),
        ),
        body=body,
        note=note,
        message_ids=message_ids,
    )
