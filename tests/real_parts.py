"""Installs what the tests need of Debian's packages, when it may (root, with apt); otherwise says what is missing.

Run by `make test` before the tests. What stays missing is skipped with one clear line each; with CI=true a skip is a
failure, so nothing passes unseen.
"""

import os
import shutil
import subprocess
import sys

PROGRAMS = {  # program -> Debian package
    "postfix": "postfix",
    "smtp-source": "postfix",
    "strace": "strace",
    "chromium": "chromium",
    "openssl": "openssl",
}
MAY_WAIT = 900  # seconds for one call of apt-get
QUIET = {"DEBIAN_FRONTEND": "noninteractive", "PATH": os.environ.get("PATH", "") + ":/usr/sbin:/sbin"}


def main() -> None:
    """Install the missing packages, or name them."""
    missing = sorted({package for program, package in PROGRAMS.items() if not _present(program)})
    if missing and os.geteuid() == 0 and shutil.which("apt-get"):
        print(f"installing for the tests: {' '.join(missing)}", flush=True)
        _install(missing)
    for program in PROGRAMS:
        if not _present(program):
            print(f"not here, so its tests are skipped: {program} (Debian package {PROGRAMS[program]})")


def _present(program: str) -> bool:
    return shutil.which(program, path=QUIET["PATH"]) is not None


def _install(packages: list[str]) -> None:
    # Without a configuration Debian's Postfix starts no daemon of its own; the tests bring their own instances.
    answers = "postfix postfix/main_mailer_type select No configuration\n"
    for command, text in (
        (["debconf-set-selections"], answers),
        (["apt-get", "-qq", "update"], ""),
        (["apt-get", "-qq", "install", "-y", "--no-install-recommends", *packages], ""),
    ):
        try:
            done = subprocess.run(
                command, input=text, text=True, env={**os.environ, **QUIET}, timeout=MAY_WAIT, capture_output=True
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            print(f"{command[0]}: {error}", file=sys.stderr)
            return
        if done.returncode:
            print(f"{' '.join(command[:2])}: {done.stderr.strip()[-500:]}", file=sys.stderr)


if __name__ == "__main__":
    main()
