"""Projects to be exported, with real pictures, and what a PDF holds."""

import re
import zlib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from PIL import Image

from maestro.types import FrameOnDisk, Project, Shot, ShotSheet, Take, TakeLabel

MOMENT = datetime(2026, 11, 29, 12, 30, 20, 654321, tzinfo=UTC)
WORDS = "A rabbit wakes."


def board_take(
    folder: Path, shot_id: int, words: str = WORDS, *, is_saved: bool = True, size_px: tuple[int, int] = (64, 36), number: int = 1
) -> Take:
    """A take with a picture of its own."""
    path = folder / f"kept-{shot_id}-{number}.png"
    Image.new("RGB", size_px, (40 * shot_id, 90, 120)).save(path)
    return Take(
        label=TakeLabel(shot_id, number),
        text=words,
        prompt="",
        engine="openrouter",
        model="a-model",
        created_at=MOMENT,
        duration_s=1.0,
        cost_usd=0.04,
        media_type="image/png",
        width_px=size_px[0],
        height_px=size_px[1],
        sha256="",
        frame_index=1,
        path=path,
        is_saved=is_saved,
        frame=FrameOnDisk(1, 2.64, path, 64, 36),
    )


def board(*sheets: Sequence[Take], name: str = "Rabbit at dawn", words: str = WORDS) -> Project:
    """A project with those takes for each of its shots; a shot may have none."""
    return Project(
        id="meadow",
        name=name,
        revision=1,
        created_at=MOMENT,
        changed_at=MOMENT,
        clip=None,
        frames=(),
        director_frame_index=None,
        style_name="",
        style_path=None,
        context=None,
        context_model="",
        director_model="",
        sheets=tuple(
            ShotSheet(Shot(number, words), words, can_undo=False, can_redo=False, takes=tuple(takes))
            for number, takes in enumerate(sheets, 1)
        ),
    )


def unpacked(pdf: Path) -> bytes:
    """The file with what is packed in it laid open behind."""
    packed = pdf.read_bytes()
    return packed + b"".join(_streams(packed))


def page_count(pdf: Path) -> int:
    """How many pages it has."""
    return len(re.findall(rb"/Type\s*/Page\b", unpacked(pdf)))


def alt_texts(pdf: Path) -> list[str]:
    """What it says of its pictures, in order."""
    return [found.decode("latin-1") for found in re.findall(rb"/Alt\(((?:[^()\\]|\\.)*)\)>>BDC", unpacked(pdf))]


def _streams(packed: bytes) -> Iterator[bytes]:
    for stream in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", packed, re.DOTALL):
        try:
            yield zlib.decompress(stream)
        except zlib.error:  # a picture
            continue
