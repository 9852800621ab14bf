"""Organisations, queues and routing rules: their forms, and whether what they name exists."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from model.hours import BadHours, Hours, parse_hours
from model.network import FALLBACK, PREVIOUS, Acknowledgement, Condition, Network, Organisation, Queue, Rule
from runtime.config_file import ConfigFile, KeyPath, at
from runtime.config_form import AcknowledgementForm, NetworkForm, OrganisationForm, QueueForm, RuleForm, check
from runtime.config_words import nearest
from translations.languages import ENGLISH_NAMES


def read_network(file: ConfigFile, network: NetworkForm | None) -> Network | None:
    """All that routing needs; None, with the problems noted in the file, when any of it is wrong."""
    before = len(file.problems)
    organisations = _organisations(file)
    queues = _queues(file)
    rules = _rules(file)
    _check_fallback(file)
    if network is None or len(file.problems) > before:
        return None
    return Network(
        name=network.name,
        public_url=network.public_url,
        default_language=network.default_language,
        country=network.country,
        organisations={organisation.id: organisation for organisation in organisations},
        queues={queue.id: queue for queue in queues},
        rules=tuple(rules),
        fallback=file.values["fallback"],
    )


def count(file: ConfigFile, *path: str | int) -> int:
    """How many items the list at a path has; 0 when there is none."""
    found = at(file.values, path)
    return len(found) if isinstance(found, list) else 0


def ids(file: ConfigFile, paths: Sequence[KeyPath]) -> list[str]:
    """The texts at these paths, also of items that are otherwise wrong: nobody is told that `shwe` is unknown because
    its hours have a typing error."""
    return [value for path in paths if isinstance(value := at(file.values, path), str)]


def unique(file: ConfigFile, paths: Sequence[KeyPath]) -> None:
    """Note every id that stands at two of these paths."""
    times = Counter(ids(file, paths))
    for path in paths:
        value = at(file.values, path)
        if isinstance(value, str) and value and times[value] > 1:
            file.wrong(path, f"{file.shown(path)} stands twice", "give each its own")


def _organisations(file: ConfigFile) -> list[Organisation]:
    unique(file, [("organisations", index, "id") for index in range(count(file, "organisations"))])
    found = []
    for index in range(count(file, "organisations")):
        path = ("organisations", index)
        form = check(file, OrganisationForm, path)
        # hours are read even where the rest is wrong, so that all problems are told at once
        hours = _hours(file, (*path, "hours"), form.timezone if form else "UTC")
        if form and hours:
            says = _acknowledgement(file, (*path, "acknowledgement"), form.acknowledgement)
            found.append(
                Organisation(id=form.id, name=form.name, country=form.country, hours=hours, acknowledgement=says)
            )
    return found


def _acknowledgement(file: ConfigFile, path: KeyPath, form: AcknowledgementForm) -> Acknowledgement:
    for language in form.danger:
        if language not in ENGLISH_NAMES:
            instead = nearest(language, ENGLISH_NAMES, f"write one of {', '.join(ENGLISH_NAMES)}")
            file.wrong((*path, "danger", language), f'"{language}" is not a language we speak', instead)
    return Acknowledgement(enabled=form.enabled, danger=form.danger)


def _hours(file: ConfigFile, path: KeyPath, timezone: str) -> Hours | None:
    organisation, written = at(file.values, path[:-1]), at(file.values, path)
    if not isinstance(organisation, dict) or "hours" not in organisation:
        return None  # told already: there are none
    try:
        return parse_hours(written, timezone)
    except BadHours as bad:
        where = path if bad.day is None else (*path, bad.day)
        file.wrong(where, f"{file.shown(where)} {bad.what}", bad.instead)
        return None


def _queue_paths(file: ConfigFile) -> list[KeyPath]:
    return [
        ("organisations", index, "queues", number)
        for index in range(count(file, "organisations"))
        for number in range(count(file, "organisations", index, "queues"))
    ]


def _queue_ids(file: ConfigFile) -> list[str]:
    return ids(file, [(*path, "id") for path in _queue_paths(file)])


def _queues(file: ConfigFile) -> list[Queue]:
    paths = _queue_paths(file)
    unique(file, [(*path, "id") for path in paths])
    found = []
    for path in paths:
        form = check(file, QueueForm, path)
        if form is None:
            continue
        if form.id == PREVIOUS:
            file.wrong((*path, "id"), '"previous" has a meaning of its own in rules', "choose another id")
        organisation = at(file.values, (*path[:2], "id"))
        found.append(
            Queue(
                id=form.id,
                organisation=str(organisation),
                name=form.name,
                languages=tuple(form.languages),
                safeguarding=form.safeguarding,
            )
        )
    return found


def _rules(file: ConfigFile) -> list[Rule]:
    paths: list[KeyPath] = [("routing", index) for index in range(count(file, "routing"))]
    unique(file, [(*path, "name") for path in paths])
    forms = [(path, check(file, RuleForm, path)) for path in paths]
    return [_rule(file, path, form) for path, form in forms if form]


def _rule(file: ConfigFile, path: KeyPath, form: RuleForm) -> Rule:
    if form.to != PREVIOUS:
        _check_queue(file, (*path, "to"), form.to)
    if form.name == FALLBACK:
        file.wrong((*path, "name"), '"fallback" is what tickets say whom no rule took', "choose another name")
    asked = form.when.model_dump(exclude_none=True)
    if not asked:
        file.wrong(
            (*path, "when"), "asks nothing, so no later rule is reached", "write a condition; fallback takes the rest"
        )
    _check_accounts(file, (*path, "when", "account"), form.when.account or ())
    values: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in asked.items()}
    return Rule(name=form.name, when=Condition(**values), to=form.to)


def _check_accounts(file: ConfigFile, path: KeyPath, named: Sequence[str]) -> None:
    known = ids(file, [("accounts", index, "id") for index in range(count(file, "accounts"))])
    for index, account in enumerate(named):
        if account not in known:
            where = (*path, index) if isinstance(at(file.values, path), list) else path
            file.wrong(
                where, f"there is no account {file.shown(where)}", nearest(account, known, "write an account's id")
            )


def _check_queue(file: ConfigFile, path: KeyPath, queue: str) -> None:
    known = _queue_ids(file)
    if queue not in known and path not in file.missing:
        instead = nearest(queue, known, f"write one of {', '.join(dict.fromkeys(known))}")
        file.wrong(path, f"there is no queue {file.shown(path)}", instead)


def _check_fallback(file: ConfigFile) -> None:
    fallback = at(file.values, ("fallback",))
    if isinstance(fallback, str):
        _check_queue(file, ("fallback",), fallback)
