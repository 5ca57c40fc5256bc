"""What is measured: nothing between, Postfix's proxy filter, and the gateway; each in front of its own smtp-sink."""

import os
import pwd
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.gateway_process import start_gateway
from tests.real.postfix import free_port

MAIN = """
compatibility_level = 3.6
queue_directory = {root}/queue
data_directory = {root}/data
mail_owner = postfix
setgid_group = postdrop
maillog_file = {root}/mail.log
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mail.lantern.example
mydestination =
alias_maps =
local_recipient_maps =
relay_domains = lantern.example
mynetworks = 127.0.0.0/8
message_size_limit = 52428800
smtpd_recipient_restrictions = permit_mynetworks, reject
smtpd_peername_lookup = no
smtpd_client_connection_count_limit = 0
smtpd_client_connection_rate_limit = 0
disable_dns_lookups = yes
"""
MASTER = """
127.0.0.1:{port} inet n - n - 150 smtpd -o smtpd_proxy_filter=127.0.0.1:{sink}
pickup    unix  n - n 60 1 pickup
cleanup   unix  n - n - 0 cleanup
qmgr      unix  n - n 300 1 qmgr
rewrite   unix  - - n - - trivial-rewrite
proxymap  unix  - - n - - proxymap
error     unix  - - n - - error
retry     unix  - - n - - error
anvil     unix  - - n - 1 anvil
postlog   unix-dgram n - n - 1 postlogd
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """Something that takes mail on a loopback port; `pid` is the root of the processes that are measured, or None."""

    name: str
    port: int
    pid: int | None


@contextmanager
def sink() -> Iterator[int]:
    """Debian's smtp-sink; its port."""
    port = free_port()
    user = ["-u", "nobody"] if os.geteuid() == 0 else []
    process = subprocess.Popen(["smtp-sink", *user, "-m", "500", f"127.0.0.1:{port}", "512"])
    try:
        _until_open(port)
        yield port
    finally:
        process.terminate()
        process.wait(10)


@contextmanager
def direct() -> Iterator[System]:
    """smtp-source straight into smtp-sink: the limit of the tools."""
    with sink() as port:
        yield System(name="direct", port=port, pid=None)


@contextmanager
def postfix(root: Path) -> Iterator[System]:
    """A private Postfix: smtpd with smtpd_proxy_filter, no queue, no inspection. Needs root."""
    with sink() as behind:
        port = free_port()
        user = pwd.getpwnam("postfix")
        for folder in ("etc", "queue", "data"):
            (root / folder).mkdir(parents=True)
        os.chown(root / "data", user.pw_uid, user.pw_gid)
        (root / "etc" / "main.cf").write_text(MAIN.format(root=root))
        (root / "etc" / "master.cf").write_text(MASTER.format(port=port, sink=behind))
        command = ["postfix", "-c", str(root / "etc")]
        subprocess.run([*command, "start"], check=True, capture_output=True, timeout=60)
        try:
            _until_open(port)
            pid = int((root / "queue" / "pid" / "master.pid").read_text())
            yield System(name="postfix", port=port, pid=pid)
        finally:
            subprocess.run([*command, "stop"], check=False, capture_output=True, timeout=60)


@contextmanager
def gateway(root: Path) -> Iterator[System]:
    """`askonce serve` with two workers, the ask-once policy, full inspection, audit synced to disk, no page."""
    with sink() as behind:
        root.mkdir(parents=True)
        arguments = ["--workers", "2", "--policy", "ask-once"]
        running = start_gateway(root / "state", upstream=behind, arguments=arguments)
        try:
            yield System(name="gateway", port=running.port, pid=running.process.pid)
        finally:
            running.terminate()


def _until_open(port: int) -> None:
    end = time.monotonic() + 20
    while time.monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"nothing listens on port {port}")
