"""A process that writes an audit stream under load until it is killed: `python -m tests.audit.load FOLDER`.

Each mail id whose record was acknowledged goes to standard output, unbuffered.
"""

import asyncio
import os
import sys
from pathlib import Path

from gateway.audit.writer import open_stream
from tests.audit.samples import clock, outcome, verdict


async def main(folder: Path) -> None:
    """Twenty writers, without end; small files, so that kills fall into rotations too."""
    stream = await open_stream(folder, "load", clock=clock, max_bytes=60_000)
    os.write(1, b"ready\n")

    async def writer(name: int) -> None:
        for number in range(1_000_000):
            mail_id = f"{os.getpid()}.{name}.{number}"
            await stream.record(verdict(mail_id))
            os.write(1, f"{mail_id}\n".encode())
            stream.note(outcome(mail_id))

    await asyncio.gather(*(writer(name) for name in range(20)))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
