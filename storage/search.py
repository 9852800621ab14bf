"""Search over sealed text: keyed hashes of character trigrams, one key an organisation.

It works in Thai, Burmese and Khmer, which put no spaces between words. What it leaks stands in docs/privacy.md.
"""

import hashlib
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from uuid import UUID

from runtime.keys import Master, key_id
from storage.database import Connection
from storage.people import columns, keys_by_id

_MOST_GRAMS = 4000


def normalised(text: str) -> str:
    """The form in which text and query are compared: compatibility forms folded, case and extra spaces gone."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return " ".join("".join(c for c in folded if unicodedata.category(c) not in ("Cf", "Cc") or c.isspace()).split())


def grams(text: str, key: bytes) -> list[int]:
    """Hashes of the distinct trigrams, sorted so that their order tells nothing; signed 32 bits, as `int4`."""
    plain = normalised(text)
    distinct = {plain[i : i + 3] for i in range(len(plain) - 2)}
    return sorted(_hash(gram, key) for gram in sorted(distinct)[:_MOST_GRAMS])


@lru_cache(maxsize=1 << 15)  # most trigrams of a language are met again and again
def _hash(gram: str, key: bytes) -> int:
    return int.from_bytes(hashlib.blake2b(gram.encode(), key=key, digest_size=4).digest(), "big", signed=True)


async def index(connection: Connection, master: Master, *, limit: int = 200) -> int:
    """Take up messages that are due; gives how many. In an intake transaction."""
    cursor = await connection.execute(
        "with due as (delete from gram_due where (organisation_id, message_id) in "
        "(select organisation_id, message_id from gram_due for update skip locked limit %b) returning *) "
        "select m.organisation_id, m.id, m.text from due d join message m "
        "on m.organisation_id = d.organisation_id and m.id = d.message_id",
        [limit],
    )
    rows = await cursor.fetchall()
    opened = await _opened(connection, master, [(id_, text) for _, id_, text in rows if text])
    hashed = [(o, id_, grams(opened[id_], master.grams_key(o))) for o, id_, _ in rows if id_ in opened]
    await _write(connection, [row for row in hashed if row[2]])
    return len(rows)


async def _opened(connection: Connection, master: Master, sealed: Sequence[tuple[UUID, bytes]]) -> dict[UUID, str]:
    keys = await keys_by_id(connection, master, {key_id(blob) for _, blob in sealed})
    return {
        id_: keys[key_id(blob)].open("message|text", id_, blob).decode() for id_, blob in sealed if key_id(blob) in keys
    }


async def _write(connection: Connection, rows: Sequence[tuple[UUID, UUID, list[int]]]) -> None:
    if rows:  # arrays travel as text: unnest would flatten an array of arrays
        await connection.execute(
            "insert into message_grams (organisation_id, message_id, grams) "
            "select c.o, c.m, c.grams::int[] from unnest(%b::uuid[], %b::uuid[], %b::text[]) as c (o, m, grams) "
            "on conflict (organisation_id, message_id) do update set grams = excluded.grams",
            columns([(o, m, "{" + ",".join(map(str, values)) + "}") for o, m, values in rows]),
        )


async def find(
    connection: Connection, master: Master, organisation: UUID, words: str, *, limit: int = 200
) -> list[UUID]:
    """Messages of the current desk's organisation that may hold these words, newest first.

    At least three characters; shorter queries find nothing. Hits are to be verified after unsealing.
    """
    wanted = grams(words, master.grams_key(organisation))
    if not wanted:
        return []
    cursor = await connection.execute("select message_id from find_messages(%b::int[], %b)", [wanted, limit])
    return [row[0] for row in await cursor.fetchall()]
