"""Signing in and out: passwords, second factors, sessions; what ends them, and what must not work."""

import asyncio
from hashlib import sha256

import pyotp
import pytest
import pytest_asyncio

from storage import sign_in
from tests.desk import PASSWORD, desk
from web import second_factor
from web.entering import FREE_TRIES
from web.guard import STAGES

WRONG = "not the password at all"


pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module")
async def at(same_home):
    async with desk(same_home) as opened:
        yield opened


async def actions(at) -> list[str]:
    return [action for (action,) in await at.rows("select action from audit order by id")]


def secret_on(page) -> str:
    """The authenticator's secret as the page shows it for typing."""
    return page.text.partition('class="code secret" dir="ltr">')[2].partition("<")[0].replace(" ", "")


# Name and password


async def test_a_right_password_leads_in(at):
    agent = await at.agent()
    browser = at.browser()
    page = await browser.sign_in("mya@shwe")
    assert (page.status, page.to) == (303, "/")
    assert "Shwe Lan Workers&#39; House" in (await browser.get("/")).text
    assert agent.name in browser.page.text
    assert await actions(at) == ["agent.sign_in_tried", "session.opened"]


async def test_a_wrong_password_and_a_wrong_name_are_told_the_same(at):
    await at.agent()
    browser, told = at.browser(), set()
    for name, password in (("mya@shwe", WRONG), ("nobody@shwe", PASSWORD), ("mya@padauk", PASSWORD)):
        page = await browser.sign_in(name, password)
        assert page.status == 422
        assert "do not belong together" in page.text
        told.add(page.text.replace(f'value="{name}"', ""))
    assert len(told) == 1
    assert not browser.cookie("session")


async def test_a_name_without_an_organisation_is_told_how_names_look(at):
    page = await at.browser().sign_in("mya")
    assert page.status == 422
    assert "mya@shwe" in page.text


async def test_a_password_of_more_letters_than_any_is_no_password(at):
    await at.agent()
    assert (await at.browser().sign_in("mya@shwe", PASSWORD + "x" * 4000)).status == 422


async def test_the_same_letters_of_another_keyboard_are_the_same_password(at):
    agent = await at.agent()
    composed, decomposed = "ké four words nobody", "ke\u0301 four words nobody"
    browser = await at.let_in(agent)
    assert (await browser.post("/account/password", {"old": PASSWORD, "new": composed})).status == 303
    assert (await at.browser().sign_in("mya@shwe", decomposed)).status == 303


async def test_whoever_was_disabled_does_not_get_in_and_is_out_at_once(at):
    agent = await at.agent()
    browser = await at.let_in(agent)
    async with at.database.desk(agent.organisation) as connection:
        await connection.execute("update agent set disabled_at = now()")
    assert (await browser.get("/account")).to.startswith("/sign-in")
    assert (await at.browser().sign_in("mya@shwe")).status == 422


async def test_whoever_has_an_organisation_that_is_gone_is_out(at):
    browser = await at.let_in(await at.agent())
    async with at.home.database.intake() as connection:
        await connection.execute("update organisation set retired_at = now() where slug = 'shwe'")
    assert (await browser.get("/account")).to.startswith("/sign-in")
    assert (await at.browser().sign_in("mya@shwe")).status == 422


async def test_where_somebody_was_going_they_go_after_signing_in(at):
    await at.agent()
    browser = at.browser()
    page = await browser.get("/account")
    assert page.to == "/sign-in?next=/account"
    await browser.get(page.to)
    fields = {"name": "mya@shwe", "password": PASSWORD, "next": browser.page.fields["next"]}
    assert (await browser.post("/sign-in", fields)).to == "/account"


@pytest.mark.parametrize(
    "next_",
    [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "/sign-out",
        "javascript:1",
        "/a b",
        "/a\r\nb: c",
        "/a?b=//evil.example",
    ],
)
async def test_nobody_is_led_away_from_our_own_pages(at, next_):
    await at.agent()
    browser = at.browser()
    await browser.get("/sign-in")
    page = await browser.post("/sign-in", {"name": "mya@shwe", "password": PASSWORD, "next": next_})
    assert (page.status, page.to) == (303, "/")


# Sessions


async def test_the_cookie_is_kept_from_scripts_and_from_other_sites(at):
    await at.agent()
    browser = at.browser()
    await browser.get("/sign-in")
    page = await browser.post("/sign-in", {"name": "mya@shwe", "password": PASSWORD, "next": ""})
    (cookie,) = [value for value in page.headers.getall("Set-Cookie") if value.startswith("session=")]
    assert {"HttpOnly", "Path=/", "SameSite=Strict"} <= set(cookie.split("; "))
    assert "Domain" not in cookie
    assert "Max-Age" not in cookie  # it ends with the browser


async def test_from_anywhere_else_cookies_need_https_and_belong_to_this_host_alone(at):
    await at.agent()
    browser = at.browser()
    host = {"Host": "hotline.example.org"}
    page = await browser.get("/sign-in", **host)
    assert page.headers["Strict-Transport-Security"]
    (device,) = page.headers.getall("Set-Cookie")
    assert device.startswith("__Host-device=")
    browser.set_cookie("__Host-device", device.partition("=")[2].partition(";")[0])
    page = await browser.post("/sign-in", {"name": "mya@shwe", "password": PASSWORD, "next": ""}, **host)
    assert page.status == 303
    assert all("Secure" in value.split("; ") for value in page.headers.getall("Set-Cookie"))
    assert any(value.startswith("__Host-session=") for value in page.headers.getall("Set-Cookie"))


async def test_the_store_holds_no_cookie(at):
    browser = await at.let_in(await at.agent())
    cookie = browser.cookie("session")
    async with at.database.nobody() as connection:
        found = await (
            await connection.execute("select agent_id from session_of(%s)", [sha256(cookie.encode()).digest()])
        ).fetchone()
        assert found
        for guess in (cookie.encode(), b""):
            assert await (await connection.execute("select 1 from session_of(%s)", [guess])).fetchone() is None


async def test_a_session_given_by_somebody_else_is_not_taken_over(at):
    """Session fixation: what the browser brought along never becomes the session of whoever signs in."""
    await at.agent()
    browser = at.browser()
    browser.set_cookie("session", "A" * 43)
    await browser.in_("mya@shwe")
    assert browser.cookie("session") not in ("", "A" * 43)


async def test_signing_in_again_ends_the_session_of_before(at):
    await at.agent()
    browser, fields = at.browser(), {"name": "mya@shwe", "password": PASSWORD, "next": ""}
    csrf = (await browser.get("/sign-in")).csrf  # in two tabs
    await browser.post("/sign-in", fields, csrf=csrf)
    thief = at.browser()
    thief.set_cookie("session", browser.cookie("session"))
    assert (await thief.get("/account")).status == 200
    await browser.post("/sign-in", fields, csrf=csrf)
    assert (await browser.get("/account")).status == 200
    assert (await thief.get("/account")).to.startswith("/sign-in")


async def test_the_session_changes_with_every_step(at):
    agent = await at.agent("Thura", "shwe", "supervisor")
    codes = await at.authenticator(agent)
    browser = at.browser()
    page = await browser.sign_in("thura@shwe")
    half = browser.cookie("session")
    await browser.get(page.to)
    await browser.post("/sign-in/code", {"code": codes.at(at.clock.at)})
    assert browser.cookie("session") != half
    thief = at.browser()
    thief.set_cookie("session", half)
    assert (await thief.get("/account")).to.startswith("/sign-in")


async def test_half_an_hour_of_nothing_ends_a_session(at):
    browser = await at.let_in(await at.agent())
    for _ in range(4):
        at.clock.forward(minutes=29)
        assert (await browser.get("/account")).status == 200
    at.clock.forward(minutes=30)
    assert (await browser.get("/account")).to == "/sign-in?next=/account&why=ended"
    assert "signed out" in (await browser.follow("/account")).text


async def test_what_a_page_asks_by_itself_keeps_no_session_awake(at):
    browser = await at.let_in(await at.agent())
    for _ in range(3):
        at.clock.forward(minutes=9)
        left = await browser.get("/session")
    assert left.text == '{"left": 180}'
    at.clock.forward(minutes=3)
    assert (await browser.get("/session", **{"Sec-Fetch-Mode": "cors"})).status == 401


async def test_typing_keeps_a_session_awake(at):
    browser = await at.let_in(await at.agent())
    for _ in range(3):
        at.clock.forward(minutes=20)
        assert (await browser.post("/session")).status == 204


async def test_after_twelve_hours_every_session_is_over(at):
    await at.agent()
    browser = at.browser()
    await browser.in_("mya@shwe")
    for _ in range(12 * 3 - 1):
        at.clock.forward(minutes=20)
        assert (await browser.post("/session")).status == 204
    at.clock.forward(minutes=20)
    assert (await browser.get("/account")).to.startswith("/sign-in")


async def test_half_way_in_ends_after_ten_minutes(at):
    codes = await at.authenticator(await at.agent("Thura", "shwe", "supervisor"))
    browser = at.browser()
    page = await browser.sign_in("thura@shwe")
    await browser.get(page.to)
    at.clock.forward(minutes=10)
    assert (await browser.post("/sign-in/code", {"code": codes.at(at.clock.at)})).to.startswith("/sign-in")


async def test_signing_out_ends_it_here_and_in_the_store(at):
    browser = await at.let_in(await at.agent())
    thief = at.browser()
    thief.set_cookie("session", browser.cookie("session"))
    page = await browser.post("/sign-out")
    assert (page.status, page.to) == (303, "/sign-in?why=out")
    assert page.headers["Clear-Site-Data"] == '"cache", "storage"'
    assert browser.cookie("session") == ""
    assert (await thief.get("/account")).to.startswith("/sign-in")
    assert "session.ended" in await actions(at)


async def test_signing_out_a_minute_too_late_is_signing_out(at):
    browser = await at.let_in(await at.agent())
    at.clock.forward(minutes=31)
    assert (await browser.post("/sign-out")).to == "/sign-in?why=out"


async def test_signing_out_everywhere_ends_all(at):
    agent = await at.agent()
    one, other = await at.let_in(agent), await at.let_in(agent)
    stranger = await at.let_in(await at.agent("Noy"))
    assert (await one.post("/account/sign-out-everywhere")).to == "/sign-in?why=everywhere"
    assert (await other.get("/account")).to.startswith("/sign-in")
    assert (await stranger.get("/account")).status == 200


async def test_a_session_that_ends_while_a_request_is_under_way_is_not_brought_back(at):
    browser = await at.let_in(await at.agent())
    at.clock.forward(minutes=5)
    await asyncio.gather(browser.post("/sign-out"), *(browser.get("/account") for _ in range(5)))
    assert (await browser.get("/account")).to.startswith("/sign-in")


async def test_a_link_from_elsewhere_asks_again_from_our_own_side(at):
    """Whoever follows a link from a chat comes without cookies, though they are signed in (SameSite=Strict)."""
    browser = at.browser()
    page = await browser.get("/account", **{"Sec-Fetch-Site": "cross-site"})
    assert page.status == 200
    assert '<meta http-equiv="refresh" content="0; url=/account">' in page.text
    page = await browser.get("/account", **{"Sec-Fetch-Site": "same-origin"})
    assert page.to == "/sign-in?next=/account"


# The second factor


@pytest.mark.parametrize("role", ["supervisor", "safeguarding", "csoadmin", "operator"])
async def test_whoever_opens_more_must_set_up_a_second_factor(at, role):
    await at.agent("Thura", "shwe", role)
    browser = at.browser()
    page = await browser.sign_in("thura@shwe")
    assert page.to.startswith(STAGES["enrol"])
    assert (await browser.get("/")).to == STAGES["enrol"]  # and nothing else opens before
    page = await browser.get(page.to)
    assert "<svg viewBox" in page.text
    secret = secret_on(page)
    assert (await browser.post(STAGES["enrol"], {"code": "000000"})).status == 422
    page = await browser.post(STAGES["enrol"], {"code": pyotp.TOTP(secret).at(at.clock.at)})
    assert page.status == 200
    assert page.text.count('<li class="code">') == second_factor.RECOVERY_CODES
    assert (await browser.get("/account")).status == 200


@pytest.mark.parametrize("role", ["agent", "mobilizer"])
async def test_whoever_opens_little_may_do_without(at, role):
    await at.agent("Noy", "shwe", role)
    assert (await at.browser().sign_in("noy@shwe")).to == "/"


async def test_a_password_alone_does_not_open_what_has_a_second_factor(at):
    agent = await at.agent("Thura", "shwe", "supervisor")
    codes = await at.authenticator(agent)
    browser = at.browser()
    page = await browser.sign_in("thura@shwe")
    assert page.to.startswith(STAGES["code"])
    assert (await browser.get("/account")).to == STAGES["code"]
    # nor does it let whoever knows it set up a second factor of their own
    assert (await browser.get(STAGES["enrol"])).to == STAGES["code"]
    assert (await browser.post(STAGES["enrol"], {"code": codes.at(at.clock.at)})).to != "/"
    await browser.get(page.to)
    assert (await browser.post("/sign-in/code", {"code": "123456"})).status == 422
    page = await browser.post("/sign-in/code", {"code": codes.at(at.clock.at)})
    assert (page.status, page.to) == (303, "/")


async def test_a_code_counts_once(at):
    codes = await at.authenticator(await at.agent("Thura", "shwe", "supervisor"))
    code = codes.at(at.clock.at)
    await at.browser().in_("thura@shwe", codes, at.clock.at)
    watcher = at.browser()
    await watcher.get((await watcher.sign_in("thura@shwe")).to)
    assert (await watcher.post("/sign-in/code", {"code": code})).status == 422
    at.clock.forward(seconds=30)
    assert (await watcher.post("/sign-in/code", {"code": code})).status == 422  # nor later, while it would be in time
    assert (await watcher.post("/sign-in/code", {"code": codes.at(at.clock.at)})).status == 303


async def test_two_at_the_same_moment_with_one_code(at):
    codes = await at.authenticator(await at.agent("Thura", "shwe", "supervisor"))
    browsers = [at.browser() for _ in range(4)]
    for browser in browsers:
        await browser.get((await browser.sign_in("thura@shwe")).to)
    code = codes.at(at.clock.at)
    pages = await asyncio.gather(*(browser.post("/sign-in/code", {"code": code}) for browser in browsers))
    assert sorted(page.status for page in pages) == [303, 422, 422, 422]


@pytest.mark.parametrize("typed", ["{} ", "{:.3} {:.3}", "thai"])
async def test_a_code_may_be_typed_as_people_type(at, typed):
    codes = await at.authenticator(await at.agent("Thura", "shwe", "supervisor"))
    code = codes.at(at.clock.at)
    shown = {
        "{} ": f"{code} ",
        "{:.3} {:.3}": f"{code[:3]} {code[3:]}",
        "thai": "".join(chr(0x0E50 + int(digit)) for digit in code),
    }[typed]
    browser = at.browser()
    await browser.get((await browser.sign_in("thura@shwe")).to)
    assert (await browser.post("/sign-in/code", {"code": shown})).status == 303


async def test_a_recovery_code_counts_once_in_place_of_the_app(at):
    await at.agent("Thura", "shwe", "supervisor")
    browser = at.browser()
    await browser.get((await browser.sign_in("thura@shwe")).to)
    secret = secret_on(browser.page)
    page = await browser.post(STAGES["enrol"], {"code": pyotp.TOTP(secret).at(at.clock.at)})
    code = page.text.partition('<li class="code">')[2].partition("<")[0]
    for status in (303, 422):
        lost = at.browser()
        await lost.get((await lost.sign_in("thura@shwe")).to)
        await lost.get("/sign-in/code?recovery")
        assert (await lost.post("/sign-in/code", {"code": code.upper()})).status == status
    assert "9 recovery codes are left" in (await browser.get("/account")).text


# Guessing, and keeping others out


async def test_guessing_gets_slower_and_slower(at):
    waits, key = [], b"one who guesses"
    async with at.database.nobody() as connection:
        for number in range(FREE_TRIES + 12):
            assert await sign_in.try_(connection, key, at.clock.at, free=FREE_TRIES) is None, number
            until = await sign_in.try_(connection, key, at.clock.at, free=FREE_TRIES) if number >= FREE_TRIES else None
            if until:
                waits.append((until - at.clock.at).total_seconds())
                at.clock.at = until
    assert waits == [2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900]


async def test_even_the_right_password_waits_its_turn(at):
    await at.agent()
    browser = at.browser()
    for _ in range(FREE_TRIES + 1):
        assert (await browser.sign_in("mya@shwe", WRONG)).status == 422
    page = await browser.sign_in("mya@shwe", PASSWORD)
    assert (page.status, page.headers["Retry-After"]) == (429, "2")
    assert "The next one counts in 1 min" in page.text
    at.clock.forward(seconds=2)
    assert (await browser.sign_in("mya@shwe", PASSWORD)).status == 303


async def test_tries_at_the_same_moment_are_all_counted(at):
    await at.agent()
    browsers = [at.browser() for _ in range(12)]
    pages = await asyncio.gather(*(browser.sign_in("mya@shwe", WRONG) for browser in browsers))
    assert sum(page.status == 422 for page in pages) <= FREE_TRIES + 1
    assert sum(page.status == 429 for page in pages) >= 12 - FREE_TRIES - 1


async def guessed_at(at, name: str) -> None:
    """Somebody elsewhere has used up their tries."""
    guesser = at.browser()
    for _ in range(FREE_TRIES + 1):
        await guesser.sign_in(name, WRONG)
    assert (await guesser.sign_in(name, WRONG)).status == 429


async def test_guessing_keeps_out_nobody_who_was_here_before(at):
    await at.agent()
    browser = at.browser()
    await browser.in_("mya@shwe")
    await browser.post("/sign-out")
    await guessed_at(at, "mya@shwe")  # even from the same house
    assert (await browser.sign_in("mya@shwe")).status == 303


async def test_guessing_keeps_out_no_colleague_in_the_same_house(at):
    await at.agent()
    await at.agent("Noy")
    await guessed_at(at, "mya@shwe")
    assert (await at.browser().sign_in("noy@shwe")).status == 303


async def test_guessing_from_elsewhere_keeps_out_nobody(same_home):
    async with desk(same_home, proxies=1) as at:
        await at.agent()
        guesser, agent = at.browser(), at.browser()
        elsewhere = {"X-Forwarded-For": "203.0.113.7"}
        for _ in range(FREE_TRIES + 2):
            page = await guesser.sign_in("mya@shwe", WRONG, **elsewhere)
        assert page.status == 429
        # what stands before our own proxy's word anybody may have written
        pretending = {"X-Forwarded-For": "198.51.100.1, 203.0.113.7"}
        assert (await guesser.sign_in("mya@shwe", WRONG, **pretending)).status == 429
        assert (await agent.sign_in("mya@shwe", **{"X-Forwarded-For": "198.51.100.1"})).status == 303


async def test_addresses_of_one_house_count_together(same_home):
    async with desk(same_home, proxies=1) as at:
        await at.agent()
        for number in range(FREE_TRIES + 1):
            await at.browser().sign_in("mya@shwe", WRONG, **{"X-Forwarded-For": f"2001:db8:1:2::{number}"})
        page = await at.browser().sign_in("mya@shwe", WRONG, **{"X-Forwarded-For": "2001:db8:1:2:ffff::1"})
        assert page.status == 429
        assert (await at.browser().sign_in("mya@shwe", **{"X-Forwarded-For": "2001:db8:1:3::1"})).status == 303


async def test_without_a_proxy_nobody_chooses_where_they_come_from(at):
    await at.agent()
    for number in range(FREE_TRIES + 1):
        await at.browser().sign_in("mya@shwe", WRONG, **{"X-Forwarded-For": f"203.0.113.{number}"})
    assert (await at.browser().sign_in("mya@shwe", WRONG, **{"X-Forwarded-For": "203.0.113.99"})).status == 429


async def test_a_device_of_one_agent_is_nothing_to_another(at):
    await at.agent()
    await at.agent("Noy")
    browser = at.browser()
    await browser.in_("noy@shwe")
    await browser.post("/sign-out")
    for _ in range(FREE_TRIES + 1):
        await browser.sign_in("mya@shwe", WRONG)
    assert (await at.browser().sign_in("mya@shwe", WRONG)).status == 429  # counted with the house, as a stranger's


async def test_agents_who_share_a_computer_are_each_known_on_it(at):
    browser = at.browser()
    for name in ("Mya", "Noy", "Sita"):
        await at.agent(name)
        await browser.in_(f"{name.lower()}@shwe")
        await browser.post("/sign-out")
    for name in ("mya@shwe", "noy@shwe", "sita@shwe"):
        await guessed_at(at, name)
        assert (await browser.sign_in(name)).status == 303
        await browser.get("/account")
        await browser.post("/sign-out")


async def test_getting_in_makes_up_for_tries_of_before(at):
    await at.agent()
    for _ in range(3):
        browser = at.browser()
        for _ in range(FREE_TRIES - 1):
            await browser.sign_in("mya@shwe", WRONG)
        assert (await browser.sign_in("mya@shwe")).status == 303


async def test_after_a_day_tries_are_forgotten(at):
    await at.agent()
    await guessed_at(at, "mya@shwe")
    at.clock.forward(days=1, seconds=1)
    for _ in range(FREE_TRIES):
        assert (await at.browser().sign_in("mya@shwe", WRONG)).status == 422


async def test_codes_are_not_guessed_from_many_places_at_once(same_home):
    """Whoever is asked for a code knows the password: all unknown browsers share one count."""
    async with desk(same_home, proxies=1) as at:
        codes = await at.authenticator(await at.agent("Thura", "shwe", "supervisor"))
        known = at.browser()
        await known.in_("thura@shwe", codes, at.clock.at)
        await known.post("/sign-out")
        at.clock.forward(seconds=60)
        for number in range(FREE_TRIES + 2):
            thief, place = at.browser(), {"X-Forwarded-For": f"203.0.113.{number}"}
            await thief.get((await thief.sign_in("thura@shwe", **place)).to, **place)
            page = await thief.post("/sign-in/code", {"code": "000000"}, **place)
        assert page.status == 429
        await known.in_("thura@shwe", codes, at.clock.at)  # the agent's own browser has its own


# The sandbox's agents


async def test_demo_agents_come_in_without_a_second_factor_in_the_sandbox(same_home):
    async with desk(same_home, sandbox=True) as at:
        await at.agent("Thura", "shwe", "supervisor", demo=True)
        await at.agent("Noy", "shwe", "supervisor")
        assert (await at.browser().sign_in("thura@shwe")).to == "/"
        assert (await at.browser().sign_in("noy@shwe")).to.startswith(STAGES["enrol"])


async def test_demo_agents_come_in_nowhere_else(at):
    agent = await at.agent("Mya", "shwe", demo=True)
    assert (await at.browser().sign_in("mya@shwe")).status == 422
    browser = await at.let_in(agent)
    assert (await browser.get("/account")).to.startswith("/sign-in")
