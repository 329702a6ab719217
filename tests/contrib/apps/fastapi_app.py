"""A FastAPI app as a server runs it."""

from typing import Annotated

from fastapi import Depends, FastAPI

from tests.contrib.apps.environment import OPTIONS, shown
from vestibule.contrib.fastapi import TokenUser, Vestibule

app = FastAPI()
current = Vestibule(**OPTIONS)


@app.get("/")
async def me(user: Annotated[TokenUser, Depends(current)]):
    return shown(user)
