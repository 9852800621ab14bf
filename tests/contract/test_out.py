"""The promises of every channel's way out, held by what its `said/*.json` tell (tests/contract/said.py)."""

import base64
import logging
import sys
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels import registry
from channels.contract import CannotSay
from model.deliveries import OutFile
from tests import specifications
from tests.contract.said import (
    DESCRIBED,
    FILES,
    HANG,
    REFUSED_EARLY,
    TABLES,
    TALKED,
    Said,
    asked,
    at,
    every_channel,
    first,
    hurry,
    named,
    private,
)
from tests.scripted import Asked, provider

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


@every_channel
def test_what_is_said_to_go_as_a_link_does_and_nothing_else(name):
    said = first(name)
    mimes = {"image": "image/jpeg", "audio": "audio/mp4", "video": "video/mp4", "file": "application/pdf"}
    for kind in said.out.limits.file_bytes.keys() & mimes.keys():
        url = "https://hotline.example.org/f/1"
        file = OutFile(kind=kind, mime=mimes[kind], name="a.pdf", data=b"1", url=url, seconds=1)
        parts = said.out.render(replace(said.outgoing, text="", files=(file,), choices=()), said.settings)
        said_in_words = any(url in word for part in parts for word in words_of(part.content))
        assert said_in_words == (kind in said.out.limits.as_link), kind


class Heavy(bytes):
    """A file that would fill the memory."""

    def __new__(cls, size: int) -> "Heavy":
        heavy = super().__new__(cls)
        heavy.size = size
        return heavy

    def __len__(self) -> int:
        return self.size
