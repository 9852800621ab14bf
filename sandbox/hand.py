"""People moved by hand: they say something, tap a button or ring, through the same signed webhooks as all others."""

import difflib
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sandbox import media
from sandbox.accounts import Account
from sandbox.calls import OngoingCall
from sandbox.casting import Turn
from sandbox.courier import Courier
from sandbox.people import Person, known_as
from sandbox.phones import Choice, Item
from sandbox.posting import copies_of, webhook_of
from sandbox.providers import facebook, line, telegram, twilio_voice
from sandbox.script import KINDS, Line
from sandbox.webhook import Webhook
from sandbox.world import World

_MOST_COPIES = 20


class BadHand(ValueError):
    """This cannot be said or done; the text says what to write."""


async def say(world: World, channel: str, ident: str, asked: Mapping[str, Any]) -> dict[str, Any]:
    """One thing a person writes or sends; with `quick_reply` it taps the choice of that value. Raises BadHand."""
    account, person = _account(world, channel, ident, asked), _person(world, channel, ident, asked)
    at = world.now() - timedelta(seconds=_number(asked, "late_seconds", 0, 10**7))
    if "quick_reply" in asked:
        webhook = _tap(world, account, person, ident, str(asked["quick_reply"]))
    else:
        number = world.number()
        turn = Turn(account=account, person=person, line=_line(channel, asked), number=number, before=number, copies=1)
        webhook = webhook_of(turn, at)
    copies = copies_of(account, webhook, max(1, int(_number(asked, "copies", 1, _MOST_COPIES))))
    courier = _courier(world)
    results = [(await courier.ask(copy))[0] for copy in copies]
    return {
        "ids": list(webhook.message_ids),
        "answers": [result.status for result in results],
        "accepted": all(result.accepted for result in results),
    }


async def ring(world: World, ident: str, asked: Mapping[str, Any]) -> OngoingCall:
    """The person rings the hotline, and the call is open. Raises BadHand."""
    account, person = _account(world, "voice", ident, asked), _person(world, "voice", ident, asked)
    withheld = asked.get("withheld") is True
    call = twilio_voice.call(account, person, world.now(), world.number(), withheld=withheld)
    ongoing = OngoingCall(world, _courier(world), call, ident)
    await ongoing.ring()
    return ongoing


async def whole_call(world: World, ident: str, asked: Mapping[str, Any]) -> OngoingCall:
    """The person rings, presses `keys` one after another, speaks for `seconds` and hangs up. Raises BadHand."""
    seconds = int(_number(asked, "seconds", 0, 3600))
    ongoing = await ring(world, ident, asked)
    for key in str(asked.get("keys", "")):
        await ongoing.press(key)
    if seconds:
        await ongoing.speak(seconds)
    await ongoing.hang_up()
    return ongoing


def _courier(world: World) -> Courier:
    if world.courier is None:
        raise BadHand("the stand-in was started without a gateway, so nothing can be said to it")
    return world.courier


def _account(world: World, channel: str, ident: str, asked: Mapping[str, Any]) -> Account:
    """The account named, else the one this phone heard last, else the channel's first."""
    able = {account.id: account for account in world.accounts if account.channel == channel and account.inbound}
    named = asked.get("account")
    if named is not None and named not in able:
        raise BadHand(f"account: write one of {', '.join(able) or 'none, there is no such channel'}")
    heard = [item.account for item in world.phones.log(channel, ident) if item.account in able]
    chosen = named or (heard[-1] if heard else next(iter(able), None))
    if chosen is None:
        raise BadHand(f"no account of config.yaml hears anybody on {channel}")
    return able[chosen]


def _person(world: World, channel: str, ident: str, asked: Mapping[str, Any]) -> Person:
    language, country = asked.get("language"), asked.get("country")
    known = world.memory.person(channel, ident)
    if known and not (language or country):
        return known
    try:
        person = known_as(channel, ident, str(language or "en"), str(country or "TH"))
    except ValueError as error:
        raise BadHand(str(error)) from None
    world.meet(channel, person)
    return person


def _line(channel: str, asked: Mapping[str, Any]) -> Line:
    kind, text = str(asked.get("kind", "text")), asked.get("text", "")
    able = [name for name, channels in KINDS.items() if channel in channels and name not in _ABOUT_OTHERS]
    if kind not in able:
        near = difflib.get_close_matches(kind, able, 1)
        raise BadHand(f"kind: {f'did you mean {near[0]}?' if near else f'write one of {chr(44).join(able)}'}")
    if not isinstance(text, str) or (kind in ("text", "group") and not text):
        raise BadHand("text: write what the person says")
    file = str(asked.get("file", ""))
    if file and file not in media.KINDS:
        raise BadHand(f"file: write one of {', '.join(media.KINDS)}")
    return Line(kind=kind, text=text, seconds=int(_number(asked, "seconds", 5, 3600)), file=file)


_ABOUT_OTHERS = ("edit", "unsend", "reaction", "call")  # they are about something said before, or have their own path


def _tap(world: World, account: Account, person: Person, ident: str, value: str) -> Webhook:
    """What a channel makes of a tap on the newest choice with that value."""
    choice, under = _offered(world, account.channel, ident, value)
    number, at = world.number(), world.now()
    if choice.how == "text":
        words = Line(text=choice.value)
        turn = Turn(account=account, person=person, line=words, number=number, before=number, copies=1)
        return webhook_of(turn, at)
    match account.channel:
        case "line":
            return line.postback(account, person, choice.value, at, number)
        case "telegram":
            return telegram.pressed(account, person, choice.value, int(under.id), at, number)
    if under.content.get("message", {}).get("quick_replies"):
        return facebook.quick_reply(account, person, choice.label, choice.value, at, number)
    return facebook.postback(account, person, choice.label, choice.value, at, number)


def _offered(world: World, channel: str, ident: str, value: str) -> tuple[Choice, Item]:
    shown = [
        (choice, item)
        for item in reversed(world.phones.log(channel, ident))
        for choice in item.choices
        if choice.how != "link"
    ]
    for choice, item in shown:
        if value in (choice.value, choice.label):
            return choice, item
    offered = ", ".join(dict.fromkeys(choice.value for choice, _ in shown))
    raise BadHand(f"quick_reply: this phone offers {offered or 'nothing to tap'}")


def _number(asked: Mapping[str, Any], name: str, otherwise: float, most: float) -> float:
    value = asked.get(name, otherwise)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= most:
        raise BadHand(f"{name}: write a number from 0 to {most}")
    return value
