"""Find a kind of case store by its name. What config.yaml does not use is not loaded."""

import importlib
from collections.abc import Mapping
from functools import cache
from typing import Any

from cases.contract import Store
from runtime.config_form import StoreForm

KINDS = ("local", "primero", "webhook")  #: each a module of this package


@cache
def load(kind: str) -> Store[Any]:
    """The store of that kind; raises KeyError for an unknown one."""
    if kind not in KINDS:
        raise KeyError(kind)
    store: Store[Any] = importlib.import_module(f"cases.{kind}").STORE
    return store


def forms() -> Mapping[str, type[StoreForm]]:
    """What config.yaml may ask for, with the form of each; the local store is always there."""
    return {kind: load(kind).settings for kind in KINDS if kind != "local"}
