"""The form of config.yaml: which keys there are, what they hold, and what each is when it is not written."""

from collections.abc import Iterator
from typing import Annotated, Any, Literal, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)
from pydantic_core import ErrorDetails

from model.cases import Field as CaseField
from model.taxonomy import Urgency
from runtime import config_words as words
from runtime.config_file import ConfigFile, KeyPath, at

Text = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Slug = Annotated[str, AfterValidator(words.slug)]
Language = Annotated[str, AfterValidator(words.language)]
Country = Annotated[str, AfterValidator(words.country)]
ChannelName = Annotated[str, AfterValidator(words.channel)]
Category = Annotated[str, AfterValidator(words.category)]
Count = Annotated[int, Field(ge=1, le=1_000_000_000)]


def _one_or_more(value: Any) -> Any:
    if value == []:
        raise words.wrong("would never hold", "write at least one value, or leave the key out")
    return [value] if isinstance(value, str) else value  # one value may stand without brackets


OneOrMore = BeforeValidator(_one_or_more)


class Form(BaseModel):
    """No key but those named here, and no value turned into another type."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, hide_input_in_errors=True)


class NetworkForm(Form):
    """`network`."""

    name: Text
    public_url: Annotated[str, AfterValidator(words.public_url)]
    default_language: Language = "en"
    country: Country | None = None


class Cost(Form):
    """What an account's messages cost, for the month's bill and its cap."""

    per_message: Annotated[float, Field(gt=0, le=1000)]  #: of SMS: per segment
    currency: Annotated[str, StringConstraints(pattern="^[A-Z]{3}$")] = "USD"
    month_cap: Annotated[float, Field(gt=0)] | None = None  #: at this, broadcasts stop; answers never do


class AccountForm(Form):
    """What accounts of all channels have in common; the channel itself checks the rest."""

    model_config = ConfigDict(extra="allow")

    id: Slug
    channel: ChannelName
    countries: list[Country] = []
    languages: Annotated[list[Language], Field(min_length=1)]
    inbound: bool = True
    api_base: Annotated[str, AfterValidator(words.base_url)] | None = None
    per_second: Annotated[float, Field(gt=0, le=1000)] | None = None
    reserve_percent: Annotated[int, Field(ge=0, le=100)] = 20
    cost: Cost | None = None


class QueueForm(Form):
    """One of an organisation's `queues`."""

    id: Slug
    name: Text
    languages: list[Language] = []
    safeguarding: bool = False


class AcknowledgementForm(Form):
    """`acknowledgement` of an organisation."""

    enabled: bool = True
    danger: dict[str, Text] = {}  # by language; see runtime/config_network.py


class OrganisationForm(Form):
    """One of `organisations`."""

    id: Slug
    name: Text
    country: Country
    timezone: Annotated[str, AfterValidator(words.timezone)]
    hours: Any  # see model/hours.py
    acknowledgement: AcknowledgementForm = AcknowledgementForm()
    queues: Annotated[list[Any], Field(min_length=1)]


class ConditionForm(Form):
    """`when` of a rule."""

    urgency: Annotated[list[Urgency], OneOrMore] | None = None
    language: Annotated[list[Language], OneOrMore] | None = None
    country: Annotated[list[Country], OneOrMore] | None = None
    phone_country: Annotated[list[Country], OneOrMore] | None = None
    account: Annotated[list[str], OneOrMore] | None = None
    channel: Annotated[list[ChannelName], OneOrMore] | None = None
    category: Annotated[list[Category], OneOrMore] | None = None
    hours: Literal["open", "closed"] | None = None
    returning: bool | None = None


class RuleForm(Form):
    """One of `routing`."""

    name: Text
    when: ConditionForm
    to: Text


class Intake(Form):
    """How events become tickets."""

    reopen_hours: Count = 72  #: new words within so many hours of closing reopen the ticket
    flash_seconds: Count = 5  #: a shorter call is a missed call: somebody waits for us to ring back
    missing_original_minutes: Count = 10  #: how long an edit waits for the message it changes
    answers_a_day: Count = 3  #: acknowledgements to one address, and as many confirmations: no two robots talk for ever


class Door(Form):
    """How webhooks are accepted."""

    body_limit_bytes: Count = 4 * 1024 * 1024
    read_seconds: Count = 5  #: a body that takes longer to arrive is given up
    batch: Count = 300  #: requests in one commit
    database_timeout_ms: Count = 250  #: after that the batch goes to the spool on disk
    spool_limit_mb: Count = 512
    queue_limit: Count = 20_000  #: requests that may wait for a commit; more are refused with 503


class Workers(Form):
    """The processes that turn receipts into tickets."""

    count: Annotated[int, Field(ge=1, le=64)] = 2
    batch: Count = 200  #: receipts in one transaction
    lease_seconds: Count = 60  #: after that another worker may take a claimed receipt
    tries: Count = 5  #: after that a receipt is parked


class Web(Form):
    """The agents' pages."""

    idle_minutes: Annotated[int, Field(ge=5, le=240)] = 30  #: a session in which nothing is done ends after these
    session_hours: Annotated[int, Field(ge=1, le=24)] = 12  #: whatever is done, it ends after these: one shift
    invitation_hours: Annotated[int, Field(ge=1, le=336)] = 72
    #: TLS proxies in front of us. Each adds the address it was asked from to X-Forwarded-For; what stands before those
    #: anybody may have written
    proxies: Annotated[int, Field(ge=0, le=5)] = 0


class Retention(Form):
    """How long things are kept that no worker needs. The upper limits are promises: keys die then."""

    receipts_days: Annotated[int, Field(ge=1, le=7)] = 7
    parked_days: Annotated[int, Field(ge=1, le=30)] = 30
    change_hours: Count = 24
    closed_months: Annotated[int, Field(ge=1, le=240)] = 24  #: after a ticket was closed, what was said in it goes


class Files(Form):
    """Where files are kept that people send and are sent; always sealed."""

    url: Annotated[str, AfterValidator(words.file_store)] = "embedded"  #: the data directory, or s3://bucket/prefix
    access_key_id: Text | None = None
    secret_access_key: Annotated[Text | None, Field(repr=False)] = None
    largest_mb: Annotated[int, Field(ge=1, le=100)] = 25  #: whatever is larger is not fetched, nor goes with an answer
    keep_free_mb: Annotated[int, Field(ge=0, le=1_000_000)] = 512  #: of the disk, which the database may share

    @model_validator(mode="after")
    def _with_its_keys(self) -> "Files":
        if self.url != "embedded" and not (self.access_key_id and self.secret_access_key):
            raise words.wrong("lacks its keys", "add access_key_id and secret_access_key, as ${ENV_NAME}")
        return self


class StoreForm(Form):
    """What case stores of all kinds have in common; each kind adds its own keys."""

    id: Slug
    kind: str
    organisations: Annotated[Any, AfterValidator(words.all_or_some)]  #: `all`, or ids
    fields: list[CaseField] = []  #: what is told beyond the minimum
    parallel: Annotated[int, Field(ge=1, le=32)] = 4  #: requests under way at once, of one worker
    timeout_seconds: Annotated[float, Field(gt=0, le=60)] = 15.0  #: for one request

    def mistakes(self) -> Iterator[tuple[KeyPath, str, str]]:
        """What no single key can know: where it is, what is wrong, what to write instead."""
        yield from ()


class Cases(Form):
    """Where tickets are followed up; the network's own tables always are."""

    stores: list[Any] = []


class FileForm(Form):
    """The whole file; lists are checked item by item, so that one bad item does not hide the others."""

    network: NetworkForm
    database: Annotated[str, AfterValidator(words.database)] = "embedded"
    redis: Annotated[str, AfterValidator(words.redis)] = "embedded"
    master_key_file: Text | None = None
    accounts: Annotated[list[Any], Field(min_length=1)]
    organisations: Annotated[list[Any], Field(min_length=1)]
    routing: list[Any] = []
    fallback: str
    cases: Cases = Cases()
    intake: Intake = Intake()
    door: Door = Door()
    workers: Workers = Workers()
    web: Web = Web()
    retention: Retention = Retention()
    files: Files = Files()


F = TypeVar("F", bound=Form)

# the form that knows the keys beside an unknown one, by the key that holds it
_FORMS: dict[str, type[Form]] = {
    "": FileForm, "network": NetworkForm, "accounts": AccountForm, "cost": Cost, "organisations": OrganisationForm,
    "acknowledgement": AcknowledgementForm,
    "queues": QueueForm, "routing": RuleForm, "when": ConditionForm,
    "intake": Intake, "door": Door, "workers": Workers, "web": Web, "retention": Retention,
    "files": Files, "cases": Cases,
}  # fmt: skip

# pydantic's name of an error → what to write instead
_INSTEAD = {
    "string_type": 'write a text, in quotes where it looks like a number: "66"',
    "string_too_short": "write at least one letter",
    "string_too_long": "write at most 200 letters",
    "int_type": "write a whole number, without quotes",
    "bool_type": "write true or false, without quotes",
    "float_type": "write a number, without quotes",
    "list_type": "write a list, as [a, b]",
    "dict_type": "write keys with their values, as {name: …}",
    "too_short": "write at least one",
    "model_type": "write keys with their values, as {name: …}",
}

_EXAMPLES = {
    "id": "id: a-short-name",
    "name": 'name: "…"',
    "public_url": 'public_url: "https://hotline.example.org"',
    "channel": "channel: line",
    "languages": "languages: [my, en]",
    "country": "country: TH",
    "timezone": "timezone: Asia/Bangkok",
    "hours": 'hours: {mon-fri: "08:00-20:00"}, or hours: always',
    "queues": 'queues: [{id: a-short-name, name: "…"}]',
    "when": "when: {language: [my]}",
    "to": "to: with the id of a queue",
    "fallback": "fallback: with the id of the queue for everybody whom no rule takes",
    "network": 'network: {name: "…", public_url: "https://…"}',
    "accounts": "accounts: with a list of channel accounts",
    "stores.organisations": "organisations: all, or a list of their ids",
    "url": 'url: "https://…"',
    "secret": 'secret: "${ENV_NAME}"',
    "user": 'user: "${ENV_NAME}"',
    "password": 'password: "${ENV_NAME}"',
    "organisations": "organisations: with a list of who answers",
}


def check(file: ConfigFile, form: type[F], path: KeyPath) -> F | None:
    """The part of the file at a path in its form; None, with its problems noted in the file, when it has another."""
    try:
        return form.model_validate(at(file.values, path))
    except ValidationError as error:
        for detail in error.errors(include_url=False, include_input=False):
            _note(file, (*path, *detail["loc"]), detail, form)
        return None


def _note(file: ConfigFile, path: KeyPath, detail: ErrorDetails, form: type[Form]) -> None:
    if path and isinstance(path[-1], int) and not isinstance(at(file.values, path[:-1]), list):
        path = path[:-1]  # one value stood without brackets
    if any(path[:end] in file.missing for end in range(len(path) + 1)):
        return  # told already: the environment variable is not set
    kind, context = detail["type"], detail.get("ctx", {})
    if kind == "ours":
        file.wrong(path, f"{file.shown(path)} {context['what']}", context["instead"])
    elif kind == "missing":
        key = str(path[-1])
        example = _EXAMPLES.get(f"{_holder(path)}.{key}") or _EXAMPLES.get(key) or f"{key}: …"
        file.wrong(path, "is missing", f"add {example}")
    elif kind == "extra_forbidden":
        file.wrong(path, "unknown key", _known_key(path, form))
    else:
        what = "has the wrong type" if kind.endswith("_type") else "has a wrong value"
        file.wrong(path, what, _INSTEAD.get(kind) or _allowed(context))


def _holder(path: KeyPath) -> str:
    """The key that holds the last one."""
    return next((part for part in reversed(path[:-1]) if isinstance(part, str)), "")


def _known_key(path: KeyPath, form: type[Form]) -> str:
    known = _FORMS.get(_holder(path), form).model_fields
    return words.nearest(str(path[-1]), known, f"known here: {', '.join(known)}")


def _allowed(context: dict[str, Any]) -> str:
    if "expected" in context:
        return f"write {context['expected']}"
    if "le" in context:
        return f"write at most {context['le']}"
    return f"write at least {context.get('ge', 1)}"
