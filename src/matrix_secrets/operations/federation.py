"""With which servers Synapse federates: all, some, none. ``federation_domain_whitelist`` says it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from matrix_secrets.errors import UsageError
from matrix_secrets.findings import Finding, Severity
from matrix_secrets.operations.options import Setting, homeservers, plan_settings
from matrix_secrets.operations.plan import Change, Plan
from matrix_secrets.stack.homeserver import real_server_name
from matrix_secrets.stack.optionedit import list_of, set_list, take_out
from matrix_secrets.stack.removal import pair_of
from matrix_secrets.stack.servername import fault_of_server_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from matrix_secrets.stack.configtext import ConfigText
    from matrix_secrets.stack.model import Stack
    from matrix_secrets.stack.workspace import Workspace

# https://element-hq.github.io/synapse/latest/usage/configuration/config_documentation.html#federation
WHITELIST: Final = "federation_domain_whitelist"
# The guide's way to switch federation off: the first is no option at all, the second leaves sending to Synapse itself.
WITHOUT_EFFECT: Final = {
    "federation_rcv_ignore_list": "is no option of Synapse: it keeps nobody out",
    "federation_sender_instances": "names workers that send; empty, Synapse itself sends: it disables nothing",
}
_NEAR: Final = ("federation_client_minimum_tls_version", "trusted_key_servers", "suppress_key_server_warning")


def plan_federation(
    workspace: Workspace, stacks: Sequence[Stack], servers: Sequence[str] | None, *, pushed: bool = False
) -> Plan:
    """Plan federation with these servers only; none: with nobody, None: with everybody.

    ``pushed``: it is going to be. Raises UsageError for what is no server name, the reason where a configuration
    cannot be read, and BadManifestError where the option is no list.
    """
    for name in servers or ():
        fault = fault_of_server_name(name)
        if fault is not None:
            raise UsageError(f"{name}: {fault}", hint="matrix-secrets federation allow matrix.org")
    configs = homeservers(stacks)
    settings = [setting for config in configs for setting in _settings(config, servers)]
    return plan_settings(
        workspace,
        stacks,
        settings,
        message=f"feat(matrix): federate with {_whom(servers)}",
        notes=[note for config in configs for note in _notes(config, servers)],
        following=("matrix-secrets cluster reconcile" if pushed else f"{_command(servers)} --push",),
    )


def _settings(config: ConfigText, servers: Sequence[str] | None) -> Iterator[Setting]:
    place = config.place((WHITELIST,))
    present = list_of(config, WHITELIST)
    if servers is None:
        edits = tuple(take_out(config, WHITELIST)) if present is not None else ()
        if edits:
            yield Setting(Change(place, "removed", "federates with everybody"), edits)
        return
    if present is not None and set(present) == set(servers):
        return
    after = next((name for name in reversed(_NEAR) if pair_of(config.root, name) is not None), None)
    edits = tuple(set_list(config, WHITELIST, servers, after=after))
    yield Setting(Change(place, "set", ", ".join(servers) or "[]: federates with nobody"), edits)


def _notes(config: ConfigText, servers: Sequence[str] | None) -> Iterator[Finding]:
    for option, why in WITHOUT_EFFECT.items():
        if servers is not None and pair_of(config.root, option) is not None:
            fix = f"take {option} out of homeserver.yaml in {config.file}: {WHITELIST} does it"
            yield Finding("federation-option-without-effect", Severity.WARNING, config.place((option,)), why, fix)
    own = real_server_name(config)
    if servers and own in servers:
        text = "the server's own name need not stand there: it always talks to itself"
        yield Finding("federation-own-name", Severity.WARNING, config.place((WHITELIST,)), text, "leave it out")


def _command(servers: Sequence[str] | None) -> str:
    if servers is None:
        return "matrix-secrets federation all"
    return f"matrix-secrets federation allow {' '.join(servers)}" if servers else "matrix-secrets federation off"


def _whom(servers: Sequence[str] | None) -> str:
    if servers is None:
        return "everybody"
    return ", ".join(servers) or "nobody"
