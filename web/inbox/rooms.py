"""One reader of the live feed for each organisation somebody of this process watches, and all its open pages.

Pages ask the database nothing: the reader does, four times a second while anybody listens, and tells all of them. Each
page has a short line of what it has yet to be told; one that is too slow for it loses it and is told to load afresh.
"""

import asyncio
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from time import monotonic
from uuid import UUID

import orjson
import structlog
from aiohttp import web
from redis.asyncio import Redis
from redis.exceptions import RedisError

from desk.presence import Looker, Presence, channel
from runtime.keys import Master
from storage import agents, feed, sessions
from storage.database import Database, StoreAway, code_of
from storage.feed import Change, Cursor, Reset

_PAUSE = 0.25  #: between two looks at the feed
_SLOWER = 1.0  #: between two looks at sessions and presence
_MOST = 256  #: events a page may be behind
_TABS = 20  #: open pages of one session
_NAMES_SECONDS = 60.0
_PATIENCE = 5.0  #: for a room's first look at the feed
_PAGE = 500
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Told:
    """One event as it goes over the line. `cursor` None: not of the feed."""

    cursor: Cursor | None
    text: bytes
    afresh: bool = False


class Crowded(Exception):
    """A session has too many pages open."""


@dataclass(eq=False)
class Stream:
    """One open page."""

    session: UUID
    closed: bool = False
    _line: deque[Told] = field(default_factory=deque)
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    def put(self, piece: Told, otherwise: Told) -> None:
        """Tell it something; where it is too far behind, `otherwise` instead of all it has not read."""
        if len(self._line) >= _MOST:
            self._line.clear()
            piece = otherwise
        self._line.append(piece)
        self._news.set()

    def take(self) -> Iterator[Told]:
        """What there is to tell, one by one, while more may come."""
        while self._line and not self.closed:
            yield self._line.popleft()
        self._news.clear()

    async def wait(self, seconds: float) -> bool:
        """Until there is something; False where nothing came in time."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._news.wait()
        return self._news.is_set()

    def close(self) -> None:
        self.closed = True
        self._news.set()


class Room:
    """All open pages of one organisation in this process, and who looks at what."""

    def __init__(self, organisation: UUID, rooms: "Rooms") -> None:
        self.organisation, self._rooms = organisation, rooms
        self.ready = asyncio.Event()  #: from then on nothing is missed by whoever joined
        self._streams: set[Stream] = set()
        self._cursor: Cursor | None = None
        self._lookers: dict[UUID, list[Looker]] = {}
        self._stirred: set[UUID] = set()  #: tickets whose lookers may have changed
        self._names: Mapping[UUID, str] = {}
        self._names_until = 0.0
        self._closed = False
        turns = (self._read, self._look_around, self._listen)
        self._tasks = [asyncio.create_task(self._again(turn)) for turn in turns]

    def join(self, session: UUID) -> Stream:
        """A page more. Raises Crowded."""
        if Counter(stream.session for stream in self._streams)[session] >= _TABS:
            raise Crowded
        stream = Stream(session)
        self._streams.add(stream)
        return stream

    def leave(self, stream: Stream) -> None:
        self._streams.discard(stream)
        self._rooms.left(self)

    @property
    def empty(self) -> bool:
        return not self._streams

    def close(self) -> None:
        """End every stream of it."""
        self._closed = True
        for stream in self._streams:
            stream.close()
        for task in self._tasks:
            task.cancel()

    def presence(self) -> bytes:
        """Who looks at what, as an event; empty where nobody looks at anything."""
        return _presence(self._lookers, self._names) if self._lookers else b""

    def _tell(self, pieces: Iterable[Told]) -> None:
        for piece in pieces:
            cursor = piece.cursor or self._cursor
            otherwise = reset(cursor) if cursor else piece
            for stream in self._streams:
                stream.put(piece, otherwise)

    async def _again(self, turn: Callable[[], Awaitable[float]]) -> None:
        """Do something again and again, each time after as many seconds as it says. What fails is tried again."""
        while not self._closed:  # a library may turn a cancellation into an error of its own
            try:
                pause = await turn()
            except (StoreAway, RedisError, OSError) as error:
                log.warning("live.away", turn=turn.__name__, error=type(error).__name__)
                pause = _SLOWER
            except Exception as error:  # noqa: BLE001 - its text may quote anything; without a reader pages stand still
                log.error("live.failed", turn=turn.__name__, error=type(error).__name__, code=code_of(error))
                pause = _SLOWER
            await asyncio.sleep(pause)

    async def _read(self) -> float:
        """Tell what has become visible since the last look."""
        async with self._rooms.database.desk(self.organisation) as connection:
            # all below `newest` is visible to the statement after it: an empty page may go on from there
            newest = await feed.start(connection)
            if self._cursor is None:
                self._cursor = newest
                self.ready.set()
                return _PAUSE
            try:
                page = await feed.read(connection, self.organisation, self._cursor, limit=_PAGE)
            except Reset:
                self._cursor = newest
                self._tell([reset(newest)])
                return _PAUSE
        self._tell(told(page))
        last = page[-1].cursor if page else newest
        whole = len(page) < _PAGE and (newest.xid, newest.id) > (last.xid, last.id)
        self._cursor = newest if whole else last
        return _PAUSE if len(page) < _PAGE else 0

    async def _look_around(self) -> float:
        """Sessions that ended close their streams; who looks at what is told when it changes."""
        await self._close_ended()
        await self._look()
        return _SLOWER

    async def _close_ended(self) -> None:
        asked = {stream.session for stream in self._streams}  # who comes in meanwhile was asked for by the guard
        async with self._rooms.database.desk(self.organisation) as connection:
            idle = self._rooms.idle_seconds
            living = await sessions.alive(connection, list(asked), self._rooms.clock(), idle_seconds=idle)
            if monotonic() > self._names_until:
                everybody = await agents.colleagues(connection, self._rooms.master)
                self._names = {agent.id: agent.name for agent in everybody}
                self._names_until = monotonic() + _NAMES_SECONDS
        for stream in self._streams:
            if stream.session in asked - living:
                stream.close()

    async def _look(self) -> None:
        asked = self._stirred | self._lookers.keys()
        self._stirred = set()
        found = await self._rooms.presence.lookers(self.organisation, list(asked))
        changed = {ticket: found.get(ticket, []) for ticket in asked if found.get(ticket) != self._lookers.get(ticket)}
        self._lookers = found
        if changed:
            self._tell([Told(None, _presence(changed, self._names))])

    async def _listen(self) -> float:
        """Hear from every process whose lookers may have changed. Without Valkey nobody is seen to be there."""
        async with self._rooms.valkey.pubsub(ignore_subscribe_messages=True) as heard:
            await heard.subscribe(channel(self.organisation))
            async for message in heard.listen():
                with suppress(ValueError):
                    self._stirred.add(UUID(message["data"].decode()))
        return _SLOWER


class Rooms:
    """The rooms of one process, opened with their first page and closed with their last."""

    def __init__(
        self,
        database: Database,
        master: Master,
        redis_url: str,
        *,
        idle_seconds: float,
        clock: Callable[[], datetime],
    ) -> None:
        self.database, self.master, self.idle_seconds, self.clock = database, master, idle_seconds, clock
        self.valkey = Redis.from_url(redis_url, socket_connect_timeout=2)
        self.presence = Presence(self.valkey)
        self._open: dict[UUID, Room] = {}
        self._closed = False

    async def join(self, organisation: UUID, session: UUID) -> tuple[Room, Stream]:
        """A page more: from now on its stream misses nothing. Raises Crowded and StoreAway."""
        if self._closed:
            raise StoreAway("this process ends")
        room = self._open.get(organisation)
        if room is None:
            room = self._open[organisation] = Room(organisation, self)
        stream = room.join(session)
        try:
            async with asyncio.timeout(_PATIENCE):
                await room.ready.wait()
        except BaseException as error:
            room.leave(stream)
            if isinstance(error, TimeoutError):
                raise StoreAway("the feed cannot be read") from None
            raise
        return room, stream

    def left(self, room: Room) -> None:
        """Somebody left it: the last one closes the door."""
        if room.empty and self._open.get(room.organisation) is room:
            del self._open[room.organisation]
            room.close()

    def close(self) -> None:
        """End all streams; no new one is opened."""
        self._closed = True
        for room in self._open.values():
            room.close()

    async def aclose(self) -> None:
        self.close()
        await self.valkey.aclose()


def told(changes: Sequence[Change]) -> list[Told]:
    """Changes as events: tickets of a kind that follow each other share one, each named once."""
    pieces = []
    for what, group in groupby(changes, key=lambda change: change.what):
        run = list(group)
        tickets = " ".join(str(ticket) for ticket in dict.fromkeys(change.ticket for change in run))
        pieces.append(Told(run[-1].cursor, _event(what, tickets, run[-1].cursor)))
    return pieces


def reset(cursor: Cursor) -> Told:
    """Load everything afresh, and go on from here."""
    return Told(cursor, _event("reset", "-", cursor), afresh=True)


def cursor_text(cursor: Cursor) -> str:
    """A cursor as pages keep it."""
    return f"{cursor.epoch}.{cursor.xid}.{cursor.id}"


def _event(name: str, data: str, cursor: Cursor) -> bytes:
    return f"id: {cursor_text(cursor)}\nevent: {name}\ndata: {data}\n\n".encode()


def _presence(lookers: Mapping[UUID, Sequence[Looker]], names: Mapping[UUID, str]) -> bytes:
    shown = {
        str(ticket): [[str(one.agent), names.get(one.agent, "?"), one.writes] for one in those]
        for ticket, those in lookers.items()
    }
    return b"event: presence\ndata: " + orjson.dumps(shown) + b"\n\n"


ROOMS = web.AppKey("rooms", Rooms)
