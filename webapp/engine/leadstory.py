"""Tells everyone the lead story of each ten seconds."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from webapp.core import frames
from webapp.core.gazetteer import Gazetteer
from webapp.core.leads import Leads
from webapp.core.moderation import Rules
from webapp.core.records import Connection, SliceRecord


class LeadStory:
    """The lead of the current ten seconds.

    Args:
        gazetteer: the cities.
        tell: sends a message to all viewers without a filter.
    """

    def __init__(self, gazetteer: Gazetteer, tell: Callable[[bytes], None]) -> None:
        self._gazetteer, self._tell = gazetteer, tell
        self._leads, self._is_due = Leads(gazetteer), False

    @property
    def message(self) -> bytes:
        """The message with the lead, or with none."""
        return frames.lead(self._leads.current, self._gazetteer)

    def begin_anew(self) -> None:
        """Forget all, because the clock was set back."""
        self._leads.begin_anew()

    def take_in(self, record: SliceRecord, shown: Sequence[Connection], rules: Rules) -> None:
        """Take in what everyone is shown of the next record. Call `tell_if_due` once its frame is sent."""
        self._is_due |= self._leads.add(record.start_ms, shown, rules)

    def hide(self, rules: Rules) -> None:
        """Tell another lead if these rules hide the current one."""
        self._is_due |= self._leads.hide(rules)
        self.tell_if_due()

    def tell_if_due(self) -> None:
        """Tell the lead if it is another one."""
        if self._is_due:
            self._is_due = False
            self._tell(self.message)
