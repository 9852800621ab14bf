"""What Telegram sends: one update a request, in order within a chat."""

import json
from datetime import datetime
from typing import Any

from sandbox import sign
from sandbox.accounts import Account
from sandbox.media import PDF, PHOTO, File
from sandbox.people import Person
from sandbox.webhook import Webhook, digits, hexes

Update = dict[str, Any]


def text(account: Account, person: Person, words: str, at: datetime, number: int) -> Webhook:
    """A text message. `number` makes the ids: the same number is the same update."""
    return _message(account, person, at, number, "text", {"text": words})


def start(account: Account, person: Person, at: datetime, number: int, payload: str = "") -> Webhook:
    """The person opened the bot, from a poster when there is a payload."""
    command = {"type": "bot_command", "offset": 0, "length": 6}
    more = {"text": f"/start {payload}".strip(), "entities": [command]}
    message = _shown(person, at, number) | more
    return _deliver(account, person, number, "message", message, "start")


def edit(account: Account, person: Person, words: str, of: int, at: datetime, number: int) -> Webhook:
    """The person changed the message made with number `of`."""
    message = _shown(person, at, of) | {"edit_date": int(at.timestamp()), "text": words}
    return _deliver(account, person, number, "edited_message", message, "edit")


def photo(
    account: Account, person: Person, at: datetime, number: int, caption: str = "", file: File = PHOTO
) -> Webhook:
    """A photo in two sizes, with or without a caption."""
    sizes = [_file(account, number, f"photo{w}", file) | {"width": w, "height": w * 3 // 4} for w in (90, 1280)]
    said = {"caption": caption} if caption else {}
    return _message(account, person, at, number, "photo", {"photo": sizes, **said})


def voice(
    account: Account, person: Person, seconds: int, at: datetime, number: int, file: File | None = None
) -> Webhook:
    """A voice note."""
    more = {"duration": seconds, "mime_type": "audio/ogg", "file_size": seconds * 3900}
    note = _file(account, number, "voice", file or File("ogg", seconds)) | more
    return _message(account, person, at, number, "voice", {"voice": note})


def video(account: Account, person: Person, seconds: int, at: datetime, number: int) -> Webhook:
    """A film."""
    more = {"duration": seconds, "width": 160, "height": 120, "mime_type": "video/mp4"}
    film = _file(account, number, "video", File("mp4", seconds)) | more
    return _message(account, person, at, number, "video", {"video": film})


def document(account: Account, person: Person, at: datetime, number: int, file: File = PDF) -> Webhook:
    """Any other file."""
    more = {"file_name": f"contract.{file.ending}", "mime_type": file.mime}
    return _message(account, person, at, number, "document", {"document": _file(account, number, "file", file) | more})


def sticker(account: Account, person: Person, at: datetime, number: int) -> Webhook:
    """A sticker with a thumb."""
    more = {"type": "regular", "width": 512, "height": 512, "is_animated": False, "is_video": False, "emoji": "👍"}
    picture = _file(account, number, "sticker", File("png")) | more
    return _message(account, person, at, number, "sticker", {"sticker": picture})


def pressed(account: Account, person: Person, data: str, of: int, at: datetime, number: int) -> Webhook:
    """The person tapped a button under our message `of`. The query has no time; the message is older than the tap."""
    under = {"message_id": of, "date": int(at.timestamp()) - 60, "chat": _chat(person), "text": "…"}
    query = digits(18, "query", account.id, number)
    about = {"id": query, "from": _user(person), "chat_instance": digits(10, "chat", account.id, person.key)}
    return _deliver(
        account, person, number, "callback_query", about | {"message": under, "data": data}, "button", (query,)
    )


def location(account: Account, person: Person, at: datetime, number: int) -> Webhook:
    """A place on the map."""
    place = {"latitude": 13.5475, "longitude": 100.2744, "horizontal_accuracy": 20.0}
    return _message(account, person, at, number, "location", {"location": place})


def group_text(account: Account, person: Person, words: str, at: datetime, number: int) -> Webhook:
    """A text in a group the bot was added to."""
    group = {"id": -int("100" + digits(10, "group", account.id)), "type": "supergroup", "title": "Workers"}
    message = _shown(person, at, number) | {"chat": group, "text": words}
    return _deliver(account, person, number, "message", message, "group text")


def blocked(account: Account, person: Person, at: datetime, number: int, *, back: bool = False) -> Webhook:
    """The person blocked the bot, or (`back`) opened it again."""
    states = ("kicked", "member") if back else ("member", "kicked")
    bot = {"id": _bot_id(account), "is_bot": True, "first_name": "Hotline", "username": "hotline_sandbox_bot"}
    old, new = ({"user": bot, "status": status} for status in states)
    ends = {"chat": _chat(person), "from": _user(person), "date": int(at.timestamp())}
    change = {**ends, "old_chat_member": old, "new_chat_member": new}
    return _deliver(account, person, number, "my_chat_member", change, "unblocked" if back else "blocked")


def message_id(number: int, chat: int) -> str:
    """The id of the message made with that number: Telegram counts anew in each chat, so the chat belongs to it."""
    return f"{chat}:{number}"


def _message(account: Account, person: Person, at: datetime, number: int, note: str, more: Update) -> Webhook:
    message = _shown(person, at, number) | more
    return _deliver(account, person, number, "message", message, note, (message_id(number, person.telegram_id),))


def _shown(person: Person, at: datetime, number: int) -> Update:
    moment = int(at.timestamp())
    return {"message_id": number, "from": _user(person), "chat": _chat(person), "date": moment}


def _user(person: Person) -> Update:
    spoken = {"language_code": person.app_language} if person.app_language else {}
    return {"id": person.telegram_id, "is_bot": False, "first_name": person.name, **spoken}


def _chat(person: Person) -> Update:
    return {"id": person.telegram_id, "first_name": person.name, "type": "private"}


def _file(account: Account, number: int, what: str, file: File) -> Update:
    ident = hexes(35, what, account.id, number) + file.code
    return {"file_id": f"{what}-{ident}", "file_unique_id": ident[:15], "file_size": 1253}


def _bot_id(account: Account) -> int:
    own = account.key("bot_token").partition(":")[0]
    return int(own) if own.isdigit() else int(digits(10, "bot", account.id))


def _deliver(
    account: Account, person: Person, number: int, kind: str, content: Update, note: str, ids: tuple[str, ...] = ()
) -> Webhook:
    body = json.dumps({"update_id": number, kind: content}, separators=(",", ":")).encode()  # \uXXXX, as Telegram does
    headers = (("Content-Type", "application/json"), *sign.telegram(account.key("secret_token")))
    return Webhook(
        account_id=account.id,
        channel="telegram",
        path=account.hook_path,
        headers=headers,
        body=body,
        note=note,
        message_ids=ids,
        queue=f"{account.id}/{person.key}",
    )
