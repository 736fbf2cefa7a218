"""The ledger as tables and as a spreadsheet: what every call was for and what it cost, adding up as it is written."""

import csv
import io
from collections.abc import Sequence

from maestro.types import SHOT_COUNT, CallKind, Charge, ChargeState, Spending
from maestro.ui.markup import clock_time, count, dollars, escape
from maestro.ui.studio import studio

FINEST, EXACT = 4, 6
"""Decimals at most, of a sum and of one call: providers charge in fractions of a cent."""
DEEDS = {
    CallKind.DESCRIBE: "Context",
    CallKind.DIRECT: "Director",
    CallKind.REDIRECT: "Shot {} directed again",
    CallKind.SHOOT: "Picture of shot {}",
    CallKind.UNASSIGNED: "Unassigned",
}
COLUMNS = ("time", "what", "shot", "model", "state", "cost_usd", "estimate_usd", "call", "generation")


def sums_html(spending: Spending, charges: Sequence[Charge]) -> str:
    """A table whose lines, as they are written, add up to the total as it is written."""
    shots = dict(spending.shots_usd)
    lines = [("Analysis", 0, spending.analysis_usd)]
    lines += [(f"Shot {number}", number, shots.get(number, 0.0)) for number in sorted({*range(1, SHOT_COUNT + 1), *shots})]
    if spending.unassigned_usd:
        lines.append(("Unassigned", -1, spending.unassigned_usd))
    written = adding_up([amount for _, _, amount in lines], spending.total_usd)
    rows = "".join(
        f'<tr><th scope="row">{name}</th><td>{escape(_calls_of(charges, shot))}</td><td>{amount if usd else "$0"}</td></tr>'
        for (name, shot, usd), amount in zip(lines, written[:-1], strict=True)
    )
    return (
        '<table class="m-sums"><caption class="m-hidden">What this project cost</caption>'
        '<thead><tr><th scope="col">What</th><th scope="col">Calls</th><th scope="col">Cost</th></tr></thead>'
        f'<tbody>{rows}</tbody><tfoot><tr><th scope="row">Total</th><td></td><td>{written[-1]}</td></tr></tfoot></table>'
    )


def _calls_of(charges: Sequence[Charge], shot: int) -> str:
    mine = [charge for charge in charges if _line_of(charge) == shot]
    unknown = sum(is_in_doubt(charge) for charge in mine)
    if shot < 0 or not mine:
        return ""
    return f"{count(len(mine), 'call')}, {unknown} unknown" if unknown else count(len(mine), "call")


def _line_of(charge: Charge) -> int:
    if charge.kind is CallKind.UNASSIGNED:
        return -1
    return charge.shot_id if charge.kind is CallKind.SHOOT else 0


def adding_up(amounts: Sequence[float], total: float) -> list[str]:
    """The amounts and their total as dollars, with as few decimals as say them exactly (at most 4).

    What is rounded away is shared out in units of the last decimal, so that the lines add up to the total as they are written.
    """
    decimals = _decimals((*amounts, total), FINEST)
    unit = 10.0**decimals
    whole = [int(one * unit + 1e-6) for one in amounts]
    rests = sorted(range(len(amounts)), key=lambda at: amounts[at] * unit - whole[at], reverse=True)
    for at in rests[: max(0, round(total * unit) - sum(whole))]:
        whole[at] += 1
    return [dollars(one / unit, decimals) for one in (*whole, sum(whole))]


def calls_html(charges: Sequence[Charge]) -> str:
    """A table of calls, in the order given."""
    rows = "".join(
        f"<tr><td>{escape(clock_time(charge.at))}</td><td>{escape(what(charge))}</td><td>{escape(charge.model)}</td>"
        f"<td>{escape(cost_words(charge))}</td><td>{'' if charge.estimate_usd is None else exact(charge.estimate_usd)}</td></tr>"
        for charge in charges
    )
    heads = "".join(f'<th scope="col">{head}</th>' for head in ("When", "What", "Model", "Cost", "Estimate"))
    return (
        '<div class="m-wide" tabindex="0" role="region" aria-label="Every call"><table class="m-sums m-calls">'
        f"<thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def what(charge: Charge) -> str:
    """What the call was for: "Picture of shot 3"."""
    return DEEDS[charge.kind].format(charge.shot_id)


def cost_words(charge: Charge) -> str:
    """What it cost, or what is known of that."""
    if charge.state is ChargeState.OPEN and not is_in_doubt(charge):
        return "not ended yet"
    if charge.state is ChargeState.COVERED:
        return "within what is unassigned"
    if is_in_doubt(charge) or charge.cost_usd is None:
        return "unknown: may have been charged"
    return exact(charge.cost_usd) if charge.cost_usd else "nothing"


def is_in_doubt(charge: Charge) -> bool:
    """Whether the call ended, or its program did, and nobody knows what it cost."""
    if charge.state is ChargeState.OPEN:
        return not studio().money.is_in_flight(charge.call_id)
    return charge.state is ChargeState.UNKNOWN


def exact(amount_usd: float) -> str:
    """One amount to the last decimal that it has, of six."""
    return dollars(amount_usd, _decimals([amount_usd], EXACT))


def _decimals(amounts: Sequence[float], most: int) -> int:
    return next((n for n in range(2, most) if all(abs(round(one, n) - one) < 1e-9 for one in amounts)), most)


def as_csv(charges: Sequence[Charge]) -> bytes:
    """The calls as a spreadsheet opens them; a text that it would take for a formula gets an apostrophe before it."""
    out = io.StringIO()
    lines = csv.writer(out)
    lines.writerow(COLUMNS)
    for charge in charges:
        words = (charge.kind, charge.shot_id or "", charge.model, charge.state)
        sums = (_number(charge.cost_usd), _number(charge.estimate_usd))
        lines.writerow(
            [
                charge.at.isoformat(timespec="seconds"),
                *map(_plain, words),
                *sums,
                _plain(charge.call_id),
                _plain(charge.generation_id),
            ]
        )
    return out.getvalue().encode("utf-8-sig")


def _number(amount_usd: float | None) -> str:
    return "" if amount_usd is None else f"{amount_usd:.10f}".rstrip("0").rstrip(".")


def _plain(cell: object) -> str:
    text = str(cell)
    return f"'{text}" if text.lstrip().startswith(("=", "+", "-", "@")) or text.startswith(("\t", "\r", "\n")) else text
