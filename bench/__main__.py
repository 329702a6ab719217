"""`make bench`: figures of this machine, as ratios to a peer in the same run. Nothing is judged."""

from __future__ import annotations

import argparse
import asyncio
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from bench import figures
from tests.faults.server import prepare, serving


async def main(pairs: int) -> None:
    began = time.perf_counter()
    with TemporaryDirectory() as folder:
        starts = []
        for _ in range(2):
            start = time.perf_counter()
            with serving(Path(folder) / "data"):
                starts.append(time.perf_counter() - start)
        say("first start of `vestibule dev`", f"{starts[0]:.2f} s")
        say("later start", f"{starts[1]:.2f} s")
        bare_ms, own_ms = (figures.import_ms(f"import {name}") for name in ("starlette.applications", "vestibule.app"))
        say("import of vestibule.app", f"{own_ms:.0f} ms", f"{own_ms / bare_ms:.1f} times starlette's {bare_ms:.0f} ms")
        hash_rate = await figures.hashes()
        with serving(Path(folder) / "data") as server, figures.peer() as bare:
            prepare(server)
            for name, make in figures.requests_of(server).items():
                own, other, size = await figures.against_the_peer(server.api, bare, make)
                share = f"{own / other:.3f} of the peer's {other:,.0f}/s ({size} bytes)"
                if "POST" in name:
                    share += f"; {own / hash_rate:.2f} of {hash_rate:.0f} bare hashes/s"
                say(name, f"{own:,.0f}/s", share)
            shared, alone = await figures.commits(Path(folder))
            say("group commit", f"{shared:,.0f} tx/s", f"{shared / alone:.1f} times the {alone:,.0f}/s one by one")
            auc = await figures.timing(server, pairs)
            say("known or unknown, by answer time", f"AUC {auc:.3f}", f"0.5 tells nothing; {pairs} pairs")
    print(f"\n{time.perf_counter() - began:.0f} s. How to read this: docs/bench.md")


def say(what: str, figure: str, beside: str = "") -> None:
    print(f"{what:<36}{figure:>14}   {beside}".rstrip(), flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("pairs", nargs="?", type=int, default=200, help="pairs of sign-ins for the timing figure")
    asyncio.run(main(parser.parse_args().pairs))
