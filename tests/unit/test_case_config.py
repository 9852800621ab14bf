"""`cases:` of config.yaml: every mistake is told with its line, what is wrong and what to write instead."""

import re
from pathlib import Path

import pytest

from cases import registry
from model.network import organisation_uuid
from runtime.config_cases import LOCAL_STORE
from runtime.settings import BadConfig, load

ROOT = Path(__file__).parents[2]
SMALL = (ROOT / "tests/data/small.yaml").read_text("utf-8")
HOOK_SECRET = "whsec_" + "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo="
SECRETS = {
    "SECRET": "invented-channel-secret",
    "TOKEN": "invented-access-token",
    "HOOK": HOOK_SECRET,
    "OLD_HOOK": "whsec_" + "YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXo=",
    "SHORT": "whsec_c2hvcnQ=",
    "PRIMERO_USER": "worker-voice",
    "PRIMERO_PASSWORD": "invented-password",
}
STORES = """
cases:
  stores:
    - id: hook
      kind: webhook
      organisations: all
      url: "https://cases.example.org/in?from=us"
      secret: "${HOOK}"
    - id: primero-th
      kind: primero
      organisations: [shwe]
      url: "https://primero.example.org"
      user: "${PRIMERO_USER}"
      password: "${PRIMERO_PASSWORD}"
      fields: [pseudonym]
      mapping: {urgency: risk_level, pseudonym: nickname}
      values: {urgency: {U1: extreme}}
      on_create: {module_id: primeromodule-cp}
"""


def read(folder: Path, text: str = SMALL + STORES, environ=SECRETS, **more):
    path = folder / "config.yaml"
    path.write_text(text, "utf-8")
    return load(path, environ, store_forms=registry.forms, **more)


def problems(folder: Path, text: str, environ=SECRETS):
    with pytest.raises(BadConfig) as caught:
        read(folder, text, environ)
    return caught.value.problems


def test_without_a_word_there_is_the_local_store_alone(tmp_path):
    assert read(tmp_path, SMALL).case_stores == (LOCAL_STORE,)
    assert read(tmp_path, SMALL + "cases: {stores: []}\n").case_stores == (LOCAL_STORE,)


def test_two_stores(tmp_path):
    local, hook, primero = read(tmp_path).case_stores
    assert (local.id, local.serves(organisation_uuid("anybody"))) == ("local", True)
    assert (hook.id, hook.kind, hook.fields, hook.settings.secret) == ("hook", "webhook", (), [HOOK_SECRET])
    assert hook.settings.url == "https://cases.example.org/in?from=us"
    assert (primero.fields, primero.settings.parallel, primero.settings.external_id) == (
        ("pseudonym",), 4, "other_agency_id",
    )  # fmt: skip
    assert primero.serves(organisation_uuid("shwe"))
    assert not primero.serves(organisation_uuid("lantern"))


def test_secrets_are_in_no_repr(tmp_path):
    shown = repr(read(tmp_path).case_stores)
    assert not [name for name, value in SECRETS.items() if value in shown and name != "PRIMERO_USER"]


def test_secrets_rotate(tmp_path):
    text = (SMALL + STORES).replace('"${HOOK}"', '["${HOOK}", "${OLD_HOOK}"]')
    assert read(tmp_path, text).case_stores[1].settings.secret == [HOOK_SECRET, SECRETS["OLD_HOOK"]]


MISTAKES = [
    # what is changed, into what, the key path, a word of the remedy
    ("id: hook", "id: Hook", "cases.stores[0].id", "a-z, 0-9"),
    ("id: hook", "id: local", "cases.stores[0].id", "another id"),
    ("id: hook", "id: primero-th", "cases.stores[0].id", "its own"),
    ("kind: webhook", "kind: webhok", "cases.stores[0].kind", "webhook"),
    ("kind: webhook", "kind: local", "cases.stores[0].kind", "leave it out"),
    ("      kind: webhook\n", "", "cases.stores[0].kind", "kind: webhook"),
    ("organisations: all", "organisations: everybody", "cases.stores[0].organisations", "write all"),
    ("organisations: all", "organisations: []", "cases.stores[0].organisations", "write all"),
    ("      organisations: all\n", "", "cases.stores[0].organisations", "organisations: all"),
    ("organisations: [shwe]", "organisations: [shw]", "cases.stores[1].organisations[0]", "shwe"),
    ("https://cases", "http://cases", "cases.stores[0].url", "https://"),
    ("https://cases", "cases", "cases.stores[0].url", "https://"),
    ("?from=us", "#us", "cases.stores[0].url", "https://"),
    ('      secret: "${HOOK}"\n', "", "cases.stores[0].secret", "${ENV_NAME}"),
    ("${HOOK}", "${SHORT}", "cases.stores[0].secret", "24 to 64"),
    ("${HOOK}", "${TOKEN}", "cases.stores[0].secret", "whsec_"),
    ("${HOOK}", "${ABSENT}", "cases.stores[0].secret", "ABSENT"),
    ('secret: "${HOOK}"', 'secrets: "${HOOK}"', "cases.stores[0].secrets", "secret"),
    ('"${HOOK}"', '["${HOOK}", "${SHORT}"]', "cases.stores[0].secret[1]", "24 to 64"),
    ("https://primero", "http://primero", "cases.stores[1].url", "https://"),
    ("fields: [pseudonym]", "fields: [name]", "cases.stores[1].fields[0]", "pseudonym"),
    ("fields: [pseudonym]", "fields: []", "cases.stores[1].mapping.pseudonym", "[pseudonym]"),
    ("{urgency: risk_level", "{urgncy: risk_level", "cases.stores[1].mapping.urgncy", "urgency"),
    ("urgency: risk_level", "urgency: Risk Level", "cases.stores[1].mapping.urgency", "risk_level"),
    ("urgency: risk_level", "urgency: module_id", "cases.stores[1].mapping.urgency", "another field"),
    ("urgency: risk_level", "urgency: other_agency_id", "cases.stores[1].mapping.urgency", "another field"),
    ("values: {urgency", "values: {xyz", "cases.stores[1].values.xyz", "urgency"),
    ("      user:", "      auth: digest\n      user:", "cases.stores[1].auth", "token"),
    ("      user:", "      parallel: 0\n      user:", "cases.stores[1].parallel", "at least 1"),
    ("      user:", "      timeout_seconds: 600\n      user:", "cases.stores[1].timeout_seconds", "at most 60"),
    ("  stores:\n", "  store:\n", "cases.store", "stores"),
]


@pytest.mark.parametrize(("old", "new", "path", "remedy"), MISTAKES)
def test_a_mistake_is_told_with_its_line_and_what_to_write(tmp_path, old, new, path, remedy):
    text = SMALL + STORES.replace(old, new, 1)
    assert text != SMALL + STORES
    told = [problem for problem in problems(tmp_path, text) if problem.path == path]
    assert told, [str(problem) for problem in problems(tmp_path, text)]
    assert remedy in told[0].instead
    line = text.splitlines()[told[0].line - 1]
    assert path.rpartition(".")[2].partition("[")[0] in line or "- id:" in line


def test_a_mistake_hides_no_other(tmp_path):
    text = SMALL + STORES.replace("kind: webhook", "kind: webhok").replace("[shwe]", "[shw]")
    assert len(problems(tmp_path, text)) == 2


@pytest.mark.parametrize("item", ["17", '"${HOOK}"', "[]", "~"])
def test_an_item_that_is_no_store(tmp_path, item):
    told = problems(tmp_path, SMALL + f"cases:\n  stores:\n    - {item}\n")
    assert [problem.path for problem in told] == ["cases.stores[0]"]


def test_no_secret_is_told(tmp_path):
    text = SMALL + STORES.replace("organisations: all", "organisations: ${HOOK}").replace(
        "kind: webhook", "kind: webhook"
    )
    told = "\n".join(map(str, problems(tmp_path, text)))
    assert "${HOOK}" in told
    assert not re.search("whsec_[A-Za-z0-9]", told)


def test_who_only_looks_needs_no_secrets(tmp_path):
    environ = {name: SECRETS[name] for name in ("SECRET", "TOKEN")}
    _, hook, primero = read(tmp_path, environ=environ, secrets_required=False).case_stores
    assert (hook.id, hook.settings, primero.id, primero.settings) == ("hook", None, "primero-th", None)
    assert {problem.path for problem in problems(tmp_path, SMALL + STORES, environ)} == {
        "cases.stores[0].secret", "cases.stores[1].user", "cases.stores[1].password",
    }  # fmt: skip


def _documented() -> dict[str, str]:
    """The examples of the documentation and of config.yaml."""
    written = (ROOT / "docs/case-store.md").read_text("utf-8").partition("    cases:\n")[2].partition("\n\n")[0]
    example = (ROOT / "config.yaml").read_text("utf-8").partition("# cases:\n")[2]
    return {
        "docs": "cases:\n" + "\n".join(line.removeprefix("    ") for line in written.splitlines()),
        "config.yaml": "cases:\n" + "\n".join(line.removeprefix("# ") for line in example.splitlines()),
    }


@pytest.mark.parametrize("where", ["docs", "config.yaml"])
def test_what_is_documented_can_be_written(tmp_path, where):
    text = SMALL + _documented()[where].replace(", twin-rivers", "") + "\n"
    found = read(tmp_path, text, SECRETS | {"REGISTER_SECRET": HOOK_SECRET}).case_stores
    assert [(store.id, store.kind) for store in found] == [
        ("local", "local"), ("primero-th", "primero"), ("union-register", "webhook"),
    ]  # fmt: skip
