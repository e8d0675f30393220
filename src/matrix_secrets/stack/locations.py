"""The managed secrets of a stack with all their locations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matrix_secrets.manifests import nodes
from matrix_secrets.manifests.nodes import Scalar, child
from matrix_secrets.manifests.resources import DATA, STRING_DATA, Resource
from matrix_secrets.stack.declarations import POSTGRES_PASSWORD
from matrix_secrets.stack.layouts import is_expected, password_from_outside, uses_postgres
from matrix_secrets.stack.model import (
    Location,
    ManagedSecret,
    SecretSpot,
    ValueState,
)
from matrix_secrets.stack.recognition import keys_of
from matrix_secrets.stack.values import in_config, in_entry, not_a_value

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from matrix_secrets.errors import MatrixSecretsError
    from matrix_secrets.stack.configtext import ConfigText
    from matrix_secrets.stack.declaration import Declaration
    from matrix_secrets.stack.declaredplaces import Found
    from matrix_secrets.stack.workloads import Workload


def managed_secrets(
    declarations: Sequence[Declaration],
    secrets: Sequence[Resource],
    configs: Sequence[ConfigText],
    workloads: Sequence[Workload],
    locked: Callable[[str], MatrixSecretsError | None],
    named: Mapping[str, Found],
) -> tuple[ManagedSecret, ...]:
    """Find each declared secret's locations, first those in Secrets; secrets without any are left out.

    ``locked`` says of a file why it could not be opened; ``named`` are places beyond a declaration's own keys.
    """
    found: list[ManagedSecret] = []
    for declaration in declarations:
        in_secrets = [place for secret in secrets for place in _in_secret(secret, declaration, locked)]
        in_configs = list(_in_configs(configs, declaration, workloads))
        holder = _holder(secrets, declarations)
        if (
            declaration.by_key
            and not in_secrets
            and holder is not None
            and _wanted(declaration, holder, configs, in_configs)
        ):
            in_secrets = [_missing(holder, declaration)]
        more = named[declaration.name].locations if declaration.name in named else ()
        places = {location.place: location for location in (*in_secrets, *in_configs, *more)}
        if places:
            found.append(ManagedSecret(declaration, tuple(places.values())))
    return tuple(found)


def _in_secret(
    secret: Resource, declaration: Declaration, locked: Callable[[str], MatrixSecretsError | None]
) -> Iterator[Location]:
    for entry in secret.entries():
        if entry.key in declaration.keys:
            yield in_entry(entry, locked(secret.stream.file))
    for field in (DATA, STRING_DATA):
        node = child(secret.root, field)
        for key, value in node.items if isinstance(node, nodes.Mapping) else ():
            if isinstance(key, Scalar) and key.value in declaration.keys and not isinstance(value, Scalar):
                place = secret.place(key.value)
                spot = SecretSpot(secret, key.value, None)
                yield Location(place, ValueState.UNREADABLE, None, spot, not_a_value(value, place))


def _in_configs(
    configs: Sequence[ConfigText], declaration: Declaration, workloads: Sequence[Workload]
) -> Iterator[Location]:
    if declaration.config_path is None:
        return
    for config in configs:
        location = in_config(config, declaration.config_path)
        outside = password_from_outside(config, workloads)
        if location.state is not ValueState.MISSING or is_expected(config, declaration, password_from_outside=outside):
            yield location


def _holder(secrets: Sequence[Resource], declarations: Sequence[Declaration]) -> Resource | None:
    """Return the Secret that a missing key belongs in: the one that holds most of the managed keys."""
    names = {key for each in declarations for key in each.keys}
    return max(secrets, key=lambda secret: len(keys_of(secret) & names), default=None)


def _wanted(
    declaration: Declaration, holder: Resource, configs: Sequence[ConfigText], in_configs: Sequence[Location]
) -> bool:
    """Whether a Secret that lacks a managed key should have it: not for a database that needs no password."""
    if declaration is not POSTGRES_PASSWORD:
        return True
    if in_configs or any(config.readable and uses_postgres(config) for config in configs):
        return True
    return not configs and bool(keys_of(holder) & {"POSTGRES_USER", "POSTGRES_DB"})


def _missing(holder: Resource, declaration: Declaration) -> Location:
    spot = SecretSpot(holder, declaration.name, None)
    return Location(holder.place(declaration.name), ValueState.MISSING, None, spot)
