"""Small JPEGs of a project's pictures, in `thumbs/`."""

import hashlib
import logging
from contextlib import suppress
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageOps

from maestro.errors import WorkspaceError
from maestro.services.storage.durable import FULL, READ_ONLY, Disk, is_folder, is_regular, make_folder, place, read_bytes, stat_key
from maestro.services.storage.shelf import PICTURE_LIMIT_BYTES

log = logging.getLogger(__name__)

LIMIT_PX = 40_000_000
QUALITY = 82
FOLDERS = {"takes", "frames"}


def make_thumbnail(disk: Disk, project: Path, picture_path: Path, width_px: int) -> Path:
    """See ProjectFolder.thumbnail."""
    key = stat_key(picture_path)
    is_ours = picture_path.parent == project or (picture_path.parent.parent == project and picture_path.parent.name in FOLDERS)
    if key is None or not is_ours or not is_folder(picture_path.parent) or not is_regular(picture_path):
        raise WorkspaceError(f"The picture {picture_path.name} is missing.", next_step="Generate it again.")
    mark = hashlib.sha256(f"{picture_path.parent.name}/{picture_path.name} {key} {width_px}".encode()).hexdigest()[:16]
    thumb = project / "thumbs" / f"{mark}.jpg"
    if is_regular(thumb):
        return thumb
    encoded = _small(picture_path, width_px)
    return picture_path if encoded is None else _keep(disk, thumb, encoded, picture_path)


def _keep(disk: Disk, thumb: Path, encoded: bytes, picture_path: Path) -> Path:
    try:
        make_folder(disk, thumb.parent)
        with suppress(FileNotFoundError):
            place(disk, thumb, encoded)
            return thumb
        place(disk, thumb, encoded)  # somebody who swept took the part away
    except OSError as error:
        if error.errno not in FULL | READ_ONLY:
            raise WorkspaceError("The small picture could not be kept.") from error
        # Looking at pictures must work where nothing can be written.
        log.warning("no thumbnail could be kept: %s", error.strerror)
        return picture_path
    return thumb


def _small(path: Path, width_px: int) -> bytes | None:
    """The JPEG; None when the picture is no wider than wanted."""
    try:
        encoded, _ = read_bytes(path, PICTURE_LIMIT_BYTES)
        with Image.open(BytesIO(encoded), formats=("PNG", "JPEG", "WEBP")) as picture:
            if picture.width * picture.height > LIMIT_PX:
                raise WorkspaceError(
                    f"The picture {path.name} has more than 40 megapixels.", next_step="Open the original instead."
                )
            if picture.width <= width_px and picture.height <= 4 * width_px:
                picture.load()
                return None
            return _as_jpeg(picture, width_px)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise WorkspaceError(f"The picture {path.name} cannot be read.", next_step="Generate it again.") from error


def _as_jpeg(picture: Image.Image, width_px: int) -> bytes:
    picture.draft("RGB", (2 * width_px, 2 * width_px * picture.height // picture.width))
    upright = ImageOps.exif_transpose(picture)
    if upright.mode.startswith("I"):  # 16-bit grey turns white by a plain convert
        upright = upright.point(lambda value: value / 256).convert("L")
    upright.thumbnail((width_px, 4 * width_px), reducing_gap=2.0)
    if upright.has_transparency_data:
        paper = Image.new("RGBA", upright.size, "white")
        upright = Image.alpha_composite(paper, upright.convert("RGBA"))
    stream = BytesIO()
    upright.convert("RGB").save(stream, "JPEG", quality=QUALITY, optimize=True)
    return stream.getvalue()
