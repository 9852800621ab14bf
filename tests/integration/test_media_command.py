"""`worker-voice media` and `reply --file`, as the operator types them."""

import json
from uuid import UUID

import pytest

from gateway.answering import reply
from gateway.media import retry, show_media
from gateway.stores import Stores
from sandbox.people import person
from sandbox.providers import line, telegram
from storage import media
from tests import files
from tests.house import NOON
from tests.lines import Lines, fetcher
from tests.provider import provider

AYE = person("aye", "my", "TH")
FIELDS = {"id", "ticket", "message", "kind", "state", "why", "mime", "size", "account", "due_at", "tries"}


@pytest.fixture
def stores(home, valkey) -> Stores:
    at = home.workplace
    return Stores(settings=at.settings, master=at.master, data=home.data, owner=home.owner, redis_url=valkey)


@pytest.fixture
async def far(tmp_path):
    async with provider(tmp_path) as found:
        yield found


async def test_every_file_is_a_line(home, far, stores, capsys):
    lines = Lines(home.workplace.settings.accounts, far.gives("/x", files.photo()))
    await home.put(line.image(home.accounts["line-th"], AYE, NOON, 1))
    await home.take_in()
    while await fetcher(home, lines, far.downloads()).one():
        pass
    await home.put(telegram.voice(home.accounts["telegram-my"], AYE, 3, NOON, 2))
    await home.take_in()
    capsys.readouterr()
    await show_media(stores, json=True)
    kept, due = (json.loads(text) for text in capsys.readouterr().out.splitlines())
    assert kept.keys() == due.keys() == FIELDS
    assert (kept["state"], kept["kind"], kept["mime"], kept["size"], kept["account"], kept["due_at"]) == (
        "kept", "image", "image/jpeg", len(files.photo()), "line-th", None,
    )  # fmt: skip
    assert (due["state"], due["kind"], due["why"], due["tries"]) == ("due", "audio", None, 0)
    assert due["due_at"]
    tickets = {str(t["id"]): [str(m["id"]) for m in t["messages"]] for t in await home.tickets()}
    assert kept["message"] in tickets[kept["ticket"]]
    await show_media(stores, json=False)
    assert "image/jpeg" in capsys.readouterr().out


async def test_a_file_that_was_refused_may_be_asked_for_again(home, far, stores, capsys):
    lines = Lines(home.workplace.settings.accounts, far.gives("/x", b"", status=410))
    await home.put(line.image(home.accounts["line-th"], AYE, NOON, 1))
    await home.take_in()
    await fetcher(home, lines, far.downloads()).one()
    async with home.database.intake() as connection:
        (row,) = await media.listed(connection, after=UUID(int=0), limit=9)
    assert row["state"] == "gone"
    assert await retry(stores, str(row["id"])) == 0
    lines.url = far.gives("/x", files.photo())
    await fetcher(home, lines, far.downloads()).one()
    for wrong in (str(row["id"]), str(UUID(int=1)), "nonsense"):
        assert await retry(stores, wrong) == 1
    said = capsys.readouterr().err
    assert "it is here" in said
    assert "worker-voice media" in said


async def test_a_file_goes_out_with_a_reply(home, stores, tmp_path, capsys):
    await home.put(telegram.text(home.accounts["telegram-my"], AYE, "help", NOON, 1))
    await home.take_in()
    ticket = str((await home.ticket())["number"])
    (tmp_path / "office.jpg").write_bytes(files.photo())
    assert await reply(stores, ticket, "", tmp_path / "office.jpg") == 0
    said = (await home.ticket())["messages"][-1]
    assert (said["direction"], said["kind"], said["text"]) == ("out", "image", None)
    assert [(a["name"], a["state"]) for a in said["attachments"]] == [("office.jpg", "kept")]
    with (tmp_path / "film.mp4").open("wb") as film:
        film.truncate(1 << 30)
    (tmp_path / "empty.jpg").write_bytes(b"")
    (tmp_path / "page.html").write_bytes(files.HTML)
    capsys.readouterr()
    for name, says in (
        ("film.mp4", "1,024.0 MB"), ("empty.jpg", "empty"), ("page.html", "text/html"), ("none.jpg", "cannot be read"),
    ):  # fmt: skip
        assert await reply(stores, ticket, "with words", tmp_path / name) == 1
        assert says in capsys.readouterr().err
    assert await reply(stores, ticket, "  ") == 1
    assert "nothing to send" in capsys.readouterr().err
    assert "with words" not in {m["text"] for m in (await home.ticket())["messages"]}
    assert {path.suffix for path in (home.data / "files").rglob("*") if path.is_file()} == {".original"}
    assert len(list((home.data / "files").rglob("*.original"))) == 1
