"""The first administrator: registered with the shared secret over HTTP, whether registration is open or closed.

https://element-hq.github.io/synapse/latest/admin_api/register_api.html has the two requests and the MAC.
"""

from __future__ import annotations

import hmac
import json
import re
import secrets
from typing import TYPE_CHECKING, Any, Final

from matrix_secrets.cluster.portforward import Answer, ask_pod
from matrix_secrets.errors import OutsideError, RefusedError, UsageError
from matrix_secrets.operations.registrationproof import error_code
from matrix_secrets.records import dataclass
from matrix_secrets.secretvalue import SecretValue
from matrix_secrets.stack.homeserver import real_server_name

if TYPE_CHECKING:
    from matrix_secrets.cluster.connection import Connection
    from matrix_secrets.cluster.workloads import LivePod
    from matrix_secrets.operations.synapsepod import Synapse
    from matrix_secrets.stack.model import Stack

_PATH: Final = "/_synapse/admin/v1/register"
_SECRET: Final = "SYNAPSE_REGISTRATION_SHARED_SECRET"  # noqa: S105  a Secret's key
_PASSWORD_BYTES: Final = 18  # 24 characters, 144 bits
# https://spec.matrix.org/latest/appendices/#user-identifiers; a new name with / or + is for bridges only
_LOCALPART: Final = re.compile(r"[a-z0-9._=/+-]+")
_LONGEST: Final = 255  # bytes of a whole Matrix ID


@dataclass(frozen=True, slots=True)
class Account:
    """A Matrix ID, and whether it was made just now."""

    user_id: str
    created: bool


def user_id_of(stack: Stack, name: str) -> str:
    """Return the Matrix ID for a NAME, which may be one already.

    Raises UsageError for a name that is none, or of another server; RefusedError where the server has no name yet.
    """
    server = next((found for config in stack.homeservers if (found := real_server_name(config))), None)
    if server is None:
        raise RefusedError(
            f"the server of {stack.label} has no name yet", hint="matrix-secrets configure --server-name NAME"
        )
    localpart, _, other = name.removeprefix("@").partition(":")
    if other and (not name.startswith("@") or other != server):
        raise UsageError(f"{name} is no user of {server}", hint=f"matrix-secrets admin create {localpart or 'admin'}")
    user_id = f"@{localpart}:{server}"
    if not _LOCALPART.fullmatch(localpart) or localpart.startswith("_") or len(user_id.encode()) > _LONGEST:
        raise UsageError(
            "that is no name for a user: a to z, 0 to 9, and . _ = - inside it",
            hint="matrix-secrets admin create admin",
        )
    return user_id


def shared_secret(stack: Stack) -> SecretValue:
    """Return the stack's registration secret, as Git holds it.

    Raises RefusedError where it is not set or its places do not agree, and the reason where it cannot be read.
    """
    found = next((each for each in stack.managed if each.name == _SECRET), None)
    for location in found.locations if found is not None else ():
        if location.why is not None:
            raise location.why
    if found is None or not found.agrees:
        raise RefusedError(
            f"{_SECRET} of {stack.label} has no value yet, or not the same one everywhere",
            hint="matrix-secrets generate registration_shared_secret",
        )
    return found.values[0]


def new_password() -> SecretValue:
    """Make a password that nobody has to remember for long."""
    return SecretValue(secrets.token_urlsafe(_PASSWORD_BYTES))


def create_admin(
    cluster: Connection, synapse: Synapse, pod: LivePod, user_id: str, password: SecretValue, secret: SecretValue
) -> Account:
    """Register an administrator; a user who exists stays as they are, password included.

    Raises OutsideError where Synapse does not do it; nothing of the password or the secret is in it.
    """
    nonce = _object(ask_pod(cluster, pod, synapse.port, "GET", _PATH)).get("nonce")
    if not isinstance(nonce, str):
        raise OutsideError(
            f"{cluster.where}: {synapse.label} does not offer registration with a shared secret",
            cause="it runs without registration_shared_secret, or its listener has no client resource",
            hint=f"matrix-secrets verify; then {synapse.rollout(cluster)}",
        )
    localpart = user_id.removeprefix("@").partition(":")[0]
    body = {
        "nonce": nonce,
        "username": localpart,
        "password": password.reveal(),
        "admin": True,
        "mac": _mac(secret, nonce, localpart, password),
        "inhibit_login": True,  # no token and no device come into being that nobody asked for
    }
    answer = ask_pod(cluster, pod, synapse.port, "POST", _PATH, body)
    if answer.status == 200:
        return Account(str(_object(answer).get("user_id") or user_id), created=True)
    if error_code(answer.body) == "M_USER_IN_USE":
        return Account(user_id, created=False)
    raise _refused(cluster, synapse, answer)


def _mac(secret: SecretValue, nonce: str, localpart: str, password: SecretValue) -> str:
    message = f"{nonce}\0{localpart}\0{password.reveal()}\0admin"
    return hmac.digest(secret.reveal().encode(), message.encode(), "sha1").hex()


def _refused(cluster: Connection, synapse: Synapse, answer: Answer) -> OutsideError:
    said = f"{answer.status} {error_code(answer.body)}".rstrip()
    if answer.status == 403:
        return OutsideError(
            f"{cluster.where}: {synapse.label} does not accept Git's registration_shared_secret; nobody was registered",
            cause=f"it answered {said}: it runs with another secret, the one that it read when it started",
            hint=f"matrix-secrets cluster reconcile; then {synapse.rollout(cluster)}; then run the command again",
        )
    return OutsideError(
        f"{cluster.where}: {synapse.label} did not register the user: it answered {said}",
        hint=f"kubectl{cluster.option} -n {synapse.namespace} logs {synapse.kind.lower()}/{synapse.name}",
    )


def _object(answer: Answer) -> dict[str, Any]:
    try:
        found = json.loads(answer.body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
