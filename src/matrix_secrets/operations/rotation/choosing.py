"""Which secrets a rotation is about. Signing keys are none of them: they want another procedure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from matrix_secrets.errors import RefusedError
from matrix_secrets.operations.soundness import require_sound
from matrix_secrets.stack.selection import select_secrets

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matrix_secrets.stack.model import ManagedSecret, Stack

_SIGNING: Final = re.compile(r"(?i)(?:synapse_|old_)?signing[-_. ]?keys?(?:[-_.]path)?|ed25519.*")
# https://element-hq.github.io/synapse/latest/usage/configuration/config_documentation.html#old_signing_keys
_DOCS: Final = "https://element-hq.github.io/synapse/latest/usage/configuration/config_documentation.html"


def choose(stacks: Sequence[Stack], names: Sequence[str]) -> list[tuple[Stack, ManagedSecret]]:
    """Return the secrets to rotate, all managed ones without a name.

    Raises RefusedError for a signing key, and for a secret that has no real value or not one value only; UsageError
    for a name that is none.
    """
    refuse_signing_keys(names)
    chosen = select_secrets(stacks, names)
    require_sound([secret for _, secret in chosen])
    return chosen


def refuse_signing_keys(names: Sequence[str]) -> None:
    """Raise RefusedError, with the right procedure, where a name means a signing key."""
    if any(_SIGNING.fullmatch(name.strip()) for name in names):
        raise _signing_key()


def _signing_key() -> RefusedError:
    return RefusedError(
        "a signing key is not rotated like a password: it is the server's identity to all other servers",
        cause="other servers check old events by it for ever; thrown away, none of them can be checked any more",
        hint="1. in Synapse's pod: export_signing_key -x /data/signing.key, and put what it prints under "
        "old_signing_keys: in homeserver.yaml; 2. generate_signing_key -o /data/new.signing.key, and name that file as "
        f"signing_key_path; 3. restart Synapse. {_DOCS}#old_signing_keys",
    )
