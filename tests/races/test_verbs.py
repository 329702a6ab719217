"""Every atomic verb of the store: of concurrent callers exactly one gets the effect, 10,000 times out of 10,000."""

import asyncio
from dataclasses import replace

import pytest

from tests.contracts.rows import (
    LATER,
    NOW,
    a_bucket,
    a_challenge,
    a_credential,
    a_file,
    a_key,
    a_mail,
    a_refresh_token,
    a_session,
    a_signing_key,
    a_user,
    an_attempt,
    an_identifier,
    new_id,
)
from tests.contracts.stores import STORES
from tests.races.trials import VERB_TRIALS
from vestibule.core.accounts.model import UserStatus
from vestibule.core.guard.model import FailureRule, Rule
from vestibule.core.signin.model import MAILED, Purpose
from vestibule.core.tokens.model import KeyState

pytestmark = pytest.mark.slow

CALLERS = 2
CHUNK = 500
"""Trials that are under way together: their commits are shared."""


async def consume(tx):
    await tx.challenges.add(challenge := a_challenge())
    return lambda tx: tx.challenges.consume(challenge.digest, MAILED, NOW)


async def consume_by_id(tx):
    await tx.challenges.add(challenge := a_challenge())
    return lambda tx: tx.challenges.consume_by_id(challenge.id, NOW)


async def charge_code(tx):
    challenge = a_challenge(tries_left=1)
    await tx.challenges.add(replace(challenge, recipient=challenge.id))
    return lambda tx: tx.challenges.charge_code(Purpose.MAGIC_LINK, challenge.id, NOW)


async def end_attempt(tx):
    await tx.attempts.add(attempt := an_attempt())
    return lambda tx: tx.attempts.end(attempt.id, NOW)


async def end_session(tx):
    await tx.sessions.add(session := a_session())
    return lambda tx: tx.sessions.end(session.id, session.user_id, "sign_out", NOW)


async def end_sessions(tx):
    await tx.sessions.add(session := a_session())
    return lambda tx: tx.sessions.end_all(session.user_id, None, "sign_out", NOW)


async def add_identifier(_tx):
    value = f"{new_id()}@acme.test"
    return lambda tx: tx.identifiers.add(an_identifier(value=value), "")


async def verify_identifier(tx):
    await tx.identifiers.add(identifier := an_identifier(), "")
    return lambda tx: tx.identifiers.verify(identifier.id, "email", NOW)


async def remove_identifier(tx):
    await tx.identifiers.add(identifier := an_identifier(), "")
    return lambda tx: tx.identifiers.remove(identifier.id, NOW)


async def remove_credential(tx):
    await tx.credentials.add_password(credential := a_credential(), new_id(), NOW)
    return lambda tx: tx.credentials.remove(credential.id, NOW)


async def change_profile(tx):
    await tx.users.add(user := a_user())
    return lambda tx: tx.users.change_profile(user.id, 1, {"name": new_id()}, NOW)


async def change_status(tx):
    await tx.users.add(user := a_user())
    return lambda tx: tx.users.change_status(user.id, UserStatus.BANNED, NOW)


async def erase_user(tx):
    await tx.users.add(user := a_user())
    return lambda tx: tx.users.erase(user.id, NOW)


async def change_roles(tx):
    await tx.users.add(user := a_user())
    return lambda tx: tx.users.change_roles(user.id, ("admin",), NOW)


async def add_alias(_tx):
    value = new_id()
    return lambda tx: tx.aliases.add("django", value, a_user().id)


async def remember(_tx):
    name = new_id()
    return lambda tx: tx.apps.remember(name, new_id())


async def reseal_key(tx):
    await tx.keys.add(key := a_key(sealed="old"))
    return lambda tx: tx.keys.reseal(key.id, "old", new_id())


async def revoke_key(tx):
    await tx.keys.add(key := a_key())
    return lambda tx: tx.keys.revoke(key.id, NOW)


async def claim_mail(tx):
    # One mail per trial, and all trials of a chunk claim from one queue: every caller gets another mail or none.
    await tx.outbox.add(a_mail(tx.app_id))
    return lambda tx: tx.outbox.claim(NOW, LATER)


async def add_signing_key(_tx):
    algorithm = new_id()  # an app has one key of an algorithm in a state: each trial has an algorithm of its own
    return lambda tx: tx.signing_keys.add(a_signing_key(algorithm=algorithm))


async def retire_signing_key(tx):
    await tx.signing_keys.add(key := a_signing_key(algorithm=new_id()))
    return lambda tx: tx.signing_keys.change_state(key.id, KeyState.CURRENT, KeyState.RETIRED, NOW)


async def remove_signing_key(tx):
    await tx.signing_keys.add(key := a_signing_key(algorithm=new_id()))
    return lambda tx: tx.signing_keys.remove(key.id)


async def reseal_signing_key(tx):
    await tx.signing_keys.add(key := a_signing_key(algorithm=new_id(), sealed="old"))
    return lambda tx: tx.signing_keys.reseal(key.id, "old", new_id())


async def supersede(tx):
    await tx.refresh_tokens.add(token := a_refresh_token())
    return lambda tx: tx.refresh_tokens.supersede(token.session_id, 0, NOW)


async def add_dpop_proof(_tx):
    jti = new_id()
    return lambda tx: tx.dpop_proofs.add("key", jti, LATER)


async def take_notices(tx):
    await tx.notices.add(new_id(), user_id := a_user().id, "refresh_reused", NOW)
    return lambda tx: tx.notices.take(user_id, NOW)


async def add_bucket(_tx):
    name = new_id()
    return lambda tx: tx.buckets.add(a_bucket(name=name))


async def add_file(_tx):
    name = new_id()
    return lambda tx: tx.files.add(a_file(name=name))


async def remove_file(tx):
    await tx.files.add(file := a_file())
    return lambda tx: tx.files.remove(file.id)


async def charge_file(_tx):
    owner = new_id()
    return lambda tx: tx.files.charge(owner, 60, 100, 9)


def is_free(charge):
    async def passes(tx):
        return await charge(tx) == 0

    return passes


async def charge_limit(_tx):
    subject, rule = new_id(), Rule("test", 1, 60_000, "address")
    return is_free(lambda tx: tx.limits.charge(rule, subject, NOW, new_id()))


async def charge_failure(tx):
    subject, rule = new_id(), FailureRule("password", 2, 60_000, 30_000, 60_000, 9)
    await tx.limits.charge_failure(rule, subject, NOW)
    return is_free(lambda tx: tx.limits.charge_failure(rule, subject, NOW))


VERBS = [
    consume,
    consume_by_id,
    charge_code,
    end_attempt,
    end_session,
    end_sessions,
    add_identifier,
    verify_identifier,
    remove_identifier,
    remove_credential,
    change_profile,
    change_status,
    erase_user,
    change_roles,
    add_alias,
    remember,
    reseal_key,
    revoke_key,
    add_signing_key,
    retire_signing_key,
    remove_signing_key,
    reseal_signing_key,
    supersede,
    add_dpop_proof,
    take_notices,
    add_bucket,
    add_file,
    remove_file,
    charge_file,
    charge_limit,
    charge_failure,
]


async def race(stage, prepare, trials):
    """Answers of every caller, trial by trial."""

    async def call(verb):
        async with stage.store.transaction(stage.app_id) as tx:
            return await verb(tx)

    async with stage.store.transaction(stage.app_id) as tx:
        verbs = [await prepare(tx) for _ in range(trials)]
    answers = await asyncio.gather(*(call(verb) for _ in range(CALLERS) for verb in verbs))
    return [answers[trial::trials] for trial in range(trials)]


@pytest.fixture(params=STORES)
async def stage(request, tmp_path):
    async with STORES[request.param](tmp_path) as opened:
        yield opened


@pytest.mark.parametrize("prepare", VERBS, ids=lambda verb: verb.__name__)
async def test_one_caller_wins(stage, prepare):
    winners = []
    for start in range(0, VERB_TRIALS, CHUNK):
        trials = await race(stage, prepare, min(CHUNK, VERB_TRIALS - start))
        winners += [sum(map(bool, answers)) for answers in trials]
    assert (len(winners), set(winners)) == (VERB_TRIALS, {1})


async def test_a_mail_is_claimed_by_one_caller(stage):
    claimed = []
    for start in range(0, VERB_TRIALS, CHUNK):
        for answers in await race(stage, claim_mail, min(CHUNK, VERB_TRIALS - start)):
            claimed += [row.id for row in answers if row is not None]
    assert (len(claimed), len(set(claimed))) == (VERB_TRIALS, VERB_TRIALS)
