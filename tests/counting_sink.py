"""A next hop that keeps what it was given, in a thread of its own, so that it outlives any gateway."""

import socketserver
import threading
from collections import Counter

BANNER = b"220 sink.example ESMTP\r\n"
EHLO = b"250-sink.example\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-DSN\r\n250-SMTPUTF8\r\n250 ENHANCEDSTATUSCODES\r\n"


class CountingSink:
    """Listens on a loopback port; `seen` counts the deliveries of each Message-ID."""

    def __init__(self) -> None:
        self.seen: Counter[str] = Counter()
        self.mails: list[bytes] = []
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()

    def keep(self, mail: bytes) -> None:
        """Called before the sink's 250."""
        with self._lock:
            self.mails.append(mail)
            self.seen[message_id(mail)] += 1

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    block_on_close = False


def message_id(mail: bytes) -> str:
    """The Message-ID of a mail, without brackets; "" where there is none."""
    for line in mail.split(b"\r\n\r\n", 1)[0].split(b"\r\n"):
        if line.lower().startswith(b"message-id:"):
            return line.split(b":", 1)[1].strip().strip(b"<>").decode("ascii", "replace")
    return ""


def _handler(sink: CountingSink) -> type[socketserver.StreamRequestHandler]:
    class Handler(socketserver.StreamRequestHandler):
        disable_nagle_algorithm = True  # three replies to one pipelined group leave at once, as a mail server's do

        def handle(self) -> None:
            try:
                self._talk()
            except OSError:
                return

        def _talk(self) -> None:
            self.wfile.write(BANNER)
            while line := self.rfile.readline(65536):
                verb = line[:4].upper()
                if verb in (b"EHLO", b"HELO"):
                    self.wfile.write(EHLO)
                elif verb == b"DATA":
                    self.wfile.write(b"354 go on\r\n")
                    sink.keep(self._data())
                    self.wfile.write(b"250 2.0.0 kept\r\n")
                elif verb == b"QUIT":
                    self.wfile.write(b"221 2.0.0 bye\r\n")
                    return
                else:
                    self.wfile.write(b"250 2.0.0 fine\r\n")

        def _data(self) -> bytes:
            lines: list[bytes] = []
            while (line := self.rfile.readline()) != b".\r\n":
                if not line:
                    raise ConnectionError
                lines.append(line[1:] if line.startswith(b".") else line)
            return b"".join(lines)

    return Handler
