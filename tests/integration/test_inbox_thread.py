"""The conversation as agents see it: the real pages on a real database, without scripts."""

import gzip
import re
from datetime import timedelta

from desk import contact, saying
from model.contact import Rules
from sandbox.providers import line
from tests.conversation import AYE, BURMESE, PART
from tests.house import NOON

ZAWGYI = "အလုပ္ရွင္က ကြၽန္မတို႔ ပတ္စပို႔ စာအုပ္ေတြ သိမ္းထားတယ္။ ျပန္ေတာင္းရင္ ရဲေခၚမယ္လို႔ ၿခိမ္းေျခာက္တယ္။"


async def test_a_whole_page_and_the_part_of_one(room):
    _, mya = await room.agent()
    ticket = await room.ticket()
    page = await mya.open(ticket)
    assert page.status == 200
    assert BURMESE in page.text
    assert re.search(r'<p class="words" dir="auto" lang="my">', page.text)
    assert 'role="log"' in page.text
    part = await mya.browser.get(f"/inbox/{ticket}/thread", **PART)
    assert part.text.lstrip().startswith('<section class="thread"')
    assert "<html" not in part.text


async def test_repaired_words_unfold_and_can_be_put_back(room):
    await room.write(ZAWGYI, minutes=2)
    _, mya = await room.agent()
    ticket = await room.ticket()
    page = await mya.open(ticket)
    assert ZAWGYI in page.text
    assert "Repaired from Zawgyi" in page.text
    message = re.search(
        r'name="message" value="([^"]+)"><button class="button button-small" name="as" value="written"', page.text
    )[1]
    page = await mya.do(ticket, "repair", message=message, **{"as": "written"})
    assert page.status == 200
    assert "Repair from Zawgyi" in page.text


async def test_late_words_edits_stickers_pictures_and_calls_are_named(room, home):
    account = home.accounts["line-th"]
    late = line.text(account, AYE, "late words", NOON + timedelta(minutes=3), 900)
    await home.put(late, at=NOON + timedelta(minutes=20))
    await room.take(
        line.sticker(account, AYE, NOON + timedelta(minutes=4), 901),
        line.image(account, AYE, NOON + timedelta(minutes=5), 902),
        line.audio(account, AYE, 12, NOON + timedelta(minutes=6), 903),
        minutes=21,
    )
    _, mya = await room.agent()
    page = await mya.open(await room.ticket())
    for words in ("Arrived late, at 12:20", "Sticker", "Picture", "Voice note", "0:12", "Not heard yet"):
        assert words in page.text


async def test_who_has_heard_a_voice_note(room, home):
    await room.take(line.audio(home.accounts["line-th"], AYE, 12, NOON + timedelta(minutes=6), 903), minutes=6)
    _, mya = await room.agent()
    ticket = await room.ticket()
    page = await mya.open(ticket)
    attachment = re.search(r'name="attachment" value="([^"]+)"', page.text)[1]
    page = await mya.do(ticket, "heard", attachment=attachment)
    assert "Heard or seen by Mya" in page.text
    assert "Not heard yet" not in page.text


async def test_markup_in_words_is_words(room):
    await room.write("<script>alert(1)</script> <b>&amp;", minutes=1)
    _, mya = await room.agent()
    page = await mya.open(await room.ticket())
    assert "<script>alert" not in page.text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page.text


async def test_a_translation_stands_under_its_message(room):
    _, mya = await room.agent()
    ticket = await room.ticket()
    message = re.search(r'<li class="msg" id="m-([^"]+)"', (await mya.open(ticket)).text)[1]
    page = await mya.do(ticket, "translate", message=message, language="en", text="The employer keeps our passports.")
    assert "English by Mya" in page.text
    assert "The employer keeps our passports." in page.text
    page = await mya.do(ticket, "translate", message=message, language="xx", text="x")
    assert (page.status, "Choose a language" in page.text) == (409, True)


async def test_long_threads_come_in_pages_and_small(room):
    for n in range(60):
        await room.home.put(
            line.text(room.home.accounts["line-th"], AYE, f"{BURMESE} {n}.", NOON + timedelta(seconds=n), 1000 + n),
            at=NOON + timedelta(seconds=n),
        )
    await room.home.take_in()
    _, mya = await room.agent()
    ticket = await room.ticket()
    page = await mya.browser.get(f"/inbox/{ticket}/thread", **PART)
    assert len(gzip.compress(page.text.encode(), 6)) < 20_000
    assert f"{BURMESE} 0." not in page.text
    before = re.search(r"\?before=([^\"]+)\"", page.text)[1]
    page = await mya.browser.get(f"/inbox/{ticket}/thread?before={before}", **PART)
    assert f"{BURMESE} 0." in page.text
    assert f"{BURMESE} 59." not in page.text
    for nonsense in ("x", "1.2.3", "9" * 40 + ".1." + str(ticket), "-1.1." + str(ticket), "1.1." + str(ticket)):
        assert (await mya.browser.get(f"/inbox/{ticket}/thread?before={nonsense}", **PART)).status == 200


async def test_one_thread_over_the_earlier_ticket(room, home):
    await home.close((await home.ticket())["number"], at=NOON + timedelta(minutes=1))
    later = line.text(home.accounts["line-th"], AYE, "a new matter", NOON + timedelta(days=9), 77)
    await home.put(later, at=NOON + timedelta(days=9))
    await home.take_in()
    room.at.clock.at = NOON + timedelta(days=9, minutes=5)
    _, mya = await room.agent()
    ticket = await room.ticket()
    page = await mya.open(ticket)
    assert BURMESE not in page.text
    assert "Show 1 earlier ticket too" in page.text
    assert BURMESE in (await mya.open(ticket, "?whole")).text


# The strip


async def test_nobody_asked_is_no_green_light(room):
    _, mya = await room.agent()
    page = await mya.open(await room.ticket())
    assert 'class="strip strip-ask"' in page.text
    assert "Not asked, so: no calls, no voicemail, not our name" in page.text
    assert "Is it safe to write here?" in page.text


async def test_rules_are_noted_in_the_strip_and_hold_at_once(room):
    _, mya = await room.agent()
    ticket = await room.ticket()
    await mya.open(ticket)
    said = {"write": "yes", "call": "no", "voicemail": "no", "name": "no", "phone": "shared", "whose": "her husband"}
    said |= {
        "from": "11:00",
        "to": "22:00",
        "zone": "Asia/Bangkok",
        "asked": "yes",
        "check": "Where is the mango tree?",
    }
    page = await mya.do(ticket, "rules", was="", **said)
    assert page.status == 200, page.text
    for words in (
        "Safe on LINE until 22:00",
        "(now 12:30 there)",
        "No calls, no",
        "Shared phone: her husband",
    ):
        assert words in page.text
    assert '<section class="strip"' in page.text
    room.at.clock.forward(hours=10)
    _, mya = await room.agent("Arun")
    page = await mya.open(ticket)
    assert "strip-stop" in page.text
    assert "Do not write on LINE before" in page.text
    page = await mya.do(ticket, "rules", was="", **said)
    assert (page.status, "Somebody changed it meanwhile" in page.text) == (409, True)
    ((_, detail),) = await room.trail("contact.rules_changed")
    assert "husband" not in str(detail)


async def test_hours_that_are_none_are_refused_and_change_nothing(room):
    agent, mya = await room.agent()
    ticket = await room.ticket()
    await mya.open(ticket)
    for start, end, zone in (
        ("25:00", "26:00", "Asia/Bangkok"),
        ("10:00", "10:00", "Asia/Bangkok"),
        ("10:00", "11:00", "Moon/Base"),
    ):
        page = await mya.do(ticket, "rules", was="", write="yes", zone=zone, **{"from": start, "to": end})
        assert page.status == 409
    async with room.seat(agent) as seat:
        assert (await contact.known(seat, ticket)).rules == Rules()


async def test_supervisors_see_who_looked(room):
    _, mya = await room.agent()
    ticket = await room.ticket()
    page = await mya.open(ticket)
    assert "Seen by" not in page.text
    _, arun = await room.agent("Arun", "supervisor")
    await arun.open(ticket)
    page = await arun.open(ticket)
    assert "Seen by" in page.text
    assert "Mya read the thread" in page.text
    assert {actor for actor, _ in await room.trail("thread.read")} == {
        f"agent:{a}" for (a,) in await room.at.rows("select id from agent")
    }


async def test_notes_call_colleagues_and_are_no_answer(room):
    agent, mya = await room.agent()
    arun, _ = await room.agent("Arun", "supervisor")
    ticket = await room.ticket()
    await mya.open(ticket)
    page = await mya.do(ticket, "note", note="@Arun is this the same site as before?")
    assert "Note by Mya" in page.text
    assert '<b class="called">@Arun</b> is this the same site' in page.text
    assert await room.at.rows("select agent_id from mention") == [(arun.id,)]
    assert await room.at.rows("select id from delivery where purpose = 'reply'") == []
    async with room.seat(agent) as seat:
        await saying.note(seat, ticket, "second")
    assert "second" in (await mya.open(ticket)).text


async def test_what_an_open_page_asks_by_itself_keeps_no_session_alive(room):
    """Words that come in to a computer nobody sits at must not keep it open."""
    _, mya = await room.agent()
    ticket = await room.ticket()
    for _ in range(3):
        room.at.clock.forward(minutes=12)
        page = await mya.browser.get(f"/inbox/{ticket}/thread", **PART, **{"X-By-Itself": "1"})
    assert page.to.startswith("/sign-in") or page.status == 401
