"""askonce: the e-mail gateway that lets an organisation ask once, and once only."""

import sys
from types import ModuleType
from typing import cast

__version__ = "0.1.0"


def _lean() -> None:
    """structlog looks for rich (7 MB in every process, for tracebacks nobody sees) and greenlet, and does without
    them where they are missing; so they are while it is imported, here, before any other module of ours."""
    modules = cast("dict[str, ModuleType | None]", sys.modules)
    hidden = {name: modules.pop(name, None) for name in ("rich", "greenlet")}
    modules.update(dict.fromkeys(hidden))
    try:
        import structlog  # noqa: F401  # for what the import does
    finally:
        for name, module in hidden.items():
            del modules[name]
            if module is not None:
                modules[name] = module


if "structlog" not in sys.modules:
    _lean()
