"""Burmese as phones with a Zawgyi font show it."""


def to_zawgyi(text: str) -> str:
    """Not yet."""
    return text
