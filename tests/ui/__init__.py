"""The pages, with a hand-written studio in the real one's place."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from PIL import Image

from maestro.config import Settings
from maestro.errors import MaestroError, ProjectMissingError
from maestro.events import Events, topic
from maestro.studio import Studio
from maestro.types import (
    Backup,
    Clip,
    EngineCard,
    Exchange,
    Project,
    ProjectCard,
    Shot,
    ShotSheet,
    StoryboardLayout,
    Take,
    TakeLabel,
)
from tests.ui.books import FakeModels, FakeMoney

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
CLIP = Clip("meadow.mp4", "0" * 64, 5.28, 25.0, 132, 1280, 720, 0, "h264", 900_000)


def shown_project(folder: Path, project_id: str = "meadow-1", *, saved: Sequence[int] = (), words: str = "A wide shot.") -> Project:
    """A project of five shots with a take each, real pictures under `folder`; the takes of `saved` shots are saved."""
    sheets = []
    for number in range(1, 6):
        path = folder / project_id / "takes" / f"shot-{number:02d}_take-01.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (160, 90), (40 * number, 90, 120)).save(path)
        sheets.append(
            ShotSheet(
                Shot(number, words), words, can_undo=False, can_redo=False, takes=(_take(path, number, words, number in saved),)
            )
        )
    return Project(
        id=project_id,
        name="Rabbit at dawn",
        revision=1,
        created_at=NOW,
        changed_at=NOW,
        clip=CLIP,
        frames=(),
        director_frame_index=None,
        style_name="wave.jpg",
        style_path=None,
        context=None,
        context_model="",
        director_model="",
        sheets=tuple(sheets),
    )


def _take(path: Path, shot_id: int, words: str, is_saved: bool) -> Take:
    return Take(
        label=TakeLabel(shot_id, 1),
        text=words,
        prompt=words,
        engine="offline",
        model="",
        created_at=NOW,
        duration_s=1.3,
        cost_usd=0.0,
        media_type="image/png",
        width_px=160,
        height_px=90,
        sha256="0" * 64,
        frame_index=1,
        path=path,
        is_saved=is_saved,
    )


class FakeStudio(Studio):
    """Keeps projects in memory and their pictures in `folder`; `removed` is the trash."""

    def __init__(self, folder: Path, *projects: Project) -> None:
        self.folder = folder
        self.settings = Settings(workspace=folder)
        self.events = Events()
        self.shown_card = EngineCard("offline", "On this computer", "No AI service used.", is_paid=False)
        self.paper = FakeModels()
        self.ledger = FakeMoney()
        self.models = self.paper
        self.money = self.ledger
        self.kept: dict[str, Exchange] = {}
        self.held = {project.id: project for project in projects}
        self.removed: dict[str, Project] = {}
        self.troubles: dict[str, str] = {}
        self.saved_states: dict[str, tuple[Backup, ...]] = {}
        self.restored: list[tuple[str, str]] = []
        self.trouble_found: MaestroError | None = None
        self.is_closed = False

    @property
    def card(self) -> EngineCard:
        """What the test says."""
        return self.shown_card

    def trouble(self) -> MaestroError | None:
        """What the test put there."""
        return self.trouble_found

    def projects(self, words: str = "") -> list[ProjectCard]:
        """A card for each."""
        shown = [_card(project) for project in self.held.values() if words in project.name]
        return [replace(card, trouble=self.troubles.get(card.id, "")) for card in shown]

    def open(self, project_id: str) -> Project:
        """From memory."""
        if project_id not in self.held:
            raise ProjectMissingError("There is no such project.")
        return self.held[project_id]

    def last_opened(self) -> str | None:
        """The first."""
        return next(iter(self.held), None)

    def remember(self, project_id: str) -> None:
        """Nothing to keep."""

    def rename(self, project_id: str, name: str) -> None:
        """In memory."""
        self._put(replace(self.open(project_id), name=name))

    def duplicate(self, project_id: str) -> str:
        """In memory; the pictures are shared."""
        copy = replace(self.open(project_id), id=f"{project_id}-copy")
        self._put(copy)
        return copy.id

    def remove(self, project_id: str) -> None:
        """To `removed`."""
        self.removed[project_id] = self.held.pop(project_id)

    def bring_back(self, project_id: str) -> None:
        """Out of `removed`."""
        self.held[project_id] = self.removed.pop(project_id)

    def backups(self, project_id: str) -> tuple[Backup, ...]:
        """What the test put there."""
        return self.saved_states.get(project_id, ())

    def restore_backup(self, project_id: str, name: str) -> None:
        """Noted, and all is well again."""
        self.restored.append((project_id, name))
        self.troubles.pop(project_id, None)

    def save(self, project_id: str, label: TakeLabel, *, is_saved: bool = True) -> None:
        """In memory, and told."""
        project = self.open(project_id)
        sheets = tuple(
            replace(sheet, takes=tuple(replace(take, is_saved=is_saved) if take.label == label else take for take in sheet.takes))
            for sheet in project.sheets
        )
        self._put(replace(project, sheets=sheets))
        self.events.publish(topic(project_id, f"shot-{label.shot_id}"))

    def exchange(self, project_id: str, call_id: str) -> Exchange | None:  # noqa: ARG002
        """What the test put there."""
        return self.kept.get(call_id)

    def analysis_exchanges(self, project_id: str) -> tuple[Exchange, ...]:  # noqa: ARG002
        """All that the test put there."""
        return tuple(self.kept.values())

    def thumbnail(self, picture_path: Path, width_px: int) -> Path:
        """A real, small JPEG."""
        small = picture_path.with_name(f"{picture_path.stem}_{width_px}.jpg")
        with Image.open(picture_path) as picture:
            picture.thumbnail((width_px, width_px))
            picture.convert("RGB").save(small)
        return small

    def picture_file(self, project_id: str, name: str) -> Path | None:
        """Only what a take has."""
        takes = [take for sheet in self.open(project_id).sheets for take in sheet.takes]
        return next((take.path for take in takes if take.path == self.folder / project_id / name), None)

    def frames_zip(self, project_id: str) -> Path:
        """A file with a few bytes."""
        return self._made(project_id, "frames.zip", "frames")

    def storyboard(self, project_id: str, layout: StoryboardLayout) -> Path:
        """A file that says how it should look."""
        return self._made(project_id, "storyboard.pdf", repr(layout))

    def shot_list(self, project_id: str, *, is_markdown: bool = False) -> Path:
        """A file with a few bytes."""
        return self._made(project_id, "shots.md" if is_markdown else "shots.csv", "shots")

    def everything(self, project_id: str, layout: StoryboardLayout) -> Path:
        """A file that says how its storyboard should look."""
        return self._made(project_id, "everything.zip", repr(layout))

    def close(self, patience_s: float = 10.0) -> None:  # noqa: ARG002
        """Notes that it was asked."""
        self.is_closed = True

    def _made(self, project_id: str, name: str, what: str) -> Path:
        path = self.folder / project_id / name
        path.write_bytes(f"{what} of {self.open(project_id).id}".encode())
        return path

    def _put(self, project: Project) -> None:
        self.held[project.id] = project


def _card(project: Project) -> ProjectCard:
    takes = [take for sheet in project.sheets for take in sheet.takes]
    cover = takes[0].path if takes else None
    return ProjectCard(
        project.id, project.name, project.changed_at, len(project.sheets), len(takes), len(project.saved_takes), 2_400_000, cover
    )
