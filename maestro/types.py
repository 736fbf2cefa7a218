"""The vocabulary: frozen types that the rooms exchange. Imports nothing of ours.

Times are seconds (`_s`), pictures encoded bytes named by their encoding or `picture` where it may be any of PICTURE_SUFFIXES;
`number` and shot ids count from 1, `index` from 0; moments (`_at`) are aware datetimes in UTC.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path

PICTURE_SUFFIXES = {"image/png": ".png", "image/jpeg": ".jpg", "image/webp": ".webp"}
SHOT_COUNT = 5
TEXT_LIMIT = 4000
"""Characters that a shot's text or a part of the context may have."""


@dataclass(frozen=True, slots=True)
class Clip:
    """The uploaded footage, as presented: turned upright, edit lists applied.

    `rotation_deg` is clockwise, one of 0, 90, 180, 270; width and height are those after turning.
    """

    name: str
    sha256: str
    duration_s: float
    fps: float
    frame_count: int
    width_px: int
    height_px: int
    rotation_deg: int
    codec: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class SourceFrame:
    """A picture decoded from the clip; `index` counts from 0, `time_s` from the first frame."""

    index: int
    time_s: float
    png: bytes = field(repr=False)
    width_px: int
    height_px: int


@dataclass(frozen=True, slots=True)
class Footage:
    """What was sampled from a clip: `frames` in time order, `director_frame` about the middle.

    `path` is the clip itself while it is still there (it is transient), else None.
    `notes` are sentences for the user: what was odd about the clip and what was done about it.
    """

    clip: Clip
    frames: tuple[SourceFrame, ...]
    director_frame: SourceFrame
    path: Path | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Picture:
    """An encoded picture whose bytes were looked at: `media_type` is what they are, not what a label says."""

    encoded: bytes = field(repr=False)
    media_type: str
    width_px: int
    height_px: int


@dataclass(frozen=True, slots=True)
class StyleReference:
    """The picture whose look is wanted. `picture` is upright, 8-bit RGB, as PNG or JPEG."""

    name: str
    sha256: str
    picture: Picture


@dataclass(frozen=True, slots=True)
class Context:
    """What the clip shows, in words."""

    setting: str
    main_action: str
    emotional_tone: tuple[str, ...]
    summary: str


@dataclass(frozen=True, slots=True)
class Framing:
    """A window into one source frame, as fractions of its width and height (0..1, y down).

    `kind` names the view (for example "wide", "close"); `frame_index` is the source frame's index in the clip.
    """

    kind: str
    frame_index: int
    left: float
    top: float
    width: float
    height: float
    tilt_deg: float = 0.0


@dataclass(frozen=True, slots=True)
class Shot:
    """One planned view; `id` is 1..5. `framing` is set when the offline engine directed it."""

    id: int
    text: str
    framing: Framing | None = None


@dataclass(frozen=True, slots=True)
class TakeLabel:
    """Names a take everywhere: on the page, in file names, in exports."""

    shot_id: int
    number: int

    def __str__(self) -> str:
        return f"shot-{self.shot_id:02d}_take-{self.number:02d}"


@dataclass(frozen=True, slots=True)
class ShotOrder:
    """Everything that a renderer needs to shoot one take: it holds no path and could travel to another machine.

    `aspect_ratio` is width : height of the clip in whole numbers, for example "16:9".
    """

    shot: Shot
    style: StyleReference
    source_frame: SourceFrame
    context: Context | None
    aspect_ratio: str


@dataclass(frozen=True, slots=True)
class GenerationResult:
    """One picture as it comes from an engine; data URLs live only at that edge.

    `cost_usd` is what the provider said, None when it said nothing; `notes` are sentences about what was odd.
    """

    shot_id: int
    image_data_url: str = field(repr=False)
    created_at: datetime
    engine: str
    model: str
    prompt: str
    duration_s: float
    cost_usd: float | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Described:
    """A context and who wrote it."""

    context: Context
    model: str
    cost_usd: float | None = None


@dataclass(frozen=True, slots=True)
class Directed:
    """Exactly five shots, ids 1..5 in order, and who wrote them."""

    shots: tuple[Shot, ...]
    model: str
    cost_usd: float | None = None


@dataclass(frozen=True, slots=True)
class Take:
    """One generated picture of a shot; never overwritten.

    `text` is the shot's text that it was made from, `prompt` what the engine was asked; `is_stale` when the shot's text or the
    style has changed since; `is_missing` when its file is gone or no picture.
    """

    label: TakeLabel
    text: str
    prompt: str
    engine: str
    model: str
    created_at: datetime
    duration_s: float
    cost_usd: float | None
    media_type: str
    width_px: int
    height_px: int
    sha256: str
    frame_index: int
    path: Path
    is_saved: bool = False
    is_stale: bool = False
    is_missing: bool = False
    is_adopted: bool = False
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ShotSheet:
    """A shot with all that was made of it: takes in order of their numbers, trashed ones left out."""

    shot: Shot
    director_text: str
    can_undo: bool
    can_redo: bool
    takes: tuple[Take, ...]

    @property
    def last_take(self) -> Take | None:
        """The newest take that has its picture."""
        return next((take for take in reversed(self.takes) if not take.is_missing), None)


@dataclass(frozen=True, slots=True)
class FrameOnDisk:
    """A source frame as the project keeps it."""

    index: int
    time_s: float
    path: Path
    width_px: int
    height_px: int


@dataclass(frozen=True, slots=True)
class Interruption:
    """A paid call of which nobody knows how it ended; listed until the user dismisses it.

    `was_sent` is False when it is certain that nothing was asked; `message` is a sentence.
    """

    call_id: str
    shot_id: int
    began_at: datetime
    was_sent: bool
    message: str


@dataclass(frozen=True, slots=True)
class Project:
    """One clip, one style reference, their context, shots and takes, as they are on disk.

    `revision` grows with every change. `notices` are sentences that the page shows once it opens (for example a backup was used).
    """

    id: str
    name: str
    revision: int
    created_at: datetime
    changed_at: datetime
    clip: Clip | None
    frames: tuple[FrameOnDisk, ...]
    director_frame_index: int | None
    style_name: str
    style_path: Path | None
    context: Context | None
    context_model: str
    director_model: str
    sheets: tuple[ShotSheet, ...]
    interruptions: tuple[Interruption, ...] = ()
    notices: tuple[str, ...] = ()
    is_read_only: bool = False
    step: str = ""
    """Where an analysis stands that never ended: "describe" or "direct"; empty when it did."""

    def sheet(self, shot_id: int) -> ShotSheet:
        """Raises KeyError when there is no such shot."""
        for sheet in self.sheets:
            if sheet.shot.id == shot_id:
                return sheet
        raise KeyError(shot_id)

    @property
    def saved_takes(self) -> tuple[Take, ...]:
        """The Gallery: every saved take, in order of shot and take."""
        return tuple(take for sheet in self.sheets for take in sheet.takes if take.is_saved)


@dataclass(frozen=True, slots=True)
class ProjectCard:
    """A project in the list; `trouble` is a sentence when it cannot be opened as it is, else empty."""

    id: str
    name: str
    changed_at: datetime
    shot_count: int
    take_count: int
    saved_count: int
    size_bytes: int
    cover: Path | None
    trouble: str = ""


class RowState(StrEnum):
    """Where a shot's newest generation stands."""

    IDLE = "idle"
    QUEUED = "queued"
    RUNNING = "running"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class RowStatus:
    """A row's generation, for the page: `message` and `next_step` are sentences when it failed or was cancelled.

    `elapsed_s` counts since it began, `expected_s` is the typical time of such a call (None when unknown).
    `picture` is a paid picture that could not be put on disk and waits in memory for the user to take it.
    """

    state: RowState = RowState.IDLE
    message: str = ""
    next_step: str = ""
    elapsed_s: float = 0.0
    expected_s: float | None = None
    picture: Picture | None = None


@dataclass(frozen=True, slots=True)
class AnalysisStatus:
    """Where an analysis stands: `step` is "sample", "describe", "direct" or empty when none runs; `message` when it failed."""

    step: str = ""
    elapsed_s: float = 0.0
    message: str = ""
    next_step: str = ""


@dataclass(frozen=True, slots=True)
class EngineCard:
    """Who answers, for the page: `name` is "openrouter" or "offline"; `line` is the honest label of everything it makes."""

    name: str
    title: str
    line: str
    is_paid: bool
    text_models: tuple[str, ...] = ()
    image_models: tuple[str, ...] = ()
