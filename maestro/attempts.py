"""The one boundary where whatever goes wrong becomes a MaestroError: threads in the background end here, and never in silence."""

import logging
from collections.abc import Callable

from maestro.errors import MaestroError

log = logging.getLogger(__name__)


def attempt(work: Callable[[], object], what: str) -> MaestroError | None:
    """Does `work`; None when it went well, else what went wrong, the unknown logged and named after `what`."""
    try:
        work()
    except MaestroError as error:
        return error
    except Exception as error:
        log.exception("Something unexpected went wrong with %s", what)
        return _unexpected(what, error)
    return None


def _unexpected(what: str, cause: Exception) -> MaestroError:
    error = MaestroError(
        f"Something unexpected went wrong with {what} ({type(cause).__name__}); nothing was lost.",
        next_step="Try again; the program's log tells more.",
    )
    error.__cause__ = cause
    return error
