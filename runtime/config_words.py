"""The vocabulary of config.yaml: codes, names and addresses, each with what to write instead of a wrong one."""

import difflib
import ipaddress
import zoneinfo
from collections.abc import Iterable
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from phonenumbers import SUPPORTED_REGIONS
from pydantic_core import PydanticCustomError

from channels import registry
from translations import catalog, taxonomy


def wrong(what: str, instead: str) -> PydanticCustomError:
    """A problem in our own words; the value itself is put before `what`."""
    return PydanticCustomError("ours", "{what}; {instead}", {"what": what, "instead": instead})


def nearest(given: str, known: Iterable[str], otherwise: str) -> str:
    """What to write instead of a name that is not known."""
    near = difflib.get_close_matches(given, sorted(known), 1)
    return f"did you mean {near[0]}?" if near else otherwise


def slug(value: str) -> str:
    """An id of ours: safe in a path, a log line and a rule."""
    if not value or len(value) > 60 or set(value) - set("abcdefghijklmnopqrstuvwxyz0123456789-"):
        raise wrong("cannot stand in a web address", "write up to 60 of a-z, 0-9 and -")
    return value


def language(value: str) -> str:
    """A BCP 47 code of a language our texts are spoken in."""
    if value not in catalog.languages():
        raise wrong("is not a language we speak", f"write one of {', '.join(catalog.languages())}")
    return value


def country(value: str) -> str:
    """An ISO 3166 alpha-2 code."""
    if value not in SUPPORTED_REGIONS:
        upper = value.upper()
        raise wrong("is not a country", f"write {upper}" if upper in SUPPORTED_REGIONS else "write two letters, as TH")
    return value


@cache
def _timezones() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones())  # six hundred files are looked at


def timezone(value: str) -> str:
    """An IANA name."""
    if value not in _timezones():
        raise wrong("is not a time zone", nearest(value, _timezones(), "write one as Asia/Bangkok"))
    return value


def channel(value: str) -> str:
    """The name of a folder under channels/."""
    if value not in registry.names():
        raise wrong("is not a channel", nearest(value, registry.names(), f"write one of {', '.join(registry.names())}"))
    return value


def category(value: str) -> str:
    """A code of the taxonomy or its first part."""
    known = taxonomy.load()
    if value not in known.issues and value not in known.categories:
        instead = f"write a code as WAG.UNPAID, or its first part: {', '.join(known.categories)}"
        raise wrong("is not a category", nearest(value, known.issues, instead))
    return value


def loopback(host: str | None) -> bool:
    """Whether a host is this machine."""
    try:
        return host == "localhost" or ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False


def base_url(value: str) -> str:
    """An address to which paths are added: https, or http on this machine."""
    try:
        url = urlsplit(value)
        well_formed = bool(url.hostname) and url.port != 0 and value.isascii() and value.isprintable()
    except ValueError:
        raise wrong("is not a web address", 'write it as "https://hotline.example.org"') from None
    if not well_formed or " " in value or url.username is not None or url.query or url.fragment:
        raise wrong("is not a web address", 'write it as "https://hotline.example.org"')
    if url.scheme != "https" and not (url.scheme == "http" and loopback(url.hostname)):
        raise wrong("is not encrypted", "write https://…; http:// only for this machine, as http://127.0.0.1:8080")
    return value.rstrip("/")


def endpoint(value: str) -> str:
    """One address, path and query and all: https, or http on this machine."""
    base, question, query = value.partition("?")
    base_url(base)
    if question and not (query.isascii() and query.isprintable() and " " not in query and "#" not in query):
        raise wrong("is not a web address", 'write it as "https://cases.example.org/hook"')
    return value


def all_or_some(value: Any) -> Any:
    """`all`, or a list of ids."""
    if value == "all" or (isinstance(value, list) and value and all(isinstance(item, str) for item in value)):
        return value
    raise wrong("says not whose", "write all, or a list of organisations' ids")


def public_url(value: str) -> str:
    """Where providers reach us: scheme, host and port alone."""
    value = base_url(value)
    if urlsplit(value).path:
        raise wrong("has a path", "write the scheme and the host alone: webhooks are found under /hooks/")
    return value


def database(value: str) -> str:
    """`embedded`, or a PostgreSQL address that is encrypted unless it is this machine."""
    if value == "embedded":
        return value
    try:
        url = urlsplit(value)
    except ValueError:
        raise wrong("is not a database address", "write embedded, or postgresql://…") from None
    if url.scheme != "postgresql":
        raise wrong("is not a database address", "write embedded, or postgresql://…")
    if url.hostname and not loopback(url.hostname) and "sslmode=verify-full" not in url.query.split("&"):
        raise wrong(
            "would send workers' words over the network in the clear", "add ?sslmode=verify-full to the address"
        )
    return value


def redis(value: str) -> str:
    """`embedded`, or an address that redis-py takes."""
    if value != "embedded" and value.partition("://")[0] not in ("redis", "rediss", "unix"):
        raise wrong("is not a Redis address", "write embedded, redis://…, rediss://… or unix://…")
    return value


_STORE = "write embedded, or s3://bucket/prefix?endpoint=https://…&region=…"


def file_store(value: str) -> str:
    """`embedded`, or a bucket; `endpoint` and `region` where it is not Amazon's first."""
    if value == "embedded":
        return value
    try:
        url = urlsplit(value)
    except ValueError:
        raise wrong("is not a file store", _STORE) from None
    asked = dict(parse_qsl(url.query, keep_blank_values=True))
    if url.scheme != "s3" or not url.hostname or url.username is not None or url.fragment:
        raise wrong("is not a file store", _STORE)
    if asked.keys() - {"endpoint", "region"}:
        raise wrong("asks for what we do not know", _STORE)
    if "endpoint" in asked:
        base_url(asked["endpoint"])
    return value
