"""Outcomes for people (lines and tables), for machines (JSON) and for spreadsheets (CSV)."""

import csv
import io
import json
import math
from collections.abc import Sequence
from pathlib import Path

from maestro.commands.delivery import write_whole
from maestro.commands.outcomes import Outcome

COLUMNS = ("clip", "state", "project", "takes", "wanted", "cost_usd", "unknown_count", "duration_s", "sentence")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def facts(outcome: Outcome) -> dict[str, object]:
    """One clip for a machine."""
    return {
        "clip": outcome.clip,
        "state": outcome.state.value,
        "project_id": outcome.project_id,
        "project": outcome.project,
        "wanted": outcome.wanted,
        "takes": [
            {
                "label": str(take.label),
                "path": str(take.path),
                "is_saved": take.is_saved,
                "model": take.model,
                "cost_usd": take.cost_usd,
                "text": take.text,
            }
            for take in outcome.takes
        ],
        "cost_usd": outcome.cost_usd,
        "unknown_count": outcome.unknown_count,
        "duration_s": round(outcome.duration_s, 3),
        "sentences": list(outcome.sentences),
        "files": [str(path) for path in outcome.files],
    }


def facts_of_all(outcomes: Sequence[Outcome]) -> dict[str, object]:
    """A batch for a machine."""
    states = [outcome.state.value for outcome in outcomes]
    return {
        "clips": [facts(outcome) for outcome in outcomes],
        "states": {state: states.count(state) for state in dict.fromkeys(states)},
        "cost_usd": math.fsum(outcome.cost_usd for outcome in outcomes),
        "unknown_count": sum(outcome.unknown_count for outcome in outcomes),
    }


def as_json(document: object) -> str:
    """Readable, in one document."""
    return json.dumps(document, ensure_ascii=False, indent=2)


def as_line(document: object) -> str:
    """One line of many."""
    return json.dumps(document, ensure_ascii=False)


def lines(outcome: Outcome) -> list[str]:
    """One clip for people."""
    count = f"{len(outcome.takes)} of {outcome.wanted} shots have a take"
    name = f"“{outcome.project}” ({outcome.project_id})" if outcome.project else outcome.clip
    head = f"{name}: {outcome.state.value}; {count}; {_money(outcome.cost_usd, outcome.unknown_count)}."
    return [head, *outcome.sentences, *(str(path) for path in outcome.files)]


def table(outcomes: Sequence[Outcome]) -> str:
    """A batch for people."""
    rows = [("clip", "state", "takes", "cost", "time", "")]
    for outcome in outcomes:
        takes = f"{len(outcome.takes)}/{outcome.wanted}"
        cost = _money(outcome.cost_usd, outcome.unknown_count)
        rows.append((outcome.clip, outcome.state.value, takes, cost, f"{outcome.duration_s:.1f} s", " ".join(outcome.sentences)))
    total = _money(math.fsum(each.cost_usd for each in outcomes), sum(each.unknown_count for each in outcomes))
    done = sum(outcome.state.value == "done" for outcome in outcomes)
    return f"{columns(rows)}\n{done} of {len(outcomes)} clips are done; {total}."


def columns(rows: Sequence[Sequence[str]]) -> str:
    """Rows with their cells one below the other; the last cell of a row is as long as it is."""
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]) - 1)]
    aligned = ("  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[-1]]) for row in rows)
    return "\n".join(line.rstrip() for line in aligned)


def as_csv(outcomes: Sequence[Outcome]) -> str:
    """A batch for a spreadsheet; no cell is a formula."""
    sheet = io.StringIO()
    writer = csv.writer(sheet, lineterminator="\n")
    writer.writerow(COLUMNS)
    for each in outcomes:
        cells = (each.clip, each.state.value, each.project, len(each.takes), each.wanted, each.cost_usd, each.unknown_count)
        writer.writerow([_plain(cell) for cell in (*cells, round(each.duration_s, 3), " ".join(each.sentences))])
    return sheet.getvalue()


def write(path: Path, outcomes: Sequence[Outcome]) -> None:
    """As the suffix says: .json, .csv, else the table. Raises OSError."""
    kind = path.suffix.lower()
    if kind == ".json":
        written = as_json(facts_of_all(outcomes)) + "\n"
    else:
        written = as_csv(outcomes) if kind == ".csv" else table(outcomes) + "\n"
    write_whole(path, written)


def _money(usd: float, unknown_count: int) -> str:
    unknown = f" + {unknown_count} of unknown cost" if unknown_count else ""
    return f"${usd:.4f}{unknown}" if usd or unknown_count else "$0"


def _plain(cell: object) -> object:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell
