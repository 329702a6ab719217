"""A bare Starlette app on the same HTTP server; `/N` answers N bytes. Run: python -m bench.starlette_peer PORT."""

from __future__ import annotations

import sys

from granian.constants import HTTPModes, Interfaces
from granian.server.embed import Server
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from uvloop import run


async def answer(request: Request) -> Response:
    await request.body()
    return Response(b"x" * request.path_params["size"], media_type="application/json")


APP = Starlette(routes=[Route("/{size:int}", answer, methods=["GET", "POST"])])


async def main(port: int) -> None:
    server = Server(
        APP, address="127.0.0.1", port=port, interface=Interfaces.ASGINL, http=HTTPModes.http1, log_enabled=False
    )
    await server.serve()


if __name__ == "__main__":
    run(main(int(sys.argv[1])))
