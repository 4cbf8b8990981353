"""Counts in English, for operators. Pure."""


def counted(count: int, one: str, many: str | None = None) -> str:
    """Return a count with its noun: "1 token", "2,000 tokens"; `many` is the plural, if it is not `one` with an s."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"
