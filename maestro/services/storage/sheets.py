"""Shots with their takes: only those put together anew that something changed in, so that an edit costs as much in any project."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from maestro.services.storage.facts import Facts, words_now
from maestro.services.storage.records import WordsRecord
from maestro.services.storage.shelf import Shelved
from maestro.services.storage.store import Loaded
from maestro.services.storage.takes import as_take, frame_of
from maestro.services.storage.wanted import Wanted, wanted
from maestro.types import References, Shot, ShotSheet, Take, TakeLabel


@dataclass(frozen=True, slots=True)
class Sources:
    """What a project's sheets are made from; compared by identity, since each part stays the same object while its files do."""

    folder: Path
    facts: Facts
    shelved: tuple[Shelved, ...]
    words: Mapping[int, Loaded]

    def text(self, shot_id: int) -> WordsRecord | None:
        """The words that hold; None when there is no such shot."""
        shot, own = self.facts.shots.get(shot_id), self.words.get(shot_id)
        return None if shot is None else words_now(shot, own.facts if own else None)


@dataclass(frozen=True, slots=True)
class _Made:
    sources: Sources
    on_shelf: dict[int, list[Shelved]]
    sheets: dict[int, ShotSheet]
    takes: dict[TakeLabel, tuple[tuple[object, ...], Take]] = field(default_factory=dict)


class Sheets:
    """Thread-safe: whoever comes second at worst does the same work again."""

    def __init__(self) -> None:
        self._made: _Made | None = None

    def of(self, sources: Sources) -> tuple[ShotSheet, ...]:
        """In order of their shots; the same objects for what did not change."""
        made = _made_anew(self._made, sources) if self._made else _made_first(sources)
        self._made = made
        return tuple(made.sheets.values())


def _made_first(sources: Sources, takes: dict[TakeLabel, tuple[tuple[object, ...], Take]] | None = None) -> _Made:
    on_shelf: dict[int, list[Shelved]] = {shot_id: [] for shot_id in sources.facts.shots}
    for each in sources.shelved:
        on_shelf.setdefault(each.record.shot_id, []).append(each)
    made = _Made(sources, {shot_id: on_shelf[shot_id] for shot_id in sorted(on_shelf)}, {}, takes or {})
    for shot_id in made.on_shelf:
        made.sheets[shot_id] = _sheet(made, shot_id)
    return made


def _made_anew(before: _Made, sources: Sources) -> _Made:
    known = before.sources
    if known.folder != sources.folder or known.facts is not sources.facts or known.shelved is not sources.shelved:
        return _made_first(sources, dict(before.takes))
    made = _Made(sources, before.on_shelf, dict(before.sheets), dict(before.takes))
    for shot_id in known.words.keys() | sources.words.keys():
        if shot_id in made.sheets and known.words.get(shot_id) is not sources.words.get(shot_id):
            made.sheets[shot_id] = _sheet(made, shot_id)
    return made


def _sheet(made: _Made, shot_id: int) -> ShotSheet:
    sources = made.sources
    shot, now = sources.facts.shots.get(shot_id), sources.text(shot_id)
    takes = _takes(made, shot_id, now.text if now else None)
    if shot is None or now is None:  # a shot that is gone still shows its takes: nothing that was paid for is hidden
        return ShotSheet(Shot(shot_id, ""), "", can_undo=False, can_redo=False, takes=takes)
    chosen = sources.facts.references.get(shot_id)
    return ShotSheet(
        shot=Shot(shot.id, now.text, shot.framing),
        director_text=shot.director_text,
        can_undo=bool(now.past),
        can_redo=bool(now.future),
        takes=takes,
        references=chosen.references if chosen else References(),
    )


def _takes(made: _Made, shot_id: int, text: str | None) -> tuple[Take, ...]:
    """Those of a shot that is gone have no words of now to be compared with."""
    facts, on_shelf = made.sources.facts, made.on_shelf[shot_id]
    if text is None:
        return tuple(_take(made, shelved, None) for shelved in on_shelf)
    now = wanted(facts, shot_id, text)
    return tuple(_take(made, shelved, now) for shelved in on_shelf)


def _take(made: _Made, shelved: Shelved, now: Wanted | None) -> Take:
    """From memory when nothing that it is made from has changed."""
    label, facts, folder = shelved.record.label, made.sources.facts, made.sources.folder
    made_from = (shelved, folder, facts.is_saved(label), now, frame_of(shelved.record, facts))
    known = made.takes.get(label)
    if known is None or known[0] != made_from:
        known = (made_from, as_take(folder, shelved, facts, now))
        made.takes[label] = known
    return known[1]
