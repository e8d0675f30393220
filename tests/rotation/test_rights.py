"""Commands that look at what runs: the rights that the page names are enough, and each of them is needed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.rotation.leastrights import Right, Somebody, least

if TYPE_CHECKING:
    from tests.rotation.home import Home

PATIENCE = ("--timeout", "60s")
ADMIN = ("admin", "create", "somebody", "--reveal", "-y")
HEAL = ("rotate", "--heal", "-y", *PATIENCE)
ROTATE = ("rotate", "-y", *PATIENCE)
CLOSE = ("registration", "close", "--push")
OPEN = ("registration", "open", "--push")
UP = ("up", "--server-name", "192.168.1.100", "--node-ip", "192.168.1.100", "--reveal", "-y", *PATIENCE)
COMMANDS = {"admin create": ADMIN, "registration open": CLOSE, "rotate --heal": HEAL, "rotate": ROTATE, "up": UP}


@pytest.fixture
def somebody(sealed_home: Home) -> Somebody:
    return Somebody(sealed_home.cluster)


@pytest.mark.parametrize("command", COMMANDS)
def test_the_rights_on_the_page_are_enough(sealed_home: Home, somebody: Somebody, command: str) -> None:
    mine = somebody.may(least(command))
    if command == "registration open":
        sealed_home.cli(*OPEN, KUBECONFIG=mine)
    sealed_home.cli(*COMMANDS[command], KUBECONFIG=mine)
    sealed_home.up_to_date()
    sealed_home.works()


@pytest.mark.parametrize(
    ("command", "lost"),
    [(command, lost) for command in COMMANDS for lost in least(command)],
    ids=str,
)
def test_each_of_them_is_needed(sealed_home: Home, somebody: Somebody, command: str, lost: Right) -> None:
    head = sealed_home.cluster.forge.head()
    mine = somebody.may(right for right in least(command) if right != lost)
    done = sealed_home.cli(*COMMANDS[command], code=4, KUBECONFIG=mine)
    assert lost.refusal in done.err
    assert "auth can-i" in done.err
    assert sealed_home.cluster.forge.head() == head
    assert sealed_home.cluster.forge.head("matrix-secrets/rotation") == ""
