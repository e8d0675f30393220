"""Seal: every secret stands once, in the Secret; Synapse reads files and its environment."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from matrix_secrets.errors import RefusedError
from matrix_secrets.operations.derived import with_derived
from matrix_secrets.operations.plan import Change, Plan
from matrix_secrets.operations.seal_leftovers import left_encrypted
from matrix_secrets.operations.seal_rollout import rollout
from matrix_secrets.operations.seal_version import require_version
from matrix_secrets.operations.soundness import require_sound
from matrix_secrets.operations.writing import rewritten, write_texts
from matrix_secrets.records import dataclass
from matrix_secrets.stack.declarations import POSTGRES_PASSWORD
from matrix_secrets.stack.layouts import has_option, password_elsewhere, uses_postgres
from matrix_secrets.stack.model import ManagedSecret, SecretSpot, Stack
from matrix_secrets.stack.rewriting import Rewrite
from matrix_secrets.stack.sealedconfig import name_file, without_password
from matrix_secrets.stack.sealedpods import PASSWORD_VARIABLE, file_edits, free_directory, password_edits
from matrix_secrets.stack.synapsepods import SynapseContainer, readers, synapse_containers

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from matrix_secrets.findings import Finding
    from matrix_secrets.operations.deployment import Published
    from matrix_secrets.stack.configtext import ConfigText
    from matrix_secrets.stack.images import Version
    from matrix_secrets.stack.sealedpods import PodEdit
    from matrix_secrets.stack.workloads import Workload
    from matrix_secrets.stack.workspace import Workspace


@dataclass(frozen=True, slots=True)
class _Step:
    """An edit and how it is told."""

    change: Change
    rewrite: Rewrite


def plan_seal(
    workspace: Workspace, stacks: Sequence[Stack], tree: Published, synapse_version: Version | None = None
) -> Plan:
    """Plan the sealed layout of some stacks.

    A deployed stack whose pods are replaced in a way that Flux cannot change at once gets only the first of two steps:
    see `seal_rollout`. Raises RefusedError for secrets that are not real or do not agree, for a Synapse that is too
    old, and for pods that are put together in a way that is not understood.
    """
    steps: list[_Step] = []
    notes: list[Finding] = []
    waiting = False
    for stack in stacks:
        require_version(stack, synapse_version)
        strategies = rollout(stack, tree.deployment_of(stack))
        waiting = waiting or strategies.waiting
        steps.extend(_Step(Change(each.place, "strategy", str(each.wanted)), each.rewrite) for each in strategies.edits)
        notes.extend(strategies.notes)
        if not strategies.waiting:
            steps.extend(_layout(stack))
    steps = list({(step.change, step.rewrite.edit): step for step in steps}.values())
    texts = rewritten(workspace, [step.rewrite for step in steps])
    if texts and not waiting:
        encrypted = [file for stack in stacks for file in stack.secret_files if stack.file(file).encrypted]
        texts = with_derived(workspace, stacks, texts, encrypting=encrypted)
    written = write_texts(workspace, stacks, texts)
    files = [workload.resource.stream.file for stack in stacks for workload in _synapses(stack)]
    paths = tuple(dict.fromkeys((*written.paths, *files, *(f for stack in stacks for f in stack.secret_files))))
    if not waiting:
        notes.extend(left_encrypted(workspace, stacks, texts))
    message = "feat(matrix): let Flux replace Synapse's pods" if waiting else "feat(matrix): keep secrets in one place"
    changes = tuple(dict.fromkeys((*(step.change for step in steps), *written.changes)))
    return Plan(changes, written.writes, tuple(notes), message, paths, () if waiting else ("matrix-secrets verify",))


def _layout(stack: Stack) -> Iterator[_Step]:
    for config in stack.homeservers:
        if config.why is not None:
            raise config.why
        require_sound([secret for secret in stack.managed if _concerns(secret, config)])
        pods = _pods(stack, config)
        containers = [each for _, found in pods for each in found]
        files = _files(stack, config, containers)
        for secret, path in files:
            yield from _in_config(config, secret, path)
        for workload, found in pods:
            for holder in dict.fromkeys(_holder(secret, workload).resource.name for secret, _ in files):
                keys = {path: _holder(s, workload).key for s, path in files if _name(s, workload) == holder}
                yield from _told(file_edits(workload, found, holder, keys), "volume")
        password = _password(stack)
        if password is not None and uses_postgres(config) and not password_elsewhere(config):
            yield from _password_moved(config, password, pods)


def _in_config(config: ConfigText, secret: ManagedSecret, path: str) -> Iterator[_Step]:
    was = config.node(secret.declaration.config_path or ()) is not None
    detail = f"{path} in place of the value" if was else path
    for each in name_file(config, secret.declaration, path):
        yield _Step(Change(each.place, "sealed", detail), each)


def _password_moved(
    config: ConfigText, password: ManagedSecret, pods: Sequence[tuple[Workload, list[SynapseContainer]]]
) -> Iterator[_Step]:
    for each in without_password(config):
        yield _Step(Change(each.place, "removed", f"{PASSWORD_VARIABLE} in the environment in its place"), each)
    for workload, containers in pods:
        spot = _holder(password, workload)
        for container in containers:
            yield from _told(password_edits(container, spot.resource.name, spot.key), "environment")


def _told(edits: Iterator[PodEdit], action: str) -> Iterator[_Step]:
    for each in edits:
        yield _Step(Change(each.place, action, each.what), Rewrite(each.place, each.edit))


def _pods(stack: Stack, config: ConfigText) -> list[tuple[Workload, list[SynapseContainer]]]:
    found = [(workload, synapse_containers(workload, config)) for workload in readers(config, stack.streams)]
    if not any(containers for _, containers in found):
        raise RefusedError(
            "no Deployment or StatefulSet of the stack mounts it, so there are no pods to give the Secret's files to",
            place=config.entry.place,
            hint="name the directory that holds both: --stack DIR",
        )
    return found


def _concerns(secret: ManagedSecret, config: ConfigText) -> bool:
    declaration = secret.declaration
    if declaration is POSTGRES_PASSWORD:
        return uses_postgres(config)
    return declaration.path_option is not None


def _files(stack: Stack, config: ConfigText, containers: Sequence[SynapseContainer]) -> list[tuple[ManagedSecret, str]]:
    """Choose for each secret the path at which Synapse finds it: the one that is named already, else one beside it."""
    wanted = [secret for secret in stack.managed if secret.declaration.path_option]
    named: Mapping[str, str] = {
        option: config.text((option,)) or ""
        for secret in wanted
        if (option := secret.declaration.path_option) and has_option(config, option)
    }
    directory = posixpath.dirname(next(iter(named.values()), "")) or free_directory(containers)
    return [
        (secret, named.get(secret.declaration.path_option or "") or f"{directory}/{_file_name(secret)}")
        for secret in wanted
    ]


def _file_name(secret: ManagedSecret) -> str:
    return (secret.declaration.path_option or "").removesuffix("_path")


def _password(stack: Stack) -> ManagedSecret | None:
    return next((secret for secret in stack.managed if secret.declaration is POSTGRES_PASSWORD), None)


def _name(secret: ManagedSecret, workload: Workload) -> str:
    return _holder(secret, workload).resource.name


def _holder(secret: ManagedSecret, workload: Workload) -> SecretSpot:
    """Return the key of a Secret that a workload's pods can be given: one of its own namespace."""
    own = workload.resource.namespace
    spots = [location.spot for location in secret.locations if isinstance(location.spot, SecretSpot)]
    for spot in spots:
        if spot.resource.kind == "Secret" and (not own or spot.resource.namespace in {"", own}):
            return spot
    raise RefusedError(
        f"{secret.name} stands in no Secret that these pods can read",
        place=workload.resource.place(),
        cause="pods read Secrets of their own namespace only" if spots else None,
        hint=f"add the key {secret.name} to a Secret of that namespace, then: matrix-secrets generate {secret.name}",
    )


def _synapses(stack: Stack) -> list[Workload]:
    return [workload for config in stack.homeservers for workload in readers(config, stack.streams)]
