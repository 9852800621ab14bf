"""Primero (API v2): a ticket becomes a case, and its changes change it.

A case is made with the ticket's id as its own (`data.id`), so that making it twice is a 409 and never a second case.
Before that it is looked for by the external id: somebody may have entered it by hand. What Primero answers is read
from its documents, github.com/primeroIMS/primero, doc/api/cases; a filter it does not know it passes over in silence
and lists every case, so nothing is taken for ours whose external id is not the ticket's.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any
from uuid import UUID

import aiohttp

from cases import http
from cases.contract import CannotAsk, Content, Store
from cases.http import Answer
from cases.primero_form import PrimeroForm, render
from model.cases import Code, Parcel, Refused, Result, Stored, Unknown

_MOST_FOUND = 5  # of one external id; more than one is a muddle anyway
_FETCHED_AT_ONCE = 4


class Failed(Exception):
    """A request came to nothing; `result` says what that means."""

    def __init__(self, result: Refused | Unknown) -> None:
        super().__init__(type(result).__name__)
        self.result = result


class Client:
    """One instance of Primero, and our token while it holds."""

    def __init__(self, session: aiohttp.ClientSession, settings: PrimeroForm) -> None:
        self.settings = settings
        self._session = session
        self._token: str | None = None
        self._login = asyncio.Lock()

    async def ask(self, method: str, path: str, **more: Any) -> Answer:
        """One request as our user; a token that has run out is asked for anew, once. Raises Failed."""
        token = await self._authorised(None)
        answer = await self._once(method, path, token, **more)
        if answer.status == 401 and self.settings.auth == "token":
            answer = await self._once(method, path, await self._authorised(token), **more)
        return answer

    async def _once(self, method: str, path: str, token: str, **more: Any) -> Answer:
        url = f"{self.settings.url}/api/v2{path}"
        answer = await http.ask(self._session, method, url, headers={"Authorization": token}, **more)
        if isinstance(answer, Refused | Unknown):
            raise Failed(answer)
        return answer

    async def _authorised(self, spent: str | None) -> str:
        """The Authorization header; another one than `spent`."""
        if self.settings.auth == "basic":
            return aiohttp.encode_basic_auth(self.settings.user, self.settings.password, "utf-8")
        async with self._login:  # several requests find out at once that it has run out
            if self._token is None or self._token == spent:
                self._token = await self._new_token()
            return self._token

    async def _new_token(self) -> str:
        """Older versions answer with the header alone, newer ones with `token` in the body as well."""
        user = {"user_name": self.settings.user, "password": self.settings.password}
        answer = await http.ask(self._session, "POST", f"{self.settings.url}/api/v2/tokens", json={"user": user})
        if isinstance(answer, Refused):
            raise Failed(answer)
        if isinstance(answer, Unknown):  # no case was sent
            raise Failed(Refused(code="away", detail=answer.why, retry=True))
        if not answer.good:
            raise Failed(_not_let_in(answer))
        token = answer.json().get("token")
        written = f"Bearer {token}" if isinstance(token, str) and token else answer.headers.get("Authorization", "")
        if not written:
            raise Failed(Refused(code="odd", detail="no token", retry=True))
        return written


def _not_let_in(answer: Answer) -> Refused:
    """A refusal to log in is about us, or about the address, and never about a case."""
    refused = http.refusal(answer)
    if refused.retry:
        return refused
    return replace(refused, code="moved" if refused.code in ("gone", "moved") else "credentials")


@asynccontextmanager
async def connect(settings: PrimeroForm, database: object) -> AsyncIterator[Client]:
    """Logs in when it is first asked for something."""
    async with http.session(settings.timeout_seconds) as session:
        yield Client(session, settings)


async def put(client: Client, parcel: Parcel) -> Result:
    """Change the case of this ticket, or make it."""
    try:
        found = parcel.remote_id or await _find(client, parcel)
        if found is not None:
            return await _change(client, found, parcel)
        if parcel.withdrawn:  # there is none, and there need be none
            return Stored()
        return await _make(client, parcel)
    except Failed as failed:
        return failed.result


async def _find(client: Client, parcel: Parcel) -> str | None:
    """The id of the case that carries this ticket's id, if there is one. Raises Failed."""
    field, ours = client.settings.external_id, str(parcel.id)
    asked = {field: ours, "fields": f"id,{field}", "per": str(_MOST_FOUND)}
    answer = await client.ask("GET", "/cases", params=asked)
    listed = answer.json().get("data")
    if not answer.good or not isinstance(listed, list):
        raise Failed(_refusal(answer, parcel))
    cases = [case for case in listed if isinstance(case, dict) and case.get(field) == ours]
    if len(cases) > 1:
        raise Failed(Refused(code="doubled", detail=str(len(cases))))
    return _uuid(cases[0].get("id")) if cases else None


def _uuid(written: Any) -> str:
    """An id that may stand in a path. Raises Failed."""
    try:
        return str(UUID(str(written)))
    except ValueError:
        raise Failed(Refused(code="odd", detail="id", retry=True)) from None


async def _change(client: Client, case: str, parcel: Parcel) -> Result:
    answer = await client.ask("PATCH", f"/cases/{case}", json={"data": dict(parcel.content)})
    return Stored(remote_id=case) if _taken(answer) else _refusal(answer, parcel)


async def _make(client: Client, parcel: Parcel) -> Result:
    """`on_create` fills what Primero wants of a new case and its users may change later."""
    ours = {name: value for name, value in parcel.content.items() if value is not None}
    data = {**client.settings.on_create, **ours, "id": str(parcel.id)}
    answer = await client.ask("POST", "/cases", json={"data": data})
    if answer.status == 409:  # it is there: an answer was lost
        return await _change(client, str(parcel.id), parcel)
    return Stored(remote_id=str(parcel.id)) if _taken(answer) else _refusal(answer, parcel)


def _taken(answer: Answer) -> bool:
    """204 has no body; any other success shows the case. A page of a proxy in between does not."""
    return answer.status == 204 or (answer.good and "data" in answer.json())


def _refusal(answer: Answer, parcel: Parcel) -> Refused:
    """With the names of the fields it does not like, as far as they are ours: its own words may quote anything."""
    if answer.good:
        return Refused(code="odd", detail=str(answer.status), retry=True)
    errors = answer.json().get("errors")
    named = {
        word
        for error in (errors if isinstance(errors, list) else ())
        if isinstance(error, dict)
        for word in _words(error.get("detail"))
    }
    fields = sorted(named & parcel.content.keys())
    return http.refusal(answer, " ".join([str(answer.status), *fields]))


def _words(detail: Any) -> list[str]:
    """`detail` is the name of a field, or a list of them."""
    found = detail if isinstance(detail, list) else [detail]
    return [word.strip("/") for word in found if isinstance(word, str)]


async def fetch(client: Client, parcels: Sequence[Parcel]) -> Sequence[Content | None]:
    """The case of each ticket as it stands there."""
    few = asyncio.Semaphore(_FETCHED_AT_ONCE)

    async def one(parcel: Parcel) -> Mapping[str, Any] | None:
        async with few:
            return await _fetch(client, parcel)

    try:
        return await asyncio.gather(*map(one, parcels))
    except Failed as failed:
        raise CannotAsk(failed.result.code if isinstance(failed.result, Refused) else "unsure") from None


async def _fetch(client: Client, parcel: Parcel) -> Mapping[str, Any] | None:
    case = parcel.remote_id or await _find(client, parcel)
    if case is None:
        return None
    answer = await client.ask("GET", f"/cases/{case}")
    data = answer.json().get("data")
    if answer.status == 404:
        return None
    if not answer.good or not isinstance(data, dict):
        raise Failed(_refusal(answer, parcel))
    return data


async def look(client: Client) -> Code | None:
    """Whether it lets us in and shows us cases: the id of one."""
    try:
        answer = await client.ask("GET", "/cases", params={"per": "1", "fields": "id"})
    except Failed as failed:
        return failed.result.code if isinstance(failed.result, Refused) else "unsure"
    return None if answer.good else http.refusal(answer).code


STORE = Store(kind="primero", settings=PrimeroForm, render=render, connect=connect, put=put, fetch=fetch, look=look)
