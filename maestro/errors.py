"""The error family. Each message is a sentence to the user; `next_step` tells what to do; the cause is kept.

MaestroError
├── SettingError          an environment variable has a value that is not allowed
├── FootageError          the clip cannot be used
│   └── TooLongError          longer than the limit; its beginning could be used
├── StyleError            the style picture cannot be used
├── PictureError          bytes that should be a picture are none that can be read
├── WorkspaceError        the workspace cannot be read or written
│   ├── ProjectMissingError   no such project
│   ├── ProjectDamagedError   its records cannot be read; the damaged bytes are kept
│   ├── NewerProjectError     written by a newer version; open read-only
│   ├── DiskFullError         no space; nothing was changed
│   └── EditConflictError     the words were changed elsewhere in the meantime; holds both
├── BundleError           a bundle cannot be imported
├── CapError              a click would pass a cap on spending; nothing was asked
└── EngineError           an engine gave no usable answer; says whether it may have been charged
    ├── KeyRefusedError       401: the key is wrong, missing or disabled
    ├── OutOfCreditError      402
    ├── RefusedError          403 and refusals: the provider's own words
    ├── ModelGoneError        404: names the models to try instead
    ├── RateLimitedError      429: knows the wait
    ├── NoPictureError        an answer without a picture
    ├── AnswerError           an answer that cannot be used; the raw text is kept
    ├── TimedOutError         the total deadline passed
    ├── ConnectionLostError   no or half an answer
    ├── ProviderError         every other status
    └── CancelledError        the user cancelled
"""

from enum import StrEnum
from typing import ClassVar


class Remedy(StrEnum):
    """What mends a failure: it decides which button the page shows beside the sentence."""

    RETRY = "retry"
    """Ask again."""
    WORDS = "words"
    """Change the words, then ask again."""
    WAIT = "wait"
    """Ask again after a while."""
    KEY = "key"
    """The key must be set or mended."""
    CREDIT = "credit"
    """The account needs credit."""
    MODEL = "model"
    """Another model must be chosen."""
    CAP = "cap"
    """A cap on spending must be raised."""
    SETTING = "setting"
    """A setting must be changed and the program started again."""


class MaestroError(Exception):
    """`str(error)` names the fault in one sentence; `next_step` says what to do about it in another."""

    default_next_step: ClassVar[str] = "Try again."
    remedy: Remedy = Remedy.RETRY

    def __init__(self, message: str, *, next_step: str | None = None) -> None:
        super().__init__(message)
        self.next_step = self.default_next_step if next_step is None else next_step

    def __reduce__(self) -> tuple[object, ...]:
        """Travels whole between processes, whatever its `__init__` asks for."""
        return _again, (type(self), self.args, self.__dict__)


def _again(kind: type[MaestroError], args: tuple[object, ...], facts: dict[str, object]) -> MaestroError:
    error = kind.__new__(kind, *args)
    error.__dict__.update(facts)
    return error


class SettingError(MaestroError):
    """An environment variable has a value that is not allowed; names the variable and what is."""

    default_next_step = "Correct the variable and start Maestro again."


class FootageError(MaestroError):
    """The clip cannot be used."""

    default_next_step = "Choose another mp4 of at most 30 s."


class TooLongError(FootageError):
    """The clip is longer than the limit; `duration_s` is its length, `max_s` how much of its beginning could be used."""

    default_next_step = "Use its beginning, or choose a shorter clip."

    def __init__(self, message: str, *, duration_s: float, max_s: float) -> None:
        super().__init__(message)
        self.duration_s = duration_s
        self.max_s = max_s


class StyleError(MaestroError):
    """The style picture cannot be used."""

    default_next_step = "Choose another PNG or JPEG."


class PictureError(MaestroError):
    """Bytes that should be a picture are none that can be read."""

    default_next_step = "Ask for the picture again."


class WorkspaceError(MaestroError):
    """The workspace cannot be read or written."""

    default_next_step = "Check the workspace folder, then try again."


class ProjectMissingError(WorkspaceError):
    """No such project."""

    default_next_step = "Choose one from the list."


class ProjectDamagedError(WorkspaceError):
    """A project's records cannot be read; the damaged bytes are kept beside them."""

    default_next_step = "Restore a backup, or take the pictures from the project's folder."


class NewerProjectError(WorkspaceError):
    """Written by a newer version of Maestro: it may be looked at, but not changed."""

    default_next_step = "Update Maestro to change this project."


class DiskFullError(WorkspaceError):
    """No space was left; nothing was changed."""

    default_next_step = "Free some space, then try again."


class EditConflictError(WorkspaceError):
    """The words were changed elsewhere since this page showed them; both are kept."""

    default_next_step = "Choose which words to keep."

    def __init__(self, *, stored: str, mine: str) -> None:
        super().__init__("These words were changed in another tab or program in the meantime.")
        self.stored = stored
        self.mine = mine


class BundleError(MaestroError):
    """A bundle cannot be imported."""

    default_next_step = "Choose a ZIP that Maestro exported."


class CapError(MaestroError):
    """The click would pass a cap on spending; nothing was asked. `scope` is "project" or "day", `cap_usd` the cap."""

    default_next_step = "Raise the cap under Money, or ask for less."
    remedy = Remedy.CAP

    def __init__(self, message: str, *, scope: str, cap_usd: float) -> None:
        super().__init__(message)
        self.scope = scope
        self.cap_usd = cap_usd


class EngineError(MaestroError):
    """An engine gave no usable answer. `may_be_charged` is False only when it is certain that nothing was billed.

    `is_passing` tells that the same request may well work later; `raw` keeps what was answered, for the user to read. `cost_usd`
    is what unusable answers said that they cost, None when none said anything. `generation_id` is the provider's id of the call
    whose answer is missing, by which its cost can be asked for later. `model` and `prompt` are who was asked what.
    """

    cost_usd: float | None = None
    generation_id: str = ""
    model: str = ""
    prompt: str = ""

    def __init__(
        self,
        message: str,
        *,
        next_step: str | None = None,
        may_be_charged: bool = True,
        is_passing: bool = False,
        raw: str = "",
    ) -> None:
        super().__init__(message, next_step=next_step)
        self.may_be_charged = may_be_charged
        self.is_passing = is_passing
        self.raw = raw


class KeyRefusedError(EngineError):
    """401: the key is wrong, missing or disabled."""

    default_next_step = "Check OPENROUTER_API_KEY and start Maestro again."
    remedy = Remedy.KEY


class OutOfCreditError(EngineError):
    """402: the account has no credit left; the rest of a batch is not asked for."""

    default_next_step = "Add credit at your provider, then retry the shots that are missing."
    remedy = Remedy.CREDIT


class RefusedError(EngineError):
    """The provider or the model declined; the message carries its own words."""

    default_next_step = "Change the shot's words, then retry."
    remedy = Remedy.WORDS


class ModelGoneError(EngineError):
    """404: the model is not to be had; `fallback_models` may be chosen instead, best first. `step` is "text" or "image"."""

    default_next_step = "Choose another model."
    remedy = Remedy.MODEL

    def __init__(self, message: str, *, fallback_models: tuple[str, ...] = (), next_step: str | None = None) -> None:
        super().__init__(message, next_step=next_step, may_be_charged=False)
        self.fallback_models = fallback_models
        self.step = ""


class RateLimitedError(EngineError):
    """429: asked to wait; `wait_s` when the provider said how long."""

    default_next_step = "Wait a little, then retry."
    remedy = Remedy.WAIT

    def __init__(self, message: str, *, wait_s: float | None = None) -> None:
        super().__init__(message, may_be_charged=False, is_passing=True)
        self.wait_s = wait_s


class NoPictureError(EngineError):
    """An answer came, but no picture in it."""

    default_next_step = "Change the shot's words a little, then retry."
    remedy = Remedy.WORDS


class AnswerError(EngineError):
    """An answer came that cannot be used; `raw` keeps it."""

    default_next_step = "Ask again."


class TimedOutError(EngineError):
    """The total deadline passed without a whole answer."""

    default_next_step = "Retry; raise MAESTRO_TIMEOUT_S if it happens often."


class ConnectionLostError(EngineError):
    """No answer, or half of one."""

    default_next_step = "Check your connection, then retry."


class ProviderError(EngineError):
    """The provider failed with another status."""

    default_next_step = "Retry in a moment."


class CancelledError(EngineError):
    """The user cancelled; says whether it may have been billed."""

    default_next_step = "Try again whenever you like."
