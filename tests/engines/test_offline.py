"""The offline engine on the bundled clip and style, with its real networks."""

import shutil
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from maestro import png
from maestro.calls import Call
from maestro.engines import Engine
from maestro.engines.offline import OfflineEngine, develop
from maestro.engines.offline.pixels import Bgr, decode, lab_of, shrunk
from maestro.engines.offline.standing import CLASSICAL_MODEL, MODELS, NETWORK_MODEL
from maestro.errors import CancelledError, EngineError, NoPictureError, TimedOutError
from maestro.services import video
from maestro.types import Context, Footage, GenerationResult, Picture, Shot, ShotOrder, SourceFrame, StyleReference

SAMPLES = Path(__file__).parents[2] / "maestro" / "samples"
EDITED = Context(
    "A hillside of Zanzibar glass.", "Close-up weather rolls in on the left side.", ("hushed", "brittle"), "An edited summary."
)
LIMIT_S = 90


class ImpatientCall(Call):
    """Cancelled by somebody after it was looked at `patience` times."""

    def __init__(self, patience: int) -> None:
        super().__init__()
        self.patience = patience

    @property
    def is_cancelled(self) -> bool:
        self.patience -= 1
        return self.patience < 0


@pytest.fixture(scope="module")
def footage() -> Footage:
    return video.sample(SAMPLES / "bigbuckbunny.mp4", "bigbuckbunny.mp4", 5, 30.0)


@pytest.fixture(scope="module")
def style() -> StyleReference:
    encoded = (SAMPLES / "great-wave.jpg").read_bytes()
    return StyleReference("great-wave.jpg", "5" * 64, Picture(encoded, "image/jpeg", 665, 450))


@pytest.fixture(scope="module")
def engine() -> OfflineEngine:
    return OfflineEngine()


@pytest.fixture(scope="module")
def classical(tmp_path_factory: pytest.TempPathFactory) -> OfflineEngine:
    """Without its networks: quick, and degraded."""
    return OfflineEngine(tmp_path_factory.mktemp("no-models"))


@pytest.fixture(scope="module")
def shots(engine: OfflineEngine, footage: Footage) -> tuple[Shot, ...]:
    return engine.direct(footage, EDITED, Call()).shots


@pytest.fixture(scope="module")
def five(engine: OfflineEngine, footage: Footage, shots: tuple[Shot, ...], style: StyleReference) -> list[GenerationResult]:
    with ThreadPoolExecutor(5) as pool:
        asked = [pool.submit(_shoot, engine, _order(shot, footage, style)) for shot in shots]
        return [future.result(timeout=LIMIT_S) for future in asked]


def _order(shot: Shot, footage: Footage, style: StyleReference, aspect_ratio: str = "16:9") -> ShotOrder:
    index = shot.framing.frame_index if shot.framing else footage.director_frame.index
    frame = next(frame for frame in (*footage.frames, footage.director_frame) if frame.index == index)
    return ShotOrder(shot, style, frame, EDITED, aspect_ratio)


def _forget(raw: bytes) -> None:
    """Keeps nothing."""
    assert raw.startswith(png.SIGNATURE)


def _shoot(engine: OfflineEngine, order: ShotOrder) -> GenerationResult:
    return engine.shoot(order, Call(), _forget)


def _seen(result: GenerationResult) -> Bgr:
    picture = decode(png.read_data_url(result.image_data_url))
    assert picture is not None
    return picture


def _apart(first: Bgr, second: Bgr) -> float:
    """Mean difference in grey levels of two small versions: what an eye sees across the room."""
    small = [cv2.resize(picture, (64, 36), interpolation=cv2.INTER_AREA).astype(float) for picture in (first, second)]
    return float(np.abs(small[0] - small[1]).mean())


def _closest(pictures: Sequence[Bgr]) -> float:
    return min(_apart(first, second) for first, second in combinations(pictures, 2))


def _off_palette(picture: Bgr, palette: NDArray[np.float32]) -> float:
    """Mean distance in Lab of a picture's colours from the nearest one of the style."""
    colours = lab_of(shrunk(picture, 48)).reshape(-1, 1, 3)
    return float(np.linalg.norm(colours - palette[None], axis=-1).min(axis=1).mean())


def test_it_meets_the_protocol(engine: OfflineEngine) -> None:
    """And says who it is."""
    meets: Engine = engine

    assert (meets.card.name, meets.card.title, meets.card.is_paid) == ("offline", "On this computer", False)
    assert meets.card.line == "made on this computer, no AI service"


def test_a_clip_is_described_by_what_was_measured(engine: OfflineEngine, footage: Footage) -> None:
    """Movement from the clip itself; the label of honesty is in the summary."""
    described = engine.describe(footage, Call())

    assert described.cost_usd == 0.0
    assert described.context.main_action.startswith("Over 5.3 s the camera holds still")
    assert "nothing here understood the story" in described.context.summary


def test_without_the_clip_its_source_frames_are_described(engine: OfflineEngine, footage: Footage) -> None:
    """Analyze again works tomorrow, when the clip is gone."""
    context = engine.describe(replace(footage, path=None), Call()).context

    assert "5 source frames" in context.main_action


def test_five_different_views_come_from_five_source_frames(shots: tuple[Shot, ...], footage: Footage) -> None:
    """In time order, ids 1..5, each with its framing."""
    framings = [shot.framing for shot in shots if shot.framing]

    assert [shot.id for shot in shots] == [1, 2, 3, 4, 5]
    assert [framing.frame_index for framing in framings] == [frame.index for frame in footage.frames]
    assert len({framing.kind for framing in framings}) == 5


def test_the_words_carry_what_the_user_edited(shots: tuple[Shot, ...]) -> None:
    """Setting, action and tone are quoted."""
    words = " ".join(shot.text for shot in shots)

    assert "Zanzibar glass" in words
    assert "weather rolls in" in words
    assert "hushed, brittle" in words


def test_five_frames_differ_from_each_other_at_a_glance(five: list[GenerationResult]) -> None:
    """On the bundled clip."""
    assert _closest([_seen(result) for result in five]) > 20


def test_each_frame_is_labelled_and_has_the_clips_shape(five: list[GenerationResult]) -> None:
    """Model, cost and a sentence that says what was done."""
    assert {result.model for result in five} == {NETWORK_MODEL}
    assert {result.cost_usd for result in five} == {0.0}
    assert {_seen(result).shape for result in five} == {(576, 1024, 3)}
    assert "source frame at 0:00.9" in five[0].prompt
    assert not five[0].notes


@pytest.fixture(scope="module")
def palette(style: StyleReference) -> NDArray[np.float32]:
    """About 700 colours of the style, in Lab."""
    reference = decode(style.picture.encoded)
    assert reference is not None
    return lab_of(shrunk(reference, 32)).reshape(-1, 3)


def test_frames_are_in_the_styles_palette(
    five: list[GenerationResult], shots: tuple[Shot, ...], footage: Footage, style: StyleReference, palette: NDArray[np.float32]
) -> None:
    """Each is far nearer to the style's colours than its source frame."""
    sources = [decode(_order(shot, footage, style).source_frame.png) for shot in shots]
    plain = [_off_palette(source, palette) for source in sources if source is not None]
    painted = [_off_palette(_seen(result), palette) for result in five]

    assert [after < 0.35 * before for after, before in zip(painted, plain, strict=True)] == [True] * 5


def test_alone_and_among_five_a_shot_gives_the_same_bytes(
    five: list[GenerationResult], footage: Footage, shots: tuple[Shot, ...], style: StyleReference
) -> None:
    """Another engine, one thread, nothing else going on."""
    alone = _shoot(OfflineEngine(), _order(shots[2], footage, style))

    assert alone.image_data_url == five[2].image_data_url


def test_what_is_kept_is_the_picture_and_can_be_developed(
    classical: OfflineEngine, footage: Footage, style: StyleReference
) -> None:
    """A crash between keeping and answering loses nothing."""
    kept: list[bytes] = []
    result = classical.shoot(_order(Shot(2, "Wide shot."), footage, style), Call(), kept.append)
    developed = develop(kept[0], 2)

    assert (len(kept), developed.shot_id) == (1, 2)
    assert developed.image_data_url == result.image_data_url == classical.develop(kept[0], 2).image_data_url
    with pytest.raises(NoPictureError):
        develop(kept[0][:20], 2)


@pytest.fixture(scope="module")
def close(shots: tuple[Shot, ...]) -> Shot:
    return next(shot for shot in shots if shot.framing and shot.framing.kind == "close")


@pytest.fixture(scope="module")
def close_frame(classical: OfflineEngine, close: Shot, footage: Footage, style: StyleReference) -> Bgr:
    return _seen(_shoot(classical, _order(close, footage, style)))


def test_palette_and_ink_alone_reach_the_styles_palette(
    classical: OfflineEngine, footage: Footage, style: StyleReference, palette: NDArray[np.float32]
) -> None:
    """Without the network too."""
    order = _order(Shot(1, "Wide shot."), footage, style)
    source = decode(order.source_frame.png)
    assert source is not None

    assert _off_palette(_seen(_shoot(classical, order)), palette) < 0.35 * _off_palette(source, palette)


@pytest.mark.parametrize("words", ["Wide shot of it all.", "Over the shoulder of a friend.", "Close-up, at night."])
def test_other_words_give_another_frame(
    classical: OfflineEngine, footage: Footage, style: StyleReference, close: Shot, close_frame: Bgr, words: str
) -> None:
    """The director's close-up, rewritten."""
    after = _seen(_shoot(classical, _order(replace(close, text=words), footage, style)))

    assert _apart(close_frame, after) > 20


def test_a_still_gets_five_different_frames(classical: OfflineEngine, footage: Footage, style: StyleReference) -> None:
    """A clip of one frame is a clip too."""
    still = replace(footage, frames=footage.frames[:1], path=None)
    directed = classical.direct(still, EDITED, Call()).shots

    assert len(directed) == 5
    assert _closest([_seen(_shoot(classical, _order(shot, still, style))) for shot in directed]) > 15


def test_few_source_frames_are_shared_by_five_views(classical: OfflineEngine, footage: Footage) -> None:
    """Two frames, five windows, still in time order."""
    directed = classical.direct(replace(footage, frames=footage.frames[:2]), EDITED, Call()).shots
    framings = [shot.framing for shot in directed if shot.framing]

    assert [framing.frame_index for framing in framings] == [22, 22, 22, 44, 44]
    assert len({framing.kind for framing in framings}) == 5


def test_a_portrait_clip_gets_portrait_frames(classical: OfflineEngine, footage: Footage, style: StyleReference) -> None:
    """The shape follows the order."""
    assert _seen(_shoot(classical, _order(Shot(1, "Medium shot."), footage, style, "9:16"))).shape == (1024, 576, 3)


@pytest.mark.parametrize("lost", ["style_predict.onnx", "SHA256SUMS"])
def test_missing_model_files_are_told_on_the_card(tmp_path: Path, lost: str) -> None:
    """The label stays honest."""
    shutil.copytree(MODELS, tmp_path / "models")
    (tmp_path / "models" / lost).unlink()
    card = OfflineEngine(tmp_path / "models").card

    assert card.line.startswith("made on this computer, no AI service; the style network's files are missing or damaged")
    assert card.image_models == (CLASSICAL_MODEL,)


def test_a_damaged_network_is_done_without_and_said_so(tmp_path: Path, footage: Footage, style: StyleReference) -> None:
    """Palette and ink only, in the model's name and in a note."""
    shutil.copytree(MODELS, tmp_path / "models")
    (tmp_path / "models" / "style_transform.onnx").write_bytes(b"not a network")
    result = _shoot(OfflineEngine(tmp_path / "models"), _order(Shot(1, "Wide shot."), footage, style))

    assert result.model == CLASSICAL_MODEL
    assert "classical recipe" in result.notes[0]


@pytest.mark.parametrize("patience", [0, 1, 2])
def test_a_cancelled_shot_stops_without_a_charge_and_keeps_nothing(
    classical: OfflineEngine, footage: Footage, style: StyleReference, patience: int
) -> None:
    """At whichever step the user's word arrives."""
    kept: list[bytes] = []
    with pytest.raises(CancelledError) as caught:
        classical.shoot(_order(Shot(1, "Wide shot."), footage, style), ImpatientCall(patience), kept.append)

    assert (caught.value.may_be_charged, kept) == (False, [])


def test_a_deadline_that_has_passed_ends_the_work(classical: OfflineEngine, footage: Footage) -> None:
    """And says that trying again may help."""
    with pytest.raises(TimedOutError) as caught:
        classical.describe(footage, Call(timeout_s=0.0))

    assert caught.value.is_passing


@pytest.mark.parametrize("ratio", ["16/9", "0:9", "wide"])
def test_an_unreadable_shape_is_refused(classical: OfflineEngine, footage: Footage, style: StyleReference, ratio: str) -> None:
    """In a sentence."""
    with pytest.raises(EngineError, match="aspect ratio"):
        _shoot(classical, _order(Shot(1, "Wide shot."), footage, style, ratio))


def test_an_unreadable_source_frame_is_refused(classical: OfflineEngine, footage: Footage, style: StyleReference) -> None:
    """In a sentence with the next step."""
    broken = replace(_order(Shot(1, "Wide shot."), footage, style), source_frame=SourceFrame(3, 0.1, b"no picture", 10, 10))
    with pytest.raises(EngineError, match="could not be read") as caught:
        _shoot(classical, broken)

    assert caught.value.next_step == "Analyze the clip again."
