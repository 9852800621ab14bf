"""Stores of config.yaml with their connections open."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

from cases import registry
from cases.contract import Store
from runtime.settings import CaseStore, Settings
from storage.database import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class Open:
    """One store, ready to be told and asked."""

    store: CaseStore
    kind: Store[Any]
    client: Any

    @property
    def settings(self) -> Any:
        """The store's own."""
        return self.store.settings


@asynccontextmanager
async def opened(settings: Settings, database: Database) -> AsyncIterator[Sequence[Open]]:
    """All stores but those whose secrets are not set."""
    async with AsyncExitStack() as stack:
        found = []
        for store in settings.case_stores:
            if store.settings is not None:
                kind = registry.load(store.kind)
                client = await stack.enter_async_context(kind.connect(store.settings, database))
                found.append(Open(store=store, kind=kind, client=client))
        yield found
