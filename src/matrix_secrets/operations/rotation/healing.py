"""Heal: the database accepts the password that Git holds, whatever it was initialised with, and loses nothing."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING

from matrix_secrets.cluster.rolepassword import read_verifier
from matrix_secrets.cluster.verifier import accepts, make_verifier
from matrix_secrets.errors import OutsideError, RefusedError
from matrix_secrets.operations.newpods import new_pods
from matrix_secrets.operations.rotation.journal import ROTATION_BRANCH
from matrix_secrets.operations.rotation.livedatabase import find_role, prove
from matrix_secrets.operations.rotation.livevalues import live_values
from matrix_secrets.operations.rotation.preflight import refuse_second
from matrix_secrets.operations.rotation.sight import serves
from matrix_secrets.records import dataclass
from matrix_secrets.stack.declarations import POSTGRES_PASSWORD
from matrix_secrets.stack.services import synapse_workloads

if TYPE_CHECKING:
    from matrix_secrets.cluster.rolepassword import Role
    from matrix_secrets.operations.rotation.bench import Bench
    from matrix_secrets.secretvalue import SecretValue
    from matrix_secrets.stack.model import Stack

_NAME = POSTGRES_PASSWORD.name


@dataclass(frozen=True, slots=True)
class Illness:
    """What was found: whether the database accepts Git's password already."""

    role: Role
    password: SecretValue = field(repr=False)
    stack: Stack = field(repr=False)
    accepted: bool


def examine(bench: Bench) -> Illness:
    """Compare the database with Git.

    Raises RefusedError where a rotation is in flight, where Git holds no password, and where the cluster does not hold
    the one in Git: then Synapse logs in with yet another.
    """
    heads = bench.heads()
    tip = heads.get(ROTATION_BRANCH)
    if tip is not None:
        refuse_second(bench, tip)
    held = bench.commits.at(heads.commits[bench.site.main])
    password = held.values.get(_NAME)
    if password is None:
        text = f"{bench.site.main} holds no {_NAME} that all its places agree on"
        raise RefusedError(text, hint=f"matrix-secrets show {_NAME}")
    if live_values(bench.site, held.stack, [_NAME]).get(_NAME) != password:
        raise RefusedError(
            f"the cluster does not hold the {_NAME} that {bench.site.main} holds; nothing was changed",
            cause="Synapse logs in with what the cluster holds, so that has to be right first",
            hint="matrix-secrets cluster reconcile; if it holds ciphertext: matrix-secrets cluster enable-decryption",
        )
    role = find_role(bench.site, held.stack)
    accepted = accepts(read_verifier(role), password, role.name)
    return Illness(role, password, held.stack, accepted)


def heal(bench: Bench, found: Illness) -> str:
    """Give the database Git's password, prove it, and wait until Synapse reads its database.

    Raises OutsideError where PostgreSQL does not let the role in, or Synapse does not come round.
    """
    if not found.accepted:
        bench.acts.set_role(found.role, make_verifier(found.password))
    if not prove(found.role, found.password):
        text = f"PostgreSQL does not let {found.role.name} in with the password that it has just been given"
        raise OutsideError(text, hint="look at pg_hba.conf: it must end with: host all all all scram-sha-256")
    site, stack = bench.site, found.stack
    restarts = [
        new_pods(each, site.namespace(stack, each.resource), site.cluster.option) for each in synapse_workloads(stack)
    ]
    bench.wait_until(
        lambda: serves(site, stack),
        "waiting for Synapse to read its database",
        f"the database accepts Git's password; a Synapse that started with another one: {' && '.join(restarts)}",
    )
    return "the database accepts the password that Git holds, a random one is refused; Synapse reads its database"
