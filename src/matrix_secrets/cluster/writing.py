"""Changes to a cluster: server-side apply as ``matrix-secrets``, JSON patches that insist on a version, annotations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from matrix_secrets.cluster.failures import ConflictError, InvalidError
from matrix_secrets.cluster.objects import FIELD_MANAGER

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matrix_secrets.cluster.connection import Connection
    from matrix_secrets.cluster.kinds import Kind

_APPLY: Final = "application/apply-patch+yaml"
_JSON_PATCH: Final = "application/json-patch+json"
_MERGE: Final = "application/merge-patch+json"


def apply(
    cluster: Connection, kind: Kind, namespace: str, name: str, fields: Mapping[str, Any], *, version: str = ""
) -> dict[str, Any]:
    """Make these fields be so, and leave all others alone; return the object as it then is.

    Server-side apply, without force: raises ConflictError naming the other manager where a field is somebody else's
    and has another value, or (``version``: a resourceVersion) where the object has changed since. Fields that an
    earlier apply of ours set and that are not named any more go away. ``metadata`` may be among the fields.
    """
    body = {
        "apiVersion": kind.api_version,
        "kind": kind.name,
        **fields,
        "metadata": {
            **fields.get("metadata", {}),
            "name": name,
            "namespace": namespace,
            **({"resourceVersion": version} if version else {}),
        },
    }
    return cluster.patch(kind, name, namespace, body, content_type=_APPLY, fieldManager=FIELD_MANAGER)


def json_patch(
    cluster: Connection, kind: Kind, namespace: str, name: str, version: str, operations: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """Carry out JSON patch operations, all or none, on the object as it was at a resourceVersion.

    Raises ConflictError where it has changed since.
    """
    test = {"op": "test", "path": "/metadata/resourceVersion", "value": version}
    try:
        return cluster.patch(
            kind, name, namespace, [test, *operations], content_type=_JSON_PATCH, fieldManager=FIELD_MANAGER
        )
    except InvalidError as error:  # what a failed test is answered with (422), too
        text = f"{cluster.where}: {kind.resource}/{name} in {namespace} has changed meanwhile; nothing was written"
        raise ConflictError(text, cause=error.cause, hint="run the command again: it looks anew") from None


def annotate(cluster: Connection, kind: Kind, namespace: str, name: str, annotations: Mapping[str, str]) -> None:
    """Set annotations; others stay."""
    body = {"metadata": {"annotations": dict(annotations)}}
    cluster.patch(kind, name, namespace, body, content_type=_MERGE, fieldManager=FIELD_MANAGER)


def require_right_to_annotate(cluster: Connection, kind: Kind, namespace: str, name: str) -> None:
    """Have the API server try it, and change nothing. Raises ForbiddenError, with the right that is missing."""
    query = {"fieldManager": FIELD_MANAGER, "dryRun": "All"}
    cluster.patch(kind, name, namespace, {"metadata": {"annotations": {}}}, content_type=_MERGE, **query)


def merge(cluster: Connection, kind: Kind, namespace: str, name: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """Set fields by a merge patch, whoever owns them (https://www.rfc-editor.org/rfc/rfc7386)."""
    return cluster.patch(kind, name, namespace, dict(body), content_type=_MERGE, fieldManager=FIELD_MANAGER)


def pointer(*keys: str) -> str:
    """Return a JSON pointer (https://www.rfc-editor.org/rfc/rfc6901): ``~`` and ``/`` in keys are escaped."""
    return "".join("/" + key.replace("~", "~0").replace("/", "~1") for key in keys)
