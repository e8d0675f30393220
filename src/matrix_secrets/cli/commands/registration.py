"""``registration open``, ``registration close``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matrix_secrets.cli.carryout import carry_out
from matrix_secrets.cli.command import command
from matrix_secrets.cli.contexts import choose_named, placing
from matrix_secrets.cli.options import mutating

if TYPE_CHECKING:
    from matrix_secrets.cli.context import App
    from matrix_secrets.cli.options import How


@command("close")
@placing
@mutating
def registration_close(app: App, *, on: tuple[str, ...], how: How) -> int:
    """Let nobody make an account, and prove it.

    Both switches of homeserver.yaml become false, and a digest in the pod template restarts Synapse. With --push, and
    a cluster named by --context, --on or KUBECONFIG, it waits until Flux has applied that and the new pod serves, then
    tries to register: Synapse has to answer M_FORBIDDEN. admin create goes on working.
    """
    return _switch(app, on, how, opened=False)


@command("open")
@placing
@mutating
def registration_open(app: App, *, on: tuple[str, ...], how: How) -> int:
    """Let whoever reaches the server make an account.

    Both switches of homeserver.yaml become true. With --push and a cluster it waits and proves, as close does.
    """
    return _switch(app, on, how, opened=True)


def _switch(app: App, on: tuple[str, ...], how: How, *, opened: bool) -> int:
    from matrix_secrets.operations.registration import plan_registration  # noqa: PLC0415  --help does without

    choose_named(app, on)
    proving = how.push and not how.dry_run and (app.cluster_named or bool(on))
    if proving:
        from matrix_secrets.cli.registrations import require_owners  # noqa: PLC0415  kubernetes: 0.2 s

        require_owners(app, on)
    plan = plan_registration(app.workspace, app.stacks, opened=opened, pushed=how.push)
    code = carry_out(app, plan, how, nothing=f"Registration is {'open' if opened else 'closed'} already.")
    if not proving:
        return code
    from matrix_secrets.cli.registrations import follow  # noqa: PLC0415  kubernetes: 0.2 s

    return follow(app, on, opened=opened)
