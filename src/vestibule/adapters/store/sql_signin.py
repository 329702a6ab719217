"""Challenges and attempts. Implements core.signin.ports."""

from __future__ import annotations

import json
from dataclasses import asdict

from vestibule.adapters.store.statement import Executor, Row, point
from vestibule.core.signin.model import Attempt, Authenticated, Challenge, ChallengeDetail, Purpose
from vestibule.kernel.ids import UserId

_CHALLENGE = (
    "id, purpose, subject, recipient, digest, code_mac, key_id, tries_left, detail,"
    " created_at_ms, expires_at_ms, code_expires_at_ms, consumed_at_ms, superseded_at_ms, result"
)
_ADD = point(
    f"INSERT INTO challenge (app_id, {_CHALLENGE}) VALUES (:app_id, :id, :purpose, :subject, :recipient, :digest,"
    " :code_mac, :key_id, :tries_left, :detail, :created_at_ms, :expires_at_ms, :code_expires_at_ms,"
    " :consumed_at_ms, :superseded_at_ms, :result)"
)
_SUPERSEDE = point(
    "UPDATE challenge SET superseded_at_ms = :now_ms WHERE app_id = :app_id AND purpose = :purpose"
    " AND subject = :subject AND consumed_at_ms IS NULL AND superseded_at_ms IS NULL"
)
_FIND = point(f"SELECT {_CHALLENGE} FROM challenge WHERE app_id = :app_id AND digest = :digest")
_FIND_BY_ID = point(f"SELECT {_CHALLENGE} FROM challenge WHERE app_id = :app_id AND id = :id")
_CONSUME = point(
    "UPDATE challenge SET consumed_at_ms = :now_ms WHERE app_id = :app_id AND digest = :digest"
    " AND purpose IN (:purpose_1, :purpose_2, :purpose_3, :purpose_4)"
    " AND consumed_at_ms IS NULL AND superseded_at_ms IS NULL AND expires_at_ms > :now_ms"
    f" RETURNING {_CHALLENGE}"
)
_LIVE_CODE = (
    "code_mac IS NOT NULL AND consumed_at_ms IS NULL AND superseded_at_ms IS NULL AND code_expires_at_ms > :now_ms"
)
_CHARGE_NEWEST_CODE = point(
    "UPDATE challenge SET tries_left = tries_left - 1 WHERE app_id = :app_id AND id = ("
    " SELECT id FROM challenge WHERE app_id = :app_id AND purpose = :purpose AND recipient = :recipient"
    f" AND {_LIVE_CODE} ORDER BY created_at_ms DESC, id DESC LIMIT 1"
    f") AND tries_left > 0 RETURNING {_CHALLENGE}"
)
_CHARGE_CODE = point(
    "UPDATE challenge SET tries_left = tries_left - 1 WHERE app_id = :app_id AND id = :id"
    f" AND purpose = :purpose AND recipient = :recipient AND {_LIVE_CODE} AND tries_left > 0 RETURNING {_CHALLENGE}"
)
_CONSUME_BY_ID = point(
    "UPDATE challenge SET consumed_at_ms = :now_ms"
    " WHERE app_id = :app_id AND id = :id AND consumed_at_ms IS NULL AND superseded_at_ms IS NULL"
)
_PURPOSES = ", ".join(f"'{purpose}'" for purpose in Purpose)
_ERASE = point(
    "UPDATE challenge SET detail = '{}', recipient = '', superseded_at_ms = coalesce(superseded_at_ms, :now_ms)"
    " WHERE app_id = :app_id AND id IN ("
    f" SELECT id FROM challenge WHERE app_id = :app_id AND purpose IN ({_PURPOSES}) AND subject = :subject UNION"
    f" SELECT id FROM challenge WHERE app_id = :app_id AND purpose IN ({_PURPOSES}) AND recipient = :recipient"
    " AND recipient <> '')"
)
_NOTE_RESULT = point("UPDATE challenge SET result = :result WHERE app_id = :app_id AND id = :id")

_ATTEMPT = "id, kind, digest, state, created_at_ms, expires_at_ms, user_id, proofs"
_ADD_ATTEMPT = point(
    f"INSERT INTO attempt (app_id, {_ATTEMPT}) VALUES (:app_id, :id, :kind, :digest, :state, :created_at_ms,"
    " :expires_at_ms, :user_id, :proofs)"
    # A browser keeps its flow token longer than an attempt lives: the new attempt takes the dead one's place.
    " ON CONFLICT (app_id, digest) DO UPDATE SET id = excluded.id, kind = excluded.kind, state = excluded.state,"
    " created_at_ms = excluded.created_at_ms, expires_at_ms = excluded.expires_at_ms, user_id = excluded.user_id,"
    " proofs = excluded.proofs, ended_at_ms = NULL"
)
_FIND_ATTEMPT = point(
    f"SELECT {_ATTEMPT} FROM attempt WHERE app_id = :app_id AND digest = :digest"
    " AND ended_at_ms IS NULL AND expires_at_ms > :now_ms"
)
_CHANGE_ATTEMPT = point("UPDATE attempt SET state = :state WHERE app_id = :app_id AND id = :id AND ended_at_ms IS NULL")
_END_ATTEMPT = point(
    "UPDATE attempt SET ended_at_ms = :now_ms WHERE app_id = :app_id AND id = :id AND ended_at_ms IS NULL"
)


class SqlChallenges:
    """The one table of one-time secrets."""

    def __init__(self, executor: Executor) -> None:
        self._db = executor

    async def add(self, challenge: Challenge) -> None:
        values = {name: getattr(challenge, name) for name in Challenge.__slots__}
        values |= {"purpose": challenge.purpose.value, "detail": json.dumps(asdict(challenge.detail))}
        await self._db.run(_ADD, **values)

    async def supersede(self, purpose: Purpose, subject: str, now_ms: int) -> None:
        await self._db.run(_SUPERSEDE, purpose=purpose.value, subject=subject, now_ms=now_ms)

    async def find(self, digest: str) -> Challenge | None:
        return _challenge(await self._db.one(_FIND, digest=digest))

    async def find_by_id(self, challenge_id: str) -> Challenge | None:
        return _challenge(await self._db.one(_FIND_BY_ID, id=challenge_id))

    async def consume(self, digest: str, purposes: tuple[Purpose, ...], now_ms: int) -> Challenge | None:
        wanted = [*(purpose.value for purpose in purposes), "", "", "", ""]
        values = {f"purpose_{place}": wanted[place - 1] for place in range(1, 5)}
        return _challenge(await self._db.one(_CONSUME, digest=digest, now_ms=now_ms, **values))

    async def charge_code(
        self, purpose: Purpose, recipient: str, now_ms: int, challenge_id: str = ""
    ) -> Challenge | None:
        values = {"purpose": purpose.value, "recipient": recipient, "now_ms": now_ms}
        if challenge_id:
            return _challenge(await self._db.one(_CHARGE_CODE, id=challenge_id, **values))
        return _challenge(await self._db.one(_CHARGE_NEWEST_CODE, **values))

    async def consume_by_id(self, challenge_id: str, now_ms: int) -> bool:
        return await self._db.run(_CONSUME_BY_ID, id=challenge_id, now_ms=now_ms) == 1

    async def erase(self, subject: str, recipient: str, now_ms: int) -> None:
        await self._db.run(_ERASE, subject=subject, recipient=recipient, now_ms=now_ms)

    async def note_result(self, challenge_id: str, result: str) -> None:
        await self._db.run(_NOTE_RESULT, id=challenge_id, result=result)


class SqlAttempts:
    """Rows of attempts."""

    def __init__(self, executor: Executor) -> None:
        self._db = executor

    async def add(self, attempt: Attempt) -> None:
        await self._db.run(
            _ADD_ATTEMPT,
            id=attempt.id,
            kind=attempt.kind,
            digest=attempt.digest,
            state=json.dumps(attempt.state),
            created_at_ms=attempt.created_at_ms,
            expires_at_ms=attempt.expires_at_ms,
            user_id=attempt.user_id,
            proofs=proofs_text(attempt.proofs),
        )

    async def find(self, digest: str, now_ms: int) -> Attempt | None:
        row = await self._db.one(_FIND_ATTEMPT, digest=digest, now_ms=now_ms)
        if row is None:
            return None
        attempt_id, kind, digest, state, created_at_ms, expires_at_ms, user_id, proofs = row
        return Attempt(
            attempt_id, kind, digest, json.loads(state), created_at_ms, expires_at_ms, user_id, read_proofs(proofs)
        )

    async def change_state(self, attempt_id: str, state: dict[str, str]) -> None:
        await self._db.run(_CHANGE_ATTEMPT, id=attempt_id, state=json.dumps(state))

    async def end(self, attempt_id: str, now_ms: int) -> bool:
        return await self._db.run(_END_ATTEMPT, id=attempt_id, now_ms=now_ms) == 1


def proofs_text(proofs: tuple[Authenticated, ...]) -> str:
    """Proofs as stored."""
    return json.dumps([[proof.user_id, proof.method, proof.at_ms] for proof in proofs])


def read_proofs(text: str) -> tuple[Authenticated, ...]:
    """Proofs from their stored form."""
    return tuple(Authenticated(UserId(user_id), method, at_ms) for user_id, method, at_ms in json.loads(text))


def _challenge(row: Row | None) -> Challenge | None:
    if row is None:
        return None
    values = list(row)
    values[1] = Purpose(values[1])
    values[8] = ChallengeDetail(**json.loads(values[8]))
    return Challenge(*values)
