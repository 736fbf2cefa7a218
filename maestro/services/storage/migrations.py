"""Older schemas, one step at a time. A step is a pure function; what it moves out of the tables is written before the new state is.

Schema 0 was TinyDB's own file, without an envelope: tables `project`, `shots` (words in place) and `takes` (whole takes).
Schema 1 keeps a take's unchanging record beside its picture and only its mark in the tables.
"""

from collections.abc import Callable
from typing import Any

from maestro.services.storage.records import TakeRecord, from_json, to_json

SCHEMA = 1

Tables = dict[str, dict[str, dict[str, Any]]]
SideFile = tuple[str, dict[str, Any]]
"""(path in the project's folder, record)."""


def migrate(tables: Tables, schema: int) -> tuple[Tables, list[SideFile]]:
    """The tables at SCHEMA, and the files to write first. Raises KeyError, TypeError or ValueError when they are not so."""
    side_files: list[SideFile] = []
    for step in range(schema, SCHEMA):
        tables, more = STEPS[step](tables)
        side_files += more
    return tables, side_files


def _from_0(tables: Tables) -> tuple[Tables, list[SideFile]]:
    projects = list(tables["project"].values())
    shots = {
        number: {**shot, "director_text": shot.get("director_text", shot["text"])}
        for number, shot in tables.get("shots", {}).items()
    }
    stored = list(tables.get("takes", {}).values())
    takes = [from_json(TakeRecord, take) for take in stored]
    marks = [
        {"shot_id": take.shot_id, "number": take.number, "is_saved": bool(old.get("is_saved"))}
        for take, old in zip(takes, stored, strict=True)
    ]
    numbers: dict[str, int] = {}
    for take in takes:
        numbers[str(take.shot_id)] = max(numbers.get(str(take.shot_id), 0), take.number)
    side_files = [(f"takes/{take.label}.json", to_json(take)) for take in takes]
    return {
        "project": {"1": projects[0]},
        "shots": shots,
        "marks": {str(mark["shot_id"] * 1_000_000 + mark["number"]): mark for mark in marks},
        "numbers": {shot_id: {"shot_id": int(shot_id), "last": last} for shot_id, last in numbers.items()},
    }, side_files


STEPS: dict[int, Callable[[Tables], tuple[Tables, list[SideFile]]]] = {0: _from_0}
