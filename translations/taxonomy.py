"""The taxonomy, read once from taxonomy.yaml."""

from functools import cache
from importlib.resources import files

import yaml

from model.taxonomy import Issue, Taxonomy


@cache
def load() -> Taxonomy:
    """All categories and issues."""
    data = yaml.safe_load(files("translations").joinpath("taxonomy.yaml").read_text("utf-8"))
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
