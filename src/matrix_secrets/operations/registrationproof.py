"""Proof that registration is closed, or open: what a running Synapse answers to an attempt."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Final

from matrix_secrets.cluster.portforward import ask_pod
from matrix_secrets.errors import OutsideError

if TYPE_CHECKING:
    from matrix_secrets.cluster.connection import Connection
    from matrix_secrets.cluster.workloads import LivePod
    from matrix_secrets.operations.synapsepod import Synapse

# https://spec.matrix.org/latest/client-server-api/#post_matrixclientv3register: a GET proves nothing, it is always
# refused. Without any stage of authentication done, a POST makes no account.
_PATH: Final = "/_matrix/client/v3/register"
_PAUSES: Final = (1.0, 3.0, 6.0)  # seconds; Synapse limits how often one may ask


def prove_registration(cluster: Connection, synapse: Synapse, pod: LivePod, *, opened: bool) -> str:
    """Try to register, without a name and without finishing; return what Synapse said, in a few words.

    Raises OutsideError where that is not what it should be.
    """
    status, code = _attempt(cluster, synapse, pod)
    if (status, code) == (403, "M_FORBIDDEN"):
        closed, said = True, "403 M_FORBIDDEN"
    elif status == 401:
        closed, said = False, "401, with the steps that registration takes"
    else:
        raise OutsideError(
            f"{cluster.where}: {synapse.label} answered {status} {code} to an attempt to register".rstrip(),
            hint="matrix-secrets registration close --push tries again",
        )
    if closed is opened:
        raise OutsideError(
            f"{cluster.where}: registration is still {'closed' if opened else 'open'}: Synapse answered {said}",
            cause="Synapse reads its configuration when it starts, and has not been started with this one",
            hint=f"{synapse.rollout(cluster)}; then run the command again",
        )
    return said


def _attempt(cluster: Connection, synapse: Synapse, pod: LivePod) -> tuple[int, str]:
    answer = ask_pod(cluster, pod, synapse.port, "POST", _PATH, {})
    for pause in _PAUSES:
        if answer.status != 429:
            break
        time.sleep(pause)
        answer = ask_pod(cluster, pod, synapse.port, "POST", _PATH, {})
    return answer.status, error_code(answer.body)


def error_code(body: bytes) -> str:
    """Return the ``errcode`` of a Matrix error, empty for anything else: only the standard's own words."""
    try:
        found = json.loads(body)
    except ValueError:
        return ""
    code = found.get("errcode") if isinstance(found, dict) else None
    return code if isinstance(code, str) and code.replace("_", "").isalnum() and len(code) < 64 else ""
