"""What `check` says of texts that wait for a speaker."""

from pathlib import Path

from gateway.check import findings

CONFIG = Path(__file__).parents[2] / "config.yaml"


def test_every_language_of_the_accounts_says_what_waits_by_file(tmp_path):
    found = {finding.what: finding for finding in findings(CONFIG, tmp_path, sandbox=False)}
    told = {what.removeprefix("texts in "): finding for what, finding in found.items() if what.startswith("texts in ")}
    assert {"Burmese", "Nepali", "S'gaw Karen"} < set(told)
    assert "English" not in told  # our own
    assert not any(finding.wrong for finding in told.values())
    karen = told["S'gaw Karen"].says
    assert "messages.po 4 of 4, 7 not written" in karen
    assert "urgency.yaml" in karen
    assert "requests.yaml" in karen
    assert "docs/languages.md" in karen
