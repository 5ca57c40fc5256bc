"""Debian's Chromium, driven over a pipe with the DevTools protocol: no port, no further package.

`launched()` starts one browser with a profile of its own and ends it; `Tab` opens pages, types, presses, takes pictures
and keeps what the page asked of the network.
"""

import asyncio
import base64
import contextlib
import itertools
import json
import os
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-default-apps",
    "--disable-extensions",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    "--remote-debugging-pipe",
)
PATIENCE = 20.0  # seconds for one command
LEAVING = ("navigated or closed", "context was destroyed", "Cannot find context")  # what Chromium says of a page left
WIRED = """import fcntl, os, sys
ends = [fcntl.fcntl(int(end), fcntl.F_DUPFD, 50) for end in sys.argv[1:3]]
os.dup2(ends[0], 3)
os.dup2(ends[1], 4)
os.execv(sys.argv[3], sys.argv[3:])
"""  # Chromium reads commands from descriptor 3 and answers on 4


class Chromium:
    """One running browser."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._ids = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._tabs: dict[str, Tab] = {}
        self._contexts: list[str] = []
        self.listening = asyncio.create_task(self._listen())

    async def send(self, method: str, params: dict[str, Any] | None = None, session: str = "") -> dict[str, Any]:
        """One command and its answer; RuntimeError with the browser's words when it refuses."""
        number = next(self._ids)
        command: dict[str, Any] = {"id": number, "method": method, "params": params or {}}
        if session:
            command["sessionId"] = session
        answer: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._waiting[number] = answer
        self._writer.write(json.dumps(command).encode() + b"\0")
        async with asyncio.timeout(PATIENCE):
            found = await answer
        if "error" in found:
            raise RuntimeError(f"{method}: {found['error'].get('message')}")
        return dict(found.get("result", {}))

    async def tab(self, *, width: int = 1280, height: int = 900, dark: bool = False, script: bool = True) -> "Tab":
        """A new tab in a context of its own."""
        context = (await self.send("Target.createBrowserContext"))["browserContextId"]
        made = await self.send("Target.createTarget", {"url": "about:blank", "browserContextId": context})
        session = await self.send("Target.attachToTarget", {"targetId": made["targetId"], "flatten": True})
        tab = Tab(self, session["sessionId"])
        self._tabs[tab.session] = tab
        self._contexts.append(context)
        await tab.prepare(width, height, dark, script)
        return tab

    async def close_tabs(self) -> None:
        """Close every tab, and forget what it kept."""
        self._tabs.clear()
        while self._contexts:
            await self.send("Target.disposeBrowserContext", {"browserContextId": self._contexts.pop()})

    async def _listen(self) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError):
            while True:
                said = json.loads((await self._reader.readuntil(b"\0"))[:-1])
                if "id" in said:
                    answer = self._waiting.pop(said["id"], None)
                    if answer and not answer.done():
                        answer.set_result(said)
                elif said.get("sessionId") in self._tabs:
                    self._tabs[said["sessionId"]].heard(said["method"], said["params"])
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(RuntimeError("the browser has gone"))


class Tab:
    """One page. `requests`: addresses asked for; `dialogs`: what alert() and its kin said; `errors`: exceptions."""

    def __init__(self, browser: Chromium, session: str) -> None:
        self.browser, self.session = browser, session
        self.requests: list[str] = []
        self.dialogs: list[str] = []
        self.errors: list[str] = []
        self.script = True
        self._loaded = asyncio.Event()

    async def prepare(self, width: int, height: int, dark: bool, script: bool) -> None:
        """Viewport, colour scheme, script on or off."""
        for domain in ("Page", "Network", "Runtime", "Log"):
            await self.send(f"{domain}.enable")
        mobile = width < 600
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": mobile}
        await self.send("Emulation.setDeviceMetricsOverride", metrics)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        still = {"name": "prefers-reduced-motion", "value": "reduce"}
        await self.send("Emulation.setEmulatedMedia", {"features": [scheme, still]})
        self.script = script
        await self.send("Emulation.setScriptExecutionDisabled", {"value": not script})

    async def send(self, method: str, params: dict[str, Any] | None = None) -> dict[str, Any]:
        """A command for this tab."""
        return await self.browser.send(method, params, self.session)

    def heard(self, method: str, params: dict[str, Any]) -> None:
        """An event of this tab."""
        match method:
            case "Network.requestWillBeSent":
                self.requests.append(params["request"]["url"])
            case "Page.loadEventFired":
                self._loaded.set()
            case "Page.javascriptDialogOpening":
                self.dialogs.append(params["message"])
            case "Runtime.exceptionThrown":
                self.errors.append(json.dumps(params["exceptionDetails"]))
            case "Log.entryAdded" if params["entry"]["source"] == "security":
                self.errors.append(params["entry"]["text"])

    async def goto(self, url: str) -> None:
        """Open an address and wait for its load event."""
        self._loaded.clear()
        await self.send("Page.navigate", {"url": url})
        await self.loaded()

    async def loaded(self) -> None:
        """Wait for the load event after the last `goto` or `press`."""
        async with asyncio.timeout(PATIENCE):
            await self._loaded.wait()

    def expect_load(self) -> None:
        """What comes next leads to another page."""
        self._loaded.clear()

    async def press(self, selector: str, *, leaves: bool = False) -> None:
        """A real mouse press in the middle of an element; with `leaves`, wait for the page that follows."""
        place = await self.js(
            f"(() => {{ const e = document.querySelector({json.dumps(selector)});"
            "e.scrollIntoView({block: 'center', behavior: 'instant'});"
            "const b = e.getBoundingClientRect(); return [b.x + b.width / 2, b.y + b.height / 2]; })()"
        )
        self._loaded.clear()
        at = {"x": place[0], "y": place[1], "button": "left", "clickCount": 1}
        for kind in ("mousePressed", "mouseReleased"):
            await self.send("Input.dispatchMouseEvent", {"type": kind, **at})
        if leaves:
            await self.loaded()

    async def type(self, text: str) -> None:
        """Type into what has the focus."""
        await self.send("Input.insertText", {"text": text})

    async def key(self, key: str, code: int) -> None:
        """One key, such as ("Tab", 9)."""
        event = {"key": key, "code": key, "windowsVirtualKeyCode": code}
        if key == "Enter":
            event["text"] = "\r"
        if key == " ":
            event["text"] = " "
        for kind in ("keyDown", "keyUp"):
            await self.send("Input.dispatchKeyEvent", {"type": kind, **event})

    async def js(self, expression: str) -> Any:
        """The value of an expression on the page; works with the page's own script switched off."""
        asked = {"expression": expression, "returnByValue": True, "awaitPromise": True}
        found = await self.send("Runtime.evaluate", asked)
        if "exceptionDetails" in found:
            raise RuntimeError(json.dumps(found["exceptionDetails"]))
        return found["result"].get("value")

    async def examined(self, source: str, expression: str) -> Any:
        """The value of an expression after running a script of the test's own, which needs timers: the page's own
        script stays as it was, run or never run."""
        await self.send("Emulation.setScriptExecutionDisabled", {"value": False})
        try:
            await self.js(source)
            return await self.js(expression)
        finally:
            await self.send("Emulation.setScriptExecutionDisabled", {"value": not self.script})

    async def until(self, expression: str) -> None:
        """Wait until an expression is true; a page that is being left while it is asked is asked again."""
        async with asyncio.timeout(PATIENCE):
            while not await self._holds(expression):  # noqa: ASYNC110 - it waits for another process
                await asyncio.sleep(0.05)

    async def _holds(self, expression: str) -> bool:
        try:
            return bool(await self.js(expression))
        except RuntimeError as why:
            if any(sign in str(why) for sign in LEAVING):
                return False
            raise

    async def picture(self, path: Path) -> None:
        """The whole page as PNG."""
        size = (await self.send("Page.getLayoutMetrics"))["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": size["width"], "height": min(size["height"], 6000), "scale": 1}
        shot = await self.send("Page.captureScreenshot", {"captureBeyondViewport": True, "clip": clip})
        await asyncio.to_thread(_keep, path, base64.b64decode(shot["data"]))


def _keep(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


@asynccontextmanager
async def launched() -> AsyncIterator[Chromium]:
    """Start Chromium, and end it with its whole process group."""
    program = shutil.which("chromium")
    assert program, "chromium is not installed"
    profile = tempfile.mkdtemp(prefix="review-page-")
    to_it, from_us = os.pipe()
    from_it, to_us = os.pipe()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", WIRED, str(to_it), str(to_us), program),
        *(*FLAGS, f"--user-data-dir={profile}"),
        pass_fds=(to_it, to_us),
        start_new_session=True,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    os.close(to_it)
    os.close(to_us)
    reader, read_end, writer = await _streams(from_it, from_us)
    browser = Chromium(reader, writer)
    try:
        yield browser
    finally:
        with contextlib.suppress(RuntimeError, TimeoutError, OSError):
            await browser.send("Browser.close")
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(5):
                await process.wait()
        if process.returncode is None:
            os.killpg(process.pid, 9)
            await process.wait()
        browser.listening.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await browser.listening
        writer.close()
        read_end.close()
        await asyncio.sleep(0)
        shutil.rmtree(profile, ignore_errors=True)


async def _streams(
    read_fd: int, write_fd: int
) -> tuple[asyncio.StreamReader, asyncio.BaseTransport, asyncio.StreamWriter]:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=2**26)
    read_end, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(read_fd, "rb"))
    transport, protocol = await loop.connect_write_pipe(
        lambda: asyncio.StreamReaderProtocol(asyncio.StreamReader()), os.fdopen(write_fd, "wb")
    )
    return reader, read_end, asyncio.StreamWriter(transport, protocol, None, loop)
