"""A stack put together from the parts that its files hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matrix_secrets.errors import BadManifestError, MatrixSecretsError
from matrix_secrets.stack.configtext import ConfigText, read_config
from matrix_secrets.stack.declarations import GUIDE_SECRETS, POSTGRES_PASSWORD
from matrix_secrets.stack.declaredplaces import find_places
from matrix_secrets.stack.layouts import layout_of
from matrix_secrets.stack.locations import managed_secrets
from matrix_secrets.stack.model import Stack
from matrix_secrets.stack.recognition import Parts, keys_of
from matrix_secrets.stack.workloads import workloads

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matrix_secrets.manifests.resources import Resource
    from matrix_secrets.stack.declaration import Declaration
    from matrix_secrets.stack.workspace import ManifestFile


def assemble(
    directory: str, files: Sequence[ManifestFile], parts: Sequence[Parts], further: Sequence[Declaration] = ()
) -> Stack:
    """Make the stack of a directory from its files and the parts in them."""
    reasons = {file.file: file.locked for file in files}

    def locked(file: str) -> MatrixSecretsError | None:
        return reasons.get(file)

    homeservers = [read_config(entry, locked(entry.place.file)) for part in parts for entry in part.homeservers]
    found_elements = [entry for part in parts for entry in (*part.elements, *part.maybe_elements)]
    elements = [read_config(entry, locked(entry.place.file)) for entry in found_elements]
    secrets = [secret for part in parts for secret in part.secrets]
    maybe = [secret for part in parts for secret in part.maybe_secrets]
    if secrets or homeservers:
        secrets += _belonging(maybe, secrets, homeservers, further)
    pods = list(workloads(file.stream for file in files))
    declarations = (*GUIDE_SECRETS, *further)
    named = {declaration.name: find_places(declaration, files, locked) for declaration in further}
    managed = managed_secrets(declarations, secrets, homeservers, pods, locked, named)
    secrets += [each for found in named.values() for each in found.secrets if each not in secrets]
    return Stack(
        directory=directory,
        files=tuple(files),
        secrets=tuple(secrets),
        homeservers=tuple(homeservers),
        elements=tuple(elements),
        managed=managed,
        layout=layout_of(homeservers, pods),
    )


def _belonging(
    maybe: Sequence[Resource],
    secrets: Sequence[Resource],
    homeservers: Sequence[ConfigText],
    further: Sequence[Declaration],
) -> list[Resource]:
    """Of the Secrets with keys that other applications use, too (POSTGRES_PASSWORD), those that are Synapse's."""
    further_keys = {key for each in further for key in each.keys}
    declared = [secret for secret in maybe if keys_of(secret) & further_keys]
    key = POSTGRES_PASSWORD.name
    if any(key in keys_of(secret) for secret in secrets):
        return declared
    found = [secret for secret in maybe if not keys_of(secret) & further_keys and key in keys_of(secret)]
    namespaces = {config.entry.resource.namespace for config in homeservers} | {each.namespace for each in secrets}
    near = [secret for secret in found if not secret.namespace or secret.namespace in namespaces] or found
    users = {user for config in homeservers if (user := config.text(("database", "args", "user")))}
    same_user = [secret for secret in near if len(near) > 1 and _text(secret, "POSTGRES_USER") in users]
    return [*declared, *(same_user or near)]


def _text(secret: Resource, key: str) -> str | None:
    entry = secret.entry(key)
    if entry is None or entry.encrypted:
        return None
    try:
        return entry.embedded().text
    except BadManifestError:
        return None
