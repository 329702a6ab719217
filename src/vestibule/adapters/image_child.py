"""The program that adapters.images starts for each picture: makes it anew, from standard input to output.

Usage: python -I image_child.py FORMAT MAX_PIXELS. Exits 1 for whatever is broken, too large or too slow.
"""

import resource
import sys
from io import BytesIO
from typing import Any

import PIL.WebPImagePlugin  # noqa: F401  named here, else Pillow loads every format it knows
from PIL import Image, ImageCms, ImageOps, ImageSequence

MEMORY_BYTES = 1024 * 1024 * 1024
CPU_S = 10
MAX_FRAMES = 300
MAX_FRAMES_PIXELS = 4
"""How many times the pixels of the largest still picture all frames together may have."""
JPEG_QUALITY = 85
WEBP_QUALITY = 85
LOSSLESS_EFFORT = 30


def main() -> None:
    """Decode and encode, with nothing but the pixels in between."""
    _limit_this_process()
    image_format, max_pixels = sys.argv[1], int(sys.argv[2])
    data = sys.stdin.buffer.read()
    try:
        sys.stdout.buffer.write(remade(data, image_format, max_pixels))
    except Exception:  # noqa: BLE001  a decoder fed with anything raises anything
        sys.exit(1)


def remade(data: bytes, image_format: str, max_pixels: int) -> bytes:
    """The same picture in the same format: upright, in sRGB, without metadata. Raises for a bad one."""
    Image.MAX_IMAGE_PIXELS = None  # judged below, before any pixel is decoded
    image = Image.open(BytesIO(data), formats=[image_format])
    pixels = image.width * image.height
    # A JPEG with several pictures is a photo with previews, not an animation.
    count = 1 if image_format == "JPEG" else getattr(image, "n_frames", 1)
    if pixels > max_pixels or count > MAX_FRAMES or pixels * count > MAX_FRAMES_PIXELS * max_pixels:
        raise ValueError("too many pixels")
    out = BytesIO()
    options = _options(data, image_format)
    if count == 1:
        _still(image, image_format).save(out, image_format, **options)
    else:
        first, rest, timing = _animation(image)
        first.save(out, image_format, save_all=True, append_images=rest, **timing, **options)
    return out.getvalue()


def _still(image: Image.Image, image_format: str) -> Image.Image:
    shown = _in_srgb(_upright(image))
    return _bare(shown.convert("RGB") if image_format == "JPEG" and shown.mode not in ("L", "RGB") else shown)


def _animation(image: Image.Image) -> tuple[Image.Image, list[Image.Image], dict[str, Any]]:
    """Whole frames, each as it is seen, and how long each is shown."""
    first, *rest = frames = [frame.copy() for frame in ImageSequence.Iterator(image)]
    timing: dict[str, Any] = {n: image.info[n] for n in ("loop", "default_image") if n in image.info}
    timing["duration"] = [frame.info.get("duration", 0) for frame in frames]
    if any(frame.has_transparency_data for frame in frames) and image.format == "GIF":
        timing["disposal"] = 2  # else the frame before shines through
    return _bare(first), [_bare(frame) for frame in rest], timing


def _upright(image: Image.Image) -> Image.Image:
    """Turned as its notes say."""
    try:
        return ImageOps.exif_transpose(image)
    except Exception:  # noqa: BLE001  notes can be broken in any way; broken pixels are noticed later
        return image


def _in_srgb(image: Image.Image) -> Image.Image:
    """Colours as a screen shows them when the profile is gone."""
    profile = image.info.get("icc_profile")
    if not profile or image.mode not in ("RGB", "RGBA", "CMYK"):
        return image
    mode = "RGBA" if image.mode == "RGBA" else "RGB"
    try:
        source = ImageCms.ImageCmsProfile(BytesIO(profile))
        found = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode=mode)
    except (ImageCms.PyCMSError, OSError):
        return image  # a broken profile is no profile
    return found or image


def _bare(image: Image.Image) -> Image.Image:
    """Pixels, palette and the transparent colour; all else that came with the file is forgotten."""
    bare = image.copy()
    bare.info = {name: image.info[name] for name in ("transparency",) if name in image.info}
    return bare


def _options(data: bytes, image_format: str) -> dict[str, Any]:
    match image_format:
        case "JPEG":
            return {"quality": JPEG_QUALITY}
        case "WEBP" if b"VP8L" in data and b"VP8 " not in data:
            return {"lossless": True, "quality": LOSSLESS_EFFORT, "method": 1}
        case "WEBP":
            return {"quality": WEBP_QUALITY, "method": 2}
        case _:
            return {}


def _limit_this_process() -> None:
    """A bomb may hurt this process only: memory, processor time, no files, no memory image of a crash."""
    for name, limit in (
        (resource.RLIMIT_AS, MEMORY_BYTES),
        (resource.RLIMIT_CPU, CPU_S),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(name, (limit, limit))


if __name__ == "__main__":
    main()
