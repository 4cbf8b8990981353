"""The list of what is hidden, as it is now: read again when it changes, and changed for an operator."""

from __future__ import annotations

import logging
from collections.abc import Callable

from gevent import monkey

from webapp.core.gazetteer import Gazetteer
from webapp.core.moderation import Rules
from webapp.core.moderationlist import Line, Listing, ListReader, with_line
from webapp.core.trackids import TrackAliases
from webapp.storage.moderationfile import FILE, TRIES, AuditFile, Change, ListFileError, StoredList

WHILE_STOPPED = f"{FILE}, while the server was stopped"

NAMED = 5
"""Lines that a warning names."""

log = logging.getLogger(__name__)


class Moderation:
    """The list of an application. All methods are thread-safe; call them off the event loop.

    Args:
        stored: the list as it is stored.
        audit: is told of each change.
        gazetteer: the cities.
        aliases: returns the earlier ids of tracks, as they are known now.
        clock: returns epoch seconds.

    Attributes:
        listing: the list as it was last read.
        problem: why the list could not be read or written, a sentence; the list read before remains in force.
    """

    def __init__(
        self,
        stored: StoredList,
        audit: AuditFile,
        gazetteer: Gazetteer,
        aliases: Callable[[], TrackAliases],
        clock: Callable[[], float],
    ) -> None:
        self._stored, self._audit, self._gazetteer = stored, audit, gazetteer
        self._aliases, self._clock = aliases, clock
        # Unpatched by gevent, because worker threads are native. The event loop never takes it.
        self._lock = monkey.get_original("threading", "Lock")()
        self._data, self._known_aliases = b"", aliases()
        self.listing = Listing()
        self.problem: str | None = None

    @property
    def rules(self) -> Rules:
        """What is hidden now."""
        return self.listing.rules

    @property
    def warnings(self) -> list[str]:
        """Sentences that anybody may read: that the file cannot be read, and which lines cannot be used."""
        numbers = [str(each.number) for each in self.listing.problems]
        unread = "the moderation list cannot be read; the one read before remains in force"
        unused = f"lines of the moderation list cannot be used: {', '.join(numbers[:NAMED])}"
        more = f" and {len(numbers) - NAMED} more" if len(numbers) > NAMED else ""
        return ([unread] if self.problem else []) + ([unused + more] if numbers else [])

    def open(self) -> None:
        """Read the list for the first time, and note if it changed while this server did not run."""
        with self._lock:
            self._read(lambda: None)
            last, now = self._audit.last_version(), self.rules.version
            if self.problem is None and last != now and (last or self.rules):
                by = self._stored.by
                self._note(Change(WHILE_STOPPED if by == FILE else by, "found", "", now))

    def reload(self) -> None:
        """Read the list again if it changed, or the aliases of tracks did."""
        with self._lock:
            self._read(lambda: self._stored.by)

    def read_rule(self, text: str) -> Line:
        """Read one rule, without adding it.

        Raises:
            RuleError: it cannot be used.
        """
        return self._reader().line(text)

    def add(self, text: str, who: str) -> bool:
        """Add a rule to the list; return whether it was new.

        Raises:
            RuleError: it cannot be used.
            ListFileError: the list cannot be read or written.
        """
        rule = self.read_rule(text).rule

        def added(data: bytes) -> bytes:
            return data if rule in self._reader().listing(data).rules.rules else with_line(data, text)

        return self._change(added, who)

    def remove(self, text: str, who: str) -> bool:
        """Remove a rule from the list, however it is written there; return whether it was there.

        Raises:
            RuleError: it cannot be used.
            ListFileError: the list cannot be read or written.
        """
        rule = self.read_rule(text).rule
        return self._change(lambda data: self._reader().without(data, rule), who)

    def _change(self, edit: Callable[[bytes], bytes], who: str) -> bool:
        with self._lock:
            for _ in range(TRIES):
                data = self._stored.read()
                self._use(data, self._stored.by)
                if (edited := edit(data)) == data:
                    return False
                if self._stored.write(edited, who):
                    self._use(edited, who)
                    return True
            raise ListFileError(f"{self._stored.name} cannot be written (others change it meanwhile); try again")

    def _reader(self) -> ListReader:
        return ListReader(self._gazetteer, self._known_aliases)

    def _read(self, by: Callable[[], str | None]) -> None:
        """Read the list, and use it; then, `by` returns who changed it."""
        try:
            data, problem = self._stored.read(), self._stored.problem
        except ListFileError as error:
            data, problem = None, str(error)
        self._set_problem(f"{problem}; the moderation list read before remains in force" if problem else None)
        if data is not None:
            self._use(data, by())

    def _use(self, data: bytes, who: str | None) -> None:
        """Use a list; where it is another one than before, and it is known who changed it, note the changes."""
        if data == self._data and self._aliases() is self._known_aliases:
            return
        before, is_changed = self.listing, data != self._data
        self._data, self._known_aliases = data, self._aliases()
        self.listing = self._reader().listing(data)
        self._log_problems(before)
        if is_changed and who:
            self._note_changes(before, who)

    def _set_problem(self, problem: str | None) -> None:
        if problem != self.problem:
            log.warning(
                "%s", problem or f"{self._stored.name} can be read again", extra={"event": "moderation_problem"}
            )
        self.problem = problem

    def _log_problems(self, before: Listing) -> None:
        for problem in self.listing.problems:
            if problem not in before.problems:
                more = {"event": "moderation_line", "line": problem.number}
                log.warning("%s, line %d: %s", self._stored.name, problem.number, problem.error, extra=more)

    def _note_changes(self, before: Listing, who: str) -> None:
        """Note each rule that was added or removed; a rule that stands there twice counts once."""
        old, new = ({line.rule: line.text for line in listing.lines} for listing in (before, self.listing))
        for rule in sorted(new.keys() - old.keys()):
            self._note(Change(who, "added", new[rule], self.rules.version))
        for rule in sorted(old.keys() - new.keys()):
            self._note(Change(who, "removed", old[rule], self.rules.version))

    def _note(self, change: Change) -> None:
        more = {"event": "moderation_changed", "who": change.who, "did": change.did, "rule": change.rule}
        log.info("moderation: %s %s (%s)", change.did, change.rule or "another list", change.who,
                 extra={**more, "version": change.version})  # fmt: skip
        try:
            self._audit.append(change, self._clock())
        except OSError as error:
            log.warning("%s cannot be written (%s)", self._audit.path, error.strerror)
