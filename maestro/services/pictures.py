"""Pictures that come from outside: what they really are, a style reference made safe, aspect ratios.

A file's label and name are never believed, its bytes are; the pixel limit is checked before anything is decoded.
"""

import hashlib
import math
import struct
import zlib
from io import BytesIO

from PIL import Image, ImageCms
from PIL.Image import Transpose

from maestro import png
from maestro.errors import PictureError, StyleError
from maestro.types import Picture, StyleReference

STYLE_MAX_PX = 64_000_000
"""Pixels of a style picture: phones take 50 megapixels."""
STYLE_SIDE_PX = 2048
_MAX_PNG_BYTES = 4_000_000
"""A larger PNG is sent as JPEG: image models take about 7 MB a picture."""

ASPECT_RATIOS = ("1:1", "2:3", "3:2", "3:4", "4:3", "4:5", "5:4", "9:16", "16:9", "21:9")
"""What the image models commonly offer."""
_MAX_SCANS = 100
"""Of a progressive JPEG: encoders make about ten, and each is decoded over the whole picture."""
_MEDIA_TYPES = {"PNG": "image/png", "JPEG": "image/jpeg", "MPO": "image/jpeg", "WEBP": "image/webp"}
_TITLES = {"image/png": "PNG", "image/jpeg": "JPEG", "image/webp": "WebP"}
_ORIENTATION_TAG = 0x0112
_TURNS = {
    2: Transpose.FLIP_LEFT_RIGHT,
    3: Transpose.ROTATE_180,
    4: Transpose.FLIP_TOP_BOTTOM,
    5: Transpose.TRANSPOSE,
    6: Transpose.ROTATE_270,
    7: Transpose.TRANSVERSE,
    8: Transpose.ROTATE_90,
}
_LYING = {5, 6, 7, 8}
_UNREADABLE = (
    OSError,
    SyntaxError,  # what Pillow raises for a broken PNG
    ValueError,
    EOFError,
    KeyError,
    IndexError,
    TypeError,
    OverflowError,
    AssertionError,  # a palette picture without its palette
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
)


def look(encoded: bytes, max_px: int = 40_000_000) -> Picture:
    """What the bytes are: PNG, JPEG or WebP, decoded once in full; width and height are those it is shown with.

    Raises PictureError when they are none of these, are cut off, or hold more than `max_px` pixels.
    """
    try:
        with _open(encoded, max_px) as opened:
            opened.load()
            width, height = _shown_size(opened)
            return Picture(encoded, _MEDIA_TYPES[opened.format or ""], width, height)
    except _UNREADABLE as error:
        raise PictureError("The picture is cut off or damaged.") from error


def style_reference(name: str, encoded: bytes) -> StyleReference:
    """The style picture made safe: upright, 8-bit RGB over white, sRGB, long side at most 2048 px, without metadata.

    `sha256` is that of the bytes as they came. Raises StyleError with a sentence when they are no PNG or JPEG that can be used.
    """
    try:
        with _open(encoded, STYLE_MAX_PX) as opened:
            media_type = _MEDIA_TYPES[opened.format or ""]
            if media_type not in {"image/png", "image/jpeg"}:
                raise StyleError(f'"{name}" is a {_TITLES[media_type]} picture; a style picture is a PNG or JPEG.')
            opened.draft("RGB", (STYLE_SIDE_PX, STYLE_SIDE_PX))
            picture = _upright_rgb(opened)
    except PictureError as error:
        raise StyleError(f'"{name}" cannot be used. {error}') from error
    except _UNREADABLE as error:
        raise StyleError(f'"{name}" is cut off or damaged.') from error
    picture.thumbnail((STYLE_SIDE_PX, STYLE_SIDE_PX), Image.Resampling.LANCZOS, reducing_gap=None)
    return StyleReference(name, hashlib.sha256(encoded).hexdigest(), _safe_picture(picture, media_type))


def shrunk(encoded: bytes, side_px: int) -> Picture:
    """The picture as it is when its longer side has at most `side_px`, else smaller, as `style_reference` would make it.

    Raises PictureError.
    """
    picture = look(encoded)
    if max(picture.width_px, picture.height_px) <= side_px:
        return picture
    try:
        with _open(encoded, picture.width_px * picture.height_px) as opened:
            smaller = _upright_rgb(opened)
    except _UNREADABLE as error:
        raise PictureError("The picture is cut off or damaged.") from error
    smaller.thumbnail((side_px, side_px), Image.Resampling.LANCZOS, reducing_gap=None)
    return _safe_picture(smaller, picture.media_type)


def aspect_ratio(width_px: int, height_px: int) -> str:
    """The nearest ratio that image models commonly offer, for example "16:9"."""
    wanted = math.log(width_px / height_px)

    def distance(ratio: str) -> float:
        width, height = ratio.split(":")
        return abs(math.log(int(width) / int(height)) - wanted)

    return min(ASPECT_RATIOS, key=distance)


def _open(encoded: bytes, max_px: int) -> Image.Image:
    """Reads the header only. Raises PictureError."""
    try:
        opened = Image.open(BytesIO(encoded), formats=("PNG", "JPEG", "WEBP"))
    except Image.DecompressionBombError as error:
        raise PictureError(f"It has more than {max_px // 1_000_000} megapixels.") from error
    except _UNREADABLE as error:
        raise PictureError("It is no PNG, JPEG or WebP picture.") from error
    if opened.format in {"JPEG", "MPO"} and encoded.count(b"\xff\xda") > _MAX_SCANS:
        raise PictureError("It is drawn over so many times that it would take minutes to open.")
    if opened.width * opened.height > max_px:
        opened.close()
        raise PictureError(
            f"It has {opened.width} x {opened.height} pixels; at most {max_px / 1_000_000:g} megapixels are allowed."
        )
    return opened


def _upright_rgb(opened: Image.Image) -> Image.Image:
    orientation = _orientation(opened)
    rgb = _over_white(_to_srgb(_fewer_pixels(_eight_bit(opened))))
    turn = _TURNS.get(orientation)
    return rgb if turn is None else rgb.transpose(turn)


def _shown_size(opened: Image.Image) -> tuple[int, int]:
    return (opened.height, opened.width) if _orientation(opened) in _LYING else opened.size


def _orientation(opened: Image.Image) -> int:
    try:
        return int(opened.getexif().get(_ORIENTATION_TAG, 1))
    except _UNREADABLE:
        return 1  # broken metadata do not make a picture unusable


def _eight_bit(opened: Image.Image) -> Image.Image:
    """Pillow clips 16-bit grey instead of scaling it, which turns it nearly white."""
    opened.load()
    if not opened.mode.startswith("I"):
        return opened
    import numpy as np  # noqa: PLC0415 - the first page is drawn without it

    return Image.fromarray(np.clip(np.asarray(opened) >> 8, 0, 255).astype(np.uint8))


def _fewer_pixels(picture: Image.Image) -> Image.Image:
    """A quarter or less of a huge picture, before the next steps make copies of it that would fill the memory."""
    factor = max(picture.size) // (STYLE_SIDE_PX * 3 // 2)
    if factor < 2:
        return picture
    if picture.has_transparency_data and picture.mode not in {"RGBA", "LA"}:
        picture = picture.convert("RGBA")
    elif picture.mode in {"1", "P"}:
        picture = picture.convert("RGB")
    return picture.reduce(factor)


def _to_srgb(picture: Image.Image) -> Image.Image:
    """Wide-gamut and CMYK pictures carry the profile that says which colours their numbers mean."""
    profile = picture.info.get("icc_profile")
    if not profile or picture.mode not in {"RGB", "CMYK"}:
        return picture
    try:
        source = ImageCms.ImageCmsProfile(BytesIO(profile))
        converted = ImageCms.profileToProfile(picture, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return picture  # a broken profile: the plain numbers are the best guess
    return picture if converted is None else converted


def _over_white(picture: Image.Image) -> Image.Image:
    if not picture.has_transparency_data:
        return picture.convert("RGB")
    rgba = picture.convert("RGBA")
    white = Image.new("RGBA", rgba.size, "white")
    return Image.alpha_composite(white, rgba).convert("RGB")


def _safe_picture(picture: Image.Image, media_type: str) -> Picture:
    if media_type == "image/png":
        import numpy as np  # noqa: PLC0415

        encoded = png.encode(np.asarray(picture))
        if len(encoded) <= _MAX_PNG_BYTES:
            return Picture(encoded, media_type, picture.width, picture.height)
    return Picture(_jpeg(picture), "image/jpeg", picture.width, picture.height)


def _jpeg(picture: Image.Image) -> bytes:
    stream = BytesIO()
    picture.save(stream, "JPEG", quality=95, subsampling=0, icc_profile=None)
    return stream.getvalue()
