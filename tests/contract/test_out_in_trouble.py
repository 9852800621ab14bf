"""A provider in trouble, for every channel: what was sent, what is repeated, and that every question ends."""

from typing import Any

import pytest

from channels import registry
from model.deliveries import Refused, Sent, Unknown
from runtime.ports import some_free_port
from tests.contract.said import BROKEN, FILES, HANG, TALKED, Said, every_channel, first, hurry, named
from tests.scripted import provider

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


# Questions to a provider


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
