"""The vocabulary: frozen types that the rooms exchange. Imports nothing of ours but the error family.

Times are seconds (`_s`), pictures encoded bytes named by their encoding or `picture` where it may be any of PICTURE_SUFFIXES;
`number` and shot ids count from 1, `index` from 0; moments (`_at`) are aware datetimes in UTC.
"""

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path

from maestro.errors import Remedy

PICTURE_SUFFIXES = {"image/png": ".png", "image/jpeg": ".jpg", "image/webp": ".webp"}
SHOT_COUNT = 5
FRAMES_PER_PAGE = (1, 2, 4, 6)
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


def timecode(time_s: float) -> str:
    """Minutes, seconds and hundredths, such as "00:02.64"."""
    minutes, hundredths = divmod(round(time_s * 100), 6000)
    return f"{minutes:02d}:{hundredths // 100:02d}.{hundredths % 100:02d}"


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

    `aspect_ratio` is width : height in whole numbers, for example "16:9"; `size` is the provider's name for the number of pixels
    ("1K", "2K"), empty for its default. `anchor` is an earlier take that shows who and where.
    """

    shot: Shot
    style: StyleReference
    source_frame: SourceFrame
    context: Context | None
    aspect_ratio: str
    size: str = ""
    anchor: Picture | None = None


@dataclass(frozen=True, slots=True)
class GenerationResult:
    """One picture as it comes from an engine; data URLs live only at that edge.

    `cost_usd` is what the provider said, None when it said nothing; `notes` are sentences about what was odd. `more_data_urls` are
    further pictures of the same answer; `answer` is the answer word for word, its pictures replaced by their size and hash.
    `generation_id` is the provider's name of the call, by which its cost can be asked for when the answer did not say it.
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
    more_data_urls: tuple[str, ...] = field(default=(), repr=False)
    answer: str = field(default="", repr=False)
    generation_id: str = ""


@dataclass(frozen=True, slots=True)
class Described:
    """A context and who wrote it; `prompt` and `answer` word for word."""

    context: Context
    model: str
    cost_usd: float | None = None
    prompt: str = field(default="", repr=False)
    answer: str = field(default="", repr=False)
    generation_id: str = ""


@dataclass(frozen=True, slots=True)
class Directed:
    """Exactly five shots, ids 1..5 in order, and who wrote them; `prompt` and `answer` word for word."""

    shots: tuple[Shot, ...]
    model: str
    cost_usd: float | None = None
    prompt: str = field(default="", repr=False)
    answer: str = field(default="", repr=False)
    generation_id: str = ""


@dataclass(frozen=True, slots=True)
class Redirected:
    """One new shot in the place of an old one, and who wrote it; `prompt` and `answer` word for word."""

    shot: Shot
    model: str
    cost_usd: float | None = None
    prompt: str = field(default="", repr=False)
    answer: str = field(default="", repr=False)
    generation_id: str = ""


@dataclass(frozen=True, slots=True)
class SentPicture:
    """A picture that was sent with a question. `role` is "frame", "style" or "anchor"; `caption` says which one it was.

    `path` is where the project keeps it, None when it is not there any more.
    """

    role: str
    caption: str
    sha256: str
    path: Path | None = None


@dataclass(frozen=True, slots=True)
class Exchange:
    """What was asked and what came back, word for word. `kind` is a CallKind; pictures in the order in which they were sent.

    `answer` holds the raw answer with its pictures replaced by their size and hash.
    """

    call_id: str
    kind: "CallKind"
    engine: str
    model: str
    asked_at: datetime
    duration_s: float
    prompt: str = field(repr=False)
    pictures: tuple[SentPicture, ...] = ()
    answer: str = field(default="", repr=False)
    cost_usd: float | None = None


@dataclass(frozen=True, slots=True)
class FrameOnDisk:
    """A source frame as the project keeps it."""

    index: int
    time_s: float
    path: Path
    width_px: int
    height_px: int


@dataclass(frozen=True, slots=True)
class Take:
    """One generated picture of a shot; never overwritten.

    `text` is the shot's text that it was made from, `prompt` what the engine was asked; `is_stale` when the shot's text, the style,
    or what else it is made from (source frame, anchor, shape) has changed since; `is_missing` when its file is gone or no picture.
    `frame` is the source frame that it was made from, None when nobody noted which file that was; `frame_index` may mean another
    picture once the clip or the frames were changed.
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
    call_id: str = ""
    frame: FrameOnDisk | None = None


@dataclass(frozen=True, slots=True)
class References:
    """Which pictures a shot is made from, beside the style: None is "the nearest source frame" and "no anchor"."""

    frame_index: int | None = None
    anchor: TakeLabel | None = None


@dataclass(frozen=True, slots=True)
class ShotSheet:
    """A shot with all that was made of it: takes in order of their numbers, trashed ones left out."""

    shot: Shot
    director_text: str
    can_undo: bool
    can_redo: bool
    takes: tuple[Take, ...]
    references: References = References()

    @property
    def last_take(self) -> Take | None:
        """The newest take that has its picture."""
        return next((take for take in reversed(self.takes) if not take.is_missing), None)


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
    aspect_ratio: str = ""
    """The shape that the user chose for the pictures, "width:height"; empty: the clip's."""
    size: str = ""
    """The size that the user chose for the pictures, in the provider's words; empty: the provider's default."""
    is_frames_changed: bool = False
    """Whether the user chose other source frames since the context was written."""
    retired_frames: tuple[FrameOnDisk, ...] = ()
    """Frames of the same clip that were chosen once and still can be read: takes and queued orders name them."""

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
class Backup:
    """An earlier state of a project's records; `name` stands for that very state, `at` is when it was written."""

    name: str
    at: datetime


class Paper(StrEnum):
    """What a storyboard is printed on, lying on its long side."""

    A4 = "a4"
    LETTER = "us-letter"


@dataclass(frozen=True, slots=True)
class StoryboardLayout:
    """How a storyboard is set: `per_page` is one of FRAMES_PER_PAGE.

    `has_notes`: lines to write on with each frame; `has_every_shot`: shots of which nothing is saved come too, with their last take
    or an empty frame.
    """

    per_page: int = 6
    paper: Paper = Paper.A4
    has_notes: bool = False
    has_every_shot: bool = False


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
    `remedy` tells which button mends the failure, `fallback_models` which models could be asked instead, `raw` what was answered.
    While a running call has to wait, `hold_s` counts down and `message` says why. `cost_usd` is what a failed call cost, if known.
    """

    state: RowState = RowState.IDLE
    message: str = ""
    next_step: str = ""
    elapsed_s: float = 0.0
    expected_s: float | None = None
    picture: Picture | None = None
    remedy: Remedy = Remedy.RETRY
    fallback_models: tuple[str, ...] = ()
    raw: str = field(default="", repr=False)
    hold_s: float | None = None
    cost_usd: float | None = None


@dataclass(frozen=True, slots=True)
class AnalysisStatus:
    """Where an analysis stands; `message` when it failed, the rest as in RowStatus.

    `step` is "sample", "describe", "direct", "redirect" (of the shot `shot_id`) or empty when none runs; `failed_step` is the one
    that failed. `is_too_long` when the clip is longer than the limit and its beginning could be used.
    """

    step: str = ""
    elapsed_s: float = 0.0
    message: str = ""
    next_step: str = ""
    shot_id: int = 0
    failed_step: str = ""
    remedy: Remedy = Remedy.RETRY
    fallback_models: tuple[str, ...] = ()
    raw: str = field(default="", repr=False)
    hold_s: float | None = None
    is_too_long: bool = False


@dataclass(frozen=True, slots=True)
class EngineCard:
    """Who answers, for the page: `name` is "openrouter" or "offline"; `line` is the honest label of everything it makes."""

    name: str
    title: str
    line: str
    is_paid: bool
    text_models: tuple[str, ...] = ()
    image_models: tuple[str, ...] = ()


# --- models and money


@dataclass(frozen=True, slots=True)
class ModelProfile:
    """What the provider says of a model. `step` is "text" or "image"; `is_listed` False when its list does not name it.

    `aspect_ratios`, `sizes`: what pictures can be asked for, empty when the model takes no such wish or the provider does not say;
    `reference_limit`: how many pictures may be sent, None when unknown. `price_usd` is that of one picture (image) or of one
    analysis, context and director together (text); `size_prices` those of a picture of each size. `expires_on` is the day from
    which it is not to be had.
    """

    id: str
    step: str
    is_listed: bool = True
    aspect_ratios: tuple[str, ...] = ()
    sizes: tuple[str, ...] = ()
    reference_limit: int | None = None
    price_usd: float | None = None
    expires_on: date | None = None
    size_prices: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class KeyFacts:
    """What the provider says of the key, in dollars; None where it says nothing (or has no limit)."""

    limit_usd: float | None = None
    limit_remaining_usd: float | None = None
    usage_usd: float | None = None


@dataclass(frozen=True, slots=True)
class Survey:
    """What asking the provider for key and models gave; costs nothing. `troubles` are sentences, none when all is well."""

    at: datetime
    key: KeyFacts | None
    profiles: tuple[ModelProfile, ...]
    troubles: tuple[str, ...] = ()


class CallKind(StrEnum):
    """What a paid call was for."""

    DESCRIBE = "describe"
    DIRECT = "direct"
    REDIRECT = "redirect"
    SHOOT = "shoot"
    UNASSIGNED = "unassigned"
    """Charged on the key, but by no answer that was seen: a call that broke, or another program that uses the key."""


class ChargeState(StrEnum):
    """What is known of a call's cost."""

    OPEN = "open"
    """Asked and not ended (or the process died in it)."""
    KNOWN = "known"
    """The provider said what it cost, 0 included."""
    UNKNOWN = "unknown"
    """It may have been charged, and nobody said how much."""
    COVERED = "covered"
    """What it cost, if anything, was found on the key afterwards: it is part of an unassigned charge."""


@dataclass(frozen=True, slots=True)
class Charge:
    """A line of the ledger: one paid call. `shot_id` is 0 for an analysis; `estimate_usd` was the price before the click."""

    call_id: str
    project_id: str
    kind: CallKind
    shot_id: int
    model: str
    at: datetime
    state: ChargeState
    cost_usd: float | None = None
    estimate_usd: float | None = None
    generation_id: str = ""


@dataclass(frozen=True, slots=True)
class Price:
    """What a click will cost, about. `origin` is "list" (the provider's price list), "last" (what the last one cost), "built-in"
    (an estimate that came with Maestro), "free" or "".

    `usd` is None when nobody knows.
    """

    usd: float | None
    origin: str


@dataclass(frozen=True, slots=True)
class Spending:
    """A project's money, adding up: `total_usd` = `analysis_usd` + all of `shots_usd` + `unassigned_usd`.

    `shots_usd` are pairs of shot id and dollars, failed calls that were billed included. `unknown_count` calls may have been
    charged and nobody said how much. `elsewhere_usd` is what takes cost that came with a bundle or a copy: not paid here.
    `today_usd` is that of all projects since midnight (local). Caps are None when there is none.
    """

    total_usd: float
    analysis_usd: float
    shots_usd: tuple[tuple[int, float], ...]
    unassigned_usd: float
    unknown_count: int
    elsewhere_usd: float
    today_usd: float
    project_cap_usd: float | None
    day_cap_usd: float | None


@dataclass(frozen=True, slots=True)
class Preferences:
    """What the user chose for the whole workspace. Empty or None: as the settings say; a cap of 0: none."""

    text_model: str = ""
    image_model: str = ""
    project_cap_usd: float | None = None
    day_cap_usd: float | None = None


# --- choosing source frames


@dataclass(frozen=True, slots=True)
class StripFrame:
    """A small picture of the clip, for choosing source frames by eye. `is_cut` when it is the first after a cut."""

    index: int
    time_s: float
    jpeg: bytes = field(repr=False)
    sharpness: float
    is_cut: bool = False
