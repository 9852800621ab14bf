"""Accounts: made from the command line, set up by invitation, looked after by whoever has one."""

import asyncio
import json
import re

import psycopg
import pyotp
import pytest
import pytest_asyncio
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from gateway import agents as commands
from gateway import demo
from gateway.agents import Refused
from gateway.stores import Stores
from runtime.ids import now
from storage import sessions
from tests.desk import PASSWORD, desk
from web.guard import STAGES

pytestmark = pytest.mark.asyncio(loop_scope="module")

LINK = re.compile(r"https://hotline\.example\.org/invitation#(\S+)")
NEW = "other words than before"


@pytest_asyncio.fixture(loop_scope="module")
async def at(same_home):
    async with desk(same_home) as opened:
        opened.clock.at = now()  # the commands have no other clock
        yield opened


@pytest.fixture
def stores(same_home):
    at = same_home.workplace
    return Stores(settings=at.settings, master=at.master, data=same_home.data, owner=same_home.owner, redis_url="")


async def added(stores, capsys, **other) -> str:
    """`worker-voice agents add`; gives the code of the link."""
    given = {"organisation": "shwe", "name": "Mya", "sign_in": None, "roles": ["agent"], "languages": ["my", "shn"]}
    given |= {"screen": "my", "url": None} | other
    await commands.add(stores, **given)
    return LINK.search(capsys.readouterr().out)[1]


async def listed(stores, capsys, organisation=None) -> list[dict]:
    await commands.show(stores, organisation, json=True)
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


# Invitations


async def test_from_the_command_line_to_the_desk(at, stores, capsys):
    code = await added(stores, capsys)
    assert (await at.browser().sign_in("mya@shwe", "")).status == 422  # nobody has a password yet
    browser = at.browser()
    await browser.get("/invitation")
    page = await browser.post("/invitation", {"code": code})
    assert page.status == 200
    assert page.fields["name"] == "mya@shwe"
    assert "Shwe Lan Workers&#39; House" in page.text
    page = await browser.post("/invitation", {"code": code, "password": NEW})
    assert (page.status, page.to) == (303, "/")
    assert '<html lang="my"' in (await browser.get("/account")).text
    assert (await at.browser().sign_in("mya@shwe", NEW)).to == "/"


async def test_an_invitation_counts_once(at, stores, capsys):
    code = await added(stores, capsys)
    browser = at.browser()
    await browser.get("/invitation")
    assert (await browser.post("/invitation", {"code": code, "password": NEW})).status == 303
    thief = at.browser()
    await thief.get("/invitation")
    for fields in ({"code": code}, {"code": code, "password": "a password of the thief"}):
        assert (await thief.post("/invitation", fields)).status == 422
    assert (await at.browser().sign_in("mya@shwe", NEW)).status == 303


async def test_two_with_one_invitation_at_the_same_moment(at, stores, capsys):
    code = await added(stores, capsys)
    browsers, passwords = (
        [at.browser() for _ in range(3)],
        ["first of three words", "second of three words", "third of three words"],
    )
    for browser in browsers:
        await browser.get("/invitation")
    asked = zip(browsers, passwords, strict=True)
    pages = await asyncio.gather(*(browser.post("/invitation", {"code": code, "password": p}) for browser, p in asked))
    assert sorted(page.status for page in pages) == [303, 422, 422]
    winner = passwords[[page.status for page in pages].index(303)]
    assert [p for p in passwords if (await at.browser().sign_in("mya@shwe", p)).status == 303] == [winner]


async def test_an_invitation_ends(at, stores, capsys):
    code = await added(stores, capsys)
    at.clock.forward(hours=72, minutes=1)
    browser = at.browser()
    await browser.get("/invitation")
    assert (await browser.post("/invitation", {"code": code})).status == 422


@pytest.mark.parametrize("code", ["", "x", "----", "ü", "a" * 5000, "%00"])
async def test_no_code_is_nobodys(at, stores, capsys, code):
    await added(stores, capsys)
    browser = at.browser()
    await browser.get("/invitation")
    assert (await browser.post("/invitation", {"code": code})).status == 422


async def test_a_code_may_be_typed_as_people_type(at, stores, capsys):
    code = await added(stores, capsys)
    browser = at.browser()
    await browser.get("/invitation")
    assert (await browser.post("/invitation", {"code": f"  {code.upper().replace('-', ' ')} "})).status == 200


@pytest.mark.parametrize(
    ("password", "says"),
    [
        ("short", "At least 12"),
        ("x" * 129, "At most 128"),
        ("ababababababab", "again and again"),
        ("mya@shwe mya1", "made of your name"),
    ],
)
async def test_a_password_that_is_guessed_first_is_not_taken(at, stores, capsys, password, says):
    code = await added(stores, capsys, screen="en")
    browser = at.browser()
    await browser.get("/invitation")
    page = await browser.post("/invitation", {"code": code, "password": password})
    assert page.status == 422
    assert says in page.text
    assert (await browser.post("/invitation", {"code": code, "password": NEW})).status == 303


async def test_a_new_invitation_begins_afresh(at, stores, capsys):
    agent = await at.agent("Thura", "shwe", "supervisor")
    codes = await at.authenticator(agent)
    thief = at.browser()
    await thief.in_("thura@shwe", codes, at.clock.at)
    await commands.invite(stores, "thura@shwe", None)
    first = LINK.search(capsys.readouterr().out)[1]
    await commands.invite(stores, "thura@shwe", None)
    second = LINK.search(capsys.readouterr().out)[1]
    browser = at.browser()
    await browser.get("/invitation")
    assert (await browser.post("/invitation", {"code": first, "password": NEW})).status == 422
    assert (await thief.get("/account")).status == 200  # an invitation alone ends nothing
    page = await browser.post("/invitation", {"code": second, "password": NEW})
    assert page.to == STAGES["enrol"]  # the phone is gone too
    assert (await thief.get("/account")).to.startswith("/sign-in")
    assert (await at.browser().sign_in("thura@shwe", PASSWORD)).status == 422


async def test_the_store_holds_no_code_and_no_name(at, cluster, stores, capsys):
    code = await added(stores, capsys, name="Rarely Heard Name", sign_in="rarely-heard")
    name = conninfo_to_dict(at.home.owner)["dbname"]
    with psycopg.connect(make_conninfo(cluster.postgres.superuser_url, dbname=name)) as everybody:
        tables = ("agent", "credential", "invitation", "session", "audit")
        stored = "".join(repr(everybody.execute(f"table {table}".encode()).fetchall()) for table in tables)
    assert "agent.invited" in stored
    for secret in (code, code.replace("-", ""), "Rarely", "rarely"):
        assert secret not in stored
        assert secret.encode().hex() not in stored


# The command line


async def test_everybody_is_listed_with_what_became_of_them(at, stores, capsys):
    await added(stores, capsys)
    await added(stores, capsys, name="Noy", organisation="padauk", roles=["agent", "supervisor"])
    await at.agent("Sita")
    rows = await listed(stores, capsys)
    assert [(row["sign_in"], row["state"]) for row in rows] == [
        ("mya@shwe", "invited"),
        ("sita@shwe", "ready"),
        ("noy@padauk", "invited"),
    ]
    assert rows[2]["roles"] == ["agent", "supervisor"]
    assert [row["sign_in"] for row in await listed(stores, capsys, "padauk")] == ["noy@padauk"]
    await commands.show(stores, None, json=False)
    assert "noy@padauk" in capsys.readouterr().out


async def test_the_same_name_in_two_organisations(at, stores, capsys):
    await added(stores, capsys)
    await added(stores, capsys, organisation="padauk")
    with pytest.raises(Refused, match="mya@shwe already"):
        await added(stores, capsys)
    await added(stores, capsys, sign_in="mya.2")
    assert len(await listed(stores, capsys)) == 3


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"organisation": "shew"}, "did you mean shwe"),
        ({"name": "မြ"}, "--sign-in"),
        ({"sign_in": "a@b"}, "--sign-in"),
        ({"roles": []}, "without a role"),
        ({"roles": ["boss"]}, "no role boss"),
        ({"roles": ["mobilizer", "agent"]}, "two accounts"),
        ({"roles": ["operator", "csoadmin"]}, "two accounts"),
        ({"languages": ["xx"]}, "'xx'"),
        ({"screen": "km"}, "'km'"),
    ],
)
async def test_what_cannot_be_is_told(at, stores, capsys, given, says):
    with pytest.raises(Refused, match=re.escape(says)):
        await added(stores, capsys, **given)
    assert await listed(stores, capsys) == []


@pytest.mark.parametrize("who", ["mya", "mya@nowhere", "noy@shwe", ""])
async def test_nobody_is_not_somebody(at, stores, who):
    await at.agent()
    with pytest.raises(Refused):
        await commands.disable(stores, who)


async def test_disabled_and_enabled_again(at, stores, capsys):
    browser = await at.let_in(await at.agent())
    await commands.disable(stores, "mya@shwe")
    assert (await browser.get("/account")).to.startswith("/sign-in")
    assert (await at.browser().sign_in("mya@shwe")).status == 422
    with pytest.raises(Refused, match="enable mya@shwe"):
        await commands.invite(stores, "mya@shwe", None)
    capsys.readouterr()
    assert (await listed(stores, capsys))[0]["state"] == "disabled"
    await commands.disable(stores, "mya@shwe", again=True)
    assert (await browser.get("/account")).to.startswith("/sign-in")  # but what was open stays closed
    assert (await at.browser().sign_in("mya@shwe")).status == 303


async def test_other_roles_end_open_pages(at, stores, capsys):
    browser = await at.let_in(await at.agent())
    await commands.change(stores, "mya@shwe", ["supervisor"], [])
    assert "supervisor; speaks my, shn" in capsys.readouterr().out
    assert (await browser.get("/account")).to.startswith("/sign-in")
    assert (await at.browser().sign_in("mya@shwe")).to.startswith(STAGES["enrol"])


async def test_what_the_operator_does_is_written_down(at, stores, capsys):
    await added(stores, capsys)
    await commands.change(stores, "mya@shwe", ["supervisor"], [])
    await commands.disable(stores, "mya@shwe")
    capsys.readouterr()
    await listed(stores, capsys, "shwe")
    lines = await at.rows("select action, actor, organisation_id is not null from audit order by id")
    assert [action for action, *_ in lines] == [
        "agent.added",
        "agent.invited",
        "agent.changed",
        "agent.disabled",
        "agents.listed",
    ]
    assert {line[1:] for line in lines} == {("operator", True)}


# One's own account


async def test_another_password_ends_every_other_session(at):
    agent = await at.agent()
    browser, other = at.browser(), await at.let_in(agent)
    await browser.in_("mya@shwe")
    before = browser.cookie("session")
    page = await browser.post("/account/password", {"old": PASSWORD, "new": NEW})
    assert page.to == "/account?done=password"
    assert browser.cookie("session") != before
    assert "The password is changed" in (await browser.get(page.to)).text
    assert (await other.get("/account")).to.startswith("/sign-in")
    thief = at.browser()
    thief.set_cookie("session", before)
    assert (await thief.get("/account")).to.startswith("/sign-in")
    assert (await at.browser().sign_in("mya@shwe")).status == 422
    assert (await at.browser().sign_in("mya@shwe", NEW)).status == 303


async def test_a_session_alone_changes_no_password(at):
    browser = await at.let_in(await at.agent())
    for _ in range(6):
        page = await browser.post("/account/password", {"old": "a guess of mine", "new": NEW})
        assert page.status == 422
    page = await browser.post("/account/password", {"old": PASSWORD, "new": NEW})
    assert page.status == 429
    at.clock.forward(seconds=2)
    assert (await browser.post("/account/password", {"old": PASSWORD, "new": NEW})).status == 303


async def test_setting_up_an_app_of_ones_own_free_will(at):
    await at.agent()
    browser = at.browser()
    await browser.in_("mya@shwe")
    assert "No app is set up" in browser.page.text
    page = await browser.get("/account/authenticator")
    secret = page.text.partition('class="code secret" dir="ltr">')[2].partition("<")[0].replace(" ", "")
    assert (await browser.get("/account/authenticator")).text.count(
        page.text.partition("<path")[2][:200]
    ) == 1  # the same
    codes = pyotp.TOTP(secret)
    fields = {"code": codes.at(at.clock.at), "password": "a guess of mine"}
    assert (await browser.post("/account/authenticator", fields)).status == 422
    page = await browser.post("/account/authenticator", fields | {"password": PASSWORD})
    assert page.text.count('<li class="code">') == 10
    assert "10 recovery codes are left" in (await browser.get("/account")).text
    await browser.post("/sign-out")
    assert (await browser.sign_in("mya@shwe")).to.startswith(STAGES["code"])
    await browser.get(STAGES["code"])
    # the code it was set up with has counted
    assert (await browser.post(STAGES["code"], {"code": codes.at(at.clock.at)})).status == 422


async def test_new_recovery_codes_replace_the_old_ones(at):
    agent = await at.agent("Thura", "shwe", "supervisor")
    codes = await at.authenticator(agent)
    browser = at.browser()
    await browser.in_("thura@shwe", codes, at.clock.at)
    first, second = [
        re.findall(
            r'<li class="code">(.*?)<', (await browser.post("/account/recovery-codes", {"password": PASSWORD})).text
        )
        for _ in range(2)
    ]
    assert len(set(first) | set(second)) == 20
    lost = at.browser()
    await lost.get((await lost.sign_in("thura@shwe")).to)
    assert (await lost.post(STAGES["code"], {"code": first[0]})).status == 422
    assert (await lost.post(STAGES["code"], {"code": second[0]})).status == 303


async def test_how_the_screen_looks_is_kept(at):
    browser = await at.let_in(await at.agent())
    for fields in (
        {"screen_language": "th", "density": "compact", "single_keys": "off"},
        {"theme": "dark"},
        {"theme": "pink", "density": "", "screen_language": "../en", "single_keys": "perhaps"},
    ):
        assert (await browser.post("/account/preferences", fields)).status == 303
    page = await browser.get("/account")
    assert '<html lang="th" dir="ltr" data-theme="dark" data-density="compact" data-keys="off"' in page.text


async def test_where_one_is_signed_in(at):
    agent = await at.agent()
    browser = await at.let_in(agent)
    await at.let_in(agent)
    await at.let_in(await at.agent("Noy"))
    assert (await browser.get("/account")).text.count('<li class="lines-one">') == 2
    at.clock.forward(minutes=20)
    await browser.post("/session")
    at.clock.forward(minutes=20)
    assert (await browser.get("/account")).text.count('<li class="lines-one">') == 1


async def test_what_no_longer_counts_is_dropped(at, stores, capsys):
    agent = await at.agent()
    browser, idle = await at.let_in(agent), await at.let_in(agent)
    await added(stores, capsys, name="Noy")
    await at.browser().sign_in("mya@shwe", "not the password")
    at.clock.forward(minutes=20)
    await browser.post("/session")
    at.clock.forward(minutes=20)
    async with at.home.database.intake() as connection:
        assert await sessions.forget_old(connection, at.clock.at, idle_minutes=30) == 1
    assert (await browser.get("/account")).status == 200
    assert (await idle.get("/account")).to.startswith("/sign-in")
    at.clock.forward(hours=80)
    async with at.home.database.intake() as connection:
        assert await sessions.forget_old(connection, at.clock.at, idle_minutes=30) == 3  # session, invitation, tries
        assert await sessions.forget_old(connection, at.clock.at, idle_minutes=30) == 0


# The sandbox's agents


async def test_the_sandbox_has_agents_a_newcomer_can_sign_in_as(at, same_home, stores):
    await demo.seed(stores)
    await demo.seed(stores)  # the second start
    said = list(demo.lines(stores.settings.network, stores.data, "http://127.0.0.1:8080"))
    password = re.search(r"with the password ([a-z-]{14}) as one of", said[0])[1]
    names = re.findall(r"(\S+@\S+) \((\w+)\)", "".join(said[1:]))
    assert {role for _, role in names} == {"agent", "supervisor", "safeguarding", "mobilizer", "csoadmin", "operator"}
    assert len({name.partition("@")[2] for name, _ in names}) == len(stores.settings.network.organisations)
    async with desk(same_home, sandbox=True) as opened:
        for name, _ in names:
            assert (await opened.browser().sign_in(name, password)).to == "/", name
    assert (await at.browser().sign_in(names[0][0], password)).status == 422  # the same names, served for real
