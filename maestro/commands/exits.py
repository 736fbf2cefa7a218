"""How a command ends: the states of a clip and the exit codes that tell them apart."""

from collections.abc import Sequence
from enum import StrEnum

from maestro.errors import (
    BundleError,
    CapError,
    EngineError,
    FootageError,
    MaestroError,
    NewerProjectError,
    ProjectDamagedError,
    ProjectMissingError,
    SettingError,
    StyleError,
    WorkspaceError,
)


class NothingToGiveError(MaestroError):
    """A project has nothing of what was wanted of it."""


INPUTS = (
    FootageError | StyleError | BundleError | ProjectMissingError | ProjectDamagedError | NewerProjectError | NothingToGiveError
)


class State(StrEnum):
    """What became of a clip."""

    DONE = "done"
    REFUSED = "refused"
    FAILED = "failed"
    PARTIAL = "partial"
    CAPPED = "capped"
    UNUSABLE = "unusable"
    STOPPED = "stopped"


USAGE = 2
CODES = {
    State.DONE: 0,
    State.REFUSED: 3,
    State.FAILED: 4,
    State.PARTIAL: 5,
    State.CAPPED: 6,
    State.UNUSABLE: 7,
    State.STOPPED: 130,
}
EPILOG = """\b
Exit codes:
    0  everything that was wanted is there
    2  wrong usage, or a setting that is not allowed
    3  the input was refused: clip, style picture or project
    4  the provider or the engine failed, and nothing was made
    5  a part was made; run it again for the rest
    6  a cap on spending refused it
    7  the workspace or the output folder cannot be used, or another command works on the project
  130  interrupted; what was done is kept, run it again for the rest
"""
"""For `--help`; the first character keeps click from wrapping the lines."""


def state_of(error: MaestroError) -> State:
    """What an error that ended it all makes of a clip."""
    if isinstance(error, INPUTS):
        return State.REFUSED
    if isinstance(error, CapError):
        return State.CAPPED
    return State.UNUSABLE if isinstance(error, WorkspaceError | SettingError) else State.FAILED


def code_of_all(states: Sequence[State]) -> int:
    """The exit code of many clips: of the one state that all have; 5 when only some are done; 130 when it was interrupted."""
    kinds = set(states)
    if not kinds or kinds == {State.DONE}:
        return 0
    if State.STOPPED in kinds:
        return CODES[State.STOPPED]
    if kinds & {State.DONE, State.PARTIAL}:
        return CODES[State.PARTIAL]
    return max(CODES[state] for state in kinds)


def sentence(error: MaestroError) -> str:
    """What happened and what to do."""
    may_be_charged = isinstance(error, EngineError) and error.may_be_charged and "charged" not in str(error)
    return " ".join(part for part in (str(error), "It may have been charged." if may_be_charged else "", error.next_step) if part)
