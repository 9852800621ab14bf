"""The YAML files of this folder: word lists, phrases, the taxonomy."""

from importlib.resources import files
from typing import Any

import yaml

#: libyaml's, where PyYAML was built with it, reads ten times as fast; neither makes anything but plain values
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read(*path: str) -> Any:
    """What stands in a file, by its path below `translations/`. Raises FileNotFoundError."""
    return yaml.load(files("translations").joinpath(*path).read_text("utf-8"), _Loader)  # noqa: S506 - a safe one
