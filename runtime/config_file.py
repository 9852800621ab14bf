"""config.yaml as written: its values, the line of each, `${NAMES}` filled in, and every problem found so far."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

KeyPath = tuple[str | int, ...]
_NAME = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_LONGEST_SHOWN = 60
_SHORTEST_SECRET = 4  # "TH" may come from the environment too, and hiding it would garble every text


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing wrong with the configuration. Never holds a filled-in value."""

    file: str
    line: int | None  #: from 1; None where the file as a whole is meant
    path: str  #: as `accounts[2].channel_secret`; empty for the whole file
    what: str  #: is wrong
    instead: str  #: what to write or do

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        words = f"{place}: {self.path + ': ' if self.path else ''}{self.what}; {self.instead}"
        return " ".join(words.split())


class BadConfig(Exception):
    """The configuration cannot be used. `str()` is one line for each problem, in the order of the file."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        self.problems = tuple(sorted(problems, key=lambda problem: problem.line or 0))
        super().__init__("\n".join(map(str, self.problems)))


class ConfigFile:
    """The values of one file while they are being checked."""

    def __init__(self, name: str, written: Any, lines: Mapping[KeyPath, int]) -> None:
        self.name = name
        self.values = written  #: after `fill` with environment variables in place
        self.problems: list[Problem] = []
        self.missing: dict[KeyPath, list[str]] = {}  #: values with environment variables that are not set, by name
        self._written = written
        self._lines = lines
        self._secrets: dict[str, str] = {}

    def wrong(self, path: KeyPath, what: str, instead: str) -> None:
        """Note a problem at a key, on its line or that of the nearest key around it."""
        line = next((self._lines[path[:end]] for end in range(len(path), -1, -1) if path[:end] in self._lines), None)
        what, instead = self._concealed(what), self._concealed(instead)  # a known name may be a misplaced secret
        self.problems.append(Problem(file=self.name, line=line, path=shown(path), what=what, instead=instead))

    def shown(self, path: KeyPath) -> str:
        """A value as it stands in the file, `${NAME}` and all: fit for an error."""
        value = at(self._written, path)
        text = json.dumps(value, ensure_ascii=False, default=str)
        return text if len(text) <= _LONGEST_SHOWN else "this"

    def fill(self, environment: Mapping[str, str]) -> None:
        """Put environment variables in place of `${NAMES}`; those that are not set or empty become `missing`."""
        for path, text in _texts(self._written):
            for name in _NAME.findall(text):
                if value := environment.get(name):
                    self._secrets[value] = name
                else:
                    self.missing.setdefault(path, []).append(name)
            if "${" in _NAME.sub("", text):
                self.wrong(
                    path, "has ${ without a name", "write the name of an environment variable, as ${LINE_SECRET}"
                )
        self.values = _filled(self._written, environment)

    def names(self) -> Mapping[str, KeyPath]:
        """Every environment variable the file asks for, with the first key that does."""
        found: dict[str, KeyPath] = {}
        for path, text in _texts(self._written):
            for name in _NAME.findall(text):
                found.setdefault(name, path)
        return found

    def _concealed(self, text: str) -> str:
        """A text without the values that came from the environment."""
        for value in sorted(self._secrets, key=len, reverse=True):
            if len(value) >= _SHORTEST_SECRET:
                for form in (value, repr(value)[1:-1], json.dumps(value)[1:-1]):
                    text = text.replace(form, f"${{{self._secrets[value]}}}")
        return text


def shown(path: KeyPath) -> str:
    """A key path as people write it: `accounts[2].channel_secret`."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).removeprefix(".")


def at(values: Any, path: KeyPath) -> Any:
    """The value at a path, None where there is none."""
    for part in path:
        if isinstance(part, int):
            values = values[part] if isinstance(values, list) and part < len(values) else None
        else:
            values = values.get(part) if isinstance(values, dict) else None
    return values


def _texts(values: Any, path: KeyPath = ()) -> Iterator[tuple[KeyPath, str]]:
    if isinstance(values, str):
        yield path, values
    elif isinstance(values, dict):
        for key, value in values.items():
            yield from _texts(value, (*path, key))
    elif isinstance(values, list):
        for index, value in enumerate(values):
            yield from _texts(value, (*path, index))


def _filled(values: Any, environment: Mapping[str, str]) -> Any:
    if isinstance(values, str):
        return _NAME.sub(lambda match: environment.get(match[1], ""), values)
    if isinstance(values, dict):
        return {key: _filled(value, environment) for key, value in values.items()}
    if isinstance(values, list):
        return [_filled(value, environment) for value in values]
    return values


def read(path: Path) -> ConfigFile:
    """The file's values and the line of each. Raises BadConfig when it is not one readable YAML mapping."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise _unusable(
            path, None, f"cannot be read: {error.strerror}", "give --config the path of config.yaml"
        ) from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise _unusable(path, line, "is not UTF-8", "save the file as UTF-8") from None
    try:
        return _parsed(str(path), text)
    except yaml.reader.ReaderError as error:
        line = text[: error.position].count("\n") + 1
        raise _unusable(path, line, "holds an invisible character that YAML forbids", "delete it") from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        what = f"is not YAML: {error.problem or error.context}"
        raise _unusable(path, mark.line + 1 if mark else None, what, _LOOK_HERE) from None
    except (RecursionError, ValueError):
        raise _unusable(
            path, None, "is not a configuration", "start again from the config.yaml that came along"
        ) from None


_LOOK_HERE = "look at the indentation and the quotes of this line and the one above"


def _unusable(path: Path, line: int | None, what: str, instead: str) -> BadConfig:
    return BadConfig((Problem(file=str(path), line=line, path="", what=what, instead=instead),))


def _parsed(name: str, text: str) -> ConfigFile:
    loader = _Loader(text)
    try:
        walk = _Walk(loader)
        written = walk.value(loader.get_single_node(), ())
    finally:
        loader.dispose()
    file = ConfigFile(name, written, walk.lines)
    for path in walk.twice:
        file.wrong(path, "stands twice", "keep one of the two")
    if not isinstance(written, dict):
        file.wrong((), "the file holds no settings", "start again from the config.yaml that came along")
        raise BadConfig(tuple(file.problems))
    return file


class _Loader(yaml.SafeLoader):
    """Plain words as YAML 1.2 reads them: `NO` is Norway, `20:00` a time and `+66…` a phone number."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012  (the base class declares it so)

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """Refuse references: they make loops, and a file that unfolds to gigabytes."""
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise yaml.composer.ComposerError(None, None, "*references are not used here, write the value out", mark)
        node: yaml.Node | None = super().compose_node(parent, index)
        return node


for _tag, _pattern, _first in (
    ("bool", r"true|false", "tf"),
    ("int", r"-?(?:0|[1-9][0-9]{0,17})", "-0123456789"),
    ("float", r"-?(?:0|[1-9][0-9]*)\.[0-9]+", "-0123456789"),
    ("null", r"~|null|", ["~", "n", ""]),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"(?:{_pattern})$"), list(_first))


class _Walk:
    """From YAML's nodes to plain values, noting where each stands."""

    def __init__(self, loader: _Loader) -> None:
        self._loader = loader
        self.lines: dict[KeyPath, int] = {}
        self.twice: list[KeyPath] = []

    def value(self, node: yaml.Node | None, path: KeyPath) -> Any:
        if node is None:
            return None
        self.lines.setdefault(path, node.start_mark.line + 1)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item, (*path, index)) for index, item in enumerate(node.value)]
        return self._loader.construct_object(node)

    def _mapping(self, node: yaml.MappingNode, path: KeyPath) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.constructor.ConstructorError(None, None, "a key is a word, not a list", key.start_mark)
            here = (*path, key.value)
            if key.value in values:
                self.twice.append(here)
            self.lines[here] = key.start_mark.line + 1
            values[key.value] = self.value(value, here)
        return values
