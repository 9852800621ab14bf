"""What people agreed to be done with what they told: codes alone, each answer a row that stays."""

from storage.migrations.wall import roles

revision = "0007"
down_revision = "0006"

TABLES = """
-- the newest answer of a purpose counts; an answer taken back is another row
create table consent (
    organisation_id uuid not null, id uuid not null, person_id uuid not null, purpose text not null,
    answer text not null check (answer in ('yes', 'no', 'ask_again')), how text not null, language text,
    author text not null, at timestamptz not null, primary key (organisation_id, id),
    foreign key (organisation_id, person_id) references person_card on delete cascade);
create index consent_person on consent (organisation_id, person_id, purpose, id desc);
"""


def upgrade() -> None:
    at = roles()
    at.run(TABLES)
    at.wall("consent", desk_may="select, insert")


def downgrade() -> None:
    roles().run("drop table consent")
