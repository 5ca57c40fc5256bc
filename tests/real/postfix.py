"""A private Postfix: own configuration, queue and data folders, loopback ports, mail delivered into one Maildir.

It listens on three ports: `reinject` takes mail and delivers it; `proxy` has the gateway as `smtpd_proxy_filter`
(Postfix SMTPD_PROXY_README); `filtered` has it as `content_filter` (FILTER_README). Beside them it runs the entries of
`deploy/postfix` as they stand, on ports of their own: `ways_back`, by the file's name.
"""

import os
import pwd
import shutil
import socket
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

MAIN = """
compatibility_level = 3.6
queue_directory = {root}/queue
data_directory = {root}/data
mail_owner = postfix
setgid_group = postdrop
maillog_file = {root}/mail.log
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mydestination =
myhostname = mail.lantern.example
mynetworks = 127.0.0.0/8
alias_maps =
local_recipient_maps =
virtual_mailbox_domains = lantern.example, outside.example
virtual_mailbox_base = {root}/mail
virtual_mailbox_maps = static:all/
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
virtual_minimum_uid = 1
smtpd_authorized_xforward_hosts = 127.0.0.0/8
smtpd_recipient_restrictions =
    check_recipient_access inline:{{{{gone@lantern.example = 550 5.1.1 no longer here}}}}
    permit_mynetworks, reject
smtpd_client_connection_count_limit = 0
smtpd_client_connection_rate_limit = 0
anvil_rate_time_unit = 1s
maximal_backoff_time = 2s
minimal_backoff_time = 1s
queue_run_delay = 1s
in_flow_delay = 0
default_process_limit = 20
"""

MASTER = """
127.0.0.1:{reinject} inet n - n - - smtpd -o syslog_name=reinject
127.0.0.1:{proxy}    inet n - n - - smtpd -o smtpd_proxy_filter=127.0.0.1:{gateway}
127.0.0.1:{filtered} inet n - n - - smtpd -o content_filter=askonce:[127.0.0.1]:{gateway}
pickup    unix  n - n 60 1 pickup
cleanup   unix  n - n - 0 cleanup
qmgr      unix  n - n 1 1 qmgr
rewrite   unix  - - n - - trivial-rewrite
bounce    unix  - - n - 0 bounce
defer     unix  - - n - 0 bounce
trace     unix  - - n - 0 bounce
verify    unix  - - n - 1 verify
flush     unix  n - n 1000? 0 flush
proxymap  unix  - - n - - proxymap
smtp      unix  - - n - - smtp -o smtp_send_xforward_command=yes
relay     unix  - - n - - smtp
error     unix  - - n - - error
retry     unix  - - n - - error
discard   unix  - - n - - discard
virtual   unix  - n n - - virtual
anvil     unix  - - n - 1 anvil
scache    unix  - - n - 1 scache
postlog   unix-dgram n - n - 1 postlogd
"""


DEPLOYED = Path(__file__).parents[2] / "deploy" / "postfix"


def _entries(name: str, port: int) -> str:
    """The master.cf entries of a file of ours, its way back on this port."""
    lines = (DEPLOYED / name).read_text("utf-8").splitlines()
    text = "\n".join(line for line in lines if not line.startswith("#"))
    assert "127.0.0.1:10026 inet" in text
    return text.replace("127.0.0.1:10026", f"127.0.0.1:{port}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Postfix:
    """A running instance: its folder and ports."""

    root: Path
    reinject: int
    proxy: int
    filtered: int
    ways_back: Mapping[str, int]

    @property
    def config(self) -> Path:
        return self.root / "etc"

    def delivered(self) -> list[Path]:
        """Files of the Maildir, oldest first."""
        folder = self.root / "mail" / "all" / "new"
        return sorted(folder.iterdir(), key=lambda path: path.stat().st_mtime_ns) if folder.is_dir() else []

    def wait_for(self, count: int, seconds: float = 20) -> list[Path]:
        """The delivered files once there are `count`, or what is there when the time is up."""
        end = time.monotonic() + seconds
        while len(self.delivered()) < count and time.monotonic() < end:
            time.sleep(0.05)
        return self.delivered()

    def log(self) -> str:
        """What this instance logged."""
        file = self.root / "mail.log"
        return file.read_text("utf-8", "replace") if file.exists() else ""

    def stop(self) -> None:
        subprocess.run(["postfix", "-c", str(self.config), "stop"], capture_output=True, timeout=60, check=False)


def free_port() -> int:
    """A loopback port nobody listens on at this moment."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def start_postfix(root: Path, *, gateway_port: int, reinject: int = 0) -> Postfix:
    """Start an instance below `root`, which must be reachable for the user postfix."""
    ways_back = {name: free_port() for name in ("before-queue.cf", "after-queue.cf")}
    ports = {"reinject": reinject or free_port(), "proxy": free_port(), "filtered": free_port()}
    postfix = Postfix(root=root, ways_back=ways_back, **ports)
    user = pwd.getpwnam("postfix")
    for folder in ("etc", "queue", "data", "mail"):
        (root / folder).mkdir(parents=True)
    os.chown(root / "data", user.pw_uid, user.pw_gid)
    os.chown(root / "mail", user.pw_uid, user.pw_gid)
    main = MAIN.format(root=root, uid=user.pw_uid, gid=user.pw_gid)
    (postfix.config / "main.cf").write_text(main)
    (postfix.config / "master.cf").write_text(
        MASTER.format(
            reinject=postfix.reinject,
            proxy=postfix.proxy,
            filtered=postfix.filtered,
            gateway=gateway_port,
        )
        + "\n".join(_entries(name, port) for name, port in ways_back.items())
    )
    started = subprocess.run(
        ["postfix", "-c", str(postfix.config), "start"], capture_output=True, text=True, timeout=60, check=False
    )
    if started.returncode:
        raise RuntimeError(started.stdout + started.stderr + postfix.log())
    _until_open(postfix.reinject)
    return postfix


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


def open_folder() -> Path:
    """A new folder every user may enter (pytest's own are closed to the user postfix)."""
    import tempfile

    folder = Path(tempfile.mkdtemp(prefix="askonce-postfix-", dir="/var/tmp"))
    folder.chmod(0o755)
    return folder


def remove(folder: Path) -> None:
    """Delete an instance's folder."""
    shutil.rmtree(folder, ignore_errors=True)
