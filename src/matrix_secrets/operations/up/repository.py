"""The repository's part: name, addresses, registration, values, sealed layout, ciphertext; written at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from matrix_secrets.operations.configure import Identity, plan_configure
from matrix_secrets.operations.deployment import PublishedTree
from matrix_secrets.operations.encrypt import plan_encrypt
from matrix_secrets.operations.generate import plan_generate
from matrix_secrets.operations.registration import plan_registration
from matrix_secrets.operations.seal import plan_seal
from matrix_secrets.operations.sealing import RuleSealing
from matrix_secrets.operations.up.deciding import known_name
from matrix_secrets.operations.up.staging import Staging

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from matrix_secrets.gitrepo.locate import WorkTree
    from matrix_secrets.operations.coverage import Named
    from matrix_secrets.operations.plan import Plan
    from matrix_secrets.operations.up.deciding import Decisions
    from matrix_secrets.stack.model import Stack
    from matrix_secrets.stack.workspace import Workspace

    Making = Callable[[Workspace, Sequence[Stack]], Plan]

MESSAGE: Final = "feat(matrix): configure the server, keep its secrets encrypted and in one place"
# What the last plan makes untrue, or what `up` itself sees to.
_OVERTAKEN: Final = ("plaintext-secret", "synapse-strategy", "owner-without-decryption")


def is_plain(stack: Stack) -> bool:
    """Whether no file of a stack is encrypted yet: then all plans can be made in memory."""
    return not any(file.encrypted for file in stack.files)


def plan_in_one(workspace: Workspace, stack: Stack, makings: Sequence[Making]) -> Plan:
    """Plan everything for a stack of which nothing is encrypted: one transaction, plain values only in memory.

    Raises as the plans do.
    """
    staging = Staging(workspace, stack.directory)
    for make in makings:
        staging.add(make, without=_OVERTAKEN)
    return staging.plan(MESSAGE)


def makings(
    work_tree: WorkTree, stack: Stack, decisions: Decisions, readers: Sequence[Named], *, deployed: bool | None
) -> Iterator[Making]:
    """Yield what has to be planned, in order. ``readers`` are who the secrets are encrypted for, none: not yet."""
    if decisions.server_name is not None or decisions.node_ip is not None:
        identity = Identity(decisions.server_name or known_name(stack) or "", decisions.node_ip)
        yield lambda workspace, stacks: plan_configure(workspace, stacks, identity)
    if not decisions.registration_open:
        yield lambda workspace, stacks: plan_registration(workspace, stacks, opened=False)
    plain = is_plain(stack)
    yield lambda workspace, stacks: plan_generate(workspace, stacks, sealing=None if plain else RuleSealing(workspace))
    if decisions.seal:
        yield lambda workspace, stacks: plan_seal(
            workspace, stacks, PublishedTree(work_tree, workspace, deployed=deployed)
        )
    if readers:
        yield lambda workspace, stacks: plan_encrypt(workspace, stacks, (), own=lambda _: readers)
