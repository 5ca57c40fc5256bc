"""How a mistake ends: one clear line on standard error and exit code 2, never a traceback. Writes to standard error."""

import os
import sys
from collections.abc import Callable

from gateway.errors import GatewayError, UserError

ERROR, INTERRUPTED = 2, 130  # exit codes


def heeded(work: Callable[[], int]) -> int:
    """Do it; its exit code. What goes wrong has been said in one line."""
    try:
        return work()
    except UserError as error:
        complain(str(error))
    except GatewayError as error:
        complain(str(error) or error.reply.text)
    except KeyboardInterrupt:
        return INTERRUPTED
    except OSError as error:
        complain(": ".join(str(part) for part in (error.filename, error.strerror or error) if part))
    except Exception as error:
        if os.environ.get("ASKONCE_TRACEBACK"):
            raise
        complain(f"a fault of ours: {type(error).__name__}: {error} (ASKONCE_TRACEBACK=1 shows where)")
    return ERROR


def complain(message: str) -> None:
    """What is wrong, in one line on standard error."""
    print(f"askonce: {shown(' '.join(message.split()))}", file=sys.stderr, flush=True)


def shown(text: str, *, lines: bool = False) -> str:
    """Text of strangers for a terminal: control and invisible characters are shown, never obeyed."""
    return "".join(_visible(one, lines=lines) for one in text)


def _visible(one: str, *, lines: bool) -> str:
    if one.isprintable() or (lines and one == "\n"):
        return one
    if one.isspace() and ord(one) > 0x9F and one not in "\u2028\u2029":
        return " "
    return f"\\x{ord(one):02x}"
