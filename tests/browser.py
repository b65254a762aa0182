"""A page in Chromium, used by real keys, looked at by axe-core."""

import contextlib
import json
import time
from importlib.util import find_spec
from pathlib import Path

from odoo.tests.common import ChromeBrowser

#: axe-core itself, in the package that brings it for Python.
AXE = Path(find_spec("axe_core_python").origin).with_name("axe.min.js")
KEYS = {
    "Tab": {"code": "Tab", "windowsVirtualKeyCode": 9},
    "Enter": {"code": "Enter", "windowsVirtualKeyCode": 13, "text": "\r"},
    " ": {"code": "Space", "windowsVirtualKeyCode": 32, "text": " "},
}
PATIENCE = 30
#: Whether the focus can be seen: an outline or a shadow around what has it.
SEEN = """(() => {
    const style = getComputedStyle(document.activeElement);
    return style.outlineStyle !== 'none' || style.boxShadow !== 'none';
})()"""


class Page:
    def __init__(self, case, browser):
        self.case, self.browser = case, browser

    def open(self, path):
        self.browser.navigate_to(self.case.base_url() + path, wait_stop=True)
        self.wait_for("document.readyState === 'complete'")

    def ask(self, expression):
        """The value of an expression, awaited."""
        answer = self.browser._websocket_request(
            "Runtime.evaluate",
            params={"expression": expression, "awaitPromise": True, "returnByValue": True},
            timeout=PATIENCE,
        )
        if "exceptionDetails" in answer:
            raise AssertionError(answer["exceptionDetails"])
        return answer["result"].get("value")

    def wait_for(self, expression):
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            with contextlib.suppress(Exception):  # between two pages there is none
                if self.ask(f"Boolean({expression})"):
                    return
            time.sleep(0.1)
        raise AssertionError(f"never came: {expression}; {self.ask('document.body.innerText')}")

    def press(self, key):
        event = {"key": key, **KEYS[key]}
        down = "keyDown" if "text" in event else "rawKeyDown"
        self.browser._websocket_request("Input.dispatchKeyEvent", params={"type": down, **event})
        event.pop("text", None)
        self.browser._websocket_request("Input.dispatchKeyEvent", params={"type": "keyUp", **event})

    def write(self, text):
        """Into what has the focus, in place of what it holds."""
        self.ask("document.activeElement.select && document.activeElement.select()")
        self.browser._websocket_request("Input.insertText", params={"text": text})

    def tab_to(self, selector, most=80):
        """Go on by Tab until the focus is on it, and see where it is at every step."""
        for _step in range(most):
            self.press("Tab")
            if self.ask(f"document.activeElement.matches({json.dumps(selector)})"):
                self.case.assertTrue(self.ask(SEEN), f"no focus to be seen on {selector}")
                return
        raise AssertionError(f"Tab does not lead to {selector}")

    def find_barriers(self, selector):
        """What axe-core finds wrong in that part of the page: [(rule, what, elements)].

        Odoo's own form of payment is Odoo's: it is not looked at.
        """
        self.ask(f"{AXE.read_text()};null")
        where = {"include": [[selector]], "exclude": [["#o_payment_form"]]}
        found = self.ask(f"axe.run({json.dumps(where)}).then(result => result.violations)")
        return [
            (one["id"], one["help"], [node["html"][:200] for node in one["nodes"]]) for one in found
        ]

    def is_wider_than_the_screen(self):
        return self.ask("document.documentElement.scrollWidth > window.innerWidth")


class BrowserMixin:
    """For a HttpCase: ``with self.browse("anna", "1366x768") as page``."""

    @contextlib.contextmanager
    def browse(self, user=None, size="1366x768"):
        self.browser_size = size
        browser = ChromeBrowser(self, headless=True)
        with self.allow_requests(browser=browser):
            try:
                login = user and user.login
                self.authenticate(login, user and f"{login}-{login}", browser=browser)
                self.env.flush_all()
                self.cr.clear()
                yield Page(self, browser)
            finally:
                browser.stop()
                self._wait_remaining_requests()
