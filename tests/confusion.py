"""Triage and wishes over our samples, as tables. `python -m tests.confusion` writes them into docs/languages.md."""

import json
from collections import Counter
from pathlib import Path

from intake.triage import triage
from translations.languages import ENGLISH_NAMES
from translations.requests import Found, find
from translations.understand import understand

SAMPLES = Path(__file__).parent / "data" / "samples.json"
WISHES = Path(__file__).parent / "data" / "requests.json"
PAGE = Path(__file__).parents[1] / "docs" / "languages.md"
LEVELS = ("U1", "U2", "U3", "U4")
SETS = {
    "demo": "The demo's messages",
    "tuned": "Samples the lexicons were corrected with",
    "later": "Samples written after the lexicons, then corrected with (at first sight 15 of 23 U1 were found)",
    "held_out": "Samples written just before the lexicons, never corrected with",
    "tuned2": "Samples to make the phrases more general, corrected with (at first sight 59 of 95 U1 were found)",
    "blind": "Samples the author of the newest phrases never saw, never corrected with: the honest figure",
    "blind2": "Samples by the hand that then made the phrases more general, never corrected with: flattering",
}


def samples(which: str | None = None) -> list[dict]:
    rows = json.loads(SAMPLES.read_text("utf-8"))
    return [row for row in rows if which in (None, row["set"])]


def found(row: dict):
    """What triage says about a sample that came in as a plain text message."""
    understood = understand(row["text"])
    return triage(understood.text, understood.language, "text", has_media=False)


def tables() -> str:
    return "\n\n".join(_table(which, title) for which, title in SETS.items())


def _table(which: str, title: str) -> str:
    rows = samples(which)
    cells = Counter((row["urgency"], found(row).urgency) for row in rows)
    lines = [f"**{title}** ({len(rows)}); rows: should be, columns: was found", ""]
    lines += ["| | " + " | ".join(LEVELS) + " |", "|---|" + "--:|" * len(LEVELS)]
    lines += [f"| {level} | " + " | ".join(str(cells[level, got]) for got in LEVELS) + " |" for level in LEVELS]
    return "\n".join([*lines, "", _summary(rows)])


def _summary(rows: list[dict]) -> str:
    wanted = sum(len(_violations(row)) for row in rows)
    met = sum(len(_violations(row) & set(found(row).issues)) for row in rows)
    named = sum(understand(row["text"]).language == row["lang"].partition("-")[0] for row in rows)
    return f"Issues named: {met} of {wanted}. Language right: {named} of {len(rows)}."


def _violations(row: dict) -> set[str]:
    return {code for code in row["issues"] if code != "INF.OTHER"}


def wishes() -> list[dict]:
    """Whole messages, each with what it asks of the system itself, if anything."""
    return json.loads(WISHES.read_text("utf-8"))


def wish_in(row: dict) -> Found | None:
    return find(understand(row["text"]).text)


def wishes_table() -> str:
    """What was found of the messages that the phrases were never corrected with."""
    blind = [row for row in wishes() if row["set"] == "blind"]
    lines = ["| language | stop | forget | ordinary words taken for either |", "|---|--:|--:|--:|"]
    for code, name in {**ENGLISH_NAMES, "": "**all**"}.items():
        rows = [row for row in blind if row["lang"] == code or not code]
        if rows:
            lines.append(f"| {name} | {_met(rows, 'stop')} | {_met(rows, 'forget')} | {_met(rows, None, wrong=True)} |")
    return "\n".join(lines)


def _met(rows: list[dict], what: str | None, *, wrong: bool = False) -> str:
    these = [row for row in rows if row["is"] == what]
    right = sum(getattr(wish_in(row), "what", None) == what for row in these)
    return f"{len(these) - right if wrong else right} of {len(these)}"


def page() -> str:
    """docs/languages.md with the tables as they are now."""
    text = PAGE.read_text("utf-8")
    for name, table in (("tables", tables()), ("wishes", wishes_table())):
        begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
        before, _, rest = text.partition(begin)
        text = f"{before}{begin}\n{table}\n{end}{rest.partition(end)[2]}"
    return text


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
