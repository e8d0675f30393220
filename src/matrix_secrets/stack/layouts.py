"""The two layouts, and where in a homeserver.yaml each of them expects a managed secret."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from matrix_secrets.manifests.nodes import Mapping, Scalar
from matrix_secrets.stack.declarations import GUIDE_SECRETS
from matrix_secrets.stack.model import Layout
from matrix_secrets.stack.values import is_null

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from matrix_secrets.stack.configtext import ConfigText
    from matrix_secrets.stack.declaration import Declaration
    from matrix_secrets.stack.workloads import Workload

_DATABASE: Final = ("database", "args")
PASSWORD: Final = (*_DATABASE, "password")
# What libpq takes the password from, other than the connection's own arguments.
# https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS
PASSWORD_VARIABLES: Final = frozenset({"PGPASSWORD", "PGPASSFILE", "PGSERVICE"})
_PASSWORD_ARGUMENTS: Final = ("passfile", "service", "dsn")


def layout_of(configs: Sequence[ConfigText], workloads: Iterable[Workload]) -> Layout:
    """Tell the layout: sealed, where a homeserver.yaml names a file for a secret or its database has no password."""
    if any(is_sealed(config) for config in configs):
        return Layout.SEALED
    readable = [config for config in configs if config.readable]
    without_password = [config for config in readable if config.node(PASSWORD) is None]
    if readable and without_password == readable and _password_from_outside(readable, workloads):
        return Layout.SEALED
    return Layout.GUIDE


def is_sealed(config: ConfigText) -> bool:
    """Whether a homeserver.yaml names a file for one of the guide's secrets: it is meant to hold none."""
    return any(has_option(config, each.path_option) for each in GUIDE_SECRETS if each.path_option)


def has_option(config: ConfigText, option: str) -> bool:
    """Whether an option of a homeserver.yaml is set to something."""
    node = config.node((option,))
    return node is not None and not (isinstance(node, Scalar) and is_null(node))


def is_expected(config: ConfigText, declaration: Declaration, *, password_from_outside: bool) -> bool:
    """Whether a homeserver.yaml that lacks a managed secret should have it."""
    if declaration.config_path is None or not config.readable:
        return False
    if declaration.path_option and (is_sealed(config) or has_option(config, declaration.path_option)):
        return False
    if declaration.config_path[0] != "database":
        return len(declaration.config_path) == 1
    if not isinstance(config.node(_DATABASE), Mapping) or not uses_postgres(config):
        return False
    return not password_elsewhere(config) and not password_from_outside and not is_sealed(config)


def uses_postgres(config: ConfigText) -> bool:
    """Whether a homeserver.yaml names PostgreSQL as its database."""
    return config.text(("database", "name")) == "psycopg2"


def password_elsewhere(config: ConfigText) -> bool:
    """Whether the connection's own arguments say where the password is: a file, a service, a connection string."""
    return any(config.node((*_DATABASE, name)) is not None for name in _PASSWORD_ARGUMENTS)


def password_from_outside(config: ConfigText, workloads: Iterable[Workload]) -> bool:
    """Whether the pods that read a homeserver.yaml are given the database's password in their environment."""
    return _password_from_outside([config], workloads)


def _password_from_outside(configs: Sequence[ConfigText], workloads: Iterable[Workload]) -> bool:
    holders = [config.entry.resource for config in configs]
    return any(
        workload.environment() & PASSWORD_VARIABLES
        for workload in workloads
        if any(workload.consumes(holder.kind, holder.name, holder.namespace) for holder in holders)
    )
