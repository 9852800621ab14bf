"""Bring the database to this version: schema, the passwords of the logins, and the mirror of config.yaml."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg.sql import SQL, Identifier, Literal

from model.network import Network
from runtime.keys import BadMasterKey, Master
from storage.mirror import LOCAL_ROW, AccountRow, StoreRow, mirror

_SCRIPTS = Path(__file__).parent / "migrations"
_ONE_AT_A_TIME = 7_261_001  # advisory lock: two machines may start at the same moment


def migrate(
    owner: str,
    master: Master,
    network: Network,
    accounts: Iterable[AccountRow],
    stores: Sequence[StoreRow] = (LOCAL_ROW,),
    *,
    to: str = "head",
) -> None:
    """Run what is missing, as the owner. Safe to run twice and from two machines at once.

    Raises BadMasterKey when the database was begun with another key.
    """
    with psycopg.connect(owner, autocommit=True) as connection:
        connection.execute("select pg_advisory_lock(%s)", [_ONE_AT_A_TIME])
        upgrade(owner, to)
        if to == "base":
            return
        _same_key(connection, master)
        _set_passwords(connection, owner, master)
        mirror(connection, network, accounts, stores)


def revision(owner: str) -> tuple[str | None, str | None]:
    """The database's schema version and the newest this program knows."""
    from alembic.script import ScriptDirectory

    head = ScriptDirectory(str(_SCRIPTS)).get_current_head()
    with psycopg.connect(owner, autocommit=True) as connection:
        found = connection.execute("select to_regclass('alembic_version')").fetchone()
        if found is None or found[0] is None:
            return None, head
        row = connection.execute("select version_num from alembic_version").fetchone()
        return (row[0] if row else None), head


def upgrade(owner: str, to: str) -> None:
    """The schema alone, to a version: `head`, or `base` for none."""
    # imported here: SQLAlchemy is 25 MB that only this command needs
    from alembic import command
    from alembic.config import Config
    from sqlalchemy import create_engine

    config = Config(attributes={"configure_logger": False})
    config.set_main_option("script_location", str(_SCRIPTS))
    engine = create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(owner), hide_parameters=True)
    try:
        with engine.begin() as connection:
            config.attributes["connection"] = connection
            (command.downgrade if to == "base" else command.upgrade)(config, to)
    finally:
        engine.dispose()


def _same_key(connection: psycopg.Connection, master: Master) -> None:
    """Begin the database with this key, or see that it is the one it was begun with."""
    ours = master.fingerprint()
    connection.execute("insert into installation (master_key) values (%s) on conflict do nothing", [ours])
    row = connection.execute("select master_key from installation").fetchone()
    if row != (ours,):
        raise BadMasterKey(
            f"This database was begun with the master key {row[0] if row else '?'}, and the one here is {ours}: "
            "put that key into keys/master.key of the data directory"
        )


def _set_passwords(connection: psycopg.Connection, owner: str, master: Master) -> None:
    for login in ("door", "web", "worker"):
        user = f"{conninfo_to_dict(owner)['dbname']}_{login}"
        # hashed here, so that the password itself never travels to the server
        hashed = connection.pgconn.encrypt_password(master.password(user).encode(), user.encode(), b"scram-sha-256")
        connection.execute(SQL("alter role {} password {}").format(Identifier(user), Literal(hashed.decode())))
