"""``up`` with several stacks, without a cluster: each asked for its own name, one table, each file for its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.cli.running import ADDRESS
from tests.cli.test_terminal import at_terminal
from tests.testbed.several import copied_stack, second_cluster

if TYPE_CHECKING:
    from tests.cli.running import Cli

NAMES = ("--server-name", "apps/matrix=our.net", "--server-name", "apps/second=second.net")
ANSWERS = (*NAMES, "--node-ip", ADDRESS, "--offline", "--yes")


@pytest.fixture
def two(guide: Cli) -> Cli:
    """The guide's repository with a second stack beside the first."""
    copied_stack(guide.repository, "second", "second", shift=1)
    guide.commit_all()
    return guide


def test_all_stacks_at_once(two: Cli) -> None:
    done = two("up", "--all-stacks", *ANSWERS)
    plan = done.out.partition("  ✓ identity")[0].splitlines()
    assert [line.split()[1] for line in plan[1:]] == [
        "identity",
        "decryption",
        "repository",
        "apps/matrix",
        "apps/second",
        "verify",
    ]
    assert "apps/second   server_name second.net, address" in done.out
    assert two("verify", "--all-stacks", "--json").json["ok"]
    for stack, name, port in (("matrix", "our.net", 30067), ("second", "second.net", 30068)):
        text = two.read(f"apps/{stack}/synapse.yaml").decode()
        assert f'server_name: "{name}"' in text
        assert f'public_baseurl: "http://{ADDRESS}:{port}"' in text
    before = two.tree()
    again = two("up", "--all-stacks", "--offline", "--yes", "--json").json
    assert [step["step"] for step in again["steps"] if step["changed"]] == []
    assert two.tree() == before
    written = next(step for step in again["steps"] if step["step"] == "repository")
    assert [each["stack"] for each in written["stacks"]] == ["apps/matrix", "apps/second"]


def test_a_chosen_stack_leaves_the_other_alone(two: Cli) -> None:
    before = two.read("apps/second/synapse.yaml")
    two("up", "--stack", "apps/matrix", "--server-name", "our.net", "--node-ip", ADDRESS, "--offline", "--yes")
    assert two.read("apps/second/synapse.yaml") == before
    two("up", "--stack", "apps/matrix", "--stack", "apps/second", *NAMES[2:], *ANSWERS[4:])
    assert two("verify", "--all-stacks", "--json").json["ok"]


def test_an_address_of_its_own(two: Cli) -> None:
    two("up", "--all-stacks", *ANSWERS, "--node-ip", "apps/second=10.0.0.2")
    assert b'"http://10.0.0.2:30068"' in two.read("apps/second/synapse.yaml")
    assert f'"http://{ADDRESS}:30067"'.encode() in two.read("apps/matrix/synapse.yaml")


def test_questions(two: Cli) -> None:
    """The address once, the name for each; the second is not offered the name that the first has."""
    typed = f"{ADDRESS}\n\nsecond.net\ny\n"
    code, screen = at_terminal(two, "up", "--all-stacks", "--offline", typed=typed)
    assert code == 0, screen
    assert screen.count("The node's address") == 1
    assert f"Server name of apps/matrix [{ADDRESS}]: " in screen
    assert "Server name of apps/second: " in screen
    assert b'server_name: "second.net"' in two.read("apps/second/synapse.yaml")


def broad(two: Cli) -> str:
    """A rule for whatever is below apps; return its text."""
    recipient = two("keys", "generate", "--json").json["recipient"]
    rule = (
        "  - path_regex: ^apps/.*\\.yaml$\n    encrypted_regex: ^(data|stringData)$\n"
        f"    mac_only_encrypted: true\n    age: {recipient}\n"
    )
    (two.repository / ".sops.yaml").write_text(f"creation_rules:\n{rule}")
    two.commit_all()
    return rule


def test_a_rule_that_two_clusters_would_share_is_narrowed(two: Cli) -> None:
    """Each cluster is to open its own files only; the rule itself stays, and one is enough on one cluster."""
    rule = broad(two)
    second_cluster(two.repository, "apps/second")
    done = two("up", "--all-stacks", *ANSWERS)
    assert done.out.count("rule added") == 1
    text = two.read(".sops.yaml").decode()
    assert rule in text
    assert text.index("^apps/matrix/") < text.index(rule)
    assert two("verify", "--all-stacks", "--json").json["ok"]
    before = two.tree()
    two("up", "--all-stacks", "--offline", "--yes")
    assert two.tree() == before


def test_a_rule_that_one_cluster_has_for_two_stacks_stays(two: Cli) -> None:
    rule = broad(two)
    two("up", "--all-stacks", *ANSWERS)
    assert two.read(".sops.yaml").decode() == f"creation_rules:\n{rule}"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--server-name", "our.net"), "--server-name apps/matrix=our.net"),
        ((*NAMES, "--server-name", "apps/matrix=other.net"), "two values for apps/matrix"),
        (("--server-name", "apps/none=our.net"), "apps/none holds no Matrix stack"),
        (("--server-name", "=our.net"), "DIR=VALUE"),
        (("--server-name", "apps/matrix=our.net", "--server-name", "apps/second=our.net"), "would both be our.net"),
        ((*NAMES, "--node-ip", "1.2.3.4"), "--node-ip has two values"),
        ((*NAMES[:2],), "add --server-name apps/second=NAME"),
    ],
)
def test_usage(two: Cli, arguments: tuple[str, ...], said: str) -> None:
    before = two.tree()
    answers = ("--node-ip", ADDRESS, "--offline", "--yes")
    done = two("up", "--all-stacks", *arguments, *answers, code=2)
    assert said in done.err
    assert two.tree() == before


def test_contexts_are_said_by_stack(two: Cli) -> None:
    assert "DIR=CONTEXT" in two("up", "--on", "home", code=2).err
    assert "contradict" in two("up", "--on", "apps/matrix=home", *ANSWERS, code=2).err
    assert "apps/none holds no Matrix stack" in two("up", "--on", "apps/none=home", code=2).err
    chosen = two("up", "--stack", "apps/matrix", "--on", "apps/second=home", code=2)
    assert "--on names apps/second" in chosen.err
    assert two("up", "--all-stacks", MATRIX_SECRETS_ON="apps/matrix", code=2).err.startswith("error: --on takes")
