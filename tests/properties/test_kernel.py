"""Ids, tokens, instants, addresses, user agents: for all values."""

import base64
from datetime import UTC, datetime, timedelta

from hypothesis import assume, example, given
from hypothesis import strategies as st

from tests.fakes import SeededEntropy
from vestibule.adapters.agents import parse_agent
from vestibule.kernel.clock import iso, minute_text
from vestibule.kernel.entropy import fingerprint, text_of
from vestibule.kernel.ids import AppId, TokenKind, TokenParts, is_id, new_id, new_token, read_token, token_from
from vestibule.kernel.origin import AGENT_LIMIT_BYTES, Agent, Origin, Version, network_of

APP_IDS = st.from_regex(r"[0-9a-f]{24}", fullmatch=True).map(AppId)
KINDS = st.sampled_from(TokenKind)
INSTANTS = st.integers(0, 253_402_300_799_999)  # the year 9999


def _bytes_of(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@given(KINDS, APP_IDS, st.binary(min_size=32, max_size=32))
def test_a_token_says_its_kind_and_app_and_holds_its_bytes(kind, app_id, raw):
    token = token_from(kind, app_id, raw).reveal()
    assert read_token(token) == TokenParts(kind, app_id)
    assert _bytes_of(token[28:]) == raw


@given(KINDS, APP_IDS, st.integers())
def test_a_new_token_is_text_for_a_url(kind, app_id, seed):
    token = new_token(kind, app_id, SeededEntropy(seed)).reveal()
    assert len(token) == 2 + 1 + 24 + 1 + 43
    assert token.isascii()
    assert token.replace("_", "").replace("-", "").isalnum()


@given(KINDS, APP_IDS, st.data())
def test_a_changed_token_is_another_or_none(kind, app_id, data):
    token = new_token(kind, app_id, SeededEntropy()).reveal()
    place = data.draw(st.integers(0, len(token) - 1))
    sign = data.draw(st.characters(exclude_characters=token[place]))
    changed = token[:place] + sign + token[place + 1 :]
    assert fingerprint(changed.encode("utf-8", "replace").decode()) != fingerprint(token)
    assert read_token(token[:place]) is None
    assert read_token(token + sign) is None
    parts = read_token(changed)
    assert parts is None or (parts.kind, parts.app_id) != (kind, app_id) or place >= 28


@given(st.text() | st.from_regex(r"[a-z]{2}_[0-9a-f]{24}_[A-Za-z0-9_-]{43}\n?"))
@example("ss_" + "0" * 24 + "_" + "A" * 43 + "\n")
def test_reading_a_token_never_fails(text):
    parts = read_token(text)
    assert parts is None or text.startswith(f"{parts.kind}_{parts.app_id}_")
    assert parts is None or len(text) == 71


@given(st.binary(max_size=100))
def test_base64url_round_trip(raw):
    assert _bytes_of(text_of(raw)) == raw


@given(st.integers(0, 2**47), st.integers(0, 2**47), st.integers())
def test_ids_sort_by_time_and_look_like_ids(early, late, seed):
    assume(early < late)
    entropy = SeededEntropy(seed)
    assert new_id(early, entropy) < new_id(late, entropy)
    assert is_id(new_id(early, entropy))


@given(st.none() | st.integers() | st.text() | st.binary() | st.lists(st.text()))
def test_anything_may_be_asked_whether_it_is_an_id(value):
    assert is_id(value) in {True, False}


@given(INSTANTS)
@example(0)
@example(999)
@example(253_402_300_799_999)
def test_iso_reads_back_to_the_same_millisecond(at_ms):
    text = iso(at_ms)
    assert len(text) == 24
    assert text[-1] == "Z"
    since = datetime.fromisoformat(text) - datetime(1970, 1, 1, tzinfo=UTC)
    assert since // timedelta(milliseconds=1) == at_ms
    assert minute_text(at_ms).startswith(text[:10])


@given(INSTANTS, INSTANTS)
def test_iso_sorts_as_time_does(one, two):
    assert (iso(one) < iso(two)) == (one < two)


@given(st.text(max_size=2_000))
@example("")
@example("Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0")
@example("\ud800" * 600)
@example("Chrome/" + "9" * 600)
def test_any_user_agent_has_every_level(text):
    agent = parse_agent(text)
    for version in (agent.browser, agent.device, agent.os):
        assert all(isinstance(getattr(version, name), str) for name in Version.__slots__)
    assert agent.label


@given(st.text(max_size=2_000))
def test_what_stands_behind_the_limit_does_not_matter(text):
    cut = text.encode("utf-8", "replace")[:AGENT_LIMIT_BYTES].decode("utf-8", "ignore")
    assert parse_agent(text) == parse_agent(cut)


@given(st.builds(Version, st.text(), st.text(), st.text(), st.text()), st.text())
def test_an_agent_has_a_label_whatever_it_is_made_of(version, system):
    assert isinstance(Agent(version, version, Version(system)).label, str)


@given(st.ip_addresses().map(str))
def test_a_network_is_its_own_network(address):
    network = network_of(address)
    assert network_of(network.partition("/")[0]) == network
    assert Origin(address).prefix != "unknown"


@given(st.ip_addresses(v=4).map(str))
def test_a_mapped_address_counts_as_the_one_it_maps(address):
    assert network_of(f"::ffff:{address}") == network_of(address)


@given(st.text())
def test_no_address_is_too_strange(text):
    assert network_of(text)
