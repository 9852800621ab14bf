"""What a provider learns of people from the webhooks it sends: who said what when, and who left."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal
from urllib.parse import parse_qsl

from sandbox.webhook import Webhook

Change = Literal["", "left", "back"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """One thing a person said or did."""

    channel: str
    account: str
    person: str
    id: str  #: the provider's
    at: datetime | None = None  #: None: now; SMS and calls carry no time
    kind: str = "text"  #: text, image, audio, …; empty: nothing that shows on a phone
    text: str = ""
    ref: str = ""  #: an id that tells what file it is (`media.told_by`)
    reply_token: str = ""  #: LINE's
    change: Change = ""  #: whether the person blocked the account, opted out, or came back


def heard(webhook: Webhook) -> list[Heard]:
    """Everything in one webhook, in its order; nothing for receipts, groups and requests in the midst of a call."""
    return list(_READERS[webhook.channel](webhook))


def _line(webhook: Webhook) -> Iterator[Heard]:
    for event in json.loads(webhook.body)["events"]:
        source, message = event["source"], event.get("message", {})
        if source["type"] == "user":
            said = event.get("postback", {}).get("displayText", "") or message.get("text", "")
            yield Heard(
                channel="line",
                account=webhook.account_id,
                person=source["userId"],
                id=message.get("id", event["webhookEventId"]),
                at=_moment(event["timestamp"] / 1000),
                kind=message.get("type", event["type"] if event["type"] in ("postback", "follow") else ""),
                text=said,
                ref=message.get("id", "") if message.get("type") in _LINE_FILES else "",
                reply_token=event.get("replyToken", ""),
                change=_CHANGES.get(event["type"], ""),
            )


def _facebook(webhook: Webhook) -> Iterator[Heard]:
    for entry in json.loads(webhook.body)["entry"]:
        for event in entry["messaging"]:
            message, postback = event.get("message", {}), event.get("postback", {})
            if message.get("is_echo") or not (message or postback):
                continue
            first: Any = next(iter(message.get("attachments", ())), {})
            kind = first.get("type") or ("text" if message else "postback")
            yield Heard(
                channel="facebook",
                account=webhook.account_id,
                person=event["sender"]["id"],
                id=message.get("mid") or postback.get("mid", ""),
                at=_moment(event["timestamp"] / 1000),
                kind="location" if kind == "fallback" else kind,
                text=message.get("text", "") or postback.get("title", ""),
                ref="" if kind == "fallback" else _folder(first.get("payload", {}).get("url", "")),
            )


def _telegram(webhook: Webhook) -> Iterator[Heard]:
    update = json.loads(webhook.body)
    name = next(key for key in update if key != "update_id")
    said = update[name]
    chat = said.get("chat") or said["message"]["chat"]
    if chat["type"] != "private" or name == "edited_message":
        return
    kind = next((kind for kind in _TELEGRAM_FILES if kind in said), "location" if "location" in said else "text")
    file: Any = said.get(kind, {})
    yield Heard(
        channel="telegram",
        account=webhook.account_id,
        person=str(chat["id"]),
        id=str(said.get("message_id", said.get("id", update["update_id"]))),
        at=_moment(said["date"]) if "date" in said else None,
        kind={"message": _TELEGRAM_FILES.get(kind, kind), "callback_query": "postback"}.get(name, ""),
        text=said.get("text") or said.get("caption") or said.get("data", ""),
        ref=_last(file).get("file_id", ""),
        change=_CHANGES.get(said.get("new_chat_member", {}).get("status", ""), "back" if name == "message" else ""),
    )


def _sms(webhook: Webhook) -> Iterator[Heard]:
    form = _form(webhook)
    if form.get("SmsStatus") != "received":
        return
    yield Heard(
        channel="sms",
        account=webhook.account_id,
        person=form["From"],
        id=form["MessageSid"],
        kind="image" if "MediaUrl0" in form else "text",
        text=form["Body"],
        ref=form.get("MediaUrl0", "").rpartition("/")[2],
        change=_CHANGES.get(form.get("OptOutType", ""), ""),
    )


def _voice(webhook: Webhook) -> Iterator[Heard]:
    form = _form(webhook)
    if webhook.step == "" and form.get("CallStatus") == "ringing":
        yield Heard(channel="voice", account=webhook.account_id, person=form["From"], id=form["CallSid"], kind="call")


_READERS = {"line": _line, "facebook": _facebook, "telegram": _telegram, "sms": _sms, "voice": _voice}
_LINE_FILES = ("image", "audio", "video", "file")
_TELEGRAM_FILES = {
    "photo": "image",
    "voice": "audio",
    "audio": "audio",
    "video": "video",
    "sticker": "sticker",
    "document": "file",
}
_CHANGES: Mapping[str, Change] = {
    "follow": "back", "unfollow": "left", "kicked": "left", "member": "back", "STOP": "left", "START": "back",
}  # fmt: skip


def _form(webhook: Webhook) -> dict[str, str]:
    return dict(parse_qsl(webhook.body.decode(), keep_blank_values=True))


def _folder(url: str) -> str:
    """Where a file lies in Messenger's CDN: the part before its name."""
    return url.split("/")[-2] if url.count("/") > 3 else ""


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _last(sizes: Any) -> Mapping[str, Any]:
    """A photo comes in several sizes, the largest last."""
    found = sizes[-1] if isinstance(sizes, list) and sizes else sizes
    return found if isinstance(found, dict) else {}
