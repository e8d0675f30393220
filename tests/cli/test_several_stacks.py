"""The commands of one stack, with several: all of them at once, in one commit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.cli.running import ADDRESS
from tests.testbed.several import copied_stack

if TYPE_CHECKING:
    from tests.cli.running import Cli

STACKS = ("apps/matrix", "apps/second")
NAMES = ("--server-name", "apps/matrix=our.net", "--server-name", "apps/second=second.net")


@pytest.fixture
def two(guide: Cli) -> Cli:
    """The guide's repository with a second stack beside the first."""
    copied_stack(guide.repository, "second", "second", shift=1)
    guide.commit_all()
    guide("keys", "generate")
    return guide


def commits(cli: Cli) -> int:
    return int(cli.git("rev-list", "--count", "HEAD"))


def test_each_command_is_one_commit(two: Cli) -> None:
    for words in (
        ("configure", *NAMES, "--node-ip", ADDRESS),
        ("generate", "--allow-plaintext"),
        ("encrypt",),
        ("registration", "close"),
        ("federation", "off"),
        ("seal", "--fresh"),
    ):
        before = commits(two)
        done = two(*words, "--all-stacks", "--commit", "--json").json
        assert {change["file"].rpartition("/")[0] for change in done["changes"]} - {""} == set(STACKS), words
        assert commits(two) == before + 1, words
        two(*words, "--all-stacks", "--commit")
        assert commits(two) == before + 1, words
    assert two("verify", "--all-stacks", "--json").json["ok"]
    rows = two("show", "--all-stacks", "--json").json["secrets"]
    assert {row["stack"] for row in rows} == set(STACKS)
    assert all(len(row["places"]) == 1 and row["places"][0]["encrypted"] for row in rows)
    titles = [line for line in two("show", "--all-stacks").out.splitlines() if line in STACKS]
    assert titles == list(STACKS)


@pytest.mark.parametrize(
    "words",
    [
        ("configure", "--server-name", "our.net", "--node-ip", ADDRESS),
        ("configure", *NAMES[:2], "--node-ip", ADDRESS),
        ("configure", *NAMES[:2], "--server-name", "apps/second=our.net", "--node-ip", ADDRESS),
        ("tls", "enable", "--domain", "our.net", "--issuer", "letsencrypt"),
        ("turn", "enable"),
        ("admin", "create", "admin", "--yes"),
    ],
)
def test_what_belongs_to_one_server_names_the_form(two: Cli, words: tuple[str, ...]) -> None:
    before = two.tree()
    done = two(*words, "--all-stacks", code=2)
    assert "--stack DIR" in done.err or "--server-name apps/" in done.err
    assert two.tree() == before


def test_an_address_for_each(two: Cli) -> None:
    two("configure", *NAMES, "--node-ip", ADDRESS, "--node-ip", "apps/second=10.0.0.2", "--all-stacks")
    assert f'"http://{ADDRESS}:30067"'.encode() in two.read("apps/matrix/synapse.yaml")
    assert b'"http://10.0.0.2:30068"' in two.read("apps/second/synapse.yaml")
