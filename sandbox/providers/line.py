"""What LINE sends: one request with any number of events, of any number of people."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sandbox import sign
from sandbox.accounts import Account
from sandbox.media import PDF, PHOTO, File
from sandbox.people import Person
from sandbox.webhook import Webhook, digits, hexes, milliseconds, ulid

Event = dict[str, Any]


def text(account: Account, person: Person, words: str, at: datetime, number: int) -> Webhook:
    """A text message. `number` makes the ids: the same number is the same message."""
    return _message(account, person, at, number, "text", {"text": words}, quotable=True)


def image(account: Account, person: Person, at: datetime, number: int, file: File = PHOTO) -> Webhook:
    """A photo; its bytes are fetched by the message's id."""
    more = {"contentProvider": {"type": "line"}}
    return _message(account, person, at, number, "image", more, quotable=True, file=file)


def audio(
    account: Account, person: Person, seconds: int, at: datetime, number: int, file: File | None = None
) -> Webhook:
    """A voice note; `duration` is in milliseconds."""
    more = {"duration": seconds * 1000, "contentProvider": {"type": "line"}}
    return _message(account, person, at, number, "audio", more, file=file or File("m4a", seconds))


def video(account: Account, person: Person, seconds: int, at: datetime, number: int) -> Webhook:
    """A film."""
    more = {"duration": seconds * 1000, "contentProvider": {"type": "line"}}
    return _message(account, person, at, number, "video", more, quotable=True, file=File("mp4", seconds))


def document(account: Account, person: Person, at: datetime, number: int, file: File = PDF) -> Webhook:
    """Any other file."""
    more = {"fileName": f"contract.{file.ending}", "fileSize": 539}
    return _message(account, person, at, number, "file", more, file=file)


def sticker(account: Account, person: Person, at: datetime, number: int) -> Webhook:
    """A sticker that waves."""
    more = {"packageId": "446", "stickerId": "1988", "stickerResourceType": "ANIMATION", "keywords": ["hi", "hello"]}
    return _message(account, person, at, number, "sticker", more, quotable=True)


def location(account: Account, person: Person, at: datetime, number: int) -> Webhook:
    """A place on the map."""
    more = {"title": "Factory", "address": "Samut Sakhon", "latitude": 13.5475, "longitude": 100.2744}
    return _message(account, person, at, number, "location", more)


def follow(account: Account, person: Person, at: datetime, number: int, *, unblocked: bool = False) -> Webhook:
    """The person added the account as a friend, or unblocked it."""
    more = {"follow": {"isUnblocked": unblocked}, "replyToken": _token(account, number)}
    return _deliver(account, [_event(account, person, at, number, "follow", more)], "follow")


def unfollow(account: Account, person: Person, at: datetime, number: int) -> Webhook:
    """The person blocked the account: the only sign of it LINE gives."""
    return _deliver(account, [_event(account, person, at, number, "unfollow", {})], "unfollow")


def unsend(account: Account, person: Person, of: int, at: datetime, number: int, file: File | None = None) -> Webhook:
    """The person took back the message made with number `of`; `file` is the one that was in it."""
    more = {"unsend": {"messageId": message_id(account, of, file)}}
    return _deliver(account, [_event(account, person, at, number, "unsend", more)], "unsend")


def postback(account: Account, person: Person, data: str, at: datetime, number: int) -> Webhook:
    """The person tapped a button of ours; no message comes of it, whatever the chat shows."""
    pressed = {"postback": {"data": data}, "replyToken": _token(account, number)}
    event = _event(account, person, at, number, "postback", pressed)
    return _deliver(account, [event], "postback", (str(event["webhookEventId"]),))


def ping(account: Account) -> Webhook:
    """The console's "Verify" button: no events at all."""
    return _deliver(account, [], "verify")


def batch(account: Account, webhooks: Sequence[Webhook]) -> Webhook:
    """Several requests of one account as one, in the order given."""
    events = [event for webhook in webhooks for event in json.loads(webhook.body)["events"]]
    ids = tuple(ident for webhook in webhooks for ident in webhook.message_ids)
    return _deliver(account, events, f"batch of {len(events)}", ids)


def redelivery(account: Account, webhook: Webhook) -> Webhook:
    """The same events once more, marked as such; every id stays."""
    events = json.loads(webhook.body)["events"]
    again = [event | {"deliveryContext": {"isRedelivery": True}} for event in events]
    return _deliver(account, again, f"{webhook.note}, redelivered", webhook.message_ids)


def message_id(account: Account, number: int, file: File | None = None) -> str:
    """LINE's id of the message made with that number; it tells what file is in it."""
    made = digits(17, "line message", account.id, number)
    return "5" + (made[: -len(file.code)] + file.code if file else made)


def _message(
    account: Account,
    person: Person,
    at: datetime,
    number: int,
    kind: str,
    more: Event,
    *,
    quotable: bool = False,
    file: File | None = None,
) -> Webhook:
    ident = message_id(account, number, file)
    quote = {"quoteToken": hexes(24, "quote", account.id, number)} if quotable else {}
    message = {"type": kind, "id": ident, **quote, **more}
    event = _event(account, person, at, number, "message", {"replyToken": _token(account, number), "message": message})
    return _deliver(account, [event], kind, (ident,))


def _event(account: Account, person: Person, at: datetime, number: int, kind: str, more: Event) -> Event:
    return {
        "type": kind,
        "mode": "active",
        "timestamp": milliseconds(at),
        "source": {"type": "user", "userId": person.line_id},
        "webhookEventId": ulid(at, "line event", account.id, number),
        "deliveryContext": {"isRedelivery": False},
        **more,
    }


def _token(account: Account, number: int) -> str:
    return hexes(32, "reply token", account.id, number)


def _deliver(account: Account, events: Sequence[Event], note: str, message_ids: tuple[str, ...] = ()) -> Webhook:
    own_id = account.key("bot_user_id", "U" + hexes(32, "line bot", account.id))
    content = {"destination": own_id, "events": list(events)}
    body = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()  # LINE escapes nothing
    return Webhook(
        account_id=account.id,
        channel="line",
        path=account.hook_path,
        headers=(
            ("Content-Type", "application/json; charset=utf-8"),
            ("User-Agent", "LineBotWebhook/2.0"),
            *sign.line(account.key("channel_secret"), body),
        ),
        body=body,
        note=note,
        message_ids=message_ids,
    )
