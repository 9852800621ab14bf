"""The list: every view, filter and order against all that is in the store, page by page; and never beyond the wall."""

from random import Random
from uuid import UUID

import pytest

from desk import ending, holding, listing, saying, triage
from desk.counting import Counting
from desk.listing import Filters, rows, rows_of, views_of
from storage import desk_list
from tests import many
from tests.office import KAMPUNG, SHWE

UNPAID = "လစာ ၂ လ မရသေးဘူး။ ကူညီပါ။"
QUEUES = ["shwe-my", "second", "third"]


@pytest.fixture
async def crowd(office):
    """Three agents, four hundred tickets of theirs, and as many of others."""
    agents = [await office.agent(name) for name in ("mya", "ko", "noy")]
    chance, ids = Random(4), [agent.id for agent in agents]
    mine = [many.ticket(SHWE, n, office.now, chance, ids, QUEUES) for n in range(400)]
    theirs = [many.ticket(KAMPUNG, 1000 + n, office.now, chance, ids, QUEUES) for n in range(400)]
    async with office.home.database.intake() as connection:
        await many.put(connection, mine + theirs)
    tag = await tagged(office, agents[0], mine)
    return agents, {t["id"]: t for t in mine}, tag


async def tagged(office, agent, mine) -> tuple[UUID, set[UUID]]:
    chosen = [t["id"] for t in mine if t["status"] == "open"][::9]
    for id_ in chosen:
        async with office.home.database.intake() as connection:  # these people have no row to hold
            tag = UUID(int=7)
            await connection.execute(
                "insert into ticket_tag (organisation_id, ticket_id, tag_id) values (%s, %s, %s)", [SHWE, id_, tag]
            )
    return UUID(int=7), set(chosen)


async def walk(office, agent, view, filters=Filters(), *, limit=17, order="wait") -> list[UUID]:  # noqa: B008
    """All of a view, page by page."""
    seen, after = [], None
    while True:
        page = await office.do(agent, rows, view, filters, order=order, after=after, limit=limit)
        assert len(page.rows) <= limit
        assert all(view in row.views for row in page.rows)
        seen += [row.id for row in page.rows]
        if page.after is None:
            return seen
        after = page.after


def expected(tickets, agent, view, now, filters=Filters(), tag=(None, ())) -> list[UUID]:  # noqa: B008
    """The same, in plain Python."""

    def belongs(t) -> bool:
        named = [(getattr(filters, name), t[name]) for name in ("queue", "language", "channel", "urgency")]
        is_tagged = filters.tag is None or t["id"] in tag[1]
        views = views_of({**t, "mentioned_at": None}, agent.id, now)
        return view in views and is_tagged and all(want is None or want == has for want, has in named)

    def order(t):
        if view == "snoozed":
            return (0, t["snoozed_until"].timestamp(), t["id"])
        if view == "closed":
            return (0, -t["closed_at"].timestamp(), -t["id"].int)
        if t["waiting_since"] is None:
            return (2, -t["last_at"].timestamp(), -t["id"].int)
        return (t["urgency"] != "U1", t["waiting_since"].timestamp(), t["id"].int)

    found = [t for t in tickets.values() if belongs(t)]
    return [t["id"] for t in sorted(found, key=order)]


VIEWS = ["waiting", "unassigned", "mine", "danger", "open", "snoozed", "closed"]
FILTERS = {
    "none": Filters(),
    "queue": Filters(queue="second"),
    "language": Filters(language="th"),
    "channel": Filters(channel="voice"),
    "urgency": Filters(urgency="U2"),
    "tag": Filters(tag=UUID(int=7)),
    "several": Filters(queue="shwe-my", language="my", urgency="U3"),
    "nothing": Filters(queue="nowhere"),
}


async def test_every_view_with_every_filter_shows_what_is_there_in_its_order(office, crowd):
    agents, tickets, tag = crowd
    for view in VIEWS:
        for name, filters in FILTERS.items():
            wanted = expected(tickets, agents[0], view, office.now, filters, tag)
            assert await walk(office, agents[0], view, filters) == wanted, (view, name)
            assert wanted or name in ("nothing", "several", "tag", "urgency"), (view, name)


async def test_the_newest_first(office, crowd):
    agents, tickets, _ = crowd
    wanted = sorted(expected(tickets, agents[0], "open", office.now), key=lambda i: tickets[i]["opened_at"])[::-1]
    assert await walk(office, agents[0], "open", order="newest") == wanted


async def test_what_fits_few_tickets_is_looked_for_so_far_and_then_it_says_so(office, crowd, monkeypatch):
    agents, tickets, _ = crowd
    monkeypatch.setattr(desk_list, "SCAN", 25)
    filters = Filters(language="en", channel="sms")
    page = await office.do(agents[0], rows, "waiting", filters, limit=20)
    assert (page.capped, page.after is not None, len(page.rows) < 20) == (True, True, True)
    wanted = expected(tickets, agents[0], "waiting", office.now, filters)
    assert await walk(office, agents[0], "waiting", filters) == wanted  # going on finds the rest
    assert await walk(office, agents[0], "closed", Filters(language="th")) == expected(
        tickets, agents[0], "closed", office.now, Filters(language="th")
    )


async def test_counts_are_those_of_the_views(office, crowd):
    for agent in crowd[0]:
        found = await office.do(agent, Counting().counts)
        for view in ("waiting", "unassigned", "mine", "danger", "open", "snoozed"):
            assert found.views[view] == len(expected(crowd[1], agent, view, office.now)), view
        for queue in QUEUES:
            wanted = expected(crowd[1], agent, "waiting", office.now, Filters(queue=queue))
            assert found.queues[queue] == len(wanted)


async def test_an_organisation_is_counted_once_in_two_seconds_and_never_for_another(office, crowd):
    (mya, ko, _), tickets, _ = crowd
    bela, at = await office.agent("bela", "kampung-lima"), 0.0
    counting = Counting(clock=lambda: at)
    before = await office.do(mya, counting.counts)
    waiting = expected(tickets, mya, "unassigned", office.now)[0]
    async with office.home.database.intake() as connection:
        await connection.execute("update ticket set assignee = %s where id = %s", [ko.id, waiting])
    at = 1.9
    assert (await office.do(mya, counting.counts)).views == before.views
    own = len(expected(tickets, ko, "mine", office.now)) + 1
    assert (await office.do(ko, counting.counts)).views["mine"] == own  # one's own is never kept
    theirs = await office.do(bela, counting.counts)
    assert theirs.views == (await office.do(bela, Counting().counts)).views != before.views
    at = 2.0
    later = await office.do(mya, counting.counts)
    assert later.views["unassigned"] == before.views["unassigned"] - 1


async def test_rows_of_another_organisation_are_missing(office, crowd):
    bela = await office.agent("bela", "kampung-lima")
    assert await office.do(bela, rows_of, list(crowd[1])) == []
    theirs = await walk(office, bela, "open")
    assert theirs
    assert not set(theirs) & set(crowd[1])


async def test_a_row_says_what_an_agent_has_to_know(office):
    mya, ko = await office.agent("mya"), await office.agent("ko")
    ticket = (await office.says("aye", UNPAID))["id"]
    office.pass_time(minutes=80)
    ((row),) = (await office.do(mya, rows, "waiting")).rows
    assert (row.id, row.language, row.channel, row.queue, row.preview) == (ticket, "my", "line", "shwe-my", UNPAID)
    assert (row.urgency, row.reasons, row.last_kind, row.unread) == ("U2", ("issue:WAG.UNPAID",), "text", True)
    assert (row.wait.waited.total_seconds(), row.wait.target.total_seconds()) == (80 * 60, 2 * 3600)
    assert row.pseudonym
    assert row.assignee is None
    await office.do(mya, triage.add_tag, ticket, "shrimp")
    await office.do(mya, saying.note, ticket, "@Ko look", mentions=[ko.id])
    await office.do(mya, ending.snooze, ticket, office.pass_time(hours=1).replace(year=2027, month=1))
    ((row),) = (await office.do(ko, rows, "mentions")).rows
    assert (row.views, row.mention_unread, len(row.tags)) == ({"snoozed", "mentions"}, True, 1)
    assert (await office.do(ko, Counting().counts)).views["mentions"] == 1
    assert (await office.do(mya, Counting().counts)).views["mentions"] == 0


async def test_unread_is_what_came_in_since_this_agent_read_even_if_it_was_said_before(office):
    from desk.reading import thread

    mya, ko = await office.agent("mya"), await office.agent("ko")
    ticket = (await office.says("aye", UNPAID))["id"]
    await office.do(mya, thread, ticket)
    unread = {agent.name: (await office.do(agent, rows_of, [ticket]))[0].unread for agent in (mya, ko)}
    assert unread == {"Mya": False, "Ko": True}
    early = office.now
    office.pass_time(hours=2)
    await office.says("aye", UNPAID, at=early.replace(hour=1))  # it took long to come
    assert (await office.do(mya, rows_of, [ticket]))[0].unread


async def test_mentions_are_listed_by_the_latest_call(office):
    mya, ko = await office.agent("mya"), await office.agent("ko")
    ids = [(await office.says(who, UNPAID))["id"] for who in ("aye", "begum", "chit")]
    for id_ in [ids[0], ids[1], ids[2], ids[0]]:
        office.pass_time(minutes=1)
        await office.do(mya, saying.note, id_, "@Ko", mentions=[ko.id])
    assert await walk(office, ko, "mentions", limit=2) == [ids[0], ids[2], ids[1]]


async def test_an_erased_person_leaves_a_row_without_words(office):
    mya = await office.agent("mya")
    ticket = (await office.says("aye", UNPAID))["id"]
    async with office.home.database.intake() as connection:
        await connection.execute("delete from person_key")
    ((row),) = (await office.do(mya, rows, "open")).rows
    assert (row.id, row.preview) == (ticket, None)


async def test_words_moved_to_another_row_do_not_open(office):
    mya = await office.agent("mya")
    first = (await office.says("aye", UNPAID))["id"]
    second = (await office.says("begum", "မင်္ဂလာပါ။ ဆက်သွယ်ချင်လို့"))["id"]
    async with office.home.database.intake() as connection:
        await connection.execute(
            "update ticket set preview = (select preview from ticket where id = %s) where id = %s", [first, second]
        )
    found = {row.id: row.preview for row in (await office.do(mya, rows, "open")).rows}
    assert found == {first: UNPAID, second: None}


async def test_rows_fit_the_filters_they_were_found_by(office, crowd):
    agents, tickets, _ = crowd
    for filters in FILTERS.values():
        found = await office.do(agents[0], rows_of, list(tickets))
        page = await walk(office, agents[0], "open", filters)
        assert {row.id for row in found if "open" in row.views and listing.fits(row, filters)} == set(page)


async def test_taking_moves_a_ticket_between_views(office):
    mya = await office.agent("mya")
    ticket = (await office.says("aye", UNPAID))["id"]
    assert await walk(office, mya, "unassigned") == [ticket]
    assert await walk(office, mya, "mine") == []
    await office.do(mya, holding.take, ticket)
    assert await walk(office, mya, "unassigned") == []
    assert await walk(office, mya, "mine") == [ticket]
