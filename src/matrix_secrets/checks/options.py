"""Options of homeserver.yaml that do not do what the guide says, or that leave a door open."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from matrix_secrets.checks.kind import warning
from matrix_secrets.stack.homeserver import ENABLE_REGISTRATION, is_on

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matrix_secrets.checks.subject import Subject
    from matrix_secrets.findings import Finding

OPEN: Final = warning(
    "registration-open",
    "`enable_registration: true`: anybody who reaches the server can make an account (the guide's Steps 13 and 14).",
    "`matrix-secrets registration close`, once the first accounts exist.",
)
UNKNOWN: Final = warning(
    "federation-option-unknown",
    "`federation_rcv_ignore_list`, which the guide names to disable federation, is no option of Synapse.",
    "`matrix-secrets federation off`: `federation_domain_whitelist: []` disables federation.",
)
KINDS: Final = (OPEN, UNKNOWN)

# https://element-hq.github.io/synapse/latest/usage/configuration/config_documentation.html#registration
_BY_TOKEN: Final = ("registration_requires_token",)
_IGNORE_LIST: Final = ("federation_rcv_ignore_list",)


def check(subject: Subject) -> Iterator[Finding]:
    """Yield a warning for each such option."""
    for stack in subject.stacks:
        for config in stack.homeservers:
            if is_on(config, ENABLE_REGISTRATION) and not is_on(config, _BY_TOKEN):
                fix = "once you have your accounts: matrix-secrets registration close"
                message = "registration is open to anybody who reaches the server"
                yield OPEN.at(config.place(ENABLE_REGISTRATION), message, fix)
            if config.node(_IGNORE_LIST) is not None:
                fix = f"matrix-secrets federation off; then take {_IGNORE_LIST[0]} out: {config.file}"
                message = "Synapse has no such option: it does not disable federation"
                yield UNKNOWN.at(config.place(_IGNORE_LIST), message, fix)
