"""What a database holds, counted from outside."""

import sqlite3
from contextlib import closing
from pathlib import Path

TABLES = ("user", "identifier", "credential", "challenge", "session", "outbox")


def counted(path: Path) -> dict[str, int]:
    """Rows of each table, and events of each type, over all apps."""
    with closing(sqlite3.connect(path)) as connection:
        rows = {name: connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for name in TABLES}
        events = connection.execute("SELECT type, count(*) FROM event GROUP BY type").fetchall()
        used = connection.execute("SELECT count(*) FROM challenge WHERE consumed_at_ms IS NOT NULL").fetchone()[0]
        return rows | dict(events) | {"consumed": used}


def grown(path: Path, before: dict[str, int]) -> dict[str, int]:
    """What there is more of than before."""
    after = counted(path)
    return {name: after.get(name, 0) - before.get(name, 0) for name in after.keys() | before.keys()}
