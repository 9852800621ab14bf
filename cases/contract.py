"""What a case store is: one frozen value made of plain functions, as a channel is. See docs/case-store.md."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from model.cases import Code, Parcel, Result, Told
from runtime.config_form import StoreForm
from storage.database import Database

S = TypeVar("S", bound=StoreForm)
Content = Mapping[str, Any]  #: JSON


class CannotAsk(Exception):
    """The store does not say what it holds now."""

    def __init__(self, code: Code) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True, kw_only=True)
class Store(Generic[S]):
    """Everything that is known of one kind of store.

    `client` is whatever `connect` opens. Two puts of one ticket may be under way at most when a worker stood still for
    longer than its lease, so a store that can tell versions apart should keep the newer one.
    """

    kind: str
    settings: type[S]  #: the form of its section in config.yaml, and what the functions are given
    render: Callable[[Told, S], Content]  #: pure; all that leaves, in the store's own terms
    connect: Callable[[S, Database], AbstractAsyncContextManager[Any]]  #: the database is the network's own
    put: Callable[[Any, Parcel], Awaitable[Result]]  #: may be repeated; raises nothing
    look: Callable[[Any], Awaitable[Code | None]]  #: what is wrong with it now; None: it answers and knows us
    fetch: Callable[[Any, Sequence[Parcel]], Awaitable[Sequence[Content | None]]] | None = None
    #: what it holds of each, None where it holds nothing; raises CannotAsk. None: it cannot be asked
    put_all: Callable[[Any, Sequence[Parcel]], Awaitable[Sequence[Result]]] | None = None  #: where many cost as one
