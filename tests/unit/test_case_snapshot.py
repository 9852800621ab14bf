"""What a case store is told: the documented JSON, no more than it must be, in each store's own terms."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from openapi_schema_validator import OAS31Validator

from cases.primero_form import MAPPING, SOURCES, render
from cases.snapshot import parcel, tell
from channels import registry
from intake.triage import RULES
from model.cases import FIELDS, Source, Withdrawal, as_json
from model.network import organisation_uuid
from runtime.keys import Master
from runtime.settings import load
from sandbox.accounts import names_in
from tests.case_office import primero, webhook
from translations import catalog, taxonomy

ROOT = Path(__file__).parents[2]
SCHEMA = json.loads((ROOT / "docs/case-store.schema.json").read_text("utf-8"))
MASTER = Master(bytes(range(32)))
SHWE, LANTERN = organisation_uuid("shwe"), organisation_uuid("lantern")
PERSON, TICKET = uuid4(), uuid4()
SOURCE = Source(
    number=417,
    person=PERSON,
    queue="shwe-my",
    routed_by="Burmese desk in Thailand",
    status="open",
    outcome=None,
    urgency="U1",
    reasons=("danger_now", "issue:WAG.UNPAID"),
    issues=("WAG.UNPAID",),
    language="my",
    channel="line",
    account="line-th",
    phone_country="MM",
    assignee=uuid4(),
    pseudonym="Teak 4171",
    opened_at=datetime(2026, 11, 20, 18, 30, 5, 999, tzinfo=UTC),  # half past one the next day in Bangkok
    closed_at=None,
    messages_in=3,
    messages_out=1,
)


@cache
def demo_settings():
    """The demo network with invented secrets."""
    text = (ROOT / "config.yaml").read_text("utf-8")
    return load(ROOT / "config.yaml", {name: f"invented-{name}-of-some-length" for name in names_in(text)} | _FORMED)


_FORMED = {"TWILIO_ACCOUNT_SID": "AC" + "0" * 32, "SMS_TH_MESSAGING_SERVICE_SID": "MG" + "0" * 32}


@pytest.fixture
def settings():
    return demo_settings()


def told(settings, source=SOURCE, *, store=None, organisation=SHWE, version=1):
    return tell(
        source,
        organisation=organisation,
        ticket=TICKET,
        version=version,
        store=store or webhook("http://127.0.0.1"),
        settings=settings,
        master=MASTER,
    )


def problems(value) -> list[str]:
    return [error.message for error in OAS31Validator(SCHEMA).iter_errors(value)]


def test_the_smallest_and_the_largest_are_as_documented(settings):
    everything = webhook("http://127.0.0.1", fields=list(FIELDS))
    closed = replace(SOURCE, status="closed", outcome="information_only", closed_at=SOURCE.opened_at, language=None)
    for source in (SOURCE, closed, None):
        for store in (webhook("http://127.0.0.1"), everything):
            assert problems(as_json(told(settings, source, store=store))) == []


def test_the_schema_refuses_what_is_not_documented(settings):
    good = as_json(told(settings))
    for wrong in ({"name": "Aye"}, {"urgency": "U5"}, {"version": 0}, {"opened_at": "yesterday"}, {"id": "17"}):
        assert problems(good | wrong)
    for missing in good:
        assert problems({name: value for name, value in good.items() if name != missing})


def test_by_default_nothing_is_told_that_can_be_chosen(settings):
    snapshot = told(settings)
    assert snapshot.more == {}
    assert set(as_json(snapshot)) & set(FIELDS) == set()


def test_what_is_chosen_is_told_and_nothing_else(settings):
    snapshot = told(settings, store=webhook("http://127.0.0.1", fields=["pseudonym", "assignee"]))
    assert snapshot.more == {"pseudonym": "Teak 4171", "assignee": str(SOURCE.assignee)}


def test_a_person_is_known_again_only_in_one_store_of_one_organisation(settings):
    hook, other = webhook("http://127.0.0.1"), webhook("http://127.0.0.1", "other")
    here = told(settings, store=hook).person
    assert told(settings, replace(SOURCE, number=418), store=hook).person == here
    others = {
        told(settings, store=other).person,
        told(settings, store=hook, organisation=LANTERN).person,
        told(settings, replace(SOURCE, person=uuid4()), store=hook).person,
        tell(
            SOURCE, organisation=SHWE, ticket=TICKET, version=1, store=hook, settings=settings, master=Master(bytes(32))
        ).person,
    }
    assert len(others | {here}) == 5
    assert PERSON.hex not in here


def test_the_country_is_told_only_where_the_account_serves_one(settings):
    assert told(settings).country == "TH"
    assert told(settings, replace(SOURCE, account="facebook-mm")).country is None
    assert told(settings, replace(SOURCE, account="no-longer-there")).country is None


def test_what_left_is_told_by_its_id_alone(settings):
    gone = told(settings, None, version=4)
    assert gone == Withdrawal(id=TICKET, version=4, organisation="shwe")
    assert set(as_json(gone)) == {"schema", "id", "version", "organisation", "status"}


def test_an_organisation_that_is_no_longer_configured_is_an_error(settings):
    with pytest.raises(KeyError):
        told(settings, organisation=UUID(int=1))


# Primero


def case(settings, source=SOURCE, **more):
    store = primero("http://127.0.0.1", **more)
    return render(told(settings, source, store=store), store.settings)


def test_a_case_of_primero_by_default(settings):
    assert case(settings) == {
        "other_agency_id": str(TICKET),
        "status": "open",
        "risk_level": "high",
        "registration_date": "2026-11-21",  # the day it was in Bangkok
        "date_closure": None,
    }


def test_a_case_that_left_is_closed_and_nothing_else(settings):
    assert case(settings, None) == {"other_agency_id": str(TICKET), "status": "closed"}


def test_values_are_theirs_where_config_says_so(settings):
    got = case(
        settings,
        mapping={"urgency": "risk_level", "suggested_issues": "protection_concerns", "messages_in": "contacts"},
        values={"urgency": {"U1": "extreme"}, "suggested_issues": {"WAG.UNPAID": "unpaid_wages"}},
    )
    assert (got["risk_level"], got["protection_concerns"], got["contacts"]) == ("extreme", ["unpaid_wages"], 3)


def test_every_source_can_be_mapped(settings):
    names = [*SOURCES, *FIELDS]
    got = case(settings, mapping={name: f"field_{name}" for name in names}, fields=list(FIELDS))
    assert set(got) == {"other_agency_id", *(f"field_{name}" for name in names)}
    assert got["field_pseudonym"] == "Teak 4171"


def test_the_default_mapping_tells_no_more_than_four_things():
    assert set(MAPPING) == {"status", "urgency", "opened_on", "closed_on"}


def test_a_parcel_is_what_its_store_renders(settings):
    store = primero("http://127.0.0.1")
    made = parcel(
        SOURCE, organisation=SHWE, ticket=TICKET, version=7, changed_at=SOURCE.opened_at, remote_id=None, store=store,
        settings=settings, master=MASTER,
    )  # fmt: skip
    assert made.content == case(settings)
    assert (made.version, made.withdrawn) == (7, False)


def test_every_code_there_is_may_be_told(settings):
    issues = tuple(taxonomy.load().issues)
    reasons = (*RULES, *(f"issue:{code}" for code in issues), "not_heard_yet", "sent_a_place", "language_unknown")
    assert problems(as_json(told(settings, replace(SOURCE, issues=issues, reasons=reasons)))) == []
    for language in catalog.languages():
        assert problems(as_json(told(settings, replace(SOURCE, language=language)))) == []
    for name in registry.names():
        assert problems(as_json(told(settings, replace(SOURCE, channel=name)))) == []
