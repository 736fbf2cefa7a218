"""A project's folder: everything that can be read from it and written to it."""

from datetime import UTC, datetime
from pathlib import Path

from maestro.errors import ProjectMissingError
from maestro.services.storage.calls import CallsPart
from maestro.services.storage.core import Ground
from maestro.services.storage.durable import is_folder, is_regular, regular_files, stat_key
from maestro.services.storage.exchanges import Drawer, ExchangesPart
from maestro.services.storage.facts import Facts
from maestro.services.storage.inputs import InputsPart
from maestro.services.storage.journal import is_picture_name
from maestro.services.storage.recovery import RecoveryPart
from maestro.services.storage.restoring import RestoringPart
from maestro.services.storage.sheets import Sheets, Sources
from maestro.services.storage.shelf import Shelved
from maestro.services.storage.store import Loaded, newer
from maestro.services.storage.takes import on_disk
from maestro.services.storage.thumbs import make_thumbnail
from maestro.services.storage.words import WordsPart
from maestro.types import Interruption, Project

__all__ = ["ProjectFolder"]


class ProjectFolder(WordsPart, InputsPart, CallsPart, RecoveryPart, ExchangesPart, RestoringPart):
    """Thread-safe; one object for a project in a process. Every change is on disk before its method returns.

    Methods that write raise WorkspaceError (DiskFullError, NewerProjectError, ProjectDamagedError, ProjectMissingError).
    """

    def __init__(self, ground: Ground, project_id: str) -> None:
        super().__init__(ground, project_id)
        self._read: tuple[tuple[object, ...], Project] | None = None
        self._alive: object = None
        self._sheets = Sheets()
        self._drawer = Drawer(lambda: self.path)

    def read(self) -> Project:
        """The project as it is on disk; the same object as long as nothing changed.

        Raises ProjectDamagedError when neither the records nor a backup can be read, ProjectMissingError when the folder is gone.
        """
        loaded = self._loaded()
        words = self._all_words()
        for shot_id, own in words.items():
            if own.damage:
                self.note(f"The words of shot {shot_id} were damaged ({own.damage}): the last good ones were opened.")
        shelved, interruptions, notices = self._shelf.takes(), self._journal.interruptions(), self._notices_now()
        made_from = (self.path, id(loaded), tuple(map(id, words.values())), id(shelved), interruptions, notices)
        known = self._read
        if known is None or known[0] != made_from or known[1].is_read_only != loaded.state.is_newer:
            # What the ids belong to is kept in the key's company, so that no new object can get the same one.
            self._alive = (loaded, words, shelved)
            known = (made_from, self._assemble(loaded, words, shelved, interruptions, notices))
            self._read = known
        return known[1]

    def is_bare(self) -> bool:
        """Whether nothing was ever kept in it: no inputs, shots, takes, answers or calls."""
        project = self.read()
        has_files = any(regular_files(self.path / name) for name in ("takes", "trash", "incoming", "exchanges", "words"))
        has_records = project.clip or project.frames or project.style_path or project.context or project.sheets
        return not (project.is_read_only or has_files or has_records or self._journal.entries())

    def thumbnail(self, picture_path: Path, width_px: int) -> Path:
        """A JPEG of at most that width in `thumbs/`, made once for each state of the original; the picture itself when it is small.

        Raises WorkspaceError when it is no picture of this project, cannot be decoded, or has more than 40 megapixels.
        """
        return make_thumbnail(self._ground.disk, self.path, picture_path, width_px)

    def picture_file(self, name: str) -> Path | None:
        """The file of a picture that the records own: "takes/...", "frames/..." or the style's name; None for everything else.

        Records are also those of takes and exchanges: frames and styles that were used before.
        """
        if not is_picture_name(name):
            return None
        folder, _, file = name.rpartition("/")
        path = self.path / name
        owned = self._owns_take(file) if folder == "takes" else self._owns_input(file) or name in self._names_sent()
        return path if owned and is_folder(path.parent) and is_regular(path) else None

    def _owns_take(self, file: str) -> bool:
        return any(take.record.file == file for take in self._shelf.takes())

    def _owns_input(self, file: str) -> bool:
        facts = self._facts()
        style, frames = facts.project.style, (*facts.frames(), *facts.retired)
        if file in {frame.file for frame in frames} or (style is not None and style.file == file):
            return True
        return any(take.record.frame is not None and take.record.frame.file == file for take in self._shelf.takes())

    def _assemble(
        self,
        loaded: Loaded,
        words: dict[int, Loaded],
        shelved: tuple[Shelved, ...],
        interruptions: tuple[Interruption, ...],
        notices: tuple[str, ...],
    ) -> Project:
        if loaded.state.is_newer:
            notices = (str(newer(loaded.state)), *notices)
        facts: Facts | None = loaded.facts
        revision = loaded.state.sequence + sum(own.state.sequence for own in words.values())
        if facts is None:
            return self._unreadable(revision, notices)
        record, style = facts.project, facts.project.style
        written_ns = max((own.key[2] for own in words.values() if own.key), default=0)
        changed_at = max(record.changed_at, datetime.fromtimestamp(written_ns / 1e9, UTC))
        return Project(
            id=self.id,
            name=record.name,
            revision=revision,
            created_at=record.created_at,
            changed_at=changed_at,
            clip=record.clip,
            frames=on_disk(self.path, record.frames),
            director_frame_index=record.director_frame.index if record.director_frame else None,
            style_name=style.name if style else "",
            style_path=self.path / style.file if style else None,
            context=record.context,
            context_model=record.context_model,
            director_model=record.director_model,
            sheets=self._sheets.of(Sources(self.path / "takes", facts, shelved, words)),
            interruptions=interruptions,
            notices=notices,
            is_read_only=loaded.state.is_newer,
            step=record.step,
            aspect_ratio=facts.choices.aspect_ratio,
            size=facts.choices.size,
            is_frames_changed=facts.choices.is_frames_changed,
            retired_frames=on_disk(self.path, facts.retired),
        )

    def _unreadable(self, revision: int, notices: tuple[str, ...]) -> Project:
        """A newer project of which not even the name can be told."""
        key = stat_key(self._store.path)
        if key is None:
            raise ProjectMissingError("The project's folder is gone.")
        moment = datetime.fromtimestamp(key[2] / 1e9, UTC)
        return Project(
            self.id,
            self.id,
            revision,
            moment,
            moment,
            None,
            (),
            None,
            "",
            None,
            None,
            "",
            "",
            (),
            notices=notices,
            is_read_only=True,
        )
