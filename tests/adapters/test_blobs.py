"""Bytes in a folder: durable, in pieces, under keys of ours only."""

import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.needs import need
from vestibule.adapters.blobs import PIECE_BYTES, FolderBlobs, ObjectBlobs
from vestibule.kernel.errors import Code, DomainError

KEY = "0190b0c0ffee/ab/cdef0123"


@pytest.fixture(params=["folder", "memory"])
def blobs(request, tmp_path):
    """Every promise of the port, on every implementation."""
    return FolderBlobs(tmp_path / "files") if request.param == "folder" else ObjectBlobs.at("memory:///")


async def whole(blobs, key=KEY):
    return b"".join([piece async for piece in blobs.stream(key)])


async def code_of(work):
    with pytest.raises(DomainError) as refusal:
        await work
    return refusal.value.code


@pytest.mark.parametrize("size", [0, 1, PIECE_BYTES, PIECE_BYTES + 1, 5_000_000])
async def test_what_was_put_comes_back(blobs, size):
    data = bytes(number % 251 for number in range(1_000)) * (size // 1_000 + 1)
    await blobs.put(KEY, data[:size])
    assert await whole(blobs) == data[:size]


async def test_large_ones_come_in_pieces(tmp_path):
    blobs = FolderBlobs(tmp_path)
    await blobs.put(KEY, bytes(5_000_000))
    pieces = [len(piece) async for piece in blobs.stream(KEY)]
    assert len(pieces) > 10
    assert max(pieces) <= 1_000_000


async def test_a_missing_one_is_not_found(blobs):
    assert await code_of(whole(blobs)) is Code.FILE_NOT_FOUND
    await blobs.delete(KEY)
    await blobs.put(KEY, b"x")
    await blobs.delete(KEY)
    assert await code_of(whole(blobs)) is Code.FILE_NOT_FOUND
    await blobs.delete(KEY)


async def test_a_reader_that_leaves_does_no_harm(blobs):
    await blobs.put(KEY, bytes(1_000_000))
    stream = blobs.stream(KEY)
    assert await anext(stream)
    await stream.aclose()
    await blobs.stream(KEY).aclose()
    await blobs.delete(KEY)


@pytest.mark.parametrize(
    "key",
    [
        "",
        "/",
        "/ab",
        "ab/",
        "ab//cd",
        ".",
        "..",
        "../ab",
        "ab/../cd",
        "ab/..",
        "..%2fab",
        "%2e%2e/ab",
        "..\\ab",
        "ab\\cd",
        "ab\0cd",
        "ab\n",
        "/etc/passwd",
        "C:ab",
        "AB",
        "xyz",
        "ab#1",
        "ab cd",
        "ab\u2215cd",
        "\uff0e\uff0e/ab",
        "ab*",
    ],
)
async def test_a_key_is_hex_and_slashes(blobs, tmp_path, key):
    for work in (blobs.put(key, b"x"), whole(blobs, key), blobs.delete(key)):
        with pytest.raises(ValueError, match="not a storage key"):
            await work
    assert not any(path.is_file() for path in tmp_path.rglob("*"))


async def test_the_folder_is_its_owners(tmp_path):
    await FolderBlobs(tmp_path / "files").put(KEY, b"x")
    assert stat.S_IMODE((tmp_path / "files").stat().st_mode) == 0o700


async def test_a_relative_folder_will_do(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    blobs = FolderBlobs(Path("data/files"))
    await blobs.put(KEY, b"x")
    assert await whole(blobs) == b"x"
    assert (tmp_path / "data/files" / KEY).read_bytes() == b"x"


async def test_what_a_crash_left_goes_with_the_rest(tmp_path):
    blobs = FolderBlobs(tmp_path)
    await blobs.put("ab/cd", b"whole")
    for left_over in ("ab/cd#1", "ab/cd#27"):
        (tmp_path / left_over).write_bytes(b"half")
    (tmp_path / "ab/cd0#1").write_bytes(b"another's")
    await blobs.delete("ab/cd")
    assert [path.name for path in (tmp_path / "ab").iterdir()] == ["cd0#1"]


async def test_a_disk_that_fails_is_unavailable(tmp_path):
    blobs = FolderBlobs(tmp_path / "files")
    (tmp_path / "files" / "0190b0c0ffee").write_bytes(b"a file where a folder should be")
    assert await code_of(blobs.put(KEY, b"x")) is Code.UNAVAILABLE


def test_it_is_on_the_disk_before_put_returns(tmp_path):
    """The order of the system calls: written, renamed, then file and every folder above it synced, then said."""
    need(shutil.which("strace"), "strace shows the order of system calls")
    program = (
        "import asyncio, os, pathlib; from vestibule.adapters.blobs import FolderBlobs;"
        f"asyncio.run(FolderBlobs(pathlib.Path({str(tmp_path / 'files')!r})).put({KEY!r}, b'x' * 9000));"
        "os.write(1, b'said')"
    )
    calls = "trace=openat,rename,renameat,renameat2,fsync,fdatasync,write,mkdir"
    run = subprocess.run(
        ["strace", "-f", "-y", "-qq", "-e", calls, sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
    )
    lines = [line for line in run.stderr.splitlines() if "/files" in line or "said" in line]
    synced = [line.split("<", 1)[1].split(">")[0] for line in lines if "fsync(" in line]
    folder = str(tmp_path / "files")
    assert synced == [f"{folder}/{KEY}", f"{folder}/0190b0c0ffee/ab", f"{folder}/0190b0c0ffee", folder]
    order = [next(number for number, line in enumerate(lines) if call in line) for call in ("rename", "fsync", "said")]
    assert order == sorted(order)
