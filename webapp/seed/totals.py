"""Counts of sent plays, as numbers and as text. Pure: time is an argument."""

from dataclasses import dataclass


@dataclass(slots=True)
class Totals:
    """Counts of plays.

    Attributes:
        sent: plays in batches that the server answered.
        accepted: plays that it accepted, late ones included.
        late: plays that it accepted too late to match.
        rejected: plays that it rejected.
        missed: plays not sent or not answered before they were too old.
    """

    sent: int = 0
    accepted: int = 0
    late: int = 0
    rejected: int = 0
    missed: int = 0

    def counts(self) -> str:
        """Return the counts as text."""
        counts = ("sent", "accepted", "late", "rejected", "missed")
        return ", ".join(f"{getattr(self, name):,} {name}" for name in counts)

    def rate(self, seconds: float) -> float:
        """Return the plays sent a second."""
        return self.sent / seconds if seconds > 0 else 0.0
