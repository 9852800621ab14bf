"""A PostgreSQL cluster on disk: where it lies, how it is made, whether these programs fit it."""

import hashlib
import os
import shutil
from pathlib import Path

from runtime.children import User
from runtime.programs import STATE, CannotEmbed, run_once
from runtime.services import write_private


def cluster_of(data: Path, user: User | None) -> Path:
    """Inside the data directory; for another user's PostgreSQL, which could not reach it below a home, in STATE."""
    home = STATE / hashlib.sha256(os.fsencode(data)).hexdigest()[:16] if user else data
    return home / "postgres"


def check_not_moved(data: Path, cluster: Path, before: Path) -> None:
    """Raises CannotEmbed when the directory was moved away from its cluster: an empty one must not stand in for it."""
    if before == cluster or cluster.exists() or not before.exists():
        return
    raise CannotEmbed(
        f"{data} was moved or copied, and its database is still {before}. If it was moved: "
        f"mv '{before.parent}' '{cluster.parent}'. For a copy that starts empty: rm '{data / 'run' / 'services.json'}'"
    )


def check_version(cluster: Path, programs: Path, user: User | None) -> None:
    """Raises CannotEmbed when the cluster belongs to another major version of PostgreSQL."""
    wanted = (cluster / "PG_VERSION").read_text().strip()
    said = run_once([str(programs / "postgres"), "--version"], user).stdout.strip()
    if f" {wanted}." not in said:
        raise CannotEmbed(
            f"{cluster} was made by PostgreSQL {wanted}, the program here is {said}: set PG_BIN to the bin directory "
            f"of a PostgreSQL {wanted}, make a backup, and restore it into a new data directory"
        )


def make_cluster(cluster: Path, programs: Path, superuser_password: str, user: User | None) -> None:
    """initdb, beside the cluster's place and then renamed: a kill halfway leaves no half cluster."""
    home, part = cluster.parent, cluster.with_name("postgres.part")
    secret = cluster.with_name("postgres.password")
    if user:
        home.mkdir(parents=True, exist_ok=True)
        for directory in (STATE, home):
            directory.chmod(0o755)  # whatever our umask is
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(mode=0o700)
    write_private(secret, superuser_password)
    if user:
        os.chown(part, user.uid, user.gid)
        os.chown(secret, user.uid, user.gid)
    try:
        said = run_once(_initdb(programs, part, secret), user)
    finally:
        secret.unlink()
    if said.returncode:
        raise CannotEmbed(f"PostgreSQL's cluster could not be made in {home}: {said.stderr.strip()}")
    part.rename(cluster)


def _initdb(programs: Path, place: Path, secret: Path) -> list[str]:
    files = ["-D", str(place), "--username=postgres", f"--pwfile={secret}", "--auth=scram-sha-256"]
    # built-in collation: the same order on every machine, whatever its C library knows
    locale = ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    return [str(programs / "initdb"), *files, *locale, "--no-instructions"]
