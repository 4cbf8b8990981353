"""A tab that can be in the background; Playwright's own pages always count as visible."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser

from tests.browser.conftest import PATIENCE_MS
from tests.waiting import until


class Tab:
    """A tab in its own window, driven by the Chrome DevTools Protocol."""

    def __init__(self, browser: Browser, script: str) -> None:
        self._root = browser.new_browser_cdp_session()
        self._answers: dict[int, dict[str, Any]] = {}
        self._asked = 0
        self._root.on("Target.receivedMessageFromTarget", self._hear)
        self._context = self._root.send("Target.createBrowserContext")["browserContextId"]
        self._target = self._open()
        attached = self._root.send("Target.attachToTarget", {"targetId": self._target, "flatten": False})
        self._session = attached["sessionId"]
        self.send("Page.enable")
        self.send("Page.addScriptToEvaluateOnNewDocument", source=script)

    def _open(self) -> str:
        where = {"url": "about:blank", "browserContextId": self._context}
        return str(self._root.send("Target.createTarget", where)["targetId"])

    def _hear(self, event: dict[str, str]) -> None:
        message = json.loads(event["message"])
        if "id" in message:
            self._answers[message["id"]] = message

    def send(self, method: str, **params: object) -> dict[str, Any]:
        """Send a command and wait for the answer."""
        self._asked += 1
        message = json.dumps({"id": self._asked, "method": method, "params": params})
        self._root.send("Target.sendMessageToTarget", {"sessionId": self._session, "message": message})
        answer = until(lambda: self._answer_to(self._asked), PATIENCE_MS / 1000, lambda: f"no answer to {method}")
        result: dict[str, Any] = answer["result"]
        return result

    def _answer_to(self, asked: int) -> dict[str, Any]:
        self._root.send("Target.getTargetInfo", {"targetId": self._target})  # lets Playwright receive events
        return self._answers.pop(asked, {})

    def value(self, expression: str) -> Any:
        """Return the value of a JavaScript expression on the page."""
        answer = self.send("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def wait(self, condition: str) -> None:
        """Wait until a JavaScript expression is true."""
        until(lambda: self.value(condition), PATIENCE_MS / 1000, lambda: condition)

    def leave(self) -> None:
        """Switch to another tab of the window."""
        self._open()
        self.wait("document.hidden")

    def freeze(self, frozen: bool) -> None:
        """Freeze the tab, as browsers do with old background tabs, or resume it."""
        self.send("Page.setWebLifecycleState", state="frozen" if frozen else "active")

    def come_back(self) -> None:
        """Switch back to the tab."""
        self._root.send("Target.activateTarget", {"targetId": self._target})
        self.wait("!document.hidden")

    def close(self) -> None:
        """Close the window."""
        self._root.send("Target.disposeBrowserContext", {"browserContextId": self._context})
        self._root.detach()


@contextmanager
def tab(browser: Browser, script: str = "") -> Iterator[Tab]:
    """Open a tab that runs a script before the page's own."""
    opened = Tab(browser, script)
    try:
        yield opened
    finally:
        opened.close()
