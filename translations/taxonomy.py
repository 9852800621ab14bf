"""The taxonomy, read once from taxonomy.yaml."""

from functools import cache

from model.taxonomy import Issue, Taxonomy
from translations.written import read


@cache
def load() -> Taxonomy:
    """All categories and issues."""
    data = read("taxonomy.yaml")
    issues = [
        Issue(
            code=f"{category}.{name}",
            label=row["label"],
            ilo_strong=tuple(row.get("strong", ())),
            ilo_possible=tuple(row.get("possible", ())),
            severity=row["severity"],
            urgency=row["urgency"],
        )
        for category, group in data.items()
        for name, row in group["issues"].items()
    ]
    return Taxonomy({issue.code: issue for issue in issues}, {key: group["label"] for key, group in data.items()})
