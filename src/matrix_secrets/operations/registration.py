"""Whether anybody may make an account: both of Synapse's switches, in every homeserver.yaml."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matrix_secrets.findings import Finding, Severity
from matrix_secrets.operations.options import Setting, homeservers, plan_settings
from matrix_secrets.operations.plan import Change, Plan
from matrix_secrets.stack.homeserver import ENABLE_REGISTRATION, REGISTRATION_WITHOUT_VERIFICATION, is_on
from matrix_secrets.stack.optionedit import set_switch
from matrix_secrets.stack.removal import pair_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from matrix_secrets.stack.configtext import ConfigText
    from matrix_secrets.stack.model import Stack
    from matrix_secrets.stack.workspace import Workspace


def plan_registration(workspace: Workspace, stacks: Sequence[Stack], *, opened: bool, pushed: bool = False) -> Plan:
    """Plan registration open to everybody, or closed: ``enable_registration`` and ``…_without_verification``.

    ``pushed``: it is going to be. Raises the reason where a configuration cannot be read, and BadManifestError where a
    switch is none.
    """
    configs = homeservers(stacks)
    notes = [_open_note(config) for config in configs] if opened else []
    return plan_settings(
        workspace,
        stacks,
        [setting for config in configs for setting in _settings(config, opened=opened)],
        message=f"feat(matrix): {'open' if opened else 'close'} registration",
        notes=notes,
        following=(_next(opened=opened, pushed=pushed),),
    )


def _settings(config: ConfigText, *, opened: bool) -> Iterator[Setting]:
    after = None
    for path in (ENABLE_REGISTRATION, REGISTRATION_WITHOUT_VERIFICATION):
        option = str(path[0])
        missing = pair_of(config.root, option) is None
        # A switch that is not there is off.
        if is_on(config, path) is not opened or (not missing and config.text(path) is None):
            change = Change(config.place(path), "set", "true" if opened else "false")
            yield Setting(change, (set_switch(config, option, on=opened, after=after),))
        after = None if missing else option


def _next(*, opened: bool, pushed: bool) -> str:
    if pushed:
        return "matrix-secrets cluster reconcile"
    return "matrix-secrets registration open --push" if opened else "matrix-secrets registration close --push"


def _open_note(config: ConfigText) -> Finding:
    text = "whoever reaches the server can now make an account"
    fix = "matrix-secrets registration close"
    return Finding("registration-open", Severity.WARNING, config.place(ENABLE_REGISTRATION), text, fix)
