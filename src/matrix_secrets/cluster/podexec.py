"""A program run in a container, as `kubectl exec` does."""

from __future__ import annotations

import time
from dataclasses import field, replace
from typing import TYPE_CHECKING, Any, Final

from matrix_secrets.cluster.failures import Asked, UnreachableError, refusal, silence
from matrix_secrets.cluster.kinds import POD
from matrix_secrets.cluster.sending import decoded
from matrix_secrets.records import dataclass
from matrix_secrets.secretvalue import SecretValue

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matrix_secrets.cluster.connection import Connection
    from matrix_secrets.cluster.workloads import LivePod

_DEADLINE: Final = 60.0  # seconds
_WAIT: Final = 1.0
_REASONS: Final = {401: "Unauthorized", 403: "Forbidden", 404: "Not Found"}


@dataclass(frozen=True, slots=True)
class Ran:
    """What a program left. Its output is opaque: it may repeat what it was given."""

    code: int
    out: SecretValue = field(repr=False)
    err: SecretValue = field(repr=False)


def run_in_pod(
    cluster: Connection,
    pod: LivePod,
    container: str,
    command: Sequence[str],
    stdin: SecretValue | None = None,
    *,
    deadline: float = _DEADLINE,
) -> Ran:
    """Run a program in a container; secrets belong into ``stdin``, never into ``command``.

    stdin is ended where the API server can do that (v5.channel.k8s.io): end what you send with the program's own way
    to stop (psql: backslash q). ``deadline`` is in seconds. Raises OutsideError.
    """
    asked = cluster.asked("create", POD, pod.namespace, pod.name, "exec")
    ws = _opened(cluster, pod, container, command, asked, wants_input=stdin is not None)
    try:
        return _finished(ws, stdin, asked, deadline)
    finally:
        ws.close()


def _opened(
    cluster: Connection, pod: LivePod, container: str, command: Sequence[str], asked: Asked, *, wants_input: bool
) -> Any:  # noqa: ANN401  kubernetes ships no types
    import websocket  # noqa: PLC0415  comes with kubernetes
    from kubernetes import client, stream  # noqa: PLC0415  0.2 s: only where the cluster is asked

    # A client of its own: `stream` changes the one that it is given while it works.
    core = client.CoreV1Api(client.ApiClient(cluster.client.configuration))
    try:
        return stream.stream(
            core.connect_get_namespaced_pod_exec,
            pod.name,
            pod.namespace,
            command=list(command),
            container=container,
            stdin=wants_input,
            stdout=True,
            stderr=True,
            tty=False,
            _preload_content=False,
            _request_timeout=_DEADLINE,
        )
    except client.ApiException as error:
        raise refused(asked, error) from None
    except (websocket.WebSocketException, OSError) as error:
        raise silence(asked, error) from None


def _finished(ws: Any, stdin: SecretValue | None, asked: Asked, deadline: float) -> Ran:  # noqa: ANN401  the same
    import websocket  # noqa: PLC0415  the same

    ends = time.monotonic() + deadline
    out, err = "", ""
    try:
        if stdin is not None:
            ws.write_stdin(stdin.reveal())
            if hasattr(ws, "close_channel"):
                ws.close_channel(0)
        while ws.is_open() and time.monotonic() < ends:
            ws.update(timeout=_WAIT)
            out += ws.read_stdout()
            err += ws.read_stderr()
        out += ws.read_stdout()
        err += ws.read_stderr()
    except (websocket.WebSocketException, OSError) as error:
        raise silence(asked, error) from None
    if ws.is_open():
        text = f"{asked.where}: the program in {asked.name} did not end within {deadline:.0f} s"
        raise UnreachableError(text, hint="look at the pod: kubectl describe pod; then run the command again")
    try:
        code = int(ws.returncode)
    except (TypeError, KeyError, LookupError, ValueError, AttributeError):  # the connection ended before the program
        raise UnreachableError(f"{asked.where}: the connection to {asked.name} was cut", hint="run it again") from None
    return Ran(code, SecretValue(out), SecretValue(err))


def refused(asked: Asked, error: Any) -> Exception:  # noqa: ANN401  kubernetes' ApiException
    """Say what a refused handshake means: kubernetes hides the answer behind an error of its own.

    Kubernetes up to 1.34 wants the right to ``get`` for it, later ones the right to ``create``, too. Raises
    KeyboardInterrupt where that was what ended the handshake: the client hides it, too.
    """
    handshake = error.__context__
    if isinstance(handshake, KeyboardInterrupt):
        raise handshake
    status = getattr(handshake, "status_code", None) or error.status
    if status not in {401, 403, 404}:
        return silence(asked, error)
    body = decoded(getattr(handshake, "resp_body", None) or b"")
    verb = "create" if "cannot create" in str(body.get("message")) else "get"
    return refusal(replace(asked, verb=verb), status, _REASONS[status], body)
