"""Is everything right? One finding a thing, each wrong one with its remedy."""

import asyncio
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg_pool
import redis

from gateway.stores import NotRunning, Stores, database_url, master_key, redis_url, settings
from routing.rules import warnings
from runtime.keys import BadMasterKey
from runtime.settings import BadConfig, Settings
from storage.blobs import FilesAway, blobs
from storage.database import StoreError
from translations import catalog
from translations.languages import ENGLISH_NAMES

_FILES_LATE = 900  # seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at."""

    what: str
    wrong: bool
    says: str  #: how it is, or what to do

    def line(self) -> str:
        return f"{'WRONG' if self.wrong else 'ok   '}  {self.what}: {self.says}"


def _ok(what: str, says: str) -> Finding:
    return Finding(what=what, wrong=False, says=says)


def _wrong(what: str, says: str) -> Finding:
    return Finding(what=what, wrong=True, says=says)


def findings(config: Path, data: Path, *, sandbox: bool) -> Iterator[Finding]:
    """Look at everything that can be looked at; what depends on something wrong is left out."""
    try:
        given = settings(config, data, sandbox=sandbox)
        yield _ok(
            "configuration",
            f"{config}: {len(given.accounts)} accounts, {len(given.network.organisations)} organisations",
        )
    except BadConfig as error:
        for problem in error.problems:
            yield _wrong("configuration", str(problem))
        try:
            given = settings(config, data, secrets_required=False, sandbox=sandbox)
        except BadConfig:
            return
    for warning in warnings(given.network):
        yield _wrong("routing", warning)
    yield from _texts(given)
    yield from _keys_and_spool(given, data)
    yield from _files(given, data)
    yield from _servers(given, data)


def _texts(given: Settings) -> Iterator[Finding]:
    """What waits for a speaker's review in the languages of the accounts, one line a language."""
    for language in dict.fromkeys(code for account in given.accounts.values() for code in account.languages):
        waiting = {name: file for name, file in catalog.review(language).items() if file.waiting or file.missing}
        if waiting:
            counts = ", ".join(f"{name} {_count(file)}" for name, file in waiting.items())
            yield _ok(f"texts in {ENGLISH_NAMES[language]}", f"not reviewed by a speaker: {counts}. {_UNREVIEWED}")


#: what that means, with what to do
_UNREVIEWED = "Texts are not sent until then; phrases are used. docs/languages.md says how to review them"


def _count(file: catalog.Review) -> str:
    missing = f", {file.missing} not written" if file.missing else ""
    return f"{file.waiting} of {file.all}{missing}"


def _keys_and_spool(given: Settings, data: Path) -> Iterator[Finding]:
    try:
        yield _ok("master key", f"fingerprint {master_key(given, data).fingerprint()}; keep a copy off this machine")
    except (BadMasterKey, OSError) as error:
        yield _wrong("master key", str(error))
    waiting = sorted((data / "spool").glob("*.seg"))
    yield _ok("spool", f"{len(waiting)} segments" if waiting else "empty")
    for torn in sorted((data / "spool").glob("*.torn")):
        yield _wrong(
            "spool", f"{torn} could not be read to its end: keep it, and look at it with whoever runs this system"
        )


def _files(given: Settings, data: Path) -> Iterator[Finding]:
    if given.files.url == "embedded":
        folder = next(p for p in (data / "files", data, *data.absolute().parents) if p.exists())
        free, keep = shutil.disk_usage(folder).free >> 20, given.files.keep_free_mb
        says = f"in {data / 'files'}, {free:,} MB free"
        if free <= keep:
            yield _wrong(
                "files", f"{says}, of which {keep} are kept free: free some, files wait at the providers so long"
            )
        elif free <= 2 * keep:
            yield _wrong("files", f"{says}: the last {keep} are kept free, and what people send then waits")
        else:
            yield _ok("files", says)
        return
    try:
        asyncio.run(blobs(given.files, data).size("check.original"))
    except FileNotFoundError:
        yield _ok("files", "the bucket answers")
    except FilesAway as error:
        yield _wrong("files", f"the bucket refuses or does not answer ({error}): look at `files:` in config.yaml")


def _servers(given: Settings, data: Path) -> Iterator[Finding]:
    try:
        owner, master = database_url(given, data), master_key(given, data)
    except NotRunning as error:
        yield _wrong("servers", str(error))
    except (BadMasterKey, OSError):
        yield _wrong("servers", "not looked at: without the master key nobody can log in")
    else:
        at = Stores(settings=given, master=master, data=data, owner=owner, redis_url=redis_url(given, data))
        yield from _redis(at)
        yield from _database(at)


def _redis(at: Stores) -> Iterator[Finding]:
    try:
        client = redis.Redis.from_url(at.redis_url, socket_timeout=2, socket_connect_timeout=2)
        client.ping()
        failed = client.zcard("rq:failed:worker-voice")
        yield _ok("redis", f"answers; {failed} failed jobs in the last minutes (rows are tried again by the sweep)")
    except redis.RedisError as error:
        yield _wrong(
            "redis", f"does not answer ({type(error).__name__}): messages are kept, but are taken in more slowly"
        )


def _database(at: Stores) -> Iterator[Finding]:
    from storage.migrate import revision
    from storage.wall import holes

    try:
        found, newest = revision(at.owner)
        if found != newest:
            yield _wrong(
                "database", f"schema {found or 'missing'}, this program needs {newest}: run `worker-voice migrate`"
            )
            return
        yield _ok("database", f"answers, schema {found}")
        gaps = holes(at.owner, at.master)
        for gap in gaps:
            yield _wrong("wall", gap)
        if not gaps:
            yield _ok("wall", "whole: row-level security on every table of organisations, no login can go round it")
        yield from _store(at)
    except (StoreError, psycopg_pool.PoolTimeout) as error:
        yield _wrong(
            "database", f"does not answer ({type(error).__name__}): start it, or mend `database:` in config.yaml"
        )


def _store(at: Stores) -> Iterator[Finding]:
    from storage.gauges import gauges

    counts = gauges(at.owner, at.master)
    parked, oldest = counts["receipts_parked"], counts["oldest_new_receipt_seconds"]
    if parked:
        yield _wrong(
            "receipts", f"{parked:.0f} parked: `worker-voice receipts --parked` says why, `replay ID` tries one again"
        )
    if oldest > 60:
        yield _wrong(
            "workers", f"a receipt has waited {oldest:.0f} s: is a worker running? `worker-voice worker` starts one"
        )
    if counts["media_disk_full"]:
        yield _wrong(
            "media",
            f"{counts['media_disk_full']:.0f} files wait because the disk is full: free some, they come by themselves",
        )
    elif counts["media_overdue_seconds"] > _FILES_LATE:
        yield _wrong("media", f"a file has waited {counts['media_overdue_seconds']:.0f} s: is a worker running?")
    else:
        yield _ok(
            "media",
            f"{counts['media_due']:.0f} files to fetch, {counts['media_to_remove']:.0f} to remove at their provider",
        )
    if not parked and oldest <= 60:
        yield _ok("receipts", f"{counts['receipts_new']:.0f} new, none parked")
    yield from _case_stores(at)


def _case_stores(at: Stores) -> Iterator[Finding]:
    from gateway.cases import explained, looks

    for look in asyncio.run(looks(at)):
        what = f"case store {look.store.id}"
        waiting = f"{look.due} on their way"
        if look.code:
            yield _wrong(what, f"{explained(look.code)}; {waiting}")
        elif look.held:
            yield _wrong(what, f"{look.held} held: `worker-voice cases` says why, `cases replay` tells them again")
        else:
            yield _ok(what, f"answers; {waiting}, none held")
