"""The sealed layout, where Synapse's own switch does not look: files, environment, and what is left inline."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from matrix_secrets.checks.kind import error, warning
from matrix_secrets.checks.sealedfiles import FILE_KINDS, check_files
from matrix_secrets.manifests.nodes import child, find, text_at
from matrix_secrets.stack.declarations import POSTGRES_PASSWORD
from matrix_secrets.stack.layouts import (
    PASSWORD,
    PASSWORD_VARIABLES,
    has_option,
    is_sealed,
    password_elsewhere,
    uses_postgres,
)
from matrix_secrets.stack.model import SecretSpot
from matrix_secrets.stack.recognition import keys_of
from matrix_secrets.stack.sealedpods import PASSWORD_VARIABLE
from matrix_secrets.stack.synapsepods import SynapseContainer, readers, synapse_containers
from matrix_secrets.stack.workloads import items

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from matrix_secrets.checks.subject import Subject
    from matrix_secrets.findings import Finding
    from matrix_secrets.manifests.nodes import Node
    from matrix_secrets.stack.configtext import ConfigText
    from matrix_secrets.stack.model import Stack

INLINE: Final = error(
    "sealed-and-inline",
    "homeserver.yaml has a secret and names a file for it, too: Synapse does not start.",
    "`matrix-secrets seal` takes the value out.",
)
PARTLY: Final = warning(
    "sealed-partly",
    "homeserver.yaml names files for some secrets and still has others in it: `--no-secrets-in-config` refuses that.",
    "`matrix-secrets seal` moves the rest.",
)
PASSWORD_INLINE: Final = error(
    "sealed-password-inline",
    "The database's password stands in homeserver.yaml beside PGPASSWORD. It wins, so that a new one in the Secret "
    "never reaches the database, and Synapse's `--no-secrets-in-config` does not look at it.",
    "`matrix-secrets seal` takes it out.",
)
NO_VARIABLE: Final = error(
    "sealed-env-missing",
    "homeserver.yaml has no password of the database, and a Synapse that reads it, often a worker, has no PGPASSWORD.",
    "`matrix-secrets seal` adds it.",
)
PLAIN_VARIABLE: Final = error(
    "sealed-env-plain",
    "PGPASSWORD stands in a Deployment as plain text, which nothing encrypts.",
    "`matrix-secrets seal` takes it from the Secret.",
)
OTHER_VARIABLE: Final = warning(
    "sealed-env-other",
    "PGPASSWORD comes from another place than the managed POSTGRES_PASSWORD: the two can differ.",
    "Take it out of the Deployment, then `matrix-secrets seal`.",
)
_DSN: Final = (*PASSWORD[:-1], "dsn")
# https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING: both forms
_DSN_PASSWORD: Final = re.compile(r"\bpassword\s*=|://[^/@\s]*:[^/@\s]*@")
KINDS: Final = (INLINE, PARTLY, PASSWORD_INLINE, NO_VARIABLE, PLAIN_VARIABLE, OTHER_VARIABLE, *FILE_KINDS)


def check(subject: Subject) -> Iterator[Finding]:
    """Yield what is wrong with each stack whose homeserver.yaml is sealed, or meant to be."""
    for stack in subject.stacks:
        for config in stack.homeservers:
            if not config.readable:
                continue
            containers = [
                each for workload in readers(config, stack.streams) for each in synapse_containers(workload, config)
            ]
            if is_sealed(config) or any(_variable(each) is not None for each in containers):
                yield from _options(subject, stack, config)
                yield from _password(subject, stack, config, containers)
                yield from check_files(subject, stack, config, containers)


def _options(subject: Subject, stack: Stack, config: ConfigText) -> Iterator[Finding]:
    fix = subject.command("seal", stack)
    for secret in stack.managed:
        path, option = secret.declaration.config_path, secret.declaration.path_option
        if path is None or option is None or not has_option(config, str(path[0])):
            continue
        if has_option(config, option):
            yield INLINE.at(config.place(path), f"stands beside {option}: Synapse takes only one of them", fix)
        elif is_sealed(config):
            yield PARTLY.at(config.place(path), "is not sealed, other secrets of this file are", fix)


def _password(
    subject: Subject, stack: Stack, config: ConfigText, containers: Sequence[SynapseContainer]
) -> Iterator[Finding]:
    if not uses_postgres(config):
        return
    fix = subject.command("seal", stack)
    given = [each for each in containers if _variable(each) is not None]
    if has_password(config):
        if given:
            message = f"wins over {PASSWORD_VARIABLE}, which {given[0].workload.resource.label} has in its environment"
            yield PASSWORD_INLINE.at(config.place(PASSWORD), message, fix)
        elif is_sealed(config):
            yield PARTLY.at(config.place(PASSWORD), "is not sealed, other secrets of this file are", fix)
    elif _DSN_PASSWORD.search(config.text(_DSN) or "") and is_sealed(config):
        what = "name host, user and database as arguments of their own, without the password"
        mended = f"{subject.edit(config.file, what)}, then: {fix}"
        yield PASSWORD_INLINE.at(config.place(_DSN), "the connection string holds the database's password", mended)
    elif not password_elsewhere(config):
        for each in containers:
            if not _has_password(stack, each) and each.path[-2] == "containers":
                message = f"this Synapse has no password for its database: no {PASSWORD_VARIABLE}"
                yield NO_VARIABLE.at(each.place("env"), message, fix)
    for each in given:
        yield from _source(subject, stack, each, fix)


def _source(subject: Subject, stack: Stack, container: SynapseContainer, fix: str) -> Iterator[Finding]:
    variable, place = _variable(container), container.place("env", PASSWORD_VARIABLE)
    if text_at(variable, ("value",)):
        yield PLAIN_VARIABLE.at(place, "the database's password is plain text here", fix)
        return
    reference = find(variable, ("valueFrom", "secretKeyRef"))
    source = (text_at(reference, ("name",)), text_at(reference, ("key",)))
    managed = {
        (location.spot.resource.name, location.spot.key)
        for secret in stack.managed
        if secret.declaration is POSTGRES_PASSWORD
        for location in secret.locations
        if isinstance(location.spot, SecretSpot)
    }
    if managed and source not in managed and "" not in {name for name, _ in managed}:
        known = " or ".join(f"{key} of Secret/{name}" for name, key in sorted(managed))
        file = container.workload.resource.stream.file
        mended = f"{subject.edit(file, f'take {PASSWORD_VARIABLE} out of {container.name}')}, then: {fix}"
        yield OTHER_VARIABLE.at(place, f"does not come from {known}", mended)


def has_password(config: ConfigText) -> bool:
    """Whether the database's password stands in a homeserver.yaml."""
    node = config.node(PASSWORD)
    return node is not None and bool(config.text(PASSWORD))


def _variable(container: SynapseContainer) -> Node | None:
    variables = items(child(container.node, "env"))
    return next((each for each in variables if text_at(each, ("name",)) == PASSWORD_VARIABLE), None)


def _has_password(stack: Stack, container: SynapseContainer) -> bool:
    """Whether a container has the password in its environment, or may have it from a resource that is not here."""
    if any(text_at(each, ("name",)) in PASSWORD_VARIABLES for each in items(child(container.node, "env"))):
        return True
    here = {(each.kind, each.name): each for each in stack.secrets}
    for source in items(child(container.node, "envFrom")):
        secret = text_at(source, ("secretRef", "name"))
        held = here.get(("Secret", secret or ""))
        if held is None or keys_of(held) & PASSWORD_VARIABLES:
            return True
    return False
