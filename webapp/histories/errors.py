"""What can be wrong with a listening history."""


class BadEntryError(ValueError):
    """An entry of a history that cannot be used; the message says why, and shows nothing of it but its time."""


class HistoryError(Exception):
    """A history that cannot be read, or not to its end; the message is for a person."""
