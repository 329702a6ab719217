"""Every atomic verb of the store: of concurrent callers exactly one gets the effect, 10,000 times out of 10,000."""

import asyncio
from dataclasses import replace
from itertools import batched

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
    a_session,
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

pytestmark = pytest.mark.slow
