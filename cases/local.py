"""The network's own tables: always on, written by the same road as every other store."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from cases.contract import CannotAsk, Content, Store
from model.cases import Code, Parcel, Refused, Result, Stored, Told, as_json
from runtime.config_form import StoreForm
from runtime.ids import now
from storage import case_file
from storage.database import Database, StoreError, code_of


def render(told: Told, settings: StoreForm) -> Content:
    """The JSON as it is."""
    return as_json(told)


@asynccontextmanager
async def connect(settings: StoreForm, database: Database) -> AsyncIterator[Database]:
    """The caller's database: it stays open."""
    yield database


async def put(client: Database, parcel: Parcel) -> Result:
    """One; many at once cost as much."""
    return (await put_all(client, [parcel]))[0]


async def put_all(client: Database, parcels: Sequence[Parcel]) -> Sequence[Result]:
    """All of them in one transaction, or none."""
    kept = [(p.organisation, p.id, p.version, p.content) for p in parcels if not p.withdrawn]
    try:
        async with client.intake() as connection:
            await case_file.put(connection, kept, now())
            await case_file.remove(connection, [(p.organisation, p.id) for p in parcels if p.withdrawn])
    except StoreError as error:
        return [Refused(code="away", detail=code_of(error), retry=True)] * len(parcels)
    return [Stored()] * len(parcels)


async def fetch(client: Database, parcels: Sequence[Parcel]) -> Sequence[Content | None]:
    """What is on file."""
    keys = [(p.organisation, p.id) for p in parcels]
    try:
        async with client.intake() as connection:
            found = await case_file.held(connection, keys)
    except StoreError:
        raise CannotAsk("away") from None
    return [found.get(key) for key in keys]


async def look(client: Database) -> Code | None:
    """It is there when the database is, which is looked at by itself."""
    return None


STORE = Store(
    kind="local", settings=StoreForm, render=render, connect=connect, put=put, put_all=put_all, fetch=fetch, look=look
)
