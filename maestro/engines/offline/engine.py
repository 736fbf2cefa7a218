"""The offline engine: measures, frames and paints on this computer, with vendored networks and no service."""

import hashlib
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from maestro import png
from maestro.calls import Call
from maestro.engines import Keep, Wish
from maestro.engines.offline import directing, painting
from maestro.engines.offline.attention import attend
from maestro.engines.offline.box import Box
from maestro.engines.offline.composing import compose, frame_size
from maestro.engines.offline.describing import describe
from maestro.engines.offline.directing import Setup, timecode
from maestro.engines.offline.framing import frame_for, shoulder_side, view_of
from maestro.engines.offline.measuring import Moment, measure
from maestro.engines.offline.models import FaceFinder, StyleNetwork, StyleVector
from maestro.engines.offline.palette import Palette
from maestro.engines.offline.pixels import Bgr, decode
from maestro.engines.offline.standing import (
    CLASSICAL_MODEL,
    FACE_FILE,
    MODELS,
    NETWORK_MODEL,
    STYLE_FILES,
    TEXT_MODEL,
    card,
    sound_files,
)
from maestro.engines.offline.words import Wish as Wishes
from maestro.engines.offline.words import wish_in
from maestro.errors import CancelledError, EngineError, NoPictureError, TimedOutError
from maestro.services import video
from maestro.services.video import Study
from maestro.types import (
    Context,
    Described,
    Directed,
    EngineCard,
    Footage,
    Framing,
    GenerationResult,
    ModelProfile,
    Redirected,
    Shot,
    ShotOrder,
    SourceFrame,
    StyleReference,
    Survey,
)

OFFLINE_MODEL = "offline-1"
"""Of a recovered frame: the picture does not tell which of the two painted it."""
DEGRADED_NOTE = (
    "The style network's files are missing or damaged, so this frame was drawn by the classical recipe: palette and ink only."
)
ANCHOR_NOTE = "The engine on this computer paints what the source frame shows; it cannot make use of an earlier take."
KEPT_STYLES = 4
STUDY_COUNT = 36
STUDY_WIDTH_PX = 480


@dataclass(frozen=True, slots=True)
class Look:
    """A style reference, read: `strokes` is None without the network."""

    palette: Palette
    strokes: StyleVector | None


class OfflineEngine:
    """Meets `Engine`. Thread-safe; the same order gives the same bytes. Costs nothing.

    `models` is checked against its SHA256SUMS: what is missing or damaged is done without, and said so. `study` reads the clip.
    """

    def __init__(self, models: Path = MODELS, study: Callable[..., Study] = video.study) -> None:
        self._study = study
        sound = sound_files(models)
        self._card = card(sound)
        self._network = StyleNetwork(models) if sound.issuperset(STYLE_FILES) else None
        self._faces = FaceFinder(models) if FACE_FILE in sound else None
        self._looks: OrderedDict[str, Look] = OrderedDict()
        self._looks_lock = threading.Lock()

    @property
    def card(self) -> EngineCard:
        """Says when the style network is missing."""
        return self._card

    @property
    def _model(self) -> str:
        return NETWORK_MODEL if self._network else CLASSICAL_MODEL

    def describe(self, footage: Footage, call: Call) -> Described:
        """Measurements in words: of the clip while it is there, else of its source frames."""
        _go_on(call)
        moments = self._studied(footage, footage.path, call) if footage.path else _sampled(footage.frames, call)
        context = describe(moments, footage.clip.duration_s)
        measured = f"Measured light, colour, sharpness and movement at {len(moments)} moments of the clip."
        return Described(context, TEXT_MODEL, 0.0, measured, "\n".join((context.setting, context.main_action, context.summary)))

    def direct(self, footage: Footage, context: Context, call: Call) -> Directed:
        """Five views, each from the source frame that suits it, with its framing."""
        _go_on(call)
        frames = footage.frames or (footage.director_frame,)
        pictures = [_decoded(frame) for frame in frames]
        _go_on(call)
        attentions = attend(pictures, self._find_faces)
        _go_on(call)
        setups = [Setup(*parts) for parts in zip(frames, pictures, attentions, strict=True)]
        ratio = footage.clip.width_px / footage.clip.height_px
        shots = directing.direct(setups, context, ratio)
        looked = f"Looked at {len(frames)} source frames for faces, subjects, detail and light, and gave each its view."
        return Directed(shots, TEXT_MODEL, 0.0, looked, "\n".join(f"{shot.id}. {shot.text}" for shot in shots))

    def redirect(self, footage: Footage, context: Context, shots: tuple[Shot, ...], wish: Wish, call: Call) -> Redirected:
        """Another view, from the source frame that the shot came from."""
        _go_on(call)
        frame = _frame_of(next(shot for shot in shots if shot.id == wish.shot_id), footage)
        picture = _decoded(frame)
        setup = Setup(frame, picture, attend([picture], self._find_faces)[0])
        _go_on(call)
        shot = directing.direct_again(setup, shots, wish, context, footage.clip.width_px / footage.clip.height_px)
        return Redirected(shot, TEXT_MODEL, 0.0, f"Another view of {timecode(frame.time_s)}. {wish.hint}".strip(), shot.text)

    def survey(self, call: Call) -> Survey:  # noqa: ARG002 - the Protocol's: there is nobody to wait for
        """Nothing to ask: what is here is here."""
        profiles = (ModelProfile(TEXT_MODEL, "text", price_usd=0.0), ModelProfile(self._model, "image", price_usd=0.0))
        return Survey(datetime.now(UTC), None, profiles, () if self._network else (DEGRADED_NOTE,))

    def costs(self, generation_ids: Sequence[str], call: Call) -> dict[str, float]:  # noqa: ARG002 - the Protocol's
        """Everything here is free."""
        return dict.fromkeys(generation_ids, 0.0)

    def choose(self, step: str, model: str) -> None:
        """There is one model a step, and it stays."""

    def shoot(self, order: ShotOrder, call: Call, keep: Keep) -> GenerationResult:
        """The framing, cut from the order's source frame, in the look of its style. `keep` gets the finished PNG."""
        began_s = time.monotonic()
        _go_on(call)
        ratio = _ratio(order.aspect_ratio)
        wish = wish_in(order.shot.text)
        picture = _decoded(order.source_frame)
        framing = frame_for(order.shot, wish, order.source_frame.index, lambda: attend([picture], self._find_faces)[0], ratio)
        _go_on(call)
        look = self._look(order.style)
        painted = self._painted(compose(picture, framing, frame_size(ratio)), look, call)
        finished = _finished(painted, framing, wish, look)
        _go_on(call)
        encoded = png.encode(finished[..., ::-1])
        keep(encoded)
        return GenerationResult(
            shot_id=order.shot.id,
            image_data_url=png.data_url(encoded),
            created_at=datetime.now(UTC),
            engine="offline",
            model=self._model,
            prompt=_told(order, framing, wish),
            duration_s=time.monotonic() - began_s,
            cost_usd=0.0,
            notes=self._notes(order),
            answer=f"(picture, {len(encoded)} bytes, sha256 {hashlib.sha256(encoded).hexdigest()})",
        )

    def develop(self, raw: bytes, order_shot_id: int) -> GenerationResult:
        """What was kept is the picture itself."""
        return develop(raw, order_shot_id)

    def close(self) -> None:
        """Forgets the looks that were read; the engine can still be used."""
        with self._looks_lock:
            self._looks.clear()

    def _notes(self, order: ShotOrder) -> tuple[str, ...]:
        notes = () if self._network else (DEGRADED_NOTE,)
        return (*notes, ANCHOR_NOTE) if order.anchor else notes

    def _studied(self, footage: Footage, path: Path, call: Call) -> list[Moment]:
        study = self._study(path, STUDY_COUNT, STUDY_WIDTH_PX, end_s=footage.clip.duration_s)
        moments = []
        for time_s, (picture, following) in zip(study.times_s, study.pairs, strict=True):
            _go_on(call)
            moments.append(measure(time_s, picture, following))
        return moments

    def _find_faces(self, picture: Bgr) -> tuple[Box, ...]:
        return self._faces.find(picture) if self._faces else ()

    def _look(self, style: StyleReference) -> Look:
        """Read once a style; the few that were used last are remembered."""
        with self._looks_lock:
            known = self._looks.get(style.sha256)
            if known:
                self._looks.move_to_end(style.sha256)
                return known
        picture = decode(style.picture.encoded)
        if picture is None:
            raise EngineError(
                "The style picture could not be read.", next_step="Choose another style picture.", may_be_charged=False
            )
        look = Look(Palette(picture), self._network.read(picture) if self._network else None)
        with self._looks_lock:
            self._looks[style.sha256] = look
            while len(self._looks) > KEPT_STYLES:
                self._looks.popitem(last=False)
        return look

    def _painted(self, cut: Bgr, look: Look, call: Call) -> Bgr:
        classical = painting.ink_and_paint(cut, look.palette)
        if self._network is None or look.strokes is None:
            return classical
        _go_on(call)
        strokes = self._network.paint(cut, look.strokes)
        _go_on(call)
        return painting.blended(classical, strokes, look.palette)


def develop(raw: bytes, shot_id: int) -> GenerationResult:
    """The picture that `shoot` kept, when nobody lived to read its answer. Raises NoPictureError."""
    if not raw.startswith(png.SIGNATURE) or decode(raw) is None:
        raise NoPictureError("What was kept of this take is not a whole picture.", may_be_charged=False)
    return GenerationResult(
        shot_id=shot_id,
        image_data_url=png.data_url(raw),
        created_at=datetime.now(UTC),
        engine="offline",
        model=OFFLINE_MODEL,
        prompt="Recovered: this frame had been painted when Maestro was stopped.",
        duration_s=0.0,
        cost_usd=0.0,
    )


def _finished(painted: Bgr, framing: Framing, wish: Wishes, look: Look) -> Bgr:
    """What lies over the paint: a foreground, a darker rim, the light that the words ask for."""
    if framing.kind.startswith("shoulder"):
        painted = painting.with_shoulder(painted, look.palette.ink, shoulder_side(framing))
    return painting.relit(painting.shaded(painted, view_of(framing.kind).shade), wish.lights)


def _frame_of(shot: Shot, footage: Footage) -> SourceFrame:
    wanted = shot.framing.frame_index if shot.framing else -1
    return next((frame for frame in (*footage.frames, footage.director_frame) if frame.index == wanted), footage.director_frame)


def _go_on(call: Call) -> None:
    """Raises CancelledError or TimedOutError when there is no reason to."""
    if call.is_cancelled:
        raise CancelledError("This was cancelled before it was finished; it cost nothing.", may_be_charged=False)
    if call.left_s <= 0:
        raise TimedOutError("This computer did not finish in the time allowed.", may_be_charged=False, is_passing=True)


def _decoded(frame: SourceFrame) -> Bgr:
    picture = decode(frame.png)
    if picture is None:
        message = f"The source frame at {timecode(frame.time_s)} could not be read."
        raise EngineError(message, next_step="Analyze the clip again.", may_be_charged=False)
    return picture


def _sampled(frames: tuple[SourceFrame, ...], call: Call) -> list[Moment]:
    moments = []
    for frame in frames:
        _go_on(call)
        moments.append(measure(frame.time_s, _decoded(frame)))
    return moments


def _ratio(aspect_ratio: str) -> float:
    """Width / height of "16:9"."""
    width, _, height = aspect_ratio.partition(":")
    if not (width.isdigit() and height.isdigit() and int(width) and int(height)):
        raise EngineError(
            f"The aspect ratio {aspect_ratio!r} is not like 16:9.", next_step="Analyze the clip again.", may_be_charged=False
        )
    return int(width) / int(height)


def _told(order: ShotOrder, framing: Framing, wish: Wishes) -> str:
    """What was done, in a sentence: it stands where other engines keep their prompt."""
    frame = order.source_frame
    across, down = framing.left + framing.width / 2, framing.top + framing.height / 2
    light = f", in the light of the words ({', '.join(wish.lights)})" if wish.lights else ""
    return (
        f"{view_of(framing.kind).title.capitalize()}: {framing.width:.0%} of the width of the source frame "
        f"at {timecode(frame.time_s)}, around {across:.0%} across and {down:.0%} down, "
        f"painted in the palette and strokes of {order.style.name}{light}."
    )
