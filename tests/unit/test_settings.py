import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as effort
from hypothesis import strategies as st

from gateway.stores import settings
from model.network import PREVIOUS, Acknowledgement
from routing.rules import warnings
from runtime.settings import SANDBOX_API, BadConfig, load, wanted
from translations import catalog

ROOT = Path(__file__).parents[2]
SMALL = (ROOT / "tests/data/small.yaml").read_text("utf-8")
SECRETS = {"SECRET": "invented-channel-secret", "TOKEN": "invented-access-token"}


def write(folder: Path, text: str) -> Path:
    path = folder / "config.yaml"
    path.write_text(text, "utf-8")
    return path


def problems(folder: Path, text: str, environ=SECRETS):
    with pytest.raises(BadConfig) as caught:
        load(write(folder, text), environ)
    return caught.value.problems


def changed(old: str, new: str, text: str = SMALL) -> str:
    assert text.count(old) >= 1, old
    return text.replace(old, new, 1)


def test_small_config_loads_with_all_defaults(tmp_path):
    settings = load(write(tmp_path, SMALL), SECRETS)
    assert settings.network.name == "Small"
    assert settings.network.public_url == "https://voice.example.org"
    assert (settings.database, settings.redis, settings.master_key_file) == ("embedded", "embedded", None)
    assert settings.network.queues["safeguarding"].safeguarding
    assert settings.network.organisations["shwe"].timezone == "Asia/Bangkok"
    assert [rule.name for rule in settings.network.rules] == ["danger first", "Burmese"]
    assert settings.network.fallback == "triage"
    account = settings.accounts["line-th"]
    assert (account.channel, account.countries, account.languages) == ("line", ("TH",), ("my", "en"))
    assert account.inbound
    assert account.settings.channel_secret == ("invented-channel-secret",)
    assert (settings.intake.reopen_hours, settings.intake.flash_seconds, settings.intake.answers_a_day) == (72, 5, 3)
    assert settings.network.organisations["shwe"].acknowledgement == Acknowledgement(enabled=True, danger={})
    assert not settings.unreviewed_phrases
    assert (settings.door.body_limit_bytes, settings.door.batch, settings.door.queue_limit) == (4 << 20, 300, 20_000)
    assert (settings.workers.count, settings.workers.lease_seconds, settings.workers.tries) == (2, 60, 5)
    assert (settings.retention.receipts_days, settings.retention.parked_days) == (7, 30)
    assert (settings.files.url, settings.files.largest_mb) == ("embedded", 25)


def test_what_an_organisation_says_to_people_in_danger_is_its_own(tmp_path):
    own = "hours: always\n    acknowledgement: {enabled: false, danger: {my: မေးပါ}}"
    settings = load(write(tmp_path, changed("hours: always", own)), SECRETS, unreviewed_phrases=True)
    assert settings.network.organisations["lantern"].acknowledgement == Acknowledgement(
        enabled=False, danger={"my": "မေးပါ"}
    )
    assert settings.unreviewed_phrases


def test_a_network_does_not_change_after_loading(tmp_path):
    settings = load(write(tmp_path, SMALL), SECRETS)
    for part, key in ((settings, "redis"), (settings.door, "batch"), (settings.accounts["line-th"], "id")):
        with pytest.raises((AttributeError, ValueError)):
            setattr(part, key, 1)


MISTAKES = [
    # what is changed, into what, the key path, a word of the remedy
    ("id: line-th", "id: line/th", "accounts[0].id", "a-z, 0-9"),
    ("id: line-th", "id: Line", "accounts[0].id", "a-z, 0-9"),
    ("channel: line", "channel: lime", "accounts[0].channel", "line"),
    ("channel: line", "channel: 7", "accounts[0].channel", "text"),
    ("    channel: line\n", "", "accounts[0].channel", "channel: line"),
    ("channel_secret:", "chanel_secret:", "accounts[0].chanel_secret", "channel_secret"),
    ("channel_secret:", "chanel_secret:", "accounts[0].channel_secret", "${ENV_NAME}"),
    ('"${SECRET}"', "12345", "accounts[0].channel_secret", "quotes"),
    ('"${SECRET}"', '"${ABSENT}"', "accounts[0].channel_secret", "ABSENT"),
    ('"${SECRET}"', '["${SECRET}", "${ABSENT}"]', "accounts[0].channel_secret[1]", "ABSENT"),
    ('"${SECRET}"', '"${SECRET"', "accounts[0].channel_secret", "${"),
    ("countries: [TH]", "countries: [th]", "accounts[0].countries[0]", "TH"),
    ("countries: [TH]", "countries: [XX]", "accounts[0].countries[0]", "two letters"),
    ("countries: [TH]", "countries: TH", "accounts[0].countries", "list"),
    ("languages: [my, en]", "languages: [my, xx]", "accounts[0].languages[1]", "shn"),
    ("languages: [my, en]", "languages: []", "accounts[0].languages", "at least one"),
    ("languages: [my, en]", "inbound: yes", "accounts[0].inbound", "true or false"),
    ("languages: [my, en]", "inbound: no", "accounts[0].languages", "[my, en]"),
    ("languages: [my, en]", "api_base: http://x.org", "accounts[0].api_base", "https"),
    ('"https://voice.example.org"', '"http://voice.example.org"', "network.public_url", "https://"),
    ('"https://voice.example.org"', '"https://voice.example.org/x"', "network.public_url", "host alone"),
    ('"https://voice.example.org"', '"https://u:p@voice.example.org"', "network.public_url", "https://"),
    ('"https://voice.example.org"', '"https://voice.example.org:port"', "network.public_url", "https://"),
    ('"https://voice.example.org"', '"voice"', "network.public_url", "https://"),
    ("default_language: en", "default_language: xx", "network.default_language", "en"),
    ("default_language: en", "default_langage: en", "network.default_langage", "default_language"),
    ("name: Small", "title: Small", "network.name", "name:"),
    ("accounts:", "acounts:", "acounts", "accounts"),
    ("accounts:", "acounts:", "accounts", "add accounts"),
    ("fallback: triage", "fallback: triag", "fallback", "triage"),
    ("fallback: triage", "", "fallback", "fallback"),
    ("fallback: triage", "fallback: previous", "fallback", "safeguarding"),
    ("to: shwe-my", "to: shwe", "routing[1].to", "shwe-my"),
    ("to: shwe-my", "to: nowhere", "routing[1].to", "triage"),
    ("to: shwe-my", "too: shwe-my", "routing[1].too", "did you mean to"),
    ("name: Burmese, when", "name: danger first, when", "routing[1].name", "its own"),
    ("name: Burmese, when", "name: fallback, when", "routing[1].name", "another name"),
    ("urgency: [U1]", "urgency: [U5]", "routing[0].when.urgency[0]", "U1"),
    ("urgency: [U1]", "urgency: []", "routing[0].when.urgency", "at least one"),
    ("urgency: [U1]", "urgent: [U1]", "routing[0].when.urgent", "urgency"),
    ("when: {urgency: [U1]}", "when: {}", "routing[0].when", "condition"),
    ("country: [TH]}", "hours: late}", "routing[1].when.hours", "'open'"),
    ("country: [TH]}", "account: line-tw}", "routing[1].when.account", "line-th"),
    ("country: [TH]}", "account: [line-th, line-tw]}", "routing[1].when.account[1]", "line-th"),
    ("country: [TH]}", "channel: [lin]}", "routing[1].when.channel[0]", "line"),
    ("country: [TH]}", "category: [WAG.UNPAYD]}", "routing[1].when.category[0]", "WAG.UNPAID"),
    ("country: [TH]}", "category: [WAGES]}", "routing[1].when.category[0]", "WAG"),
    ("country: [TH]}", "returning: 1}", "routing[1].when.returning", "true or false"),
    ("id: shwe\n", "id: lantern\n", "organisations[1].id", "its own"),
    (
        "hours: always",
        "hours: always\n    acknowledgement: {danger: {xx: hello}}",
        "organisations[0].acknowledgement.danger.xx",
        "write one of my",
    ),
    (
        "hours: always",
        "hours: always\n    acknowledgement: {danger: hello}",
        "organisations[0].acknowledgement.danger",
        "keys with their values",
    ),
    (
        "hours: always",
        'hours: always\n    acknowledgement: {danger: {my: ""}}',
        "organisations[0].acknowledgement.danger.my",
        "at least one",
    ),
    (
        "hours: always",
        "hours: always\n    acknowledgement: {enable: true}",
        "organisations[0].acknowledgement.enable",
        "enabled",
    ),
    ("fallback: triage", "fallback: triage\nintake: {answers_a_day: 0}", "intake.answers_a_day", "at least 1"),
    ("id: shwe-my", "id: triage", "organisations[1].queues[0].id", "its own"),
    ("id: shwe-my", "id: previous", "organisations[1].queues[0].id", "another id"),
    ("safeguarding: true", "safegarding: true", "organisations[0].queues[0].safegarding", "safeguarding"),
    ("Asia/Bangkok", "Asia/Bankok", "organisations[0].timezone", "Asia/Bangkok"),
    ("Asia/Bangkok", "Asia", "organisations[0].timezone", "Asia/"),
    ("hours: always", "hours: never", "organisations[0].hours", "always"),
    ("    hours: always\n", "", "organisations[0].hours", "hours: always"),
    ('mon-fri: "08:00-20:00"', 'mon-fri: "8-20"', "organisations[1].hours.mon-fri", "08:00-20:00"),
    ('mon-fri: "08:00-20:00"', 'mo-fr: "08:00-20:00"', "organisations[1].hours.mo-fr", "mon"),
    ("fallback:", "database: mysql://x\nfallback:", "database", "postgresql://"),
    ("fallback:", "database: postgresql://db.example.org/x\nfallback:", "database", "sslmode=verify-full"),
    ("fallback:", "redis: memcached://x\nfallback:", "redis", "redis://"),
    ("fallback:", 'door: {batch: "300"}\nfallback:', "door.batch", "whole number"),
    ("fallback:", "door: {batch: 0}\nfallback:", "door.batch", "at least 1"),
    ("fallback:", "door: {bach: 3}\nfallback:", "door.bach", "batch"),
    ("fallback:", "retention: {receipts_days: 8}\nfallback:", "retention.receipts_days", "at most 7"),
    ("fallback:", "workers: 3\nfallback:", "workers", "keys"),
    ("fallback:", "files: {url: /srv/files}\nfallback:", "files.url", "s3://"),
    ("fallback:", "files: {url: 's3://a:b@bucket'}\nfallback:", "files.url", "s3://"),
    ("fallback:", "files: {url: 's3://bucket?acl=public'}\nfallback:", "files.url", "endpoint="),
    ("fallback:", "files: {url: 's3://bucket?endpoint=http://s3.example.org'}\nfallback:", "files.url", "https://"),
    ("fallback:", "files: {url: 's3://bucket/files'}\nfallback:", "files", "access_key_id"),
    ("fallback:", "files: {largest_mb: 500}\nfallback:", "files.largest_mb", "at most 100"),
    ("fallback:", "fallback: triage\nfallback:", "fallback", "keep one"),
]


@pytest.mark.parametrize(("old", "new", "path", "remedy"), MISTAKES)
def test_a_mistake_names_its_key_its_line_and_the_remedy(tmp_path, old, new, path, remedy):
    text = changed(old, new)
    found = [problem for problem in problems(tmp_path, text) if problem.path == path]
    assert len(found) == 1, problems(tmp_path, text)
    assert remedy in found[0].instead
    assert found[0].file == str(tmp_path / "config.yaml")
    assert 1 <= found[0].line <= text.count("\n") + 1


@pytest.mark.parametrize(
    ("old", "new", "path", "line"),
    [
        ('"${SECRET}"', '"${ABSENT}"', "accounts[0].channel_secret", 6),
        ("to: shwe-my", "to: shwe", "routing[1].to", 25),
        ("    hours: always\n", "", "organisations[0].hours", 11),
        ("fallback: triage", "fallback: nobody", "fallback", 26),
    ],
)
def test_the_line_is_that_of_the_key_or_of_what_it_is_missing_in(tmp_path, old, new, path, line):
    assert [(problem.path, problem.line) for problem in problems(tmp_path, changed(old, new))] == [(path, line)]


def test_all_mistakes_are_told_at_once_in_the_order_of_the_file(tmp_path):
    text = SMALL
    for old, new in (
        ("country: TH}", "country: XX}"),
        ('"${SECRET}"', '"${ABSENT}"'),
        ("countries: [TH]", "countries: [th]"),
        ("languages: [my, en]", "languages: [my, en]\n    colour: green\n    size: big"),
        ("hours: always", "hours: never"),
        ("id: shwe-my", "id: triage"),
        ("urgency: [U1]", "urgency: [U9]"),
        ("fallback: triage", "fallback: nobody\nspeed: fast"),
    ):
        text = changed(old, new, text)
    assert [problem.path for problem in problems(tmp_path, text)] == [
        "network.country",
        "accounts[0].channel_secret",
        "accounts[0].countries[0]",
        "accounts[0].colour",
        "accounts[0].size",
        "organisations[0].hours",
        "organisations[0].queues[1].id",
        "organisations[1].queues[0].id",
        "routing[0].when.urgency[0]",
        "routing[1].to",
        "fallback",
        "speed",
    ]


def test_digits_of_an_id_want_quotes_but_not_a_number_out_of_range(tmp_path):
    voice = (
        '  - {id: v, channel: voice, account_sid: "A", auth_token: "${SECRET}", number: 6620000101, '
        "languages: [th], voicemail_seconds: 0}\n"
    )
    found = problems(tmp_path, changed("organisations:\n", f"{voice}organisations:\n"))
    remedies = {problem.path: problem.instead for problem in found}
    assert remedies["accounts[1].number"] == "put the value in quotes"
    assert "whole number" in remedies["accounts[1].voicemail_seconds"]


def test_duplicate_accounts_are_both_named(tmp_path):
    block = SMALL[SMALL.index("  - id: line-th") : SMALL.index("organisations:")]
    found = problems(tmp_path, SMALL.replace(block, block * 2))
    assert [(problem.path, problem.line) for problem in found] == [("accounts[0].id", 4), ("accounts[1].id", 10)]


def test_a_problem_is_one_line_with_file_line_key_fault_and_remedy(tmp_path):
    (problem,) = problems(tmp_path, changed("to: shwe-my", 'to: "shwe\\nmy"'))
    assert (
        str(problem)
        == f'{tmp_path}/config.yaml:25: routing[1].to: there is no queue "shwe\\nmy"; did you mean shwe-my?'
    )


@pytest.mark.parametrize(
    ("text", "line", "word"),
    [
        ("network: {name: x\naccounts: []\n", 2, "indentation"),
        ("a: 1\n\tb: 2\n", 2, "indentation"),
        ("a: &x [1]\nb: *x\n", 2, "references"),
        ("a: &x [*x]\n", 1, "references"),
        ("a: 1\n? [b]\n: 2\n", 2, "a key is a word"),
        ("a: !!python/object:os.system x\n", 1, "YAML"),
        ("a: 1\n---\nb: 2\n", 2, "YAML"),
        ("a: 1\nb: \x07\n", 2, "invisible"),
        ("", None, "no settings"),
        ("- a\n- b\n", 1, "no settings"),
        ("[" * 5000, None, "not a configuration"),
        ("a: !!int x\n", None, "not a configuration"),
    ],
)
def test_what_is_not_yaml_names_its_line(tmp_path, text, line, word):
    (problem,) = problems(tmp_path, text)
    assert problem.line == line
    assert word in str(problem)


def test_a_file_that_is_not_there_or_not_text(tmp_path):
    with pytest.raises(BadConfig, match=r"gone\.yaml: cannot be read.*--config"):
        load(tmp_path / "gone.yaml", SECRETS)
    (tmp_path / "config.yaml").write_bytes(b"a: 1\nb: \xff\n")
    with pytest.raises(BadConfig, match=r"config\.yaml:2: is not UTF-8"):
        load(tmp_path / "config.yaml", SECRETS)


@given(
    st.text() | st.sampled_from(SMALL.splitlines(keepends=True)).flatmap(lambda line: st.just(SMALL.replace(line, "")))
)
@effort(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
def test_any_text_loads_or_says_why_not(tmp_path, text):
    try:
        settings = load(write(tmp_path, text.replace("\r", "\n").encode("utf-8", "replace").decode()), SECRETS)
    except BadConfig as bad:
        told = str(bad)
    else:
        told = settings.network.fallback
    assert told


def test_plain_words_of_old_yaml_stay_words(tmp_path):
    text = changed("countries: [TH]", "countries: [NO, TH]").replace("name: Burmese, when", "name: off, when")
    settings = load(write(tmp_path, text), SECRETS)
    assert settings.accounts["line-th"].countries == ("NO", "TH")
    assert settings.network.rules[1].name == "off"


def test_one_value_needs_no_brackets_and_previous_is_a_target(tmp_path):
    text = changed("when: {language: [my], country: [TH]}, to: shwe-my", "when: {language: my}, to: previous")
    rule = load(write(tmp_path, text), SECRETS).network.rules[1]
    assert (rule.when.language, rule.to) == (("my",), PREVIOUS)


def test_http_is_for_this_machine_only(tmp_path):
    for host in ("127.0.0.1:8080", "localhost", "[::1]:80"):
        text = changed("https://voice.example.org", f"http://{host}")
        assert load(write(tmp_path, text), SECRETS).network.public_url == f"http://{host}"


# ── the environment ──


def test_a_name_may_stand_anywhere_in_a_value_and_is_not_read_twice(tmp_path):
    text = changed('"${SECRET}"', '"a${SECRET}b${TOKEN}"')
    settings = load(write(tmp_path, text), {"SECRET": "${TOKEN}", "TOKEN": "t"})
    assert settings.accounts["line-th"].settings.channel_secret == ("a${TOKEN}bt",)


def test_env_file_fills_in_and_the_environment_wins(tmp_path):
    (tmp_path / ".env").write_text("SECRET='from $file'\nTOKEN=from-file\n", "utf-8")
    settings = load(write(tmp_path, SMALL), {"TOKEN": "from-environment"}).accounts["line-th"].settings
    assert settings.channel_secret == ("from $file",)
    assert settings.channel_access_token == "from-environment"


def test_an_env_file_that_is_not_text_is_named(tmp_path):
    (tmp_path / ".env").write_bytes(b"SECRET=\xff\n")
    (problem,) = problems(tmp_path, SMALL)
    assert problem.file.endswith(".env")


def test_every_missing_name_is_told(tmp_path):
    text = changed('"${SECRET}"', '"${ONE}${TWO}"')
    assert re.findall(r"variable (\w+)", "\n".join(map(str, problems(tmp_path, text, {})))) == ["ONE", "TWO", "TOKEN"]


def test_an_empty_variable_is_missing(tmp_path):
    (problem,) = problems(tmp_path, SMALL, {**SECRETS, "TOKEN": ""})
    assert problem.path == "accounts[0].channel_access_token"


def test_looking_into_the_store_needs_no_channel_secrets_but_its_address(tmp_path):
    settings = load(write(tmp_path, SMALL), {}, secrets_required=False)
    assert settings.accounts["line-th"].settings is None
    text = changed("fallback:", 'database: "${DATABASE}"\nfallback:')
    with pytest.raises(BadConfig, match="DATABASE is not set"):
        load(write(tmp_path, text), {}, secrets_required=False)


def test_secrets_that_are_there_are_used_though_not_required(tmp_path):
    assert load(write(tmp_path, SMALL), SECRETS, secrets_required=False).accounts["line-th"].settings is not None


def test_the_asked_for_names_with_the_keys_they_fill(tmp_path):
    assert wanted(write(tmp_path, SMALL)) == {
        "SECRET": "accounts[0].channel_secret",
        "TOKEN": "accounts[0].channel_access_token",
    }


PLACES = [
    '"${SECRET}"', "channel: line", "id: line-th", "[TH]", "[my, en]", "Asia/Bangkok", "always", '"08:00-20:00"',
    "[U1]", "triage", "shwe-my", "Small", '"https://voice.example.org"', "default_language: en", "true",
]  # fmt: skip


@given(
    secret=st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=8, max_size=20).map("§{}§".format),
    place=st.sampled_from(PLACES),
    extra=st.sampled_from(["", "database: '${PLANTED}'\n", "redis: '${PLANTED}'\n", "door: {batch: '${PLANTED}'}\n"]),
)
@effort(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, deadline=None)
def test_a_secret_stands_in_no_error_and_no_repr(tmp_path, secret, place, extra):
    key, _, _ = place.rpartition(" ")
    planted = f'{key} "${{PLANTED}}"' if key.endswith(":") else '"${PLANTED}"'
    text = extra + changed(place, planted)
    try:
        told = repr(load(write(tmp_path, text), {**SECRETS, "PLANTED": secret}))
    except BadConfig as bad:
        told = f"{bad} {bad!r} {bad.problems!r} {bad.__cause__!r} {bad.__context__!r}"
    if place != "Small" or extra:  # the network's name is there to be shown
        assert secret not in told
        assert repr(secret)[1:-1] not in told


def test_repr_shows_no_secret(tmp_path):
    text = "database: 'postgresql://me:${SECRET}@localhost/x'\nredis: 'redis://:${TOKEN}@localhost'\n" + SMALL
    settings = load(write(tmp_path, text), SECRETS)
    assert "invented-channel-secret" in settings.database
    for secret in SECRETS.values():
        assert secret not in repr(settings)
        assert secret not in repr(settings.accounts)


# ── the demo ──


@pytest.fixture(scope="module")
def demo():
    path = ROOT / "config.yaml"
    return load(path, {name: f"invented-{name.replace('_', '-').lower()}" for name in wanted(path)})


def test_the_demo_loads_and_warns_of_nothing(demo):
    assert warnings(demo.network) == ()
    assert demo.network.organisation_of("safeguarding").hours.always
    assert demo.network.fallback == "triage"


def test_the_demo_speaks_every_language_and_has_every_channel_twice(demo):
    channels = [account.channel for account in demo.accounts.values()]
    assert sorted(channels) == sorted(["voice", "sms", "line", "facebook", "telegram"] * 2)
    assert {code for account in demo.accounts.values() for code in account.languages} == set(catalog.languages())
    assert not demo.accounts["sms-th"].inbound


def test_the_demo_reaches_every_queue_by_a_rule_or_the_fallback(demo):
    reached = {rule.to for rule in demo.network.rules} | {demo.network.fallback}
    assert demo.network.queues.keys() <= reached


def test_channels_get_reviewed_words_only_unless_asked_otherwise(demo):
    path = ROOT / "config.yaml"
    spoken = demo.accounts["voice-th"].settings.phrases
    every = load(
        path, {name: f"invented-{name.lower()}".replace("_", "-") for name in wanted(path)}, unreviewed_phrases=True
    )
    for key, texts in every.accounts["voice-th"].settings.phrases.items():
        assert set(texts) == {*demo.accounts["voice-th"].languages, "en"}
        assert set(spoken[key]) == {language for language in texts if catalog.reviewed(key, language)}


def test_a_stand_in_outranks_every_address_of_a_provider(tmp_path):
    path = write(tmp_path, changed("languages: [my, en]", "languages: [my, en]\n    api_base: https://x.org"))
    assert load(path, SECRETS).accounts["line-th"].api_base == "https://x.org"
    assert load(path, SECRETS, api_base="http://127.0.0.1:9").accounts["line-th"].api_base == "http://127.0.0.1:9"


@pytest.mark.parametrize(
    ("sandbox", "told", "found"),
    [
        (True, "http://127.0.0.1:8090", "http://127.0.0.1:8090"),
        (True, "", "http://127.0.0.1:1"),  # never a real provider
        (False, "http://127.0.0.1:8090", None),
    ],
)
def test_only_a_sandbox_speaks_to_the_stand_in(tmp_path, monkeypatch, sandbox, told, found):
    for name, value in {**SECRETS, SANDBOX_API: told}.items():
        monkeypatch.setenv(name, value)
    accounts = settings(write(tmp_path, SMALL), tmp_path, sandbox=sandbox).accounts
    assert {account.api_base for account in accounts.values()} == {found}
