"""The process around the picture program: what it may use, how long, and how many at once."""

import asyncio
import os
import resource
import struct
import sys
import time

import pytest

from tests.adapters.pictures import FORMATS, MIME, NO_PICTURES, PAYLOADS, opened, picture, png_of, with_gps
from vestibule.adapters import images
from vestibule.adapters.image_child import MEMORY_BYTES
from vestibule.adapters.images import ChildImages, format_of
from vestibule.kernel.errors import Code, DomainError

PIXELS = 25_000_000


@pytest.fixture
def program(tmp_path, monkeypatch):
    """A function that puts another program in the place of the real one."""

    def put(source):
        path = tmp_path / "program.py"
        path.write_text(source)
        monkeypatch.setattr(images, "CHILD", path)

    return put


async def refusal_of(work):
    with pytest.raises(DomainError) as refusal:
        await work
    return refusal.value.code


async def cleaned(data, codec=None):
    found = await (codec or ChildImages()).clean(data, PIXELS)
    assert found is not None
    return found


# --- Answers ------------------------------------------------------------------------------------


@pytest.mark.parametrize("image_format", FORMATS)
async def test_a_picture_comes_back_with_its_true_type(image_format):
    data, mime_type = await cleaned(picture(image_format))
    assert mime_type == MIME[image_format]
    assert opened(data).size == (32, 24)


@pytest.mark.parametrize("name", NO_PICTURES)
async def test_what_is_no_picture_is_none_and_starts_nothing(name, monkeypatch):
    monkeypatch.setattr(images, "_start", None)
    assert await ChildImages().clean(NO_PICTURES[name], PIXELS) is None


async def test_nothing_of_the_upload_but_its_pixels():
    for image_format in ("PNG", "JPEG", "WEBP"):
        data, _ = await cleaned(with_gps(image_format) + PAYLOADS["html"])
        assert b"CANARY" not in data


@pytest.mark.parametrize("image_format", FORMATS)
async def test_a_first_line_alone_is_refused(image_format):
    for length in (12, 30, 60):
        data = picture(image_format)[:length]
        assert format_of(data) == image_format
        assert await refusal_of(ChildImages().clean(data, PIXELS)) is Code.FILE_TYPE_REFUSED


# --- Bombs --------------------------------------------------------------------------------------


async def timed_refusal(data, capsys, name):
    begin = time.perf_counter()
    code = await refusal_of(ChildImages().clean(data, PIXELS))
    took_ms = (time.perf_counter() - begin) * 1000
    with capsys.disabled():
        print(f"\n{name}: {len(data):,} bytes refused in {took_ms:.0f} ms")
    assert code is Code.FILE_TYPE_REFUSED
    return took_ms


async def test_a_header_that_promises_ten_thousand_million_pixels(capsys):
    # Nothing is decoded, so it takes as long as a process does: far from the seconds of a decoder.
    assert await timed_refusal(png_of(100_000, 100_000, bytes(1_000)), capsys, "10^5 x 10^5") < 2_000


async def test_forty_kilobytes_that_are_four_gigabytes(capsys):
    bomb = png_of(32_000, 32_000, bytes(40_000_000))
    assert len(bomb) < 40_000
    assert await timed_refusal(bomb, capsys, "4 GB PNG") < 2_000


async def test_rows_without_end_behind_a_small_picture():
    data, _ = await cleaned(png_of(1, 1, bytes(300_000_000)))
    assert opened(data).size == (1, 1)


async def test_a_gif_whose_frames_never_end(capsys):
    frame = b"\x2c\0\0\0\0\x01\0\x01\0\0\x02\x02\x44\x01\0"
    header = b"GIF89a\x01\0\x01\0\x80\0\0" + bytes(6)
    await timed_refusal(header + frame * 600_000, capsys, "600,000 frames")


async def test_a_webp_that_promises_the_largest_canvas(capsys):
    canvas = b"VP8X" + struct.pack("<I", 10) + b"\x02\0\0\0" + b"\xff\x3f\0" * 2
    await timed_refusal(b"RIFF" + struct.pack("<I", 4 + len(canvas)) + b"WEBP" + canvas, capsys, "16,384 squared WebP")


async def test_the_largest_allowed_picture_stays_within_its_memory():
    data = png_of(5_000, 5_000, (b"\0" + bytes(20_000)) * 5_000)
    begin = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    made, _ = await cleaned(data)
    grown_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - begin
    assert opened(made).size == (5_000, 5_000)
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024 < MEMORY_BYTES
    assert grown_kib < 300 * 1024  # this test's own copy of the pixels


# --- What the process may -----------------------------------------------------------------------

LIMITED = """
import resource, sys
sys.path.insert(0, {folder!r})
import image_child
image_child._limit_this_process()
"""


async def test_it_has_no_secrets_and_no_way_to_this_program(program, monkeypatch):
    monkeypatch.setenv("VESTIBULE_MASTER_KEY", "CANARY")
    monkeypatch.setenv("PYTHONPATH", "/CANARY")
    program("import os, sys; print(dict(os.environ), sys.path, sys.flags.isolated, os.getcwd())")
    said, _ = await cleaned(picture())
    assert b"CANARY" not in said
    assert b"adapters" not in said
    assert said.split()[-2:] == [b"1", b"/"]


@pytest.mark.parametrize(
    "attempt",
    [
        "bytearray(2_000_000_000)",
        "file = open('left-over', 'w'); file.write('x'); file.flush()",
        "import os; os.abort()",
        "import os, signal; os.kill(os.getpid(), signal.SIGXCPU)",  # what the processor limit sends
    ],
)
async def test_what_it_may_not_is_the_end_of_it(program, tmp_path, attempt):
    limited = LIMITED.format(folder=str(images.CHILD.parent))
    program(f"{limited}import os; os.chdir({str(tmp_path)!r})\n{attempt}\n")
    assert await refusal_of(ChildImages().clean(picture(), PIXELS)) is Code.FILE_TYPE_REFUSED
    left = tmp_path / "left-over"
    assert not left.exists() or left.stat().st_size == 0


async def test_the_limits_are_set_before_a_byte_is_read(program):
    program(
        LIMITED.format(folder=str(images.CHILD.parent))
        + "print(*(resource.getrlimit(getattr(resource, 'RLIMIT_' + name)) for name in ('AS', 'CPU', 'FSIZE', 'CORE')))"
    )
    said, _ = await cleaned(picture())
    assert said.decode().split("\n")[0] == f"({MEMORY_BYTES}, {MEMORY_BYTES}) (10, 10) (0, 0) (0, 0)"


async def test_who_takes_too_long_is_ended(program):
    program("import sys, time; sys.stdout.write('x'); sys.stdout.flush(); time.sleep(60)")
    begin = time.perf_counter()
    assert await refusal_of(ChildImages(timeout_s=0.5).clean(picture(), PIXELS)) is Code.FILE_TYPE_REFUSED
    assert time.perf_counter() - begin < 5


async def test_who_reads_nothing_is_no_trouble(program):
    program("raise SystemExit(1)")
    data = picture("PNG", (1000, 1000)) + bytes(8_000_000)
    assert await refusal_of(ChildImages().clean(data, PIXELS)) is Code.FILE_TYPE_REFUSED


async def test_a_caller_that_leaves_takes_the_process_along(program, tmp_path):
    program(f"import os, time; open({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid())); time.sleep(60)")
    work = asyncio.create_task(ChildImages().clean(picture(), PIXELS))
    async with asyncio.timeout(10):
        while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text():  # noqa: ASYNC110  a file rings no bell
            await asyncio.sleep(0.02)
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


async def test_no_process_at_all_is_not_the_pictures_fault(monkeypatch):
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    assert await refusal_of(ChildImages().clean(picture(), PIXELS)) is Code.UNAVAILABLE


# --- How many -----------------------------------------------------------------------------------


async def test_a_few_at_once_and_the_rest_in_turn(program, tmp_path):
    program(
        f"""
import os, time
mark = os.path.join({str(tmp_path)!r}, f"running-{{os.getpid()}}")
open(mark, "w").close()
time.sleep(0.15)
print(sum(name.startswith("running-") for name in os.listdir({str(tmp_path)!r})))
os.unlink(mark)
"""
    )
    codec = ChildImages(at_once=2, waiting=10)
    results = await asyncio.gather(*(cleaned(picture(), codec) for _ in range(6)))
    assert max(int(said) for said, _ in results) == 2


async def test_past_the_queue_limit_it_refuses_at_once(program):
    program("import time; time.sleep(0.3)")
    codec = ChildImages(at_once=1, waiting=2)
    burst = [codec.clean(picture(), PIXELS) for _ in range(8)]
    results = await asyncio.gather(*burst, return_exceptions=True)
    refused = [result for result in results if isinstance(result, DomainError)]
    assert len(refused) == 5
    assert {refusal.code for refusal in refused} == {Code.OVERLOADED}
    assert int(refused[0].fields["retry_after_s"]) >= 1
    assert await codec.clean(b"a text", PIXELS) is None
    assert await codec.clean(picture(), PIXELS) is not None
