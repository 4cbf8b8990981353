"""What became of the plays, in numbers and in words. Pure: time is an argument."""

from dataclasses import dataclass


@dataclass(slots=True)
class Totals:
    """Counts of plays.

    Attributes:
        sent: in batches that the server answered.
        accepted: taken by it, the late ones among them.
        late: taken too late to be matched.
        rejected: refused by it.
        missed: not sent, or never answered, until they were too old.
    """

    sent: int = 0
    accepted: int = 0
    late: int = 0
    rejected: int = 0
    missed: int = 0

    def counts(self) -> str:
        """Return the counts as words."""
        counts = ("sent", "accepted", "late", "rejected", "missed")
        return ", ".join(f"{getattr(self, name):,} {name}" for name in counts)

    def rate(self, seconds: float) -> float:
        """Return the plays sent a second."""
        return self.sent / seconds if seconds > 0 else 0.0
