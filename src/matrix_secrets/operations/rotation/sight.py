"""Look at the world: Git, the cluster, the database. What is known afterwards is all that a rotation goes by."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING

from matrix_secrets.cluster.databaseprobe import reads_database
from matrix_secrets.cluster.failures import UnreachableError
from matrix_secrets.cluster.flux import commit_of
from matrix_secrets.cluster.rolepassword import read_verifier
from matrix_secrets.cluster.verifier import accepts
from matrix_secrets.errors import RefusedError
from matrix_secrets.gitrepo.remoteheads import is_ancestor
from matrix_secrets.gitrepo.revision import is_here
from matrix_secrets.operations.rotation.journal import ROTATION_BRANCH, Journal, read_journal
from matrix_secrets.operations.rotation.livedatabase import find_role
from matrix_secrets.operations.rotation.livepods import Restarting, restarting, serving_pods, side_of_pods
from matrix_secrets.operations.rotation.livevalues import live_values, side_of
from matrix_secrets.operations.rotation.world import Side, World
from matrix_secrets.records import dataclass
from matrix_secrets.stack.declarations import POSTGRES_PASSWORD
from matrix_secrets.stack.homeserver import SERVER_NAME
from matrix_secrets.stack.services import listener_ports, synapse_workloads

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matrix_secrets.operations.rotation.bench import Bench
    from matrix_secrets.operations.rotation.commits import Held
    from matrix_secrets.operations.rotation.site import Site
    from matrix_secrets.secretvalue import SecretValue
    from matrix_secrets.stack.model import Stack

_NOTHING = World(
    in_flight=False, main=Side.OLD, role=None, live=Side.OLD, settled=True, pods=None, serves=True, turned=False
)


@dataclass(frozen=True, slots=True)
class Sight:
    """The world, and what it was seen in. ``main`` is the commit of the branch that Flux follows."""

    world: World
    main: str
    stack: Stack = field(repr=False)
    journal: Journal | None = None
    old: Mapping[str, SecretValue] = field(default_factory=dict, repr=False)
    new: Mapping[str, SecretValue] = field(default_factory=dict, repr=False)
    restarting: tuple[Restarting, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The secrets that are rotated."""
        return tuple(self.new)

    def value(self, name: str, side: Side) -> SecretValue:
        """Return a secret's value on a side. Raises RefusedError where it has none that its places agree on."""
        found = (self.new if side is Side.NEW else self.old).get(name)
        if found is None:
            raise RefusedError(f"{name} has no value in {self.stack.label} that all its places agree on")
        return found

    @property
    def in_flight(self) -> Journal:
        """The rotation. Raises RefusedError where there is none."""
        if self.journal is None:
            raise nothing_in_flight()
        return self.journal


def nothing_in_flight() -> RefusedError:
    """Make the error for a rotation that is not there."""
    text = f"no rotation is in flight: there is no branch {ROTATION_BRANCH}"
    return RefusedError(text, hint="matrix-secrets rotate")


def look(bench: Bench) -> Sight:
    """Look at everything. Raises OutsideError where some does not answer, RefusedError where it cannot be read."""
    heads = bench.heads()
    main, tip = heads.commits[bench.site.main], heads.get(ROTATION_BRANCH)
    at_main = bench.commits.at(main)
    if tip is None:
        return Sight(_NOTHING, main, at_main.stack)
    journal = read_journal(bench.work_tree, tip, bench.remote)
    before, after = bench.commits.at(journal.before), bench.commits.at(journal.tip)
    new = {name: value for name, value in after.values.items() if value != before.values.get(name)}
    side = side_of(at_main.values, before.values, new)
    known = at_main if side is not Side.NEW else before
    old = {name: value for name, value in known.values.items() if name in new}
    pods = restarting(bench.site, known.stack, (at_main if side is Side.NEW else after).stack)
    seen = Sight(_NOTHING, main, at_main.stack, journal, old, new, tuple(pods))
    world = World(
        in_flight=True,
        main=Side.NEW if side is Side.NEW else Side.OLD,
        role=_role(bench.site, seen) if POSTGRES_PASSWORD.name in new else None,
        live=side_of(live_values(bench.site, at_main.stack, new), old, new),
        settled=_settled(bench, at_main, tuple(new)),
        pods=side_of_pods(bench.site.cluster, pods),
        serves=serves(bench.site, at_main.stack),
        based=is_ancestor(bench.work_tree, main, tip),
        contested=side is Side.OTHER,
        turned=journal.turned,
    )
    return Sight(world, main, at_main.stack, journal, old, new, tuple(pods))


def role_side(verifier: SecretValue, role: str, old: SecretValue | None, new: SecretValue) -> Side:
    """Say which of two passwords a verifier accepts, without logging in."""
    if accepts(verifier, new, role):
        return Side.NEW
    return Side.OLD if old is not None and accepts(verifier, old, role) else Side.OTHER


def serves(site: Site, stack: Stack) -> bool:
    """Whether Synapse reads its database, where the stack runs one. Raises OutsideError where that may not be asked."""
    if not stack.homeservers:
        return True
    pods = serving_pods(site, stack, synapse_workloads(stack))
    if pods is None:
        return True
    name = stack.homeservers[0].text(SERVER_NAME) or "localhost"
    try:
        return bool(pods) and reads_database(site.cluster, pods, _port(stack), name)
    except UnreachableError:
        return False


def _port(stack: Stack) -> int:
    return listener_ports(stack)[0]


def _role(site: Site, seen: Sight) -> Side:
    role = find_role(site, seen.stack)
    name = POSTGRES_PASSWORD.name
    return role_side(read_verifier(role), role.name, seen.old.get(name), seen.new[name])


def _settled(bench: Bench, at_main: Held, names: tuple[str, ...]) -> bool:
    """Whether Flux is Ready on a commit that holds, of these secrets, what main holds."""
    owner = bench.site.read_owner()
    applied = commit_of(owner.applied)
    if not owner.is_ready or not applied:
        return False
    if applied == at_main.commit:
        return True
    if not is_here(bench.work_tree, applied):
        return False
    held = bench.commits.at(applied)
    return all(held.values.get(name) == at_main.values.get(name) for name in names)
