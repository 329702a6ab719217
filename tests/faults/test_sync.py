"""Durable before acknowledged: the order of system calls, and what a disk that lies does to answers."""

from __future__ import annotations

import asyncio
import re
import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from tests.faults.server import prepare, serving, sign_up
from tests.needs import need

pytestmark = pytest.mark.slow

WRITES = 30
TRACED = "fsync,fdatasync,write,writev,sendto,sendmsg,read,readv,recvfrom,recvmsg"
SHIM = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>
static int is_broken(void) { return access(getenv("BROKEN_DISK"), F_OK) == 0; }
static int sync_with(const char *name, int fd) {
  if (is_broken()) { errno = EIO; return -1; }
  return ((int (*)(int)) dlsym(RTLD_NEXT, name))(fd);
}
int fdatasync(int fd) { return sync_with("fdatasync", fd); }
int fsync(int fd) { return sync_with("fsync", fd); }
"""


def steps_of(trace: str) -> list[str]:
    """`request`, `sync` (of the write-ahead log, when it has ended) and `reply`, in order."""
    steps, syncing = [], set()
    for line in trace.splitlines():
        thread = line.split(maxsplit=1)[0]
        if "sync(" in line and "-wal>" in line:
            if line.endswith("= 0"):
                steps.append("sync")
            else:
                syncing.add(thread)  # unfinished: it counts when it is resumed
        elif "sync resumed" in line and thread in syncing:
            syncing.discard(thread)
            assert line.endswith("= 0"), line
            steps.append("sync")
        elif "POST /e:" in line:
            steps.append("request")
        elif "HTTP/1.1 200" in line:
            steps.append("reply")
    return steps


def test_the_log_is_synced_between_every_request_and_its_reply(tmp_path: Path) -> None:
    need(shutil.which("strace"), "strace shows the order of system calls")
    trace = tmp_path / "trace"
    tracer = ("strace", "-f", "-y", "-s", "32", "-e", f"trace={TRACED}", "-o", str(trace))
    with serving(tmp_path / "data", *tracer) as server:
        prepare(server)
        user_id, session = sign_up(server, "ada@acme.test")
        headers = server.headers | {"session": session}
        already = len(trace.read_text(errors="replace"))
        with httpx.Client(headers=headers, trust_env=False) as client:
            for number in range(WRITES):
                body = {"model": "users", "id": user_id, "values": {"name": f"Ada {number}"}}
                client.post(f"{server.api}/db/object/update", json=body).raise_for_status()
    steps = steps_of(trace.read_text(errors="replace")[already:])
    walked = "".join({"request": "q", "sync": "s", "reply": "r"}[step] for step in steps)
    assert walked.count("q") == walked.count("r") == WRITES, walked
    assert re.fullmatch(r"(s*qs+r)+s*", walked), walked


def compiled(folder: Path) -> Path:
    (folder / "shim.c").write_text(SHIM)
    subprocess.run(["cc", "-shared", "-fPIC", "-o", "shim.so", "shim.c", "-ldl"], cwd=folder, check=True)
    return folder / "shim.so"


async def test_after_a_failed_sync_no_write_is_acknowledged(tmp_path: Path) -> None:
    need(shutil.which("cc"), "cc compiles the library that makes fdatasync fail")
    broken = tmp_path / "disk-is-broken"
    environ = {"LD_PRELOAD": str(compiled(tmp_path)), "BROKEN_DISK": str(broken)}
    with serving(tmp_path / "data", environ=environ) as server:
        prepare(server)
        user_id, session = sign_up(server, "ada@acme.test")

        async with httpx.AsyncClient(headers=server.headers | {"session": session}, trust_env=False) as client:

            async def write(name: str) -> int:
                body = {"model": "users", "id": user_id, "values": {"name": name}}
                return (await client.post(f"{server.api}/db/object/update", json=body)).status_code

            assert await write("acknowledged") == 200
            broken.touch()
            assert set(await asyncio.gather(*(write(f"lost {number}") for number in range(20)))) == {503}
            assert {await write(f"later {number}") for number in range(5)} == {503}
            broken.unlink()
            # The disk says that it is well again; what it forgot meanwhile nobody knows.
            assert {await write(f"healed {number}") for number in range(5)} == {503}
            read = await client.get(f"{server.api}/auth/user")
            assert (read.status_code, read.json()["name"]) == (200, "acknowledged")
    with serving(tmp_path / "data") as server:
        async with httpx.AsyncClient(headers=server.headers | {"session": session}, trust_env=False) as client:
            name = (await client.get(f"{server.api}/auth/user")).json()["name"]
            assert name == "acknowledged" or name.startswith("lost")  # written, but never acknowledged
            body = {"model": "users", "id": user_id, "values": {"name": "again"}}
            assert (await client.post(f"{server.api}/db/object/update", json=body)).status_code == 200
    with closing(sqlite3.connect(tmp_path / "data" / "vestibule.db")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
