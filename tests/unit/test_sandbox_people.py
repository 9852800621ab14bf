"""Who says what, on which account."""

import dataclasses
import json
import re
from itertools import islice
from random import Random

import pytest

from sandbox.accounts import Account
from sandbox.casting import turns, with_room
from sandbox.people import person
from sandbox.posting import posts, webhook_of
from sandbox.script import LANGUAGES, BadMessages, Line, channels_for, own_conversations, parse
from tests.sandbox_cast import ACCOUNTS, AT, AYE, EVERYWHERE, PUBLIC


def test_messages_json_is_well_formed_and_speaks_every_language():
    told = own_conversations()
    assert len({said.id for said in told}) == len(told)
    assert {said.language for said in told} - {None} == set(LANGUAGES)
    assert {said.urgency for said in told} - {""} == {"U1", "U2", "U3", "U4"}
    assert {said.encoding for said in told} == {"unicode", "zawgyi"}
    assert all(channels_for(said) for said in told)
    assert all(said.channel in channels_for(said) for said in told if said.strict)
    assert any(said.copies == 3 for said in told)
    assert max(len(said.lines) for said in told) <= 5


def test_phone_numbers_are_the_same_for_the_same_person_and_differ_between_people():
    assert person("aye", "my", "TH") == AYE
    assert re.fullmatch(r"\+662000\d{5}", AYE.phone)
    assert re.fullmatch(r"\+1\d{3}55501\d\d", person("x", "es", "US").phone)
    assert len({person(f"p{n}", "my", "TH").phone for n in range(200)}) > 190
    assert person("+15005550123", "my", "TH").phone == "+15005550123"


def test_the_first_things_said_cover_all_channels_and_most_languages():
    told = with_room(own_conversations(), EVERYWHERE)
    for seed in range(5):
        first = list(islice(turns(told, EVERYWHERE, seed, endless=True), 100))
        assert {turn.account.channel for turn in first} == set(ACCOUNTS)
        assert len({turn.person.language for turn in first}) >= 18


def test_the_same_seed_tells_the_same_story_and_another_seed_has_other_ids():
    def story(seed):
        return [(t.account.id, t.person, t.line, t.number) for t in turns(told, EVERYWHERE, seed, endless=False)]

    told = own_conversations()
    assert story(3) == story(3)
    assert {turn[3] for turn in story(3)}.isdisjoint({turn[3] for turn in story(4)})


def test_people_write_on_an_account_that_speaks_their_language_in_their_country():
    there = Account(id="line-tw", channel="line", public_url=PUBLIC, countries=("TW",), languages=("vi", "id"))
    (turn,) = turns(
        parse('[{"text": "x", "lang": "id", "country": "TW"}]'), [*EVERYWHERE, there], 1, endless=False, in_order=True
    )
    assert turn.account.id == "line-tw"


def test_accounts_that_only_send_are_not_written_to():
    deaf = [dataclasses.replace(account, inbound=account.channel == "line") for account in EVERYWHERE]
    told = with_room(own_conversations(), deaf)
    assert {turn.account.channel for turn in turns(told, deaf, 1, endless=False)} == {"line"}
    with pytest.raises(BadMessages, match="item-1: no sms account"):
        next(turns(parse('[{"channel": "sms", "text": "x"}]'), deaf, 1, endless=False, in_order=True))


def test_every_turn_is_posted_exactly_once_or_more():
    story = list(turns(own_conversations(), EVERYWHERE, 2, endless=False))
    made = list(posts(story, Random(2), lambda: AT))
    assert sum(post.turns for post in made) == len(story)
    expected = {i for t in story if t.line.kind != "call" for i in webhook_of(t, AT).message_ids}
    assert {i for post in made for webhook in post.webhooks for i in webhook.message_ids} == expected
    assert any(post.turns > 1 for post in made)
    assert any(len(post.webhooks) > 1 for post in made)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[", "not JSON"),
        ("[]", "write a list of items"),
        ('{"a": 1}', "write a list of items"),
        ("[1]", "item 1: write an object"),
        ('[{"text": "x"}, {"text": ""}]', "item 2: text must be the words"),
        ('[{"kind": "stiker"}]', "did you mean sticker"),
        ('[{"text": "x", "channel": "fax"}]', "channel must be one of voice"),
        ('[{"kind": "call", "how": "voicemial"}]', "did you mean voicemail"),
        ('[{"kind": "audio", "seconds": "long"}]', "seconds must be a whole number"),
    ],
)
def test_a_wrong_messages_file_says_what_to_write(text, complaint):
    with pytest.raises(BadMessages, match=complaint):
        parse(text)


def test_a_messages_file_is_read_tolerantly():
    items = [
        {"text": "hi", "colour": "red"},
        {"kind": "missed_call"},
        {"lines": ["a", {"kind": "image"}], "lang": "my-Latn"},
    ]
    one, call, two = parse(json.dumps(items))
    assert one.lines == (Line(text="hi", seconds=20),)
    assert (call.lines[0].kind, call.lines[0].how) == ("call", "ringing")
    assert ([said.kind for said in two.lines], two.language) == (["text", "image"], "my")
