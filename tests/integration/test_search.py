"""Search over sealed text, in scripts that put no spaces between words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.network import organisation_uuid
from sandbox.people import person
from sandbox.providers import telegram
from storage import search
from tests.house import NOON, House

SAID = {
    "my": ("လစာ ၂ လ မရသေးဘူး။ ဘယ်လို လုပ်ရမလဲ ကူညီပါ။", "မရသေး"),
    "th": ("นายจ้างไม่จ่ายเงินเดือนสองเดือนแล้ว", "จ่ายเงินเดือน"),
    "km": ("ខ្ញុំមិនទាន់បានប្រាក់ខែបីខែហើយ", "ប្រាក់ខែ"),
    "bn": ("আমার মালিক দুই মাসের বেতন দেয়নি", "বেতন"),
    "en": ("They keep my PASSPORT since May", "my passport"),
}


async def index(home: House) -> None:
    async with home.database.intake() as connection:
        while await search.index(connection, home.workplace.master):
            pass


async def find(home: House, slug: str, words: str) -> list:
    organisation = organisation_uuid(slug)
    async with home.database.desk(organisation) as connection:
        return await search.find(connection, home.workplace.master, organisation, words)


@pytest.fixture
async def told(home):
    """Each says the same thing to the same bot; who answers is decided by the language."""
    for number, (language, (words, _)) in enumerate(SAID.items(), start=1):
        who = person(language, language, "MY")
        await home.put(telegram.text(home.accounts["telegram-my"], who, words, NOON, number))
    await home.take_in()
    await index(home)
    return home


async def where(home: House) -> dict[str, tuple[str, object]]:
    """Language said → the organisation that has it, and the message."""
    rows = await home.tickets()
    by_text = {m["text"]: (t["organisation"], m["id"]) for t in rows for m in t["messages"]}
    return {language: by_text[words] for language, (words, _) in SAID.items()}


@pytest.mark.parametrize("language", SAID)
async def test_part_of_a_word_is_found_by_its_organisation_alone(told, language):
    organisation, message = (await where(told))[language]
    part = SAID[language][1]
    assert await find(told, organisation, part) == [message]
    assert await find(told, organisation, f"  {part.upper()} ") == [message]
    for other in {"shwe", "kampung-lima", "lantern", "padauk", "rhododendron"} - {organisation}:
        assert await find(told, other, part) == []


@pytest.mark.parametrize("words", ["", "  ", "ab", "စာ", "zzzz", "passport is", "\0\0\0\0", "%%%", "' or 1=1"])
async def test_what_nobody_said_is_not_found(told, words):
    for organisation in ("shwe", "kampung-lima", "lantern", "padauk"):
        assert await find(told, organisation, words) == []


async def test_the_newest_come_first_and_no_more_than_asked(home):
    who = person("aye", "bn", "MY")
    for number in range(1, 9):
        await home.put(telegram.text(home.accounts["telegram-my"], who, f"বেতন দেয়নি {number}", NOON, number))
        await home.take_in()
    await index(home)
    ticket = await home.ticket()
    organisation = organisation_uuid(ticket["organisation"])
    async with home.database.desk(organisation) as connection:
        found = await search.find(connection, home.workplace.master, organisation, "বেতন", limit=3)
    assert found == sorted((m["id"] for m in ticket["messages"]), reverse=True)[:3]


async def test_an_edit_is_found_by_its_new_words(home):
    account, who = home.accounts["telegram-my"], person("aye", "en", "MY")
    await home.put(telegram.text(account, who, "They owe me one month", NOON, 1))
    await home.take_in()
    await index(home)
    await home.put(telegram.edit(account, who, "They owe me three years", 1, NOON, 2))
    await home.take_in()
    await index(home)
    organisation = (await home.ticket())["organisation"]
    assert len(await find(home, organisation, "three years")) == 1
    assert await find(home, organisation, "one month") == []


async def test_a_moved_ticket_is_found_where_it_is_now(home):
    account, who = home.accounts["telegram-my"], person("aye", "bn", "MY")
    await home.put(telegram.text(account, who, SAID["bn"][0], NOON, 1))
    await home.take_in()
    await index(home)
    before = (await home.ticket())["organisation"]
    assert len(await find(home, before, SAID["bn"][1])) == 1
    await home.put(telegram.text(account, who, "He beat me. I am locked in, please help now", NOON, 2))
    await home.take_in()
    assert await find(home, before, SAID["bn"][1]) == []  # at once, not when the index comes round
    await index(home)
    after = (await home.ticket())["organisation"]
    assert after != before
    assert len(await find(home, after, SAID["bn"][1])) == 1
    assert len(await find(home, after, "locked in")) == 1


async def test_an_erased_person_cannot_be_read_nor_indexed(told):
    async with told.database.intake() as connection:
        await connection.execute("insert into gram_due select organisation_id, id from message")
        await connection.execute("delete from message_grams")
        await connection.execute("delete from person_key")
    await index(told)
    for organisation in ("shwe", "kampung-lima", "lantern", "padauk"):
        assert [f for language in SAID for f in await find(told, organisation, SAID[language][1])] == []
    rows = await told.tickets()
    assert len(rows) == len(SAID)
    assert {m["text"] for t in rows for m in t["messages"]} == {None}


async def test_equal_words_of_two_organisations_have_different_hashes(home):
    master = home.workplace.master
    keys = [master.grams_key(organisation_uuid(slug)) for slug in ("shwe", "lantern")]
    one, two = (set(search.grams("they keep my passport", key)) for key in keys)
    assert len(one) > 15
    assert not one & two


@given(st.text(max_size=60), st.text(max_size=60), st.text(max_size=60))
def test_every_part_of_a_text_has_hashes_of_that_text(before, part, after):
    """Whatever a normalisation does at the edges, words that stand between spaces are found."""
    key = b"k" * 32
    whole = set(search.grams(f"{before} {part} {after}", key))
    assert set(search.grams(part, key)) <= whole


@given(st.text(max_size=80))
def test_hashes_are_sorted_distinct_and_fit_the_column(text):
    found = search.grams(text, b"k" * 32)
    assert found == sorted(found)
    assert all(-(2**31) <= value < 2**31 for value in found)
    assert search.normalised(search.normalised(text)) == search.normalised(text)
