"""Who the server is: server_name, public_baseurl, and Element's base_url and server_name, in every place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matrix_secrets.errors import Place, RefusedError, UsageError
from matrix_secrets.findings import Finding, Severity
from matrix_secrets.operations.plan import Change, Plan
from matrix_secrets.operations.writing import rewritten, write_texts
from matrix_secrets.records import dataclass
from matrix_secrets.stack import elementconfig, homeserver
from matrix_secrets.stack.examples import fill_examples
from matrix_secrets.stack.rewriting import Rewrite, set_option
from matrix_secrets.stack.servername import base_url, check_base_url, check_node_ip, check_server_name, is_lower_case
from matrix_secrets.stack.services import DEFAULT_NODE_PORT, synapse_node_port

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from matrix_secrets.stack.configtext import ConfigText
    from matrix_secrets.stack.model import Stack
    from matrix_secrets.stack.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Identity:
    """What the user decided. ``public_baseurl`` wins over ``node_ip``, which makes it with the Service's nodePort."""

    server_name: str
    node_ip: str | None = None
    public_baseurl: str | None = None
    force_server_name: bool = False


def plan_configure(workspace: Workspace, stacks: Sequence[Stack], identity: Identity) -> Plan:
    """Plan one identity for all of these stacks. Raises as `plan_identities`."""
    return plan_identities(workspace, [(stack, identity) for stack in stacks])


def plan_identities(workspace: Workspace, identities: Sequence[tuple[Stack, Identity]]) -> Plan:
    """Plan the identity of each stack's server.

    Raises UsageError for values that are no server name, address or URL, RefusedError where a server name that is
    already real would change, and the reason where a configuration cannot be read.
    """
    changes: list[Change] = []
    rewrites: list[Rewrite] = []
    notes: list[Finding] = []
    for stack, identity in identities:
        _check(identity)
        found = list(identity_changes(stack, identity))
        changes += [change for change, _ in found]
        rewrites += [each for _, each in found]
        named = [change.place for change, _ in found if "server_name" in change.place.path]
        notes += _notes(stack, identity, named=named)
    stacks = [stack for stack, _ in identities]
    names = dict.fromkeys(each.server_name for _, each in identities)
    texts = rewritten(workspace, rewrites)
    written = write_texts(workspace, stacks, texts)
    paths = [config.file for stack in stacks for config in (*stack.homeservers, *stack.elements)]
    return Plan(
        changes=(*changes, *written.changes),
        writes=written.writes,
        notes=tuple(notes),
        commit_message=f"feat(matrix): configure {', '.join(names)}",
        paths=tuple(dict.fromkeys((*written.paths, *paths))),
        next_commands=("matrix-secrets generate",),
    )


def _check(identity: Identity) -> None:
    check_server_name(identity.server_name)
    if identity.node_ip is not None:
        check_node_ip(identity.node_ip)
    if identity.public_baseurl is not None:
        check_base_url(identity.public_baseurl)


def identity_changes(stack: Stack, identity: Identity) -> Iterator[tuple[Change, Rewrite]]:
    """Yield what an identity changes in a stack. Raises as `plan_configure`."""
    for config in (*stack.homeservers, *stack.elements):
        if config.why is not None:
            raise config.why
    if not identity.force_server_name:
        _refuse_new_name(stack, identity)
    url = _base_url(stack, identity)
    settings = [
        *((config, homeserver.SERVER_NAME, identity.server_name) for config in stack.homeservers),
        *((config, homeserver.PUBLIC_BASEURL, url) for config in stack.homeservers),
    ]
    for config in stack.elements:
        settings.extend((config, path, url) for path in elementconfig.base_url_paths(config))
        settings.extend((config, path, identity.server_name) for path in elementconfig.server_name_paths(config))
    for config, path, value in settings:
        if config.text(path) != value:
            yield Change(config.place(path), "set", value), set_option(config, path, value)
    done = {(config.entry.scalar.start, config.file, path) for config, path, _ in settings}
    for each, value in fill_examples(stack, done, server_name=identity.server_name, node_ip=identity.node_ip):
        yield Change(each.place, "set", value), each


def _refuse_new_name(stack: Stack, identity: Identity) -> None:
    for config in stack.homeservers:
        name = homeserver.real_server_name(config)
        if name is not None and name != identity.server_name:
            raise RefusedError(
                f"server_name is {name} already and would become {identity.server_name}",
                place=config.place(homeserver.SERVER_NAME),
                cause="every user, room and event carries the old name for ever: all of them would be orphaned",
                hint=f"keep it: --server-name {name}; only where nobody has an account yet: --force-server-name",
            )


def _base_url(stack: Stack, identity: Identity) -> str:
    if identity.public_baseurl is not None:
        return identity.public_baseurl
    if identity.node_ip is not None:
        return base_url(identity.node_ip, synapse_node_port(stack) or DEFAULT_NODE_PORT)
    found = _known_url(stack.homeservers)
    if found is None:
        raise UsageError(
            f"the address of Synapse in {stack.label} is not known",
            hint=f"matrix-secrets configure --server-name {identity.server_name} --node-ip IP (or auto), "
            "or --public-baseurl URL",
        )
    return found


def _known_url(configs: Sequence[ConfigText]) -> str | None:
    return next((url for config in configs if (url := homeserver.real_public_baseurl(config)) is not None), None)


def _notes(stack: Stack, identity: Identity, *, named: Sequence[Place]) -> Iterator[Finding]:
    """Tell what the user has to know about the name. ``named`` are the places where it is new."""
    if named:
        text = (
            "server_name can never change once the first user exists. It is part of every Matrix ID: "
            f"@you:{identity.server_name}"
        )
        yield Finding("server-name-is-final", Severity.WARNING, named[0], text, "check it before the first user")
    if not is_lower_case(identity.server_name):
        place = named[0] if named else Place(stack.label)
        text = "the Matrix specification advises a server name in lower case"
        fix = f"matrix-secrets configure --server-name {identity.server_name.lower()}"
        yield Finding("server-name-case", Severity.WARNING, place, text, fix)
