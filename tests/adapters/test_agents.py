"""User-Agent strings: known ones, hostile ones, and the memory of the latest."""

import pytest

from vestibule.adapters import agents
from vestibule.adapters.agents import AgentParser, parse_agent
from vestibule.kernel.origin import Agent, Version

CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36"
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"
    " Version/17.5 Mobile/15E148 Safari/604.1"
)

IS_IPHONE = Version("iPhone")


@pytest.mark.parametrize(
    ("text", "agent"),
    [
        (CHROME, Agent(Version("Chrome", "131"), Version(), Version("Linux"))),
        (
            IPHONE,
            Agent(Version("Mobile Safari", "17", "5"), Version("iPhone"), Version("iOS", "17", "5", "1")),
        ),
        ("curl/8.5.0", Agent(Version("curl", "8", "5", "0"))),
        ("", Agent()),
        ("nothing anybody knows", Agent()),
    ],
)
async def test_known_agents(text, agent):
    assert parse_agent(text) == agent
    assert await AgentParser().parse(text) == agent


def test_every_part_is_a_text():
    for text in (CHROME, IPHONE, "", "\0\ud800é" * 50):
        agent = parse_agent(text)
        for version in (agent.browser, agent.device, agent.os):
            assert all(isinstance(part, str) and part for part in (version.family, version.major, version.minor))


def test_what_lies_behind_512_bytes_is_not_read():
    assert parse_agent("x" * 512 + CHROME) == Agent()
    assert parse_agent("é" * 200 + " Firefox/115.0").browser == Version("Firefox", "115")
    assert parse_agent("é" * 256 + " Firefox/115.0") == Agent()


async def test_the_latest_are_remembered_and_no_more(monkeypatch):
    parsed = []
    monkeypatch.setattr(agents, "parse_agent", lambda text: parsed.append(text) or Agent(Version(text)))
    parser = AgentParser(remembered=3)
    for text in "abc":
        await parser.parse(text)
    await parser.parse("a")  # now the latest
    await parser.parse("d")
    assert parsed == ["a", "b", "c", "d"]
    assert list(parser._known) == ["c", "a", "d"]
    assert (await parser.parse("b")).browser.family == "b"
    assert parsed[-1] == "b"
    parser.close()


async def test_long_strings_with_one_beginning_are_one_memory(monkeypatch):
    parser = AgentParser()
    for tail in range(50):
        await parser.parse("x" * 512 + str(tail))
    assert len(parser._known) == 1
    parser.close()
