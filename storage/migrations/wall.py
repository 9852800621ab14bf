"""What every new table of organisations gets, so that no migration forgets half of it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from alembic import op

ORGANISATION = "(select nullif(current_setting('app.organisation', true), '')::uuid)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Roles:
    """The quoted names of this database's roles, and how to run a statement."""

    intake: str
    desk: str
    searcher: str
    door: str
    run: Callable[[str], Any]

    def wall(self, table: str, *, desk_may: str = "") -> None:
        """Put a table of organisations behind the wall; `desk_may` is what the desk may do there."""
        self.run(f"alter table {table} enable row level security; alter table {table} force row level security")
        self.run(f"create policy wall on {table} to {self.desk} using (organisation_id = {ORGANISATION})")
        self.run(f"create policy intake on {table} to {self.intake} using (true)")
        self.for_intake(table)
        if desk_may:
            self.run(f"grant {desk_may} on {table} to {self.desk}")

    def functions(self, statements: str, *names: str) -> None:
        """Functions that answer the desk without showing it the table behind them: owned by `searcher`."""
        self.run(statements)
        self.run(f"grant create on schema public to {self.searcher}")  # an owner needs it for the hand-over alone
        for name in names:
            self.run(f"alter function {name} owner to {self.searcher}; revoke all on function {name} from public")
            self.run(f"grant execute on function {name} to {self.desk}")
        self.run(f"revoke create on schema public from {self.searcher}")

    def for_intake(self, *tables: str) -> None:
        """Let the workers do everything with a table."""
        self.run(f"grant select, insert, update, delete on {', '.join(tables)} to {self.intake}")


def roles() -> Roles:
    """Of the database that is being migrated."""
    run = op.get_bind().exec_driver_sql
    database = run("select current_database()").scalar_one()
    named = {name: f'"{database}_{name}"' for name in ("intake", "desk", "searcher", "door")}
    return Roles(run=run, **named)
