"""The cluster's own identity: put into the cluster first, then among the recipients, so that nothing is ever locked."""

from __future__ import annotations

from dataclasses import field, replace
from typing import TYPE_CHECKING

from matrix_secrets.agekeys.generate import generate_identity
from matrix_secrets.errors import RefusedError
from matrix_secrets.operations.clusterkeys import entry_name
from matrix_secrets.operations.clustername import NAME, name_for
from matrix_secrets.operations.keys_add import Newcomer, plan_add, rules_of_stacks
from matrix_secrets.operations.keys_backup import drill
from matrix_secrets.operations.keys_files import require_rules
from matrix_secrets.operations.keys_holders import is_cluster_name, names_of
from matrix_secrets.operations.keys_rollover import plan_rollover
from matrix_secrets.operations.keys_turns import Turn, Turned, turned
from matrix_secrets.operations.plan import Plan
from matrix_secrets.records import dataclass
from matrix_secrets.sops.recipientlists import key_of
from matrix_secrets.stack.fluxowner import owners_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from matrix_secrets.agekeys.identity import Identity
    from matrix_secrets.operations.keyhome import KeyHome
    from matrix_secrets.operations.keys_files import SealedFile
    from matrix_secrets.operations.keys_turns import Told
    from matrix_secrets.sops.creationrules import CreationRules
    from matrix_secrets.sops.rekeying import Rekeying
    from matrix_secrets.stack.fluxowner import Owner
    from matrix_secrets.stack.model import Stack
    from matrix_secrets.stack.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Installation:
    """What is to be done: identities to put into the Secret, and what changes in the repository.

    ``leaving`` are recipients that a rollover takes off; their identities stay in the Secret until it is pruned.
    """

    home: KeyHome
    keys: tuple[Identity, ...] = field(repr=False)
    plan: Plan
    leaving: tuple[str, ...] = ()

    @property
    def recipients(self) -> tuple[str, ...]:
        """The recipients whose identities the cluster holds afterwards."""
        return tuple(dict.fromkeys([*self.home.recipients, *(key.recipient.key for key in self.keys)]))

    @property
    def pending(self) -> str | None:
        """The recipient that the cluster holds before the repository knows it; None where nothing changes there."""
        return self.keys[-1].recipient.key if self.keys and self.plan.writes else None

    @property
    def entries(self) -> tuple[str, ...]:
        """The entries that come."""
        return tuple(entry_name(key.recipient.key) for key in self.keys)


@dataclass(frozen=True, slots=True)
class Repository:
    """What the repository says about recipients. ``mine`` are those of the identities at hand.

    ``here`` is the directory that declares the cluster, ``clusters/home``, where that is known; ``several`` says
    whether the repository has more than one.
    """

    workspace: Workspace
    rules: CreationRules | None
    files: Sequence[SealedFile]
    stacks: Sequence[Stack]
    rekeying: Rekeying
    mine: Collection[str] = ()
    here: str = ""
    several: bool = False

    @property
    def owners(self) -> list[Owner]:
        """The Flux Kustomizations that own the stacks."""
        files, read = self.workspace.yaml_files(), self.workspace.raw
        return [owner for stack in self.stacks for owner in owners_of(stack.directory, files, read)]


def plan_own(home: KeyHome, repository: Repository, *, new: bool, told: Told | None = None) -> Installation:
    """Plan an identity of the cluster's own among the recipients of the stacks' rules and files.

    One that the cluster holds and a rule lists is taken; one that an interrupted run left is finished; else, or with
    ``new``, one is made, in memory. ``new`` takes the cluster's present recipients off, by new data keys. Raises
    RefusedError where nothing is encrypted yet, and as `plan_add`.
    """
    rules, workspace = require_rules(repository.rules, repository.workspace), repository.workspace
    chosen = rules_of_stacks(repository.files, repository.stacks)
    names = names_of(rules)
    listed = {key_of(each) for rule in rules.rules if rule.index in chosen for each in rule.recipients}
    known = home.pending or (None if new else _listed(home, listed) or _elsewhere(home, rules))
    key = known or generate_identity("the cluster's new identity")
    newcomer = Newcomer(names.get(key.recipient.key) or _free_name(names, home, repository), key.recipient)
    leaving = _leaving(home, repository, listed - {key.recipient.key}, names) if new else ()

    def turning(turns: Sequence[Turn], called: Mapping[str, str]) -> Turned:
        return turned(workspace, turns, repository.rekeying, called, told)

    if leaving:
        plan = plan_rollover(rules, repository.files, newcomer, chosen, leaving, turning)
    else:
        plan = plan_add(workspace, rules, repository.files, newcomer, chosen, repository.rekeying, told)
    return Installation(home, () if known is not None else (key,), _led_on(plan, repository), leaving)


def plan_given(home: KeyHome, repository: Repository, identities: Sequence[Identity]) -> Installation:
    """Plan an existing identity: the repository stays as it is.

    Raises RefusedError where files are encrypted and it opens none of them.
    """
    names = {file.file for stack in repository.stacks for file in stack.files}
    opened = drill([each for each in repository.files if each.file in names], identities)
    if opened.useless:
        raise RefusedError(
            f"that identity opens none of the stack's encrypted files: {', '.join(file for file, _ in opened.closed)}",
            cause="with it alone Flux could decrypt nothing",
            hint=f"matrix-secrets keys add {NAME} {identities[0].recipient.key}, or leave --identity out",
        )
    missing = tuple(each for each in identities if each.recipient.key not in home.recipients)
    return Installation(home, missing, _led_on(Plan(), repository))


def _listed(home: KeyHome, listed: Collection[str]) -> Identity | None:
    """Return an identity that the cluster holds and the rules list, the cluster's own before a lent one."""
    known = [identity for each in sorted(home.held, key=lambda each: not each.own) for identity in each.identities]
    return next((identity for identity in known if identity.recipient.key in listed), None)


def _elsewhere(home: KeyHome, rules: CreationRules) -> Identity | None:
    """Return the cluster's own identity where the rule of another stack lists it: a cluster needs one."""
    listed = {key_of(each) for rule in rules.rules for each in rule.recipients}
    known = (identity for each in home.held if each.own for identity in each.identities)
    return next((identity for identity in known if identity.recipient.key in listed), None)


def _leaving(
    home: KeyHome, repository: Repository, listed: Collection[str], names: Mapping[str, str]
) -> tuple[str, ...]:
    """Return the recipients that a rollover takes off: those with the cluster's name, and no key lent by a person."""
    held = [each for each in home.recipients if each in listed and each not in repository.mine]
    return tuple(each for each in held if is_cluster_name(names.get(each, "")))


def _free_name(names: Mapping[str, str], home: KeyHome, repository: Repository) -> str:
    taken = {name for key, name in names.items() if key not in home.recipients}
    here = repository.here or next((owner.cluster for owner in repository.owners), "")
    return name_for(taken, here, several=repository.several)


def _led_on(plan: Plan, repository: Repository) -> Plan:
    """Name what comes next: the owner's decryption, where it is missing; else the push."""
    owners = repository.owners
    wanting = any(not owner.decryption for owner in owners) or not owners
    following = "matrix-secrets cluster enable-decryption --push" if wanting else "matrix-secrets cluster reconcile"
    return replace(plan, next_commands=(following,))
