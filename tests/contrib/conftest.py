import pytest

from tests.contrib.issuer import API_KEY, running
from vestibule.contrib.config import Config
from vestibule.contrib.verifier import Verifier


@pytest.fixture
def issuer():
    with running() as issuer:
        yield issuer


@pytest.fixture
def trust(issuer):
    """Makes verifiers for the issuer: without a feed, unless `feed` is said."""
    made = []

    def make(**options):
        feed = {"api_key": API_KEY} if options.get("feed") else {"feed": False}
        quick = {"poll_interval": 0.05, "now": issuer.clock, "ticks": issuer.clock}
        made.append(Verifier(Config(**{"url": issuer.url, **quick, **feed, **options})))
        return made[-1]

    yield make
    for verifier in made:
        verifier.close()
