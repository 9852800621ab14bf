"""Case stores: the form of each, whether it can be what it is called, and whether whom it serves exists."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from model.cases import LOCAL, Field
from model.network import organisation_uuid
from runtime.config_file import ConfigFile, KeyPath, at
from runtime.config_form import StoreForm, check
from runtime.config_network import count, ids, unique
from runtime.config_words import nearest

StoreForms = Callable[[], Mapping[str, type[StoreForm]]]  #: what the kinds of stores want, by kind


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseStore:
    """One place where tickets are followed up."""

    id: str  #: safe in a path
    kind: str  #: name of a module in cases/
    organisations: frozenset[UUID] | None  #: whose tickets it is told of; None: everybody's
    fields: tuple[Field, ...] = ()  #: what it is told beyond the minimum
    settings: StoreForm | None = field(repr=False)  #: None where its secrets were neither set nor required

    def serves(self, organisation: UUID) -> bool:
        """Whether it is told of this organisation's tickets."""
        return self.organisations is None or organisation in self.organisations


LOCAL_STORE = CaseStore(
    id=LOCAL, kind=LOCAL, organisations=None, settings=StoreForm(id=LOCAL, kind=LOCAL, organisations="all")
)


def read_stores(file: ConfigFile, forms: StoreForms) -> tuple[CaseStore, ...]:
    """The local store, and those of the file that are right; problems are noted in the file."""
    paths: list[KeyPath] = [("cases", "stores", index) for index in range(count(file, "cases", "stores"))]
    unique(file, [(*path, "id") for path in paths])
    found = [_store(file, path, forms()) for path in paths]
    return LOCAL_STORE, *(store for store in found if store)


def _store(file: ConfigFile, path: KeyPath, forms: Mapping[str, type[StoreForm]]) -> CaseStore | None:
    written = at(file.values, path)
    if not isinstance(written, dict):
        check(file, StoreForm, path)
        return None
    form = forms.get(str(written.get("kind")))
    if form is None:
        _no_such_kind(file, path, forms)
        return None
    before = len(file.problems)
    settings = check(file, form, path)
    _check_names(file, path)
    for where, what, instead in settings.mistakes() if settings else ():
        file.wrong((*path, *where), what, instead)
    if len(file.problems) > before:
        return None
    served = written["organisations"]
    return CaseStore(
        id=written["id"],
        kind=written["kind"],
        organisations=None if served == "all" else frozenset(map(organisation_uuid, served)),
        fields=tuple(written.get("fields", ())),
        settings=settings,
    )


def _no_such_kind(file: ConfigFile, path: KeyPath, forms: Mapping[str, type[StoreForm]]) -> None:
    where, kind = (*path, "kind"), at(file.values, (*path, "kind"))
    if kind is None:
        file.wrong(where, "is missing", f"add kind: {', or kind: '.join(forms)}")
    elif kind == LOCAL:
        file.wrong(where, "the local store is always on", "leave it out")
    else:
        instead = nearest(str(kind), forms, f"write one of {', '.join(forms)}")
        file.wrong(where, f"{file.shown(where)} is not a kind of case store", instead)


def _check_names(file: ConfigFile, path: KeyPath) -> None:
    """What it names must exist, and `local` is taken."""
    if at(file.values, (*path, "id")) == LOCAL:
        file.wrong((*path, "id"), '"local" is the network\'s own store', "choose another id")
    served = at(file.values, (*path, "organisations"))
    known = ids(file, [("organisations", index, "id") for index in range(count(file, "organisations"))])
    for index, organisation in enumerate(served if isinstance(served, list) else ()):
        if isinstance(organisation, str) and organisation not in known:
            where = (*path, "organisations", index)
            instead = nearest(organisation, known, "write an organisation's id")
            file.wrong(where, f"there is no organisation {file.shown(where)}", instead)
