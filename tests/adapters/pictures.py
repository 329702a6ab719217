"""Pictures for tests, good and evil."""

import io
import struct
import zlib

from PIL import Image, PngImagePlugin

FORMATS = ("PNG", "JPEG", "WEBP", "GIF")
MIME = {"PNG": "image/png", "JPEG": "image/jpeg", "WEBP": "image/webp", "GIF": "image/gif"}


def picture(image_format="PNG", size=(32, 24), mode="RGB", colour="#3366cc", **options):
    """A picture of one colour, as a file."""
    return saved(Image.new(mode, size, colour), image_format, **options)


def saved(image, image_format, **options):
    out = io.BytesIO()
    image.save(out, image_format, **options)
    return out.getvalue()


def opened(data):
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def animation(image_format, count=5, size=(32, 24), duration=80, **options):
    frames = [Image.new("RGB", size, (40 * number % 256, 0, 200)) for number in range(count)]
    return saved(frames[0], image_format, save_all=True, append_images=frames[1:], duration=duration, loop=0, **options)


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png_of(width, height, pixels, *more):
    """A PNG written by hand: 8 bit RGBA, `pixels` compressed as they are, further chunks before them."""
    header = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    body = chunk(b"IDAT", zlib.compress(pixels, 9))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + b"".join(more) + body + chunk(b"IEND", b"")


def with_gps(image_format, orientation=1, size=(32, 24)):
    """A picture as a phone makes it: with place, maker and an orientation."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010F] = "CANARY-MAKER"
    exif.get_ifd(0x8825).update({1: "N", 2: (52.0, 31.0, 12.0), 3: "E", 4: (13.0, 24.0, 36.0)})
    exif.get_ifd(0x8825)[29] = "CANARY-DATE"
    return picture(image_format, size, exif=exif)


PAYLOADS = {
    "html": b"<html><script>alert('CANARY')</script></html>",
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert("CANARY")</script></svg>',
    "php": b"<?php system($_GET['CANARY']); ?>",
    "pdf": b"%PDF-1.4 CANARY\n1 0 obj<</OpenAction 2 0 R>>endobj\n%%EOF",
    "jar": b"PK\x03\x04\x14\0\0\0\0\0CANARY" + b"\0" * 20 + b"PK\x05\x06" + b"\0" * 18,
    "mvg": b"push graphic-context\nimage over 0,0 0,0 'https://CANARY/'\npop graphic-context",
}


def polyglots():
    """Good pictures that are something else too: name and bytes, more than a hundred."""
    for name, payload in PAYLOADS.items():
        for image_format in FORMATS:
            plain = picture(image_format)
            yield f"{name} behind {image_format}", plain + payload
            yield f"{name} behind {image_format} and zeros", plain + bytes(1_000) + payload
        text = PngImagePlugin.PngInfo()
        text.add_text("Comment", payload.decode("latin-1"))
        yield f"{name} in PNG tEXt", picture("PNG", pnginfo=text)
        text = PngImagePlugin.PngInfo()
        text.add_itxt("Comment", payload.decode("latin-1"))
        yield f"{name} in PNG iTXt", picture("PNG", pnginfo=text)
        yield f"{name} in a private PNG chunk", png_of(1, 1, bytes(5), chunk(b"evIl", payload))
        yield f"{name} in PNG iCCP", png_of(1, 1, bytes(5), chunk(b"iCCP", b"p\0\0" + zlib.compress(payload, 0)))
        yield f"{name} behind the pixels of a PNG", png_of(1, 1, bytes(5) + payload * 9)
        yield f"{name} in JPEG COM", picture("JPEG", comment=payload)
        yield f"{name} as JPEG ICC", picture("JPEG", icc_profile=payload)
        yield f"{name} as JPEG EXIF", picture("JPEG", exif=b"Exif\0\0" + payload)
        yield f"{name} in JPEG APP13", with_segment(picture("JPEG"), 0xED, payload)
        yield f"{name} in GIF comment", picture("GIF", comment=payload)
        yield f"{name} as WebP EXIF", picture("WEBP", exif=b"Exif\0\0" + payload)
        yield f"{name} as WebP XMP", picture("WEBP", xmp=payload)
        yield f"{name} as WebP ICC", picture("WEBP", icc_profile=payload)


def with_segment(jpeg, marker, body):
    return jpeg[:2] + bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body + jpeg[2:]


NO_PICTURES = {
    "nothing": b"",
    "a text": b"hello",
    "SVG": PAYLOADS["svg"],
    "HTML": PAYLOADS["html"],
    "PDF": PAYLOADS["pdf"],
    "MVG": PAYLOADS["mvg"],
    "a zip": PAYLOADS["jar"],
    "BMP": picture("BMP"),
    "TIFF": picture("TIFF"),
    "ICO": picture("ICO"),
    "PPM": picture("PPM"),
    "PostScript": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
    "a sound in RIFF": b"RIFF\x24\0\0\0WAVEfmt ",
    "a shifted PNG": b"\n" + picture("PNG"),
}
