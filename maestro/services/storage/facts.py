"""A project's tables, typed: read as `Facts`, changed through `Records`."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from tinydb import TinyDB
from tinydb.table import Document

from maestro.services.storage.choices import ChoicesRecord, ReferencesRecord
from maestro.services.storage.envelope import Tables
from maestro.services.storage.records import (
    HISTORY_LIMIT,
    FrameRecord,
    MarkRecord,
    NumberRecord,
    ProjectRecord,
    RecordError,
    ShotRecord,
    WordsRecord,
    from_json,
    to_json,
)
from maestro.types import Framing, References, Shot, TakeLabel

LABELS_A_SHOT = 1_000_000


@dataclass(frozen=True, slots=True)
class Facts:
    """What project.json says."""

    project: ProjectRecord
    shots: dict[int, ShotRecord]
    marks: dict[TakeLabel, MarkRecord]
    numbers: dict[int, int]
    references: dict[int, ReferencesRecord]
    choices: ChoicesRecord
    retired: tuple[FrameRecord, ...]

    def frames(self) -> tuple[FrameRecord, ...]:
        """Every source frame, the director's included, each index once."""
        director = self.project.director_frame
        known = {frame.index: frame for frame in (*self.project.frames, *([director] if director else []))}
        return tuple(known.values())

    def frame(self, index: int) -> FrameRecord | None:
        """The source frame of that index, one of those before too."""
        return next((frame for frame in (*self.frames(), *reversed(self.retired)) if frame.index == index), None)

    @property
    def style_sha256(self) -> str:
        """Empty when there is no style yet."""
        return self.project.style.sha256 if self.project.style else ""

    def is_saved(self, label: TakeLabel) -> bool:
        """Whether the user saved it."""
        return label in self.marks and self.marks[label].is_saved


def facts_of(tables: Tables) -> Facts:
    """Raises RecordError when the tables are no project."""
    projects = list(tables.get("project", {}).values())
    if len(projects) != 1:
        raise RecordError("it holds no project")
    shots = [from_json(ShotRecord, document) for document in tables.get("shots", {}).values()]
    marks = [from_json(MarkRecord, document) for document in tables.get("marks", {}).values()]
    numbers = [from_json(NumberRecord, document) for document in tables.get("numbers", {}).values()]
    references = [from_json(ReferencesRecord, document) for document in tables.get("references", {}).values()]
    choices = [from_json(ChoicesRecord, document) for document in tables.get("choices", {}).values()]
    return Facts(
        from_json(ProjectRecord, projects[0]),
        {shot.id: shot for shot in sorted(shots, key=lambda shot: shot.id)},
        {TakeLabel(mark.shot_id, mark.number): mark for mark in marks},
        {number.shot_id: number.last for number in numbers},
        {chosen.shot_id: chosen for chosen in references},
        choices[0] if choices else ChoicesRecord(),
        tuple(from_json(FrameRecord, document) for document in tables.get("retired", {}).values()),
    )


def words_of(tables: Tables) -> WordsRecord | None:
    """The words in a shot's own file, if there are any. Raises RecordError."""
    documents = list(tables.get("words", {}).values())
    return from_json(WordsRecord, documents[0]) if documents else None


def words_now(shot: ShotRecord, own: WordsRecord | None) -> WordsRecord:
    """The words that hold: the user's, unless the director wrote new ones since."""
    if own is not None and own.direction >= shot.direction:
        return own
    return WordsRecord(shot.direction, shot.text, shot.earlier)


def directed(shot: Shot, before: tuple[ShotRecord, WordsRecord | None] | None) -> ShotRecord:
    """The director's new words; those before them go to the history."""
    if before is None:
        return ShotRecord(shot.id, shot.text, shot.text, 1, _plain(shot.framing))
    old, own = before
    now = words_now(old, own)
    earlier = now.past if now.text == shot.text else (*now.past, now.text)
    direction = max(old.direction, own.direction if own else 0) + 1
    return ShotRecord(shot.id, shot.text, shot.text, direction, _plain(shot.framing), earlier[-HISTORY_LIMIT:])


class Records:
    """The tables inside a transaction."""

    def __init__(self, database: TinyDB, facts: Facts) -> None:
        self._database = database
        self.facts = facts
        self.project = facts.project

    def put_project(self, record: ProjectRecord) -> None:
        """Replaces what the project is; the moment of the change is set here."""
        self.project = replace(record, changed_at=datetime.now(UTC))
        self._put("project", 1, self.project)

    def put_shots(self, shots: Iterable[ShotRecord]) -> None:
        """Replaces all shots."""
        records = list(shots)
        table = self._database.table("shots", cache_size=0)
        table.remove(doc_ids=[shot_id for shot_id in self.facts.shots if shot_id not in {record.id for record in records}])
        for record in records:
            self._put("shots", record.id, record)

    def put_shot(self, shot: ShotRecord) -> None:
        """Replaces one shot."""
        self._put("shots", shot.id, shot)

    def put_references(self, shot_id: int, references: References) -> None:
        """Replaces what a shot is made from."""
        self._put("references", shot_id, ReferencesRecord(shot_id, references.frame_index, references.anchor))

    def put_choices(self, choices: ChoicesRecord) -> None:
        """Replaces what was chosen for the whole project; writes nothing that was so already."""
        if choices != self.facts.choices:
            self._put("choices", 1, choices)

    def put_retired(self, frames: Iterable[FrameRecord]) -> None:
        """Replaces the frames that are no longer used."""
        records = tuple(frames)
        if records != self.facts.retired:
            self._database.table("retired", cache_size=0).truncate()
            for number, frame in enumerate(records, 1):
                self._put("retired", number, frame)

    def put_mark(self, label: TakeLabel, *, is_saved: bool) -> None:
        """Marks a take."""
        self._put("marks", label.shot_id * LABELS_A_SHOT + label.number, MarkRecord(label.shot_id, label.number, is_saved))

    def put_number(self, label: TakeLabel) -> None:
        """Remembers that a number was given."""
        last = max(self.facts.numbers.get(label.shot_id, 0), label.number)
        self._put("numbers", label.shot_id, NumberRecord(label.shot_id, last))

    def _put(self, table: str, number: int, record: Any) -> None:
        self._database.table(table, cache_size=0).upsert(Document(to_json(record), doc_id=number))


def _plain(framing: Framing | None) -> Framing | None:
    """Its numbers as Python's own, whatever computed them."""
    if framing is None:
        return None
    sides = (float(framing.left), float(framing.top), float(framing.width), float(framing.height))
    return Framing(str(framing.kind), int(framing.frame_index), *sides, float(framing.tilt_deg))
