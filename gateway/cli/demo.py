"""`askonce demo`: the gateway, its page and a next hop on this machine, and a short story of real mail through them.

Everything is real but the company: `askonce serve` in its own processes, SMTP, SQLite, the notice that arrives, the
audit files. IO: a folder of its own, loopback ports, processes.
"""

import asyncio
import json
import shutil
import signal
import smtplib
import socket
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from gateway.app import demo_sink
from gateway.cli.screen import console, refuse, shown
from gateway.cli.story import DIRECTORY, DOMAIN, MIRA, STORY, Chapter
from gateway.compliance.verify import verify
from gateway.mail.letter import written
from gateway.mail.message import walk
from gateway.mail.reading import read_text

PATIENCE = 20.0  # seconds anything of the demo may take
STARTING = 300.0  # and the gateway's start: the first time, the packs' patterns are compiled, on a slow machine too
ENDS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)  # the gateway itself stays when a terminal closes
SOON = 3.0  # a start that takes longer is explained
COLOURS = {"relay": "green", "advise": "green", "hold": "yellow", "reject": "red"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Where the story plays: `port` takes mail, `page` is the review page's URL."""

    folder: Path
    port: int
    page: str

    @property
    def arrived(self) -> list[Path]:
        """What the next hop keeps, oldest first."""
        return sorted((self.folder / "arrived" / "new").glob("*"), key=lambda file: file.stat().st_mtime_ns)

    @property
    def audit(self) -> Path:
        return self.folder / "state" / "audit"


def demo(
    once: Annotated[bool, typer.Option("--once", help="Play the story, check its outcome, exit 0 or 1")] = False,
) -> None:
    """Play a short story of real mail through a gateway on this machine.

    Without --once it stays up afterwards, so that you can point a mail client at it; Ctrl-C ends it.

    Example: askonce demo --once
    """
    try:
        wrong = asyncio.run(_demo(once))
    except (KeyboardInterrupt, asyncio.CancelledError):
        refuse("interrupted before the story's end")
    except (OSError, smtplib.SMTPException) as error:
        refuse(f"the story broke off: {str(error) or type(error).__name__}")
    raise typer.Exit(wrong)


async def _demo(once: bool) -> int:
    story = asyncio.current_task()
    assert story is not None
    for number in ENDS:
        asyncio.get_running_loop().add_signal_handler(number, story.cancel)
    with _folder() as folder:
        sink = await demo_sink(folder / "arrived")
        gateway = await _gateway(folder, int(sink.address.rpartition(":")[2]), once)
        try:
            stage = await _ready(gateway, folder)
            wrong = await _play(stage)
            _epilogue(stage, wrong)
            if not once:
                await _stay(stage)
        finally:
            with suppress(ProcessLookupError):
                gateway.send_signal(signal.SIGTERM)
            await gateway.wait()
            await sink.stop()
    return 1 if wrong else 0


@contextmanager
def _folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="askonce-demo-"))
    (folder / "people.toml").write_text(DIRECTORY, "utf-8")
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def _gateway(folder: Path, next_hop: int, once: bool) -> asyncio.subprocess.Process:
    settings = folder / "gateway.toml"
    settings.write_text(
        f'[organisation]\ninternal_domains = ["{DOMAIN}"]\ndirectory = "{folder / "people.toml"}"\n'
        f'[smtp]\nlisten = "127.0.0.1:{0 if once else _preferred(10025)}"\nhostname = "gateway.{DOMAIN}"\n'
        f'[upstream]\naddress = "127.0.0.1:{next_hop}"\n'
        f'[web]\nlisten = "127.0.0.1:{0 if once else _preferred(8025)}"\n'
        "[holds]\ndigest_seconds = 0\n"  # the story waits for each notice
        f'[state]\ndirectory = "{folder / "state"}"\n[log]\nlevel = "warning"\n',
        "utf-8",
    )
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "gateway.cli.main", "serve", "--config", str(settings)), stdout=asyncio.subprocess.PIPE
    )


def _preferred(port: int) -> int:
    """This port when it is free, else one that is."""
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return 0
    return port


async def _ready(gateway: asyncio.subprocess.Process, folder: Path) -> Stage:
    assert gateway.stdout is not None
    line = await _first_line(gateway.stdout)
    if not line.startswith("askonce ready: "):
        refuse("the gateway did not get ready; the lines above say why")
    words = line.replace(",", "").split()
    port = int(words[words.index("SMTP") + 1].rpartition(":")[2])
    return Stage(folder=folder, port=port, page=words[words.index("page") + 1])


async def _first_line(output: asyncio.StreamReader) -> str:
    """What the gateway says when it is ready; "" when it ended instead."""
    reading = asyncio.ensure_future(output.readline())
    done, _ = await asyncio.wait({reading}, timeout=SOON)
    if not done:
        console.print(
            "Getting the rules ready: half a minute or so the first time, a moment from then on.", style="dim"
        )
        done, _ = await asyncio.wait({reading}, timeout=STARTING)
    if not done:
        reading.cancel()
        refuse(f"the gateway was not ready after {STARTING:.0f} seconds; is this machine very busy? Try again")
    return (await reading).decode()


async def _play(stage: Stage) -> list[str]:
    """Send each mail, show what became of it; what went otherwise than the story says."""
    console.print(f"\nA small company, {DOMAIN}. Mira writes six mails.\n", style="bold", highlight=False)
    wrong: list[str] = []
    for number, chapter in enumerate(STORY, start=1):
        await asyncio.to_thread(_send, stage.port, chapter)
        verdict = await _verdict(stage, chapter)
        await _until(stage, number)  # the mail itself has arrived, or the notice about it
        _tell(number, chapter, verdict)
        if verdict.get("askonce.disposition") != chapter.expect:
            wrong.append(f"{chapter.title}: expected {chapter.expect}, was {verdict.get('askonce.disposition')}")
    return [*wrong, *_check(stage)]


def _send(port: int, chapter: Chapter) -> None:
    with smtplib.SMTP("127.0.0.1", port, timeout=PATIENCE) as client:
        client.sendmail(MIRA, list(chapter.letter.to), written(chapter.letter))


async def _verdict(stage: Stage, chapter: Chapter) -> dict[str, Any]:
    for _ in range(int(PATIENCE / 0.05)):
        for record in _records(stage):
            named = record.get("email.message_id", "").strip("<>") == chapter.letter.message_id.strip("<>")
            if named and record["event.action"] == "verdict":
                return record
        await asyncio.sleep(0.05)
    return {}


def _records(stage: Stage) -> list[dict[str, Any]]:
    lines = [line for file in sorted(stage.audit.rglob("*.jsonl")) for line in file.read_text("utf-8").splitlines()]
    return sorted((json.loads(line) for line in lines if line.endswith("}")), key=lambda record: record["@timestamp"])


async def _until(stage: Stage, count: int) -> None:
    for _ in range(int(PATIENCE / 0.05)):
        if len(stage.arrived) >= count:
            return
        await asyncio.sleep(0.05)


def _tell(number: int, chapter: Chapter, verdict: dict[str, Any]) -> None:
    disposition = verdict.get("askonce.disposition", "lost")
    console.print(
        f"{number}. {chapter.title}: “{chapter.letter.subject}” to {', '.join(chapter.letter.to)}", highlight=False
    )
    words = {"relay": "relayed", "advise": "relayed, with a note to Mira", "hold": "held"}.get(disposition, disposition)
    console.print(f"   {words}", style=COLOURS.get(disposition, "red"), highlight=False, end="")
    console.print(f"  ({verdict.get('askonce.label') or 'not internal mail'})", style="dim", highlight=False)
    for finding in verdict.get("askonce.findings", ()) if disposition == "hold" else ():
        if finding["sentence"]:
            console.print(shown(f"   “{' '.join(finding['sentence'].split())}”"), highlight=False, markup=False)
        console.print(f"   {finding['because']}", style="dim", highlight=False, markup=False)


def _check(stage: Stage) -> list[str]:
    """Four mails and two notices have arrived, nothing else, and the audit proves itself."""
    wrong = []
    notices = [file for file in stage.arrived if b"\nauto-submitted: auto" in file.read_bytes().lower()]
    if (len(stage.arrived), len(notices)) != (6, 2):
        wrong.append(f"expected 4 mails and 2 notices, found {len(stage.arrived) - len(notices)} and {len(notices)}")
    if not verify(stage.audit).ok:
        wrong.append("the audit does not prove itself")
    if not _links(stage):
        wrong.append("no notice has a link")
    return wrong


def _links(stage: Stage) -> list[str]:
    found = []
    for file in stage.arrived:
        text = read_text(walk(file.read_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")))
        found += [word for word in text.text.split() if word.startswith(f"{stage.page}/h/")][:1]
    return found


def _epilogue(stage: Stage, wrong: list[str]) -> None:
    console.print("\nThe audit, one verdict before and one outcome after each mail:\n", style="bold", highlight=False)
    for record in _records(stage):
        what = record.get("askonce.disposition") or record.get("askonce.outcome") or record.get("askonce.step") or ""
        at, mail = record["@timestamp"][11:23], record.get("askonce.mail_id", "")
        line = f"   {at}  {record['event.action']:8} {what:10} {mail}"
        console.print(line, highlight=False, markup=False, style="dim")
    console.print("\nWhat Mira opens to revise and send (the link of a notice):\n", style="bold", highlight=False)
    for link in _links(stage):
        console.print(f"   {link}", highlight=False, markup=False)
    for line in wrong:
        console.print(f"NOT AS THE STORY SAYS: {line}", style="red", highlight=False, markup=False)
    if not wrong:
        console.print("\nAll as the story says.", style="green", highlight=False)


async def _stay(stage: Stage) -> None:
    console.print(
        f"\nStill up. Point a mail client at 127.0.0.1:{stage.port} (no encryption, no password), write as {MIRA}\n"
        f"to studio@{DOMAIN}, and look into {stage.folder / 'arrived'}. Ctrl-C ends it.",
        highlight=False,
    )
    stopping = asyncio.Event()
    for number in ENDS:
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    await stopping.wait()
