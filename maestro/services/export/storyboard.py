"""The storyboard as PDF: tagged, with alt text, to print. The pages are laid out in `storyboard.typ`, set by Typst."""

import functools
import json
import shutil
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, TypedDict

import typst
from PIL import Image

from maestro.errors import WorkspaceError
from maestro.services.export.scripts import breakable, is_rtl, language, printable
from maestro.services.export.selection import every_shot, has_file, timecode
from maestro.services.export.whole import disk_fault, whole
from maestro.types import Project, ShotSheet, StoryboardLayout, Take

LONGEST_SIDE_PX = {1: 2800, 2: 1600, 4: 1500, 6: 1100}
"""By frames on a page: what the place holds at 300 dots an inch, about."""
JPEG_QUALITY = 88
_HERE = Path(__file__).parent
_PAGES = _HERE / "storyboard.typ"
_ONLY_LAST = "Nothing is saved yet: these are the last takes."
_BOXES = "A box stands for a character that no font on this computer has."
_Pair = tuple[ShotSheet, Take | None]


class _Words(TypedDict):
    text: str
    lang: str
    is_rtl: bool


class _Frame(TypedDict):
    label: str
    facts: str
    file: str
    absence: str
    alt: str
    ratio: float
    words: _Words


def storyboard_pdf(project: Project, layout: StoryboardLayout, destination: Path) -> None:
    """The saved frames, as `layout` says; while none is saved, the last takes, and the pages say so.

    Pictures are set from smaller copies; a character that no font has becomes a box, with a note. Raises WorkspaceError when there
    is nothing to show or no room for it.
    """
    pairs = _shown(project, layout)
    try:
        with tempfile.TemporaryDirectory(prefix=".storyboard-", dir=destination.parent) as name:
            pages = _set(project, layout, pairs, Path(name))
    except OSError as error:
        raise disk_fault(error, "storyboard") from error
    with whole(destination, "storyboard") as stream:
        stream.write(pages)


def newest(project: Project) -> datetime:
    """When the newest of what can be exported was made, to the second: a PDF knows no more."""
    return (
        max((take.created_at for sheet in project.sheets for take in sheet.takes), default=project.created_at)
        .astimezone(UTC)
        .replace(microsecond=0)
    )


def _shown(project: Project, layout: StoryboardLayout) -> list[_Pair]:
    pairs = [
        (sheet, take)
        for sheet, take in every_shot(project)
        if layout.has_every_shot or (take is not None and (take.is_saved or not project.saved_takes))
    ]
    if not pairs:
        raise WorkspaceError("There is no frame to show yet.", next_step="Generate a frame, then try again.")
    return pairs


def _set(project: Project, layout: StoryboardLayout, pairs: Sequence[_Pair], folder: Path) -> bytes:
    side_px = LONGEST_SIDE_PX[layout.per_page]
    frames = [_frame(project, pair, _small(pair[1], side_px, folder, index)) for index, pair in enumerate(pairs)]
    moment = newest(project)
    is_only_last = not project.saved_takes and any(take for _, take in pairs)
    board: dict[str, object] = {
        "title": " ".join(printable(project.name).split()) or "Storyboard",
        "paper": layout.paper.value,
        "per_page": layout.per_page,
        "has_notes": layout.has_notes,
        "day": f"{moment.day} {moment:%B %Y}",
        "notices": [_ONLY_LAST] if is_only_last else [],
        "frames": frames,
    }
    shutil.copyfile(_PAGES, folder / _PAGES.name)
    try:
        return _typeset(board, folder, moment, "ua-1")
    except typst.TypstError as error:
        if "could not be displayed" not in str(error):
            raise WorkspaceError(f"The storyboard could not be laid out: {error}.") from error
    board["notices"] = [*([_ONLY_LAST] if is_only_last else []), _BOXES]
    return _typeset(board, folder, moment, "1.7")


def _typeset(board: dict[str, object], folder: Path, moment: datetime, standard: Literal["ua-1", "1.7"]) -> bytes:
    (folder / "board.json").write_text(json.dumps(board), encoding="utf-8")
    pages = typst.compile(
        folder / _PAGES.name, root=folder, font_paths=_fonts(), format="pdf", timestamp=moment, pdf_standards=[standard]
    )
    return bytes(pages)


@functools.cache
def _fonts() -> typst.Fonts:
    """Ours first; this computer's for the scripts that ours do not have."""
    return typst.Fonts(font_paths=[_HERE / "fonts"])


def _frame(project: Project, pair: _Pair, file: str) -> _Frame:
    sheet, take = pair
    text = " ".join(printable((take.text if take else "") or sheet.shot.text).split(" ")).strip()
    label = f"Shot {sheet.shot.id}" + (f" · take {take.label.number}" if take else "")
    time = timecode(take)
    facts = [f"source {time}"] if time else []
    if take is not None and not take.is_saved and project.saved_takes:
        facts.append("not saved")
    return _Frame(
        label=label,
        facts=" · ".join(facts),
        file=file,
        absence="not shot yet" if take is None else "the picture is missing",
        alt=f"{label.replace(' ·', ',')}: {text or 'no words'}",
        ratio=take.width_px / take.height_px if take else _ratio(project),
        words=_Words(text=breakable(text), lang=language(text), is_rtl=is_rtl(text)),
    )


def _ratio(project: Project) -> float:
    if project.aspect_ratio:
        wide, _, high = project.aspect_ratio.partition(":")
        return float(wide) / float(high)
    return project.clip.width_px / project.clip.height_px if project.clip else 16 / 9


def _small(take: Take | None, side_px: int, folder: Path, index: int) -> str:
    """The name of a copy to set; empty when there is no picture to be read."""
    if take is None or not has_file(take):
        return ""
    name = f"frame-{index}.jpg"
    try:
        with Image.open(take.path) as picture:
            colours = picture.info.get("icc_profile") if picture.mode == "RGB" else None
            copy = picture.convert("RGB")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return ""  # the page says that the picture is missing
    copy.thumbnail((side_px, side_px), Image.Resampling.LANCZOS)
    copy.save(folder / name, quality=JPEG_QUALITY, subsampling=0, optimize=True, icc_profile=colours)
    return name
