"""Who answers what: one table, no overlaps but the declared ones."""

import pytest

from vestibule.app import RESERVED
from vestibule.front import door_of, split_path
from vestibule.protocols.altogic.door import API, FILES, ROUTES
from vestibule.web.pages.door import LINK_PATH, PAGES


def test_prefixes_are_disjoint_or_say_what_they_are_inside():
    for one in RESERVED:
        for other in RESERVED:
            if one is not other and one.path.startswith(f"{other.path}/"):
                assert one.inside == other.path, f"{one.path} lies inside {other.path} and does not say so"


def test_what_is_inside_names_a_prefix_of_another_door():
    doors = {prefix.path: prefix.door for prefix in RESERVED}
    for prefix in RESERVED:
        if prefix.inside:
            assert doors[prefix.inside] != prefix.door


def test_no_prefix_stands_twice():
    paths = [prefix.path for prefix in RESERVED]
    assert len(set(paths)) == len(paths)
    assert len(paths) == 21
    assert all(path.startswith("/") and not path.endswith("/") for path in paths)


def test_every_reserved_word_of_the_decisions_is_there():
    wanted = [
        "/_api",
        "/_auth",
        "/_storage",
        "/socket.io",
        "/api",
        "/v1",
        "/npm",
        "/_vestibule",
        "/dev",
        "/static",
        "/.well-known",
        "/oauth2",
    ]
    assert set(wanted) <= {prefix.path for prefix in RESERVED}


def test_every_route_and_page_goes_to_its_door():
    assert {door_of(f"{API}{path}", RESERVED) for _, path in ROUTES} == {"altogic"}
    assert door_of(f"{FILES}x/y/z", RESERVED) == "altogic"
    assert {door_of(path, RESERVED) for path in (*PAGES, LINK_PATH)} == {"pages"}


def test_every_prefix_of_the_pages_is_answered_by_them():
    mine = {prefix.path for prefix in RESERVED if prefix.door == "pages"}
    assert mine == {*PAGES, LINK_PATH, "/static"}


@pytest.mark.parametrize("path", ["/", "/sign-in-x", "/signin", "/apix", "/_apix/", "//sign-in", "/./sign-in", "/%2e"])
def test_everything_else_is_the_altogic_doors(path):
    assert door_of(path, RESERVED) is None


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/sign-in", ("", "/sign-in")),
        ("/e:" + "0" * 24 + "/sign-in", ("0" * 24, "/sign-in")),
        ("/e:" + "0" * 24, ("0" * 24, "/")),
        ("/e:short/sign-in", ("unknown", "/sign-in")),
        ("/e:/sign-in", ("unknown", "/sign-in")),
        ("/e:" + "A" * 24 + "/x", ("unknown", "/x")),
        ("/e:" + "0" * 24 + "/e:" + "1" * 24 + "/x", ("0" * 24, "/e:" + "1" * 24 + "/x")),
    ],
)
def test_the_app_of_a_path(path, expected):
    assert split_path(path) == expected
