"""What the command line of ``up`` says."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from matrix_secrets.cli.perstack import PerStack, per_stack
from matrix_secrets.errors import UsageError
from matrix_secrets.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matrix_secrets.cli.context import App


@dataclass(frozen=True, slots=True)
class Options:
    """``patience`` is in seconds, for each wait; ``on`` are the values of --on."""

    server_name: PerStack
    node_ip: PerStack
    on: tuple[str, ...]
    admin: str | None
    reveal: bool
    seal: bool
    registration_open: bool
    offline: bool
    patience: float

    @classmethod
    def of(cls, app: App, given: Mapping[str, object], *, on: tuple[str, ...], patience: float) -> Options:
        """Read click's values. Raises UsageError for options that contradict each other, or name no stack of these."""
        if on and given["offline"]:
            raise UsageError("--on and --offline contradict each other", hint="leave one of them out")
        names, addresses = (cast("Sequence[str]", given[key]) for key in ("server_names", "node_ips"))
        return cls(
            server_name=per_stack(app, "--server-name", names, shared=False),
            node_ip=per_stack(app, "--node-ip", addresses, shared=True),
            on=on,
            admin=None if given["no_admin"] else str(given["admin"]),
            reveal=bool(given["reveal"]),
            seal=not given["no_seal"],
            registration_open=bool(given["keep_registration_open"]),
            offline=bool(given["offline"]),
            patience=patience,
        )
