"""The promises of every channel's way out, held by what `said/*.json` tells. New folders are found by themselves.

Each file is one conversation with the provider, through the channel's own client and the provider's own SDK:

`about`      a sentence
`settings`   the account's section of config.yaml
`outgoing`   what is to be said (`model.deliveries.Outgoing`; a file has `data` in base64 or a `size`)
`cannot`     the reason for which it cannot, or
`requests`   what the provider must be asked, in this order: `method`, `path`, `query`, `headers` (those named), and
             the body as `json`, `form` or `multipart`
`answers`    what it answers, one for each request: {status, headers, body}, {"drop": true} (read, then hung up),
             {"cut": true} (half an answer) or {"hang": true} (no answer)
`result`     what is made of the last of them, or
`table`      rows of one `answer` and one `result`: what is made of each, asked the first request
`ask`        instead of `outgoing`: {"look": webhook URL}, {"quota": true}, {"locate": ref} or {"remove": ref}
`undescribed`  why the provider's own description, where there is one, does not know this request

`{api}` stands for the provider's address wherever it is told.
"""

import base64
import json
import logging
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import channels
from channels import registry
from channels.contract import CannotSay, Fetch, NoFile, Quota
from model.deliveries import Choice, OutFile, Outgoing, Refused, Sent, Unknown
from model.events import Sender
from runtime.ports import some_free_port
from tests import specifications
from tests.scripted import Asked, provider

FOLDERS = Path(channels.__path__[0])
SPEAKING = [name for name in registry.names() if registry.load(name).out]
SHORT = 1.0  #: seconds; shorter, and a busy machine has not read the request yet
HANG = {"hang": True}

#: Times, as they stand in a file.
WHEN = {"now", "heard_at"}


class Said:
    """One file of a channel."""

    def __init__(self, path: Path) -> None:
        self.path, self.told = path, json.loads(path.read_text(encoding="utf-8"))
        self.channel = registry.load(path.parent.parent.name)
        self.settings = self.channel.settings(self.told["settings"])
        self.out = self.channel.out

    @property
    def outgoing(self) -> Outgoing:
        told = dict(self.told["outgoing"])
        return Outgoing(
            id=UUID(told.pop("id")),
            to=Sender(**told.pop("to")),
            files=tuple(_file(file) for file in told.pop("files", ())),
            choices=tuple(Choice(*choice) for choice in told.pop("choices", ())),
            **{name: datetime.fromisoformat(value) if name in WHEN else value for name, value in told.items()},
        )

    @property
    def secrets(self) -> list[str]:
        return [str(value) for name, value in self.told["settings"].items() if name.endswith(("token", "secret"))]

    async def happens(self, url: str | None, ask: Any = None) -> Any:
        """What comes of it, told as the files tell it."""
        async with self.out.connect(self.settings, url) as client:
            if ask := ask or self.told.get("ask"):
                [(question, about)] = ask.items()
                return shown(await self._asks(client, question, about))
            for part in self.out.render(self.outgoing, self.settings):
                result = await self.out.send(client, part)
                if not isinstance(result, Sent):
                    break
            return shown(result)

    async def _asks(self, client: Any, question: str, about: Any) -> Any:
        if question == "quota":
            return await self.out.quota(client)
        if question == "look":
            return await self.out.look(client, self.settings, about)
        return await getattr(self.out, question)(client, about, self.settings)


def _file(told: Any) -> OutFile:
    told = dict(told)
    size, data = told.pop("size", 0), told.pop("data", "")
    return OutFile(data=base64.b64decode(data) or b"\0" * size, **told)


def shown(result: Any) -> Any:
    match result:
        case Sent():
            return {"sent": {"ids": list(result.ids), "units": result.units}}
        case Refused(meaning=meaning):
            told = {"reason": meaning.reason, "scope": meaning.scope, "retry": meaning.retry, "code": result.code}
            return {"refused": told | ({"after": meaning.after.total_seconds()} if meaning.after else {})}
        case Unknown():
            return {"unknown": True}
        case Quota():
            return {"quota": {"limit": result.limit, "used": result.used}}
        case Fetch():
            return {"fetch": {"url": result.url, "headers": dict(result.headers), "hosts": list(result.hosts)}}
        case NoFile():
            return {"no_file": {"when": result.when, "why": result.why}}
        case bool():
            return {"removed": result}
        case Sequence():
            return {"looks": [[look.what, look.wrong, look.says] for look in result]}
    return result


def asked(request: Asked, like: Any) -> Any:
    """A request, told as a file tells it: with the headers it names, and with the query and body there were."""
    told: dict[str, Any] = {"method": request.method, "path": request.path}
    if request.query:
        told["query"] = dict(request.query)
    if "headers" in like:
        told["headers"] = {name: request.headers.get(name) for name in like["headers"]}
    if request.kind:
        told[request.kind] = getattr(request, request.kind)()
    if request.kind == "multipart":
        told["multipart"] = {
            name: _as_told(value, like.get("multipart", {}).get(name)) for name, value in told["multipart"].items()
        }
    return told


def _as_told(value: Any, like: Any) -> Any:
    """A field of a multipart body: a file by its size where the file gives that; an object where it gives one."""
    if isinstance(value, dict):
        data = value["data"]
        how = {"size": len(data)} if "size" in (like or {}) else {"data": base64.b64encode(data).decode()}
        return {"name": value["name"], "type": value["type"], **how}
    return json.loads(value) if isinstance(like, dict | list) else value


def at(url: str, told: Any) -> Any:
    return json.loads(json.dumps(told).replace("{api}", url))


FILES = [Said(path) for path in sorted(FOLDERS.glob("*/said/*.json"))]
REFUSED_EARLY = [said for said in FILES if "cannot" in said.told]
TALKS = [said for said in FILES if "requests" in said.told]
DESCRIBED = [said for said in TALKS if said.told["requests"] and said.channel.name in specifications.BY_CHANNEL]
TALKED = [said for said in TALKS if "result" in said.told]
TABLES = [(said, row) for said in TALKS for row in said.told.get("table", ())]


def named(value: Any) -> str:
    return f"{value.channel.name}-{value.path.stem}" if isinstance(value, Said) else str(value.get("answer"))[:60]


def first(name: str) -> Said:
    """The first of a channel's files in which words are sent."""
    for said in TALKED:
        if said.channel.name == name and "sent" in said.told["result"] and said.outgoing.text:
            return said
    pytest.skip(f"{name} says nothing")


every_channel = pytest.mark.parametrize("name", SPEAKING)


def hurry(monkeypatch, name: str) -> None:
    """A provider that never answers is not waited for as long as in life."""
    monkeypatch.setattr(sys.modules[registry.load(name).out.connect.__module__], "TIMEOUT", SHORT)


# What the files say


@every_channel
def test_every_way_out_tells_how_it_speaks(name):
    told = [said.told for said in FILES if said.channel.name == name]
    assert any("cannot" in each for each in told), "write at least one that cannot be said"
    assert all(each["about"].endswith(".") for each in told)
    assert all(("cannot" in each) + ("result" in each) + ("table" in each) == 1 for each in told)
    if any("requests" in each and "outgoing" in each for each in told):
        results = [each["result"] for each in told if "result" in each]
        assert any("sent" in result for result in results)
        assert any("table" in each for each in told), "write down the provider's codes"


@pytest.mark.parametrize("said", REFUSED_EARLY, ids=named)
def test_what_cannot_be_said_is_known_before(said):
    with pytest.raises(CannotSay) as refused:
        said.out.render(said.outgoing, said.settings)
    assert refused.value.reason == said.told["cannot"]


@pytest.mark.parametrize("said", TALKED, ids=named)
async def test_provider_is_asked_as_promised(said, caplog, monkeypatch):
    caplog.set_level(logging.INFO)
    if HANG in said.told["answers"]:
        hurry(monkeypatch, said.channel.name)
    async with provider(said.told["answers"]) as there:
        result = await said.happens(there.url)
    wanted = said.told["requests"]
    assert [asked(request, like) for request, like in zip(there.asked, wanted, strict=False)] == at(there.url, wanted)
    assert len(there.asked) == len(wanted)
    assert result == at(there.url, said.told["result"])
    assert not there.answers, "every answer was given"
    assert all(any(secret in opened(request) for secret in said.secrets) for request in there.asked), "authorised"
    assert not any(word in caplog.text for word in private(said)), "nothing private is logged"


def opened(request: Asked) -> str:
    """All of a request in which a secret may stand, as text."""
    authorization = request.headers.get("Authorization", "")
    if authorization.startswith("Basic "):
        authorization = base64.b64decode(authorization.removeprefix("Basic ")).decode()
    return " ".join([request.path, str(request.query), authorization, request.body.decode(errors="replace")])


def private(said: Said) -> list[str]:
    told = said.told.get("outgoing", {})
    return [word for word in (*said.secrets, told.get("text"), told.get("to", {}).get("value")) if word]


@pytest.mark.parametrize(("said", "row"), TABLES, ids=named)
async def test_codes_mean_what_the_table_says(said, row):
    async with provider([row["answer"]]) as there:
        result = await said.happens(there.url)
    assert result == row["result"]


@pytest.mark.parametrize("said", DESCRIBED, ids=named)
@pytest.mark.skipif(
    not specifications.FOLDER.is_dir(), reason=f"no descriptions of the providers in {specifications.FOLDER}"
)
async def test_request_is_one_that_the_provider_describes(said, monkeypatch):
    if why := said.told.get("undescribed"):
        pytest.skip(why)
    answers = said.told.get("answers") or [said.told["table"][0]["answer"]]
    if HANG in answers:
        hurry(monkeypatch, said.channel.name)
    async with provider(answers) as there:
        await said.happens(there.url)
    description = specifications.read(said.channel.name)
    for request, answer in zip(there.asked, answers, strict=True):
        assert description.faults(request, answer) == []


# What holds for every channel


@every_channel
def test_limits_are_sane(name):
    limits = registry.load(name).out.limits
    assert limits.text >= 0
    assert limits.per_second > 0
    assert limits.per_person_seconds >= 0
    assert all(0 < size <= 1 << 31 for size in limits.file_bytes.values())
    assert 0 <= limits.choices <= 100
    if limits.human_window_hours:
        assert limits.window_hours
        assert limits.human_window_hours >= limits.window_hours
    assert limits.key_hours == 0 or limits.key_hours >= 1


@every_channel
def test_a_request_is_not_waited_for_for_ever(name):
    assert 0 < sys.modules[registry.load(name).out.connect.__module__].TIMEOUT <= 10


@every_channel
def test_same_words_same_requests(name):
    said = first(name)
    assert list(said.out.render(said.outgoing, said.settings)) == list(said.out.render(said.outgoing, said.settings))


@every_channel
def test_a_part_shows_neither_words_nor_numbers_in_a_log(name):
    said = first(name)
    for part in said.out.render(said.outgoing, said.settings):
        assert not any(word in repr(part) for word in private(said))


def words_of(value: Any) -> list[str]:
    """The words in a request, wherever they stand: every provider calls them `text` or `body`."""
    if isinstance(value, dict):
        found = [item for name, item in value.items() if name.lower() in ("text", "body") and isinstance(item, str)]
        return found + [word for item in value.values() for word in words_of(item)]
    return [word for item in value for word in words_of(item)] if isinstance(value, list | tuple) else []


scripts = (
    "aZ9 .,!?\n\t\u200b\u00a0'\"<>&*_`[]\\{}€😀👍🏽👩‍👩‍👧‍👦 é\u0301 မြန်မာ။ ไทย ខ្មែរ។ हिन्दी। 中文。 العربية\u200f\u202e"
)
letters = st.sampled_from([*scripts, "\u1039", "\u17d2", "ကျွန်ုပ်"]) | st.characters(
    codec="utf-8", exclude_characters="\0"
)
long_texts = st.builds(
    lambda some, times: "".join(some) * times, st.lists(letters, min_size=1, max_size=30), st.integers(1, 600)
)


def rendered(said: Said, text: str) -> list[Any]:
    """The parts of a text. Only one longer than a single message may be too long to say at all."""
    try:
        return list(said.out.render(replace(said.outgoing, text=text, files=(), choices=()), said.settings))
    except CannotSay as refused:
        why = refused.reason
    assert why == "content"
    assert len(text) > said.out.limits.text or not text.strip()
    return []


@every_channel
@settings(deadline=None, max_examples=60)
@given(text=long_texts)
def test_every_text_goes_out_whole(name, text):
    words = [word for part in rendered(first(name), text) for word in words_of(dict(part.content))]
    assert all(word.strip() for word in words)
    if words:
        assert "".join("".join(words).split()) == "".join(text.split())


@every_channel
def test_nothing_to_say_is_not_sent(name):
    said = first(name)
    for text in ("", " \n\t\u00a0"):
        with pytest.raises(CannotSay) as refused:
            said.out.render(replace(said.outgoing, text=text, files=(), choices=()), said.settings)
        assert refused.value.reason == "content"


@every_channel
def test_a_hundred_thousand_characters(name):
    parts = rendered(first(name), ("အလုပ်ရှင်က လစာ မပေးဘူး။ " * 5000)[:100_000])
    keys = [part.key for part in parts if part.key]
    assert len(set(keys)) == len(keys)


@every_channel
def test_too_large_a_file_is_known_before(name):
    said = first(name)
    for kind, most in said.out.limits.file_bytes.items():
        file = OutFile(
            kind=kind, mime="application/pdf", name="a.pdf", data=Heavy(most + 1), url="https://hotline.example.org/f/1"
        )
        with pytest.raises(CannotSay) as refused:
            said.out.render(replace(said.outgoing, files=(file,)), said.settings)
        assert refused.value.reason == "file"


class Heavy(bytes):
    """A file that would fill the memory."""

    def __new__(cls, size: int) -> "Heavy":
        heavy = super().__new__(cls)
        heavy.size = size
        return heavy

    def __len__(self) -> int:
        return self.size


# A provider in trouble

BROKEN = [{"drop": True}, {"cut": True}, HANG]
SENT = [said for said in TALKED if "sent" in said.told["result"]]

#: What stands between us and a provider, or a provider on a bad day, may answer.
BODIES = [
    b"",
    b"[]",
    b"null",
    b"{}",
    b'{"error": 1, "message": [], "code": {}}',
    b"<html>no",
    b"\xff\xfe",
    b"[" * 5000,
    b'{"ok"',
]


async def first_part(said: Said, url: str) -> Any:
    async with said.out.connect(said.settings, url) as client:
        part = said.out.render(said.outgoing, said.settings)[0]
        return part, await said.out.send(client, part)


@pytest.mark.parametrize("said", SENT, ids=named)
async def test_where_nobody_listens_nothing_was_sent(said):
    _, result = await first_part(said, f"http://127.0.0.1:{some_free_port()}")
    assert isinstance(result, Refused)
    assert (result.meaning.reason, result.meaning.scope, result.meaning.retry) == ("away", "message", True)


@pytest.mark.parametrize("said", SENT, ids=named)
@pytest.mark.parametrize("answer", BROKEN, ids=lambda answer: next(iter(answer)))
async def test_an_uncertain_request_is_repeated_only_with_a_key(said, answer, monkeypatch):
    if answer == HANG:
        hurry(monkeypatch, said.channel.name)
    async with provider([answer]) as there:
        part, result = await first_part(said, there.url)
    assert len(there.asked) == 1, "no SDK repeats it behind our back"
    if part.key:
        assert isinstance(result, Refused)
        assert (result.meaning.reason, result.meaning.retry) == ("away", True)
    else:
        assert isinstance(result, Unknown)


@every_channel
async def test_whatever_is_answered_is_told_and_nothing_is_raised(name):
    said = first(name)
    cases = [
        (status, body)
        for status in (200, 204, 400, 401, 403, 404, 409, 413, 418, 429, 500, 502, 503)
        for body in BODIES
    ]
    for status, body in cases:
        async with provider([{"status": status, "body": body}]) as there:
            _, result = await first_part(said, there.url)
        assert isinstance(result, Sent | Refused | Unknown), (status, body)
        assert not isinstance(result, Sent) or status in (200, 204, 409), (status, body)
        assert not isinstance(result, Unknown) or status < 300 or status >= 500, (status, body)


def questions(name: str) -> list[Any]:
    out = registry.load(name).out
    refs = [
        said.told["ask"]["locate"]
        for said in FILES
        if said.channel.name == name and "locate" in said.told.get("ask", {})
    ]
    asks: list[Any] = [{"look": "https://hotline.example.org/hooks/it"}]
    asks += [{"quota": True}] if out.quota else []
    asks += [{"locate": ref} for ref in refs] + ([{"remove": ref} for ref in refs[:1]] if out.remove else [])
    return asks


def any_of(name: str) -> Said:
    return next(said for said in FILES if said.channel.name == name)


@every_channel
def test_every_question_is_told(name):
    out = registry.load(name).out
    asked = {question for said in FILES if said.channel.name == name for question in said.told.get("ask", {})}
    assert asked == {"look"} | {question for question in ("locate", "remove", "quota") if getattr(out, question)}


async def answered(name: str, url: str) -> list[Any]:
    """What becomes of every question; an answer of the wrong shape fails."""
    results = [await any_of(name).happens(url, ask) for ask in questions(name)]
    assert all(result is None or set(result) <= {"looks", "quota", "fetch", "no_file", "removed"} for result in results)
    looks = results[0]["looks"]
    assert any(wrong for _, wrong, _ in looks), "a look at a provider in trouble says so"
    assert all(what and says for what, _, says in looks)
    return results


@every_channel
async def test_a_question_to_nobody_is_answered(name):
    await answered(name, f"http://127.0.0.1:{some_free_port()}")


@every_channel
@pytest.mark.parametrize("answer", BROKEN, ids=lambda answer: next(iter(answer)))
async def test_a_question_that_is_not_answered_ends(name, answer, monkeypatch):
    if answer == HANG:
        hurry(monkeypatch, name)
    async with provider([answer] * 50) as there:
        results = await answered(name, there.url)
    assert {"removed": True} not in results


@every_channel
@pytest.mark.parametrize("status", [200, 401, 404, 429, 500])
async def test_a_question_may_be_answered_with_nonsense(name, status):
    for body in BODIES:
        async with provider([{"status": status, "body": body}] * 50) as there:
            await answered(name, there.url)
