"""The projects of a workspace as cards: looked at without opening them, and again only when something in them was written."""

import os
import threading
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from maestro.errors import ProjectDamagedError
from maestro.services.storage.core import Ground
from maestro.services.storage.durable import StatKey, is_folder, is_regular, regular_files, stat_key
from maestro.services.storage.facts import Facts, facts_of
from maestro.services.storage.records import TAKE_FILE, label_of
from maestro.services.storage.store import Loaded, Place, Store, newer
from maestro.types import ProjectCard

FOLDERS = ("backups", "damaged", "exchanges", "frames", "incoming", "takes", "thumbs", "trash", "words")
SIGNS = ("project.json", "backups", "journal.jsonl", "takes")
"""A folder without any of these is none of ours."""

CardKey = tuple[StatKey | None, ...]


class Listing:
    """Thread-safe."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._lock = threading.Lock()
        self._cards: dict[str, tuple[CardKey, ProjectCard]] = {}

    def cards(self, ids: list[str]) -> list[ProjectCard]:
        """Newest change first."""
        cards = [self._card(project_id) for project_id in ids]
        with self._lock:
            self._cards = {project_id: known for project_id, known in self._cards.items() if project_id in ids}
        return sorted((card for card in cards if card is not None), key=lambda card: (card.changed_at, card.id), reverse=True)

    def _card(self, project_id: str) -> ProjectCard | None:
        folder = self._ground.workspace / project_id
        if not any(stat_key(folder / sign) for sign in SIGNS):
            return None
        key = tuple(stat_key(folder / name) for name in ("project.json", "", "takes", "words", "trash", "exchanges"))
        with self._lock:
            known = self._cards.get(project_id)
        if known is None or known[0] != key:
            known = (key, self._look(folder))
            with self._lock:
                self._cards[project_id] = known
        return known[1]

    def _look(self, folder: Path) -> ProjectCard:
        seen_at = _changed_at(folder)
        blank = ProjectCard(folder.name, folder.name, seen_at, 0, 0, 0, _size_bytes(folder), None)
        try:
            loaded = Store(Place(lambda: folder, self._ground.disk, self._ground.version), "project.json", facts_of).load()
        except ProjectDamagedError as error:
            return replace(blank, trouble=str(error))
        if loaded.facts is None:
            return replace(blank, trouble=str(newer(loaded.state)))
        return _filled(folder, blank, loaded)


def _filled(folder: Path, blank: ProjectCard, loaded: Loaded) -> ProjectCard:
    facts: Facts = loaded.facts
    files = regular_files(folder / "takes")
    labels = {label_of(name.removesuffix(".json")) for name in files if name.endswith(".json")}
    pictures = {label_of(Path(name).stem): name for name in sorted(files) if TAKE_FILE.fullmatch(name)}
    taken = sorted((label for label in labels if label is not None), key=lambda label: (label.shot_id, label.number))
    saved = [label for label in taken if facts.is_saved(label)]
    trouble = f"Its records are damaged ({loaded.damage}): its last good backup is opened." if loaded.damage else ""
    return replace(
        blank,
        name=facts.project.name,
        changed_at=max(facts.project.changed_at, *_moments(folder / "words"))
        if is_folder(folder / "words")
        else facts.project.changed_at,
        shot_count=len(facts.shots),
        take_count=len(taken),
        saved_count=len(saved),
        cover=_cover(folder, facts, [pictures[label] for label in (*saved, *reversed(taken)) if label in pictures]),
        trouble=str(newer(loaded.state)) if loaded.state.is_newer else trouble,
    )


def _cover(folder: Path, facts: Facts, pictures: list[str]) -> Path | None:
    """The first saved frame, else the newest take, else the middle source frame."""
    frames = [frame.file for frame in facts.project.frames]
    paths = [folder / "takes" / name for name in pictures[:1]] + [
        folder / "frames" / name for name in frames[len(frames) // 2 :][:1]
    ]
    return next((path for path in paths if is_regular(path)), None)


def _moments(path: Path) -> list[datetime]:
    key = stat_key(path)
    return [datetime.fromtimestamp(key[2] / 1e9, UTC)] if key else []


def _changed_at(folder: Path) -> datetime:
    return max(_moments(folder) + _moments(folder / "project.json"))


def _size_bytes(folder: Path) -> int:
    return sum(key[1] for name in ("", *FOLDERS) for key in regular_files(folder / name).values())


def project_folders(folder: Path) -> list[str]:
    """The names of real folders that may be projects, in no order. Raises OSError."""
    with os.scandir(folder) as entries:
        return [entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]
