"""Which calls nobody should make again unasked: those that were sent, and of which no answer is known."""

from collections.abc import Collection

from maestro.errors import EngineError
from maestro.studio import Studio
from maestro.types import CallKind, Charge, ChargeState, Project


class UnansweredError(EngineError):
    """A call was sent earlier, and nobody knows what became of it: it is not made again by itself."""

    default_next_step = "Run it again with --yes-interrupted to ask anew; that may be charged a second time."


def doubtful_shots(studio: Studio, project: Project) -> dict[int, str]:
    """Shots, and the sentence about the call that is in doubt."""
    told = {each.shot_id: each.message for each in project.interruptions if each.was_sent}
    known = {take.call_id for sheet in project.sheets for take in sheet.takes}
    for charge in studio.money.charges(project.id):
        if charge.kind is CallKind.SHOOT and charge.call_id not in known and _is_doubtful(studio, charge):
            told.setdefault(charge.shot_id, f"Shot {charge.shot_id} was asked for and never answered; it may have been charged.")
    return told


def require_no_doubt(studio: Studio, project_id: str, kinds: Collection[CallKind]) -> None:
    """Raises UnansweredError when a question of these kinds was asked and never answered."""
    for charge in studio.money.charges(project_id):
        if charge.kind in kinds and _is_doubtful(studio, charge):
            question = "Context" if charge.kind is CallKind.DESCRIBE else "Director"
            raise UnansweredError(f"The {question} question was asked and never answered; it may have been charged.")


def _is_doubtful(studio: Studio, charge: Charge) -> bool:
    is_free = charge.state is ChargeState.KNOWN and not charge.cost_usd
    if is_free or studio.money.is_in_flight(charge.call_id):
        return False
    return studio.exchange(charge.project_id, charge.call_id) is None
