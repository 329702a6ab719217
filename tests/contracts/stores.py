"""The stores that keep the promises: one entry per database."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.contracts.rows import an_app
from vestibule.adapters.store.migrate import migrate
from vestibule.adapters.store.sqlite import SqliteStore
from vestibule.adapters.store.statement import Statement
from vestibule.core.store import Store, Tx
from vestibule.kernel.ids import AppId


@dataclass
class Stage:
    """A store with two apps in it, and what a test may do behind its back."""

    store: Store
    app_id: AppId
    other_app_id: AppId
    spoil: Callable[[Tx], Awaitable[None]]
    """Write something in this transaction that makes its commit fail."""
    commits: list[str]
    """Grows by one with every commit."""


@asynccontextmanager
async def sqlite(folder: Path) -> AsyncIterator[Stage]:
    migrate(folder / "vestibule.db")
    store = SqliteStore(folder / "vestibule.db")
    writer, commits = store._writer, []
    # A foreign key that is judged at COMMIT: the one way to have it refused without a broken disk.
    writer.execute("CREATE TABLE parent (id PRIMARY KEY)")
    writer.execute("CREATE TABLE orphan (parent REFERENCES parent DEFERRABLE INITIALLY DEFERRED)")
    writer.set_trace_callback(lambda sql: commits.append(sql) if sql == "COMMIT" else None)

    async def spoil(tx: Tx) -> None:
        await tx.apps._db.run(Statement("INSERT INTO orphan VALUES ('nobody')"))  # type: ignore[attr-defined]  # SQL's own

    try:
        yield await _staged(store, spoil, commits)
    finally:
        await store.close()


async def _staged(store: Store, spoil: Callable[[Tx], Awaitable[None]], commits: list[str]) -> Stage:
    apps = an_app(), an_app()
    for app in apps:
        async with store.transaction(app.id) as tx:
            await tx.apps.add(app)
    commits.clear()
    return Stage(store, apps[0].id, apps[1].id, spoil, commits)


STORES: dict[str, Callable[[Path], AbstractAsyncContextManager[Stage]]] = {"sqlite": sqlite}
