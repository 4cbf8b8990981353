"""What keeps a server from being ready, and what is in trouble while the stream goes on."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from webapp.app import Unison

LAG_MAX_S = 2.0

log = logging.getLogger(__name__)


class Health:
    """The health of an application, each kind of trouble a sentence. Ask once its parts are there.

    Attributes:
        proxy_warning: what is wrong with the proxy before it, or ""; see `webapp.web.proxywarning`.
    """

    def __init__(self, app: Unison) -> None:
        self._app = app
        self.proxy_warning = ""
        self._logged = "ok"

    def report(self) -> tuple[str, list[str], list[str]]:
        """Return ok, degraded or not ready, then what makes it not ready, then what makes it degraded."""
        problems, warnings = self.problems(), self._troubles()
        warnings += [self.proxy_warning] if self.proxy_warning else []
        return _status(problems, warnings), problems, warnings

    def problems(self) -> list[str]:
        """Return what keeps the server from being ready."""
        lag_s = self._app.pipeline.lag_s
        return [f"matching is {lag_s:.1f} s behind the clock"] if lag_s > LAG_MAX_S else []

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
        troubles, clock = self._app.history.warnings, self._app.clock
        left_s = self._app.settings.prune_after_s - clock.held_s
        if clock.set_by_s and left_s > 0:
            told = clock.jump_text
            troubles.append(f"the clock was set {told}; nothing is forgotten for its age for another {left_s:.0f} s")
        return troubles


def _status(problems: list[str], warnings: list[str]) -> str:
    return "not ready" if problems else "degraded" if warnings else "ok"
