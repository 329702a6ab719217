"""`make bench`: figures of this machine, as ratios to a peer in the same run. Nothing is judged."""

from __future__ import annotations

import argparse
import asyncio
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from bench import figures, peers, simplejwt
from bench.load import USERS
from tests.clients.simplejwt.servers import Vestibule
from tests.faults.server import Server, prepare, serving


async def main(pairs: int) -> None:
    began = time.perf_counter()
    with TemporaryDirectory() as name:
        folder = Path(name)
        starts(folder)
        with serving(folder / "data") as server:
            prepare(server)
            await beside_starlette(server)
            await beside_django(server, folder)
            shared, alone = await figures.commits(folder)
            say("group commit", f"{shared:,.0f} tx/s", f"{shared / alone:.1f} times the {alone:,.0f}/s one by one")
            auc = await figures.timing(server, pairs)
            say("known or unknown, by answer time", f"AUC {auc:.3f}", f"0.5 tells nothing; {pairs} pairs")
    print(f"\n{time.perf_counter() - began:.0f} s. How to read this: docs/bench.md")


def starts(folder: Path) -> None:
    """From nothing to the first connection."""
    for name in ("first start of `vestibule dev`", "later start"):
        start = time.perf_counter()
        with serving(folder / "data"):
            say(name, f"{time.perf_counter() - start:.2f} s")
    bare_ms, own_ms = (figures.import_ms(f"import {name}") for name in ("starlette.applications", "vestibule.app"))
    say("import of vestibule.app", f"{own_ms:.0f} ms", f"{own_ms / bare_ms:.1f} times starlette's {bare_ms:.0f} ms")


async def beside_starlette(server: Server) -> None:
    """What the house costs around a request."""
    hash_rate = await figures.hashes()
    with peers.starlette() as bare:
        for name, visitors in figures.visitors_of(server).items():
            own, other, size = await figures.against_the_peer(server.api, bare, visitors)
            share = f"{own / other:.3f} of the peer's {other:,.0f}/s ({size} bytes)"
            if "POST" in name:
                share += f"; {own / hash_rate:.2f} of {hash_rate:.0f} bare hashes/s"
            say(name, f"{own:,.0f}/s", share)


async def beside_django(server: Server, folder: Path) -> None:
    """The same front end at two servers. Ours answers when what it wrote is durable; so does Django with FULL."""
    for user in USERS:
        Vestibule(server, server.said["app_id"]).create(user)
    with peers.django(folder, "FULL") as durable, peers.django(folder, "NORMAL") as careless:
        for name in simplejwt.ASKED:
            also = [careless] if name == simplejwt.REFRESH else []
            own, other, *others = await simplejwt.compare(name, server.env_url, durable, *also)
            say(name, str(own), f"{own.times(other)} Django's {other}")
            for lossy in others:
                say("", "", f"{own.times(lossy)} Django's {lossy} if it may lose the last ones")
    for name, (own_rate, other_rate) in (await simplejwt.signatures()).items():
        say(name, f"{own_rate:,.0f}/s", f"{own_rate / other_rate:.2f} of PyJWT's {other_rate:,.0f}/s with HS256")


def say(what: str, figure: str, beside: str = "") -> None:
    print(f"{what:<36}{figure:>14}   {beside}".rstrip(), flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("pairs", nargs="?", type=int, default=200, help="pairs of sign-ins for the timing figure")
    asyncio.run(main(parser.parse_args().pairs))
