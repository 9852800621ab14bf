"""The promises every channel keeps, whichever folder it lives in. New folders are found by themselves."""

import json
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import channels
from channels import registry
from channels.contract import BadSettings, NotAuthentic, Unreadable
from model.events import Event, plain
from model.http import Request

FOLDERS = Path(channels.__path__[0])
NAMES = registry.names()
RULES = {
    "verify", "parse", "answer", "hello", "rotate_secrets", "every_kind", "unknown_kind", "redelivery", "bad_input",
    "readme", "render", "send", "media", "limits", "delivery_updates",
}  # fmt: skip

#: Where the provider signs nothing and sends a bearer token alone, a changed body cannot be noticed.
BEARER_TOKEN = {"telegram"}

#: Where one webhook lists the events of several people: the list a broken event may stand in.
LISTS = {
    "line": lambda body: body["events"],
    "facebook": lambda body: body["entry"][0].get("messaging", []),
}


class Example:
    """One example file of a channel."""

    def __init__(self, path: Path) -> None:
        self.path, self.told = path, json.loads(path.read_text(encoding="utf-8"))
        self.channel = registry.load(path.parent.parent.name)
        self.settings = self.channel.settings(self.told["settings"])
        sent = self.told["request"]
        self.request = Request(
            method=sent["method"],
            url=sent["url"],
            step=sent.get("step", ""),
            headers=tuple((name, value) for name, value in sent["headers"]),
            body=sent["body"].encode(),
        )

    def parse(self, body: bytes | None = None) -> list[Event]:
        request = self.request if body is None else replace(self.request, body=body)
        return list(self.channel.parse(request, self.settings))

    def is_authentic(self, **changed: Any) -> bool:
        try:
            self.channel.verify(replace(self.request, **changed), self.settings)
        except NotAuthentic:
            return False
        return True

    def without(self, header: str) -> tuple[tuple[str, str], ...]:
        return tuple(pair for pair in self.request.headers if pair[0] != header)

    @property
    def is_hello(self) -> bool:
        return self.channel.hello(self.request, self.settings) is not None


EXAMPLES = [Example(path) for path in sorted(FOLDERS.glob("*/examples/*.json"))]
HELLOS = [example for example in EXAMPLES if example.is_hello]
WEBHOOKS = [example for example in EXAMPLES if not example.is_hello]


def named(example: Example) -> str:
    return f"{example.channel.name}-{example.path.stem}"


def of(name: str) -> list[Example]:
    return [example for example in WEBHOOKS if example.channel.name == name]


every_channel = pytest.mark.parametrize("name", NAMES)
every_webhook = pytest.mark.parametrize("example", WEBHOOKS, ids=named)


# The folder


@every_channel
def test_folder_is_complete(name):
    folder = FOLDERS / name
    assert registry.load(name).name == name
    assert (folder / "README.md").read_text(encoding="utf-8").startswith("# ")
    assert of(name), "write at least one example"


@every_channel
def test_quality_scale_names_every_rule(name):
    rules = yaml.safe_load((FOLDERS / name / "quality.yaml").read_text(encoding="utf-8"))["rules"]
    assert set(rules) == RULES
    for rule, state in rules.items():
        reason = state.get("exempt") if isinstance(state, dict) else None
        assert state in ("done", "todo") or (set(state) == {"exempt"} and reason), rule


@every_channel
def test_quality_scale_is_honest_about_the_way_out(name):
    out = registry.load(name).out
    rules = yaml.safe_load((FOLDERS / name / "quality.yaml").read_text(encoding="utf-8"))["rules"]
    for rule in ("render", "send", "limits", "media"):
        state = rules[rule]
        assert state != "done" if out is None else state != "todo", f"{rule}: {state}"
    assert (rules["media"] == "done") == bool(out and out.locate)


def refused_key(name: str, section: dict) -> str | None:
    try:
        registry.load(name).settings(section)
    except BadSettings as refused:
        return refused.key
    return None


@every_channel
def test_a_wrong_or_missing_key_is_named(name):
    section = of(name)[0].told["settings"]
    assert refused_key(name, section) is None
    assert refused_key(name, {**section, "not_a_key": "x"}) == "not_a_key"
    emptied = {key: refused_key(name, {**section, key: None}) for key in section}
    assert all(refused in (None, key) for key, refused in emptied.items()), emptied
    assert any(emptied.values()), "an account without any of its keys must not start"


# The examples


def test_example_names_are_not_used_up_by_one_event():
    for example in EXAMPLES:
        assert example.told["about"].endswith("."), example.path
        assert len(example.told["events"]) <= 3, example.path


@every_webhook
def test_example_is_authentic(example):
    assert example.is_authentic()


@every_webhook
def test_example_reads_as_promised(example):
    assert [plain(event) for event in example.parse()] == example.told["events"]


@every_webhook
def test_same_bytes_same_events(example):
    assert example.parse() == example.parse()


@every_webhook
def test_answer_is_a_success(example):
    answer = example.channel.answer(example.request, example.settings)
    assert 200 <= answer.status < 300
    if "response" in example.told:
        assert (answer.status, answer.body.decode()) == (
            example.told["response"]["status"],
            example.told["response"]["body"],
        )


@pytest.mark.parametrize("example", HELLOS, ids=named)
def test_hello_is_answered_as_promised(example):
    answer = example.channel.hello(example.request, example.settings)
    promised = example.told["response"]
    assert (answer.status, answer.body.decode()) == (promised["status"], promised["body"])
    assert answer.content_type.startswith("text/plain")
    assert example.told["events"] == []


# Forgery


@every_webhook
def test_changed_body_is_refused(example):
    changed = example.request.body + b"&x=1"
    assert example.is_authentic(body=changed) == (example.channel.name in BEARER_TOKEN)


@every_channel
def test_url_is_signed_for_all_requests_or_for_none(name):
    elsewhere = {example.is_authentic(url=example.request.url + "/elsewhere") for example in of(name)}
    assert len(elsewhere) == 1


@every_webhook
def test_signature_must_stand_exactly_once_and_be_right(example):
    headers = example.request.headers
    signed_in = {name for name, _ in headers if not example.is_authentic(headers=example.without(name))}
    assert signed_in
    for name in signed_in:
        given = next(value for key, value in headers if key == name)
        others = example.without(name)
        for forged in (
            [(name, given), (name, given)],
            [(name, given), (name, "")],
            [(name, "")],
            [(name, given[:-1])],
            [(name, given + "é")],
            [(name, "ကခဂ\udcff")],
            [(name, given.swapcase())],
        ):
            assert not example.is_authentic(headers=(*others, *forged)), forged


@every_channel
def test_a_secret_can_rotate(name):
    rules = yaml.safe_load((FOLDERS / name / "quality.yaml").read_text(encoding="utf-8"))["rules"]
    example = of(name)[0]
    rotating = {key for key in example.told["settings"] if rotates(example, key)}
    assert bool(rotating) == (rules["rotate_secrets"] == "done")


def rotates(example: Example, key: str) -> bool:
    """Whether a list with this key's value is as good as the value, and a list without it is not."""

    def accepts(*values: str) -> bool:
        changed = example.channel.settings({**example.told["settings"], key: [*values]})
        try:
            example.channel.verify(example.request, changed)
        except NotAuthentic:
            return False
        return True

    value = example.told["settings"][key]
    try:
        return accepts("another", value) and accepts(value, "another") and not accepts("another")
    except BadSettings:
        return False


# The events


def times_in(value: Any) -> list[datetime]:
    if isinstance(value, datetime):
        return [value]
    return (
        [time for field in fields(value) for time in times_in(getattr(value, field.name))]
        if is_dataclass(value)
        else []
    )


def check(events: list[Event]) -> None:
    """What holds for whatever a channel made of whatever it was sent."""
    for event in events:
        assert 0 < len(event.event_id) <= 200
        assert all(time.tzinfo is UTC for time in times_in(event))
        assert getattr(event, "provider_id", None) != ""
        assert len(getattr(event, "what", "")) <= 80
        shown = json.dumps(plain(event), ensure_ascii=False)
        shown.encode()  # no lone surrogate
        assert "\\u0000" not in shown


@every_webhook
def test_events_are_well_formed(example):
    events = example.parse()
    check(events)
    assert len({event.event_id for event in events}) == len(events)
    for event in events:
        now = event.occurred_at
        assert now is None or timedelta(0) < now - datetime(2020, 1, 1, tzinfo=UTC) < timedelta(days=3650)


# Nonsense


def parse_or_unreadable(example: Example, body: bytes) -> list[Event] | None:
    """The events, or None where the adapter says that it cannot read the body; any other error fails the test."""
    try:
        events = example.parse(body)
    except Unreadable:
        return None
    check(events)
    assert example.parse(body) == events
    return events


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.integers(min_value=2**63) | st.floats() | st.text()
    | st.sampled_from(["", "\0", "\ud800", "0", "-1", "9" * 400, "user", "image", 2**70, 10**400, 1e308, [], {}]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip
thorough = settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])


def paths(value: Any, here: tuple = ()) -> list[tuple]:
    """The way to every node of a JSON value, the root included."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [here, *(path for key, item in inner for path in paths(item, (*here, key)))]


def put(value: Any, path: tuple, new: Any) -> Any:
    """A copy of a JSON value with one node replaced."""
    if not path:
        return new
    copy = value.copy()
    copy[path[0]] = put(value[path[0]], path[1:], new)
    return copy


def mutate(data: Any, value: Any) -> Any:
    return put(value, data.draw(st.sampled_from(paths(value))), data.draw(anything))


def is_json(example: Example) -> bool:
    return example.request.body.startswith(b"{")


@every_channel
@thorough
@given(data=st.data())
def test_any_json_is_read_or_unreadable(name, data):
    example = data.draw(st.sampled_from(of(name)))
    parse_or_unreadable(example, json.dumps(data.draw(anything)).encode())


@every_channel
@thorough
@given(data=st.data())
def test_any_bytes_are_read_or_unreadable(name, data):
    example = data.draw(st.sampled_from(of(name)))
    parse_or_unreadable(example, data.draw(st.binary()))


@every_channel
def test_absurd_nesting_is_read_or_unreadable(name):
    for example in of(name)[:1]:
        for depth in (200, 990, 1024, 100_000):
            parse_or_unreadable(example, b"[" * depth + b"]" * depth)
            parse_or_unreadable(example, b'{"events":[' * depth + b"]}" * depth)
            parse_or_unreadable(example, b'{"entry":[{"messaging":' + b"[" * depth + b"]" * depth + b"}]}")


#: Put in every place of every JSON example; the random tests below look further, but not everywhere.
NASTY = [None, True, [], {}, "", "12", "\0\ud800", "x" * 150, "x" * 400, -1, 2**70, 1e308, float("nan")]


@pytest.mark.parametrize("example", [example for example in WEBHOOKS if is_json(example)], ids=named)
def test_no_place_of_an_example_breaks_it(example):
    body = json.loads(example.request.body)
    for path in paths(body):
        for value in NASTY:
            parse_or_unreadable(example, json.dumps(put(body, path, value)).encode())


@every_channel
@thorough
@given(data=st.data())
def test_a_mutated_example_is_read_or_unreadable(name, data):
    example = data.draw(st.sampled_from(of(name)))
    if is_json(example):
        body = json.dumps(mutate(data, json.loads(example.request.body))).encode()
    else:
        form = parse_qsl(example.request.body.decode(), keep_blank_values=True) or [("x", "")]
        place = data.draw(st.integers(0, len(form) - 1))
        key = data.draw(st.sampled_from([form[place][0], "x"]))
        form[place : place + 1] = [(key, data.draw(st.text()))] * data.draw(st.integers(0, 2))
        body = urlencode(form, errors="surrogatepass").encode()
    parse_or_unreadable(example, body)


@pytest.mark.parametrize("name", LISTS)
@thorough
@given(data=st.data())
def test_a_broken_event_never_takes_its_neighbours_along(name, data):
    example = data.draw(st.sampled_from(of(name)))
    body = json.loads(example.request.body)
    listed = LISTS[name](body)
    good = example.parse()
    if listed:
        whole = data.draw(st.booleans())
        broken = data.draw(anything) if whole else mutate(data, data.draw(st.sampled_from(listed)))
        listed.insert(data.draw(st.integers(0, len(listed))), broken)
    events = parse_or_unreadable(example, json.dumps(body).encode())
    assert events is not None
    assert [event for event in good if event not in events] == []
    assert len(events) >= len(good) + bool(listed)
