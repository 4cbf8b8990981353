"""What keeps a server from being ready, and what is in trouble while the stream goes on."""

from __future__ import annotations

import logging

from webapp.engine.clock import Clock
from webapp.engine.live import Live
from webapp.engine.moderation import Moderation
from webapp.storage.accounts import Accounts
from webapp.storage.citydatabase import CityDatabase
from webapp.storage.history import History

LAG_MAX_S = 2.0

log = logging.getLogger(__name__)


class Health:
    """The health of an application, each kind of trouble a sentence. Ask once it has started.

    Args:
        live: may be behind the clock, and has warnings of its own.
        history: has warnings of its own.
        moderation: likewise.
        accounts: may be out of reach.
        addresses: the database of addresses, whose file may be broken.
        clock: may have been set.
        prune_after_s: so long after that nothing is forgotten for its age.

    Attributes:
        proxy_warning: what is wrong with the proxy before the server, or ""; see `webapp.web.proxywarning`.
    """

    def __init__(
        self,
        live: Live,
        history: History,
        moderation: Moderation,
        accounts: Accounts,
        addresses: CityDatabase,
        clock: Clock,
        prune_after_s: float,
    ) -> None:
        self._live, self._history, self._moderation, self._clock = live, history, moderation, clock
        self._accounts, self._addresses = accounts, addresses
        self._prune_after_s = prune_after_s
        self.proxy_warning = ""
        self._logged = "ok"

    def report(self) -> tuple[str, list[str], list[str]]:
        """Return ok, degraded or not ready, then what makes it not ready, then what makes it degraded."""
        problems, warnings = self.problems(), self._troubles()
        warnings += [self.proxy_warning] if self.proxy_warning else []
        return _status(problems, warnings), problems, warnings

    def problems(self) -> list[str]:
        """Return what keeps the server from being ready."""
        lag_s = self._live.intake.lag_s
        behind = [f"matching is {lag_s:.1f} s behind"] if lag_s > LAG_MAX_S else []
        return behind + self._live.intake.problems

    def log_changes(self) -> None:
        """Log when the server stops being ready or is degraded, and when all is well again. Call it often."""
        problems, warnings = self.problems(), self._troubles()
        status = _status(problems, warnings)
        if status == self._logged:
            return
        self._logged = status
        if status == "ok":
            log.info("ready again", extra={"event": "ready"})
            return
        more = {"event": status.replace(" ", "_"), "problems": problems, "warnings": warnings}
        log.warning("%s: %s", status, "; ".join([*problems, *warnings]), extra=more)

    def _troubles(self) -> list[str]:
        """Return the warnings that come and go."""
        troubles, clock = self._live.warnings + self._history.warnings + self._moderation.warnings, self._clock
        troubles += [each for each in (self._accounts.problem, self._addresses.problem) if each]
        left_s = self._prune_after_s - clock.held_s
        if clock.set_by_s and left_s > 0:
            told = clock.jump_text
            troubles.append(f"the clock was set {told}; old connections are not deleted for another {left_s:.0f} s")
        return troubles


def _status(problems: list[str], warnings: list[str]) -> str:
    return "not ready" if problems else "degraded" if warnings else "ok"
