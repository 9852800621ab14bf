"""The providers' own machine-readable descriptions: is a request one that they describe?

They lie beside the repository and are not part of it.
"""

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from openapi_schema_validator import OAS30Validator, oas30_format_checker

from tests.scripted import Asked

FOLDER = Path(__file__).resolve().parents[2] / "shared" / "specs"


class OpenApi:
    """LINE's and Twilio's."""

    def __init__(self, name: str) -> None:
        self.spec = _told_apart(json.loads((FOLDER / name).read_text(encoding="utf-8")))

    def faults(self, asked: Asked, answer: Mapping[str, Any]) -> list[str]:
        """What is wrong with a request, and with the answer a test gave to it; nothing, if all is well."""
        for template, calls in self.spec["paths"].items():
            values = re.fullmatch(re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(template)), asked.path)
            if values and asked.method.lower() in calls:
                call = calls[asked.method.lower()]
                named = [*calls.get("parameters", ()), *call.get("parameters", ())]
                return [
                    *self._parameters(named, asked, values.groupdict()),
                    *self._body(call.get("requestBody"), asked),
                    *self._answer(call["responses"], answer),
                ]
        return [f"there is no {asked.method} {asked.path}"]

    def _parameters(self, named: list[Any], asked: Asked, path: Mapping[str, str]) -> Iterator[str]:
        known = {parameter["name"]: parameter for parameter in map(self._found, named)}
        given = {"path": path, "query": dict(asked.query), "header": asked.headers}
        yield from (f"no query parameter {name}" for name in given["query"] if name not in known)
        for name, parameter in known.items():
            value = given[parameter["in"]].get(name)
            if value is not None:
                yield from self._faults(_typed(value, parameter["schema"]), parameter["schema"])
            elif parameter.get("required"):
                yield f"{name} is missing"

    def _body(self, wanted: Any, asked: Asked) -> Iterator[str]:
        if not wanted or not asked.body:
            yield from [f"a body{' ' if asked.body else ' not '}sent"] * (bool(wanted) != bool(asked.body))
            return
        kind = asked.headers["Content-Type"].split(";")[0]
        if kind not in wanted["content"]:
            yield f"{kind} is not taken"
            return
        schema = self._found(wanted["content"][kind]["schema"])
        body = asked.json() if asked.kind == "json" else asked.form()
        if asked.kind == "form":
            yield from (f"no field {name}" for name in body if name not in schema["properties"])
            body = {name: _typed(value, schema["properties"].get(name, {})) for name, value in body.items()}
        yield from self._faults(body, schema)

    def _answer(self, described: Mapping[str, Any], answer: Mapping[str, Any]) -> Iterator[str]:
        """A fake that answers what no provider answers proves nothing."""
        content = described.get(str(answer.get("status")), {}).get("content", {})
        if "application/json" in content and not isinstance(answer.get("body"), str):
            yield from self._faults(answer.get("body"), content["application/json"]["schema"])

    def _found(self, what: Any) -> Any:
        while "$ref" in what:
            step: Any = self.spec
            for name in what["$ref"].removeprefix("#/").split("/"):
                step = step[name]
            what = step
        return what

    def _faults(self, value: Any, schema: Any) -> Iterator[str]:
        whole = {"allOf": [schema], "components": self.spec["components"]}
        for error in OAS30Validator(whole, format_checker=oas30_format_checker).iter_errors(value):
            yield f"{'/'.join(map(str, error.absolute_path))}: {error.message}"


def _typed(value: Any, schema: Mapping[str, Any]) -> Any:
    """What a form or a URL holds as text, in its own type; as it is, where it cannot be that."""
    kind = schema.get("type")
    if kind == "array":
        return value if isinstance(value, list) else [value]
    if kind in ("integer", "number", "boolean"):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


def _told_apart(spec: Any) -> Any:
    """`Message` is one of its kinds, as its `type` says: the validator does not follow `discriminator` by itself."""
    schemas = spec["components"]["schemas"]
    for name, schema in [*schemas.items()]:
        if mapping := schema.get("discriminator", {}).get("mapping"):
            ours = f"#/components/schemas/{name}"
            base = {key: value for key, value in schema.items() if key != "discriminator"}
            for kind in {ref.rsplit("/", 1)[1] for ref in mapping.values()}:
                parts = schemas[kind].get("allOf", [])
                schemas[kind] = schemas[kind] | {"allOf": [base if part == {"$ref": ours} else part for part in parts]}
            by = schema["discriminator"]["propertyName"]
            kinds = [
                {"allOf": [{"$ref": ref}, {"properties": {by: {"enum": [kind]}}, "required": [by]}]}
                for kind, ref in mapping.items()
            ]
            schemas[name] = {"oneOf": kinds}
    return spec


class Telegram:
    """Telegram's, in a form of its own."""

    def __init__(self, name: str) -> None:
        self.spec = json.loads((FOLDER / name).read_text(encoding="utf-8"))

    def faults(self, asked: Asked, answer: Mapping[str, Any]) -> list[str]:
        found = re.fullmatch(r"/bot[^/]+/(\w+)", asked.path)
        method = self.spec["methods"].get(found[1]) if found else None
        if not method:
            return [f"there is no {asked.path}"]
        given = getattr(asked, asked.kind)() if asked.kind else dict(asked.query)
        return list(self._faults(given, method.get("fields", []), found[1]))

    def _faults(self, given: Mapping[str, Any], fields: list[Any], where: str) -> Iterator[str]:
        known = {field["name"]: field for field in fields}
        for name, value in given.items():
            if name not in known:
                if not isinstance(value, dict) or "data" not in value:  # a file that another field refers to
                    yield f"{where}: no field {name}"
            elif not any(self._is(value, kind) for kind in known[name]["types"]):
                yield f"{where}.{name}: not {' or '.join(known[name]['types'])}"
        yield from (
            f"{where}.{name} is missing" for name, field in known.items() if field["required"] and name not in given
        )

    def _is(self, value: Any, kind: str) -> bool:
        if kind == "String":
            return isinstance(value, str)
        if kind == "InputFile":
            return isinstance(value, dict) and "data" in value
        if isinstance(value, str):  # a form holds everything else as JSON
            try:
                value = json.loads(value)
            except ValueError:
                return False
        if kind.startswith("Array of "):
            return isinstance(value, list) and all(self._is(item, kind.removeprefix("Array of ")) for item in value)
        plain = {"Integer": int, "Float": (int, float), "Boolean": bool, "True": bool}
        if kind in plain:
            return isinstance(value, plain[kind])
        described = self.spec["types"][kind]
        if "subtypes" in described:
            return any(self._is(value, each) for each in described["subtypes"])
        return isinstance(value, dict) and not list(self._faults(value, described.get("fields", []), kind))


#: Which description a channel's provider has. Meta publishes none for Messenger.
BY_CHANNEL = {
    "line": (OpenApi, "line-messaging-api.json"),
    "sms": (OpenApi, "twilio-api-v2010.json"),
    "voice": (OpenApi, "twilio-api-v2010.json"),
    "telegram": (Telegram, "telegram-bot-api.json"),
}


@cache
def read(channel: str) -> OpenApi | Telegram:
    kind, name = BY_CHANNEL[channel]
    return kind(name)
