"""The command that a finding names does away with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from matrix_secrets.operations.apply import apply_plan
from matrix_secrets.operations.encrypt import plan_encrypt
from matrix_secrets.operations.seal import plan_seal
from matrix_secrets.stack.discovery import find_stacks
from tests.unit.checks.tree import POSTGRES, SYNAPSE
from tests.unit.operations.sealing_repositories import Never

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.verify.encrypted import EncryptedTree


def encrypt(tree: EncryptedTree) -> None:
    """What ``matrix-secrets encrypt`` does."""
    workspace = tree.workspace()
    apply_plan(workspace, plan_encrypt(workspace, find_stacks(workspace), (), own=lambda _: [(tree.me, "me")]))


def nothing(tree: EncryptedTree) -> None:
    del tree


def whole(tree: EncryptedTree) -> None:
    tree.rules(tree.me, selected="")
    tree.encrypt()


def selected(tree: EncryptedTree) -> None:
    tree.encrypt()


def wrong_branch(tree: EncryptedTree) -> None:
    tree.rules(tree.me, selected="    encrypted_regex: ^metadata$\n")
    tree.encrypt()


def no_rule(tree: EncryptedTree) -> None:
    tree.encrypt()
    tree.remove(".sops.yaml")


def mac_over_all(tree: EncryptedTree) -> None:
    tree.rules(tree.me, selected="    encrypted_regex: ^(data|stringData)$\n")
    tree.encrypt()
    tree.rules(tree.me)


def stale(tree: EncryptedTree) -> None:
    annotation = '      annotations:\n        matrix-secrets.io/config-digest: "00"\n'
    before = "    metadata:\n      labels:\n        app: synapse\n"
    tree.edit(SYNAPSE, before, before.replace("      labels", f"{annotation}      labels"))
    tree.encrypt()


@pytest.mark.parametrize(
    ("prepare", "found"),
    [
        (nothing, {"plaintext-secret"}),
        (whole, {"encrypted-whole"}),
        (selected, {"tripwire-missing", "digest-missing", "ciphertext-would-go-live"}),
        (wrong_branch, {"rule-encrypts-nothing", "plaintext-in-encrypted-file"}),
        (no_rule, {"rule-missing"}),
        (mac_over_all, {"mac-covers-plain-fields"}),
        (stale, {"digest-stale"}),
    ],
)
def test_encrypt_mends(tree: EncryptedTree, prepare: Callable[[EncryptedTree], None], found: set[str]) -> None:
    prepare(tree)
    assert found <= tree.ids()
    encrypt(tree)
    left = {
        "placeholder-in-comment",
        "registration-open",
        "postgres-strategy",
        "synapse-strategy",
        "owner-without-decryption",
    }
    assert tree.ids() - {"rule-shadowed"} == left
    encrypt(tree)
    assert tree.ids() - {"rule-shadowed"} == left
    tree.sops("decrypt", POSTGRES)
    tree.sops("decrypt", SYNAPSE)


def test_seal_mends_the_strategies(tree: EncryptedTree) -> None:
    encrypt(tree)
    found = [finding for finding in tree.findings() if finding.id.endswith("-strategy")]
    assert [finding.id for finding in found] == ["postgres-strategy", "synapse-strategy"]
    assert {finding.fix for finding in found} == {"matrix-secrets seal, which gives it strategy Recreate"}
    workspace = tree.workspace()
    apply_plan(workspace, plan_seal(workspace, find_stacks(workspace), Never()))
    assert tree.ids() - {"rule-shadowed"} == {
        "placeholder-in-comment",
        "registration-open",
        "owner-without-decryption",
    }
