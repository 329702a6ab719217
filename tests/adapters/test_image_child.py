"""What comes out of the picture program: the pixels, upright and animated, and nothing else."""

import struct
import zlib

import pytest
from PIL import Image, ImageCms

from tests.adapters.pictures import (
    FORMATS,
    animation,
    chunk,
    opened,
    picture,
    png_of,
    polyglots,
    saved,
    with_gps,
    with_segment,
)
from vestibule.adapters.image_child import MAX_FRAMES, remade

PIXELS = 25_000_000
POLYGLOTS = dict(polyglots())


@pytest.fixture(autouse=True)
def _limits_of_the_library():
    kept = Image.MAX_IMAGE_PIXELS
    yield
    Image.MAX_IMAGE_PIXELS = kept


def format_of(data):
    return opened(data).format


# --- The same picture ---------------------------------------------------------------------------


MODES = {
    "PNG": ("1", "L", "LA", "P", "RGB", "RGBA", "I;16"),
    "JPEG": ("L", "RGB", "CMYK"),
    "WEBP": ("L", "RGB", "RGBA"),
    "GIF": ("1", "L", "P", "RGB"),
}


@pytest.mark.parametrize(("image_format", "mode"), [(name, mode) for name in MODES for mode in MODES[name]])
def test_every_mode_comes_out_in_its_format(image_format, mode):
    data = saved(Image.new("L", (17, 9), 99).convert(mode), image_format)
    image = opened(remade(data, image_format, PIXELS))
    assert (image.format, image.size) == (image_format, (17, 9))
    expected, found = opened(data).convert("RGBA").getpixel((8, 4)), image.convert("RGBA").getpixel((8, 4))
    assert all(abs(a - b) <= 4 for a, b in zip(expected, found, strict=True))


def test_sixteen_bits_stay_sixteen():
    data = saved(Image.new("I;16", (4, 4), 12_345), "PNG")
    assert opened(remade(data, "PNG", PIXELS)).getpixel((0, 0)) == 12_345


@pytest.mark.parametrize("image_format", ["PNG", "WEBP", "GIF"])
def test_what_is_transparent_stays_so(image_format):
    image = Image.new("RGBA", (16, 16), (255, 0, 0, 255))
    image.paste((0, 0, 0, 0), (0, 0, 8, 16))
    made = opened(remade(saved(image, image_format), image_format, PIXELS)).convert("RGBA")
    assert [made.getpixel(place)[3] for place in ((2, 2), (12, 2))] == [0, 255]


def test_a_palette_stays_a_palette():
    image = Image.new("P", (64, 64), 1)
    image.putpalette([0, 0, 0, 10, 200, 30])
    data = saved(image, "PNG", transparency=0)
    made = opened(remade(data, "PNG", PIXELS))
    assert made.mode == "P"
    assert made.convert("RGBA").getpixel((5, 5)) == (10, 200, 30, 255)


def test_webp_without_loss_stays_without():
    image = Image.effect_noise((40, 40), 90).convert("RGB")
    made = opened(remade(saved(image, "WEBP", lossless=True), "WEBP", PIXELS))
    assert made.tobytes() == image.tobytes()


@pytest.mark.parametrize("image_format", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_it_stands_upright(image_format, orientation):
    made = remade(with_gps(image_format, orientation), image_format, PIXELS)
    assert opened(made).size == ((32, 24) if orientation < 5 else (24, 32))


def test_upright_is_the_right_way_up():
    image = Image.new("RGB", (20, 10), "white")
    image.paste("black", (0, 0, 4, 10))  # dark on the left
    exif = Image.Exif()
    exif[0x0112] = 6  # to be shown turned clockwise: dark above
    made = opened(remade(saved(image, "PNG", exif=exif), "PNG", PIXELS)).convert("L")
    assert (made.size, made.getpixel((5, 1)), made.getpixel((5, 18))) == ((10, 20), 0, 255)


# --- Animations ---------------------------------------------------------------------------------


@pytest.mark.parametrize("image_format", ["PNG", "WEBP", "GIF"])
def test_an_animation_still_moves(image_format):
    made = opened(remade(animation(image_format, duration=[80, 120, 80, 200, 40]), image_format, PIXELS))
    assert made.n_frames == 5
    assert made.info["loop"] == 0
    shown = []
    for number in range(5):
        made.seek(number)
        made.load()
        shown.append((made.info["duration"], made.convert("RGB").getpixel((9, 9))[0]))
    assert [duration for duration, _ in shown] == [80, 120, 80, 200, 40]
    assert all(abs(red - 40 * number) < 8 for number, (_, red) in enumerate(shown))


def test_a_transparent_animation_does_not_smear():
    frames = []
    for left in (0, 10, 20):
        frame = Image.new("RGBA", (30, 10), (0, 0, 0, 0))
        frame.paste((255, 0, 0, 255), (left, 0, left + 10, 10))
        frames.append(frame)
    data = saved(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=50, disposal=2)
    made = opened(remade(data, "GIF", PIXELS))
    for number in range(3):
        made.seek(number)
        seen = made.convert("RGBA")
        assert [seen.getpixel((x, 5))[3] for x in (5, 15, 25)] == [255 * (number == place) for place in range(3)]


def test_a_photo_with_a_preview_is_one_picture():
    small, large = Image.new("RGB", (8, 8), "red"), Image.new("RGB", (32, 24), "blue")
    data = saved(large, "MPO", save_all=True, append_images=[small])
    made = opened(remade(data, "JPEG", PIXELS))
    assert (made.format, made.size) == ("JPEG", (32, 24))


@pytest.mark.parametrize(("count", "size"), [(MAX_FRAMES + 1, (2, 2)), (30, (600, 600))])
@pytest.mark.parametrize("image_format", ["GIF", "WEBP", "PNG"])
def test_too_many_frames_are_refused(image_format, count, size):
    frames = [Image.new("RGB", size, (number * 37 % 256, number * 91 % 256, 9)) for number in range(count)]
    options = {"lossless": True} if image_format == "WEBP" else {}
    data = saved(frames[0], image_format, save_all=True, append_images=frames[1:], duration=10, loop=0, **options)
    with pytest.raises(ValueError, match="too many pixels"):
        remade(data, image_format, 2_500_000)


# --- Colours ------------------------------------------------------------------------------------


def exchanged_profile():
    """A profile in which red and green have changed places."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return profile.replace(b"rXYZ", b"####", 1).replace(b"gXYZ", b"rXYZ", 1).replace(b"####", b"gXYZ", 1)


@pytest.mark.parametrize("image_format", ["PNG", "JPEG", "WEBP"])
def test_colours_are_as_their_profile_meant_them(image_format):
    data = picture(image_format, colour="#ff0000", icc_profile=exchanged_profile())
    made = opened(remade(data, image_format, PIXELS))
    red, green, blue = made.convert("RGB").getpixel((9, 9))
    assert green > 240
    assert red < 15 > blue
    assert "icc_profile" not in made.info


@pytest.mark.parametrize("profile", [b"", b"nonsense", b"\0" * 200, exchanged_profile()[:300]])
def test_a_broken_profile_is_no_profile(profile):
    made = opened(remade(picture("JPEG", colour="#ff0000", icc_profile=profile), "JPEG", PIXELS))
    assert made.getpixel((9, 9))[0] > 240


# --- Nothing else -------------------------------------------------------------------------------


def test_there_are_a_hundred_polyglots():
    assert len(POLYGLOTS) >= 100


@pytest.mark.parametrize("name", POLYGLOTS)
def test_nothing_of_a_polyglot_is_left(name):
    data = POLYGLOTS[name]
    assert b"CANARY" in data or "iCCP" in name or "pixels" in name
    image_format = next(each for each in FORMATS if each.casefold() in name.casefold())
    made = remade(data, image_format, PIXELS)
    assert format_of(made) == image_format
    assert b"CANARY" not in made
    assert not any(sign in made for sign in (b"<script", b"<?php", b"%PDF", b"PK\x03\x04", b"<svg", b"push graphic"))


@pytest.mark.parametrize("image_format", ["PNG", "JPEG", "WEBP"])
def test_place_and_maker_are_gone(image_format):
    data = with_gps(image_format)
    assert b"CANARY" in data
    made = remade(data, image_format, PIXELS)
    assert b"CANARY" not in made
    assert b"Exif" not in made
    assert b"eXIf" not in made
    assert dict(opened(made).getexif()) == {}


def test_the_chunks_of_a_png_are_only_what_shows():
    text = png_of(2, 2, bytes(18), chunk(b"tIME", bytes(7)), chunk(b"pHYs", bytes(9)), chunk(b"tEXt", b"a\0b"))
    made = remade(text, "PNG", PIXELS)
    names, place = [], 8
    while place < len(made):
        (length,) = struct.unpack(">I", made[place : place + 4])
        names.append(made[place + 4 : place + 8])
        place += 12 + length
    assert names == [b"IHDR", b"IDAT", b"IEND"]


def test_a_jpeg_has_no_segments_of_its_maker():
    data = picture("JPEG", dpi=(300, 300), comment=b"CANARY")
    for marker in range(0xE1, 0xF0):
        data = with_segment(data, marker, b"CANARY" * 3)
    made = remade(data, "JPEG", PIXELS)
    assert b"CANARY" not in made
    assert not [marker for marker in range(0xE1, 0xF0) if bytes([0xFF, marker]) in made[:200]]


# --- Refused ------------------------------------------------------------------------------------


@pytest.mark.parametrize("image_format", FORMATS)
def test_a_picture_in_another_format_is_refused(image_format):
    for other in {*FORMATS, "BMP", "TIFF"} - {image_format}:
        with pytest.raises(OSError):
            remade(picture(other), image_format, PIXELS)


@pytest.mark.parametrize("image_format", FORMATS)
def test_a_picture_that_ends_too_early_is_refused(image_format):
    data = saved(Image.effect_noise((64, 64), 90).convert("L"), image_format)
    for length in (10, 20, len(data) // 2):
        with pytest.raises((OSError, ValueError, SyntaxError, IndexError, struct.error)):
            remade(data[:length], image_format, PIXELS)


@pytest.mark.parametrize("image_format", FORMATS)
def test_pixels_are_counted_before_they_are_decoded(image_format):
    assert remade(picture(image_format, (100, 100)), image_format, 10_000)
    with pytest.raises(ValueError, match="too many pixels"):
        remade(picture(image_format, (100, 101)), image_format, 10_000)


def test_text_that_swells_is_not_read():
    bomb = chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(100_000_000), 9))
    try:
        made = remade(png_of(1, 1, bytes(5), bomb), "PNG", PIXELS)
    except ValueError:
        return
    assert len(made) < 1_000
