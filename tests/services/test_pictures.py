"""Pictures are what their bytes say; style pictures come out upright, 8-bit RGB and small enough."""

import hashlib
import struct
import zlib
from io import BytesIO

import numpy as np
import pytest
from PIL import Image, ImageCms

from maestro import png
from maestro.errors import PictureError, StyleError
from maestro.services import pictures

pytestmark = pytest.mark.timeout(30)
SIZE = (60, 40)


def painted(size: tuple[int, int] = SIZE) -> Image.Image:
    """Red at the top left, blue elsewhere."""
    width, height = size
    picture = Image.new("RGB", size, (20, 40, 200))
    picture.paste((220, 30, 30), (0, 0, width // 2, height // 2))
    return picture


def encoded(picture: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    """As a file of this kind."""
    stream = BytesIO()
    picture.save(stream, kind, **options)
    return stream.getvalue()


def shown(picture: bytes) -> Image.Image:
    """As another program reads it, after it was found to be plain 8-bit RGB."""
    opened = Image.open(BytesIO(picture))
    assert opened.mode == "RGB"
    return opened


def assert_near(picture: Image.Image, at: tuple[int, int], rgb: tuple[int, int, int], within: int = 12) -> None:
    """The colour of one pixel."""
    assert np.abs(np.array(picture.getpixel(at)) - rgb).max() <= within


@pytest.mark.parametrize(("kind", "media_type"), [("PNG", "image/png"), ("JPEG", "image/jpeg"), ("WEBP", "image/webp")])
def test_a_picture_is_what_its_bytes_are(kind: str, media_type: str) -> None:
    """The label does not matter, there is none."""
    picture = pictures.look(encoded(painted(), kind))

    assert (picture.media_type, picture.width_px, picture.height_px) == (media_type, 60, 40)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_half_a_picture_is_none(kind: str) -> None:
    """It is decoded to the end before it is believed."""
    noise = Image.fromarray(np.random.default_rng(1).integers(0, 255, (40, 60, 3), np.uint8))
    whole = encoded(noise, kind)

    with pytest.raises(PictureError):
        pictures.look(whole[: len(whole) // 2])


@pytest.mark.parametrize("stranger", [b"", b"hello", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"GIF89a" + bytes(50)])
def test_other_bytes_are_no_picture(stranger: bytes) -> None:
    """Neither looked at, nor shrunk, nor taken for a style."""
    for question in (
        lambda: pictures.look(stranger),
        lambda: pictures.style_reference("a.png", stranger),
    ):
        with pytest.raises((PictureError, StyleError)):
            question()


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_a_picture_of_a_hundred_megapixels_is_refused_before_it_is_decoded() -> None:
    """Its header is enough; behind it there is nothing."""
    header = encoded(Image.new("L", (1, 1)))[:16] + b"\0\0\x27\x10\0\0\x27\x10\x08\0\0\0\0"
    bomb = header + zlib.crc32(header[12:]).to_bytes(4, "big") + encoded(Image.new("L", (1, 1)))[33:]

    with pytest.raises(PictureError, match="10000 x 10000"):
        pictures.look(bomb)
    with pytest.raises(StyleError, match="10000 x 10000"):
        pictures.style_reference("wall.png", bomb)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_style_picture_is_turned_upright(orientation: int) -> None:
    """As its EXIF orientation says: the red corner is at the top left again."""
    turns = {turn: pictures._TURNS[turn] for turn in pictures._TURNS}
    backwards = {6: turns[8], 8: turns[6]} | {turn: turns[turn] for turn in (2, 3, 4, 5, 7)}
    stored = painted() if orientation == 1 else painted().transpose(backwards[orientation])
    exif = Image.Exif()
    exif[0x0112] = orientation
    photograph = encoded(stored, "JPEG", exif=exif, quality=95)

    style = pictures.style_reference("phone.jpg", photograph)

    assert (style.picture.width_px, style.picture.height_px) == SIZE
    assert_near(shown(style.picture.encoded), (10, 8), (220, 30, 30))
    assert_near(shown(style.picture.encoded), (50, 8), (20, 40, 200))
    assert not Image.open(BytesIO(style.picture.encoded)).getexif()
    assert (pictures.look(photograph).width_px, pictures.look(photograph).height_px) == SIZE


def test_sixteen_bit_grey_is_scaled_not_clipped() -> None:
    """Middle grey stays middle grey."""
    grey = Image.fromarray(np.full((40, 60), 0x8080, np.uint16))
    style = pictures.style_reference("scan.png", encoded(grey))

    assert_near(shown(style.picture.encoded), (30, 20), (128, 128, 128), within=1)


def test_what_is_transparent_becomes_white() -> None:
    """Not black, as a plain conversion would have it; with a palette too."""
    clear = Image.new("RGBA", SIZE, (0, 0, 0, 0))
    palette = Image.new("P", SIZE, 0)
    palette.putpalette([0, 0, 0, 255, 0, 0])

    for file in (encoded(clear), encoded(palette, transparency=0)):
        style = pictures.style_reference("logo.png", file)
        assert_near(shown(style.picture.encoded), (30, 20), (255, 255, 255), within=1)


def test_cmyk_becomes_rgb() -> None:
    """Printers' JPEGs keep their colours about."""
    style = pictures.style_reference("print.jpg", encoded(painted().convert("CMYK"), "JPEG", quality=95))

    assert_near(shown(style.picture.encoded), (10, 8), (220, 30, 30), within=20)


def test_an_mpo_photograph_is_a_jpeg() -> None:
    """Phones put a second picture behind the first; the first is meant."""
    photograph = encoded(painted(), "MPO", save_all=True, append_images=[Image.new("RGB", SIZE, "green")])

    style = pictures.style_reference("phone.jpg", photograph)

    assert style.picture.media_type == "image/jpeg"
    assert_near(shown(style.picture.encoded), (10, 8), (220, 30, 30))
    assert pictures.look(photograph).media_type == "image/jpeg"


def test_of_an_animation_the_first_frame_counts() -> None:
    """An animated PNG is a PNG."""
    film = encoded(painted(), save_all=True, append_images=[Image.new("RGB", SIZE, "green")], duration=100)

    assert_near(shown(pictures.style_reference("a.png", film).picture.encoded), (10, 8), (220, 30, 30), within=0)


def test_a_profile_is_obeyed() -> None:
    """Here red and blue have changed places in it; a broken one is ignored."""
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    swapped = srgb.replace(b"rXYZ", b"?XYZ").replace(b"bXYZ", b"rXYZ").replace(b"?XYZ", b"bXYZ")

    for profile, rgb in ((srgb, (220, 30, 30)), (swapped, (30, 30, 220)), (b"no profile at all", (220, 30, 30))):
        style = pictures.style_reference("a.jpg", encoded(painted(), "JPEG", quality=95, icc_profile=profile))
        assert_near(shown(style.picture.encoded), (10, 8), rgb)
        assert "icc_profile" not in Image.open(BytesIO(style.picture.encoded)).info


def test_a_large_style_picture_is_shrunk_and_keeps_its_own_hash() -> None:
    """The long side is at most 2048; the hash is that of the upload."""
    upload = encoded(painted((3000, 1000)), "JPEG")
    style = pictures.style_reference("wall.jpg", upload)

    assert (style.picture.width_px, style.picture.height_px) == (2048, 683)
    assert style.sha256 == hashlib.sha256(upload).hexdigest()


def test_a_noisy_png_becomes_a_jpeg() -> None:
    """Image models do not take pictures of ten megabytes."""
    noise = Image.fromarray(np.random.default_rng(1).integers(0, 255, (1400, 1400, 3), np.uint8))
    picture = pictures.style_reference("noise.png", encoded(noise, compress_level=0)).picture

    assert picture.media_type == "image/jpeg"
    assert pictures.look(picture.encoded).media_type == "image/jpeg"


@pytest.mark.parametrize(
    ("file", "what"), [(encoded(painted(), "WEBP"), "WebP"), (encoded(painted())[:60], "cut off"), (b"x", "no PNG")]
)
def test_a_style_picture_that_cannot_be_used_is_named(file: bytes, what: str) -> None:
    """In one sentence with its name."""
    with pytest.raises(StyleError, match=rf'"look\.png".*{what}'):
        pictures.style_reference("look.png", file)


@pytest.mark.parametrize(
    ("size", "ratio"),
    [((1920, 1080), "16:9"), ((1080, 1920), "9:16"), ((720, 576), "5:4"), ((500, 510), "1:1"), ((2390, 1000), "21:9")],
)
def test_the_nearest_offered_ratio_is_taken(size: tuple[int, int], ratio: str) -> None:
    """Measured on a logarithmic scale, so that lying and standing are alike."""
    assert pictures.aspect_ratio(*size) == ratio


def test_png_is_lossless() -> None:
    """With the fast compressor and without it, of any height."""
    for height in (1, 31, 32, 33, 64, 97):
        rgb = np.random.default_rng(2).integers(0, 255, (height, 57, 3), np.uint8)

        assert np.array_equal(np.asarray(shown(png.encode(rgb))), rgb)
        assert np.array_equal(np.asarray(shown(png.encode(rgb, zlib.compressobj))), rgb)


@pytest.mark.parametrize(
    "written",
    [
        "data:image/png;base64,aGVsbG8=",
        "data:image/png;base64,data:image/jpeg;base64,aGVsbG8=",
        "aGVsbG8=",
        "aGVsbG8",
        " data:;base64,aGVs\nbG8=\n",
    ],
)
def test_a_data_url_is_read_however_it_is_written(written: str) -> None:
    """Doubled prefixes and bare base64 come from real providers."""
    assert png.read_data_url(written) == b"hello"


@pytest.mark.parametrize("written", ["", "data:image/png;base64,", "https://example.org/a.png", "data:image/png;base64,???"])
def test_what_is_no_data_url_is_an_error(written: str) -> None:
    """Never an empty picture."""
    with pytest.raises(PictureError):
        png.read_data_url(written)


def test_a_data_url_names_its_type() -> None:
    """PNG unless told otherwise."""
    assert png.data_url(b"hello") == "data:image/png;base64,aGVsbG8="
    assert png.data_url(b"hello", "image/jpeg").startswith("data:image/jpeg;base64,")


def test_a_jpeg_that_is_drawn_over_for_ever_is_refused() -> None:
    """Each further scan costs little in the file and a whole decoding of the picture."""
    progressive = encoded(painted(), "JPEG", progressive=True)
    last_scan = progressive[progressive.rindex(b"\xff\xda") : -2]

    assert pictures.style_reference("few.jpg", progressive).picture.width_px == 60
    with pytest.raises(StyleError, match="drawn over so many times"):
        pictures.style_reference("many.jpg", progressive[:-2] + 200 * last_scan + b"\xff\xd9")


def test_a_palette_picture_without_its_palette_is_damaged() -> None:
    """Whatever the library makes of it."""
    chunk = encoded(painted().quantize(4)).split(b"PLTE")
    without = chunk[0][:-4] + chunk[1][struct.unpack(">I", chunk[0][-4:])[0] + 4 :]

    with pytest.raises(StyleError, match="cut off or damaged"):
        pictures.style_reference("a.png", without)
