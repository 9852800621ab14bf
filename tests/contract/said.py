"""What `said/*.json` of each channel tells of its way out. New folders are found by themselves.

Each file is one conversation with the provider, through the channel's own client and the provider's own SDK:

`about`      a sentence
`settings`   the account's section of config.yaml
`outgoing`   what is to be said (`model.deliveries.Outgoing`; a file has `data` in base64 or a `size`)
`cannot`     the reason for which it cannot, or
`requests`   what the provider must be asked, in this order: `method`, `path`, `query`, `headers` (those named), and
             the body as `json`, `form` or `multipart`
`answers`    what it answers, one for each request: {status, headers, body}, {"drop": true} (read, then hung up),
             {"cut": true} (half an answer) or {"hang": true} (no answer)
`result`     what is made of the last of them, or
`table`      rows of one `answer` and one `result`: what is made of each, asked the first request
`ask`        instead of `outgoing`: {"look": webhook URL}, {"quota": true}, {"locate": ref} or {"remove": ref}
`undescribed`  why the provider's own description, where there is one, does not know this request

`{api}` stands for the provider's address wherever it is told.
"""

import base64
import json
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

import channels
from channels import registry
from channels.contract import Fetch, NoFile, Quota
from model.deliveries import Choice, OutFile, Outgoing, Refused, Sent, Unknown
from model.events import Sender
from tests import specifications
from tests.scripted import Asked

FOLDERS = Path(channels.__path__[0])
SPEAKING = [name for name in registry.names() if registry.load(name).out]
SHORT = 1.0  #: seconds; shorter, and a busy machine has not read the request yet
HANG = {"hang": True}
BROKEN = [{"drop": True}, {"cut": True}, HANG]

#: Times, as they stand in a file.
WHEN = {"now", "heard_at"}


class Said:
    """One file of a channel."""

    def __init__(self, path: Path) -> None:
        self.path, self.told = path, json.loads(path.read_text(encoding="utf-8"))
        self.channel = registry.load(path.parent.parent.name)
        self.settings = self.channel.settings(self.told["settings"])
        self.out = self.channel.out

    @property
    def outgoing(self) -> Outgoing:
        told = dict(self.told["outgoing"])
        return Outgoing(
            id=UUID(told.pop("id")),
            to=Sender(**told.pop("to")),
            files=tuple(_file(file) for file in told.pop("files", ())),
            choices=tuple(Choice(*choice) for choice in told.pop("choices", ())),
            **{name: datetime.fromisoformat(value) if name in WHEN else value for name, value in told.items()},
        )

    @property
    def secrets(self) -> list[str]:
        return [str(value) for name, value in self.told["settings"].items() if name.endswith(("token", "secret"))]

    async def happens(self, url: str | None, ask: Any = None) -> Any:
        """What comes of it, told as the files tell it."""
        async with self.out.connect(self.settings, url) as client:
            if ask := ask or self.told.get("ask"):
                [(question, about)] = ask.items()
                return shown(await self._asks(client, question, about))
            for part in self.out.render(self.outgoing, self.settings):
                result = await self.out.send(client, part)
                if not isinstance(result, Sent):
                    break
            return shown(result)

    async def _asks(self, client: Any, question: str, about: Any) -> Any:
        if question == "quota":
            return await self.out.quota(client)
        if question == "look":
            return await self.out.look(client, self.settings, about)
        return await getattr(self.out, question)(client, about, self.settings)


def _file(told: Any) -> OutFile:
    told = dict(told)
    size, data = told.pop("size", 0), told.pop("data", "")
    return OutFile(data=base64.b64decode(data) or b"\0" * size, **told)


def shown(result: Any) -> Any:
    match result:
        case Sent():
            return {"sent": {"ids": list(result.ids), "units": result.units}}
        case Refused(meaning=meaning):
            told = {"reason": meaning.reason, "scope": meaning.scope, "retry": meaning.retry, "code": result.code}
            return {"refused": told | ({"after": meaning.after.total_seconds()} if meaning.after else {})}
        case Unknown():
            return {"unknown": True}
        case Quota():
            return {"quota": {"limit": result.limit, "used": result.used}}
        case Fetch():
            return {"fetch": {"url": result.url, "headers": dict(result.headers), "hosts": list(result.hosts)}}
        case NoFile():
            return {"no_file": {"when": result.when, "why": result.why}}
        case bool():
            return {"removed": result}
        case Sequence():
            return {"looks": [[look.what, look.wrong, look.says] for look in result]}
    return result


def asked(request: Asked, like: Any) -> Any:
    """A request, told as a file tells it: with the headers it names, and with the query and body there were."""
    told: dict[str, Any] = {"method": request.method, "path": request.path}
    if request.query:
        told["query"] = dict(request.query)
    if "headers" in like:
        told["headers"] = {name: request.headers.get(name) for name in like["headers"]}
    if request.kind:
        told[request.kind] = getattr(request, request.kind)()
    if request.kind == "multipart":
        told["multipart"] = {
            name: _as_told(value, like.get("multipart", {}).get(name)) for name, value in told["multipart"].items()
        }
    return told


def _as_told(value: Any, like: Any) -> Any:
    """A field of a multipart body: a file by its size where the file gives that; an object where it gives one."""
    if isinstance(value, dict):
        data = value["data"]
        how = {"size": len(data)} if "size" in (like or {}) else {"data": base64.b64encode(data).decode()}
        return {"name": value["name"], "type": value["type"], **how}
    return json.loads(value) if isinstance(like, dict | list) else value


def at(url: str, told: Any) -> Any:
    return json.loads(json.dumps(told).replace("{api}", url))


FILES = [Said(path) for path in sorted(FOLDERS.glob("*/said/*.json"))]
REFUSED_EARLY = [said for said in FILES if "cannot" in said.told]
TALKS = [said for said in FILES if "requests" in said.told]
DESCRIBED = [said for said in TALKS if said.told["requests"] and said.channel.name in specifications.BY_CHANNEL]
TALKED = [said for said in TALKS if "result" in said.told]
TABLES = [(said, row) for said in TALKS for row in said.told.get("table", ())]


def named(value: Any) -> str:
    return f"{value.channel.name}-{value.path.stem}" if isinstance(value, Said) else str(value.get("answer"))[:60]


def first(name: str) -> Said:
    """The first of a channel's files in which words are sent."""
    for said in TALKED:
        if said.channel.name == name and "sent" in said.told["result"] and said.outgoing.text:
            return said
    pytest.skip(f"{name} says nothing")  # a channel of calls alone writes no words


every_channel = pytest.mark.parametrize("name", SPEAKING)


def hurry(monkeypatch, name: str) -> None:
    """A provider that never answers is not waited for as long as in life: one number is set, and nothing replaced."""
    monkeypatch.setattr(sys.modules[registry.load(name).out.connect.__module__], "TIMEOUT", SHORT)


def private(said: Said) -> list[str]:
    told = said.told.get("outgoing", {})
    return [word for word in (*said.secrets, told.get("text"), told.get("to", {}).get("value")) if word]
