"""Snapshots of the core's objects: what the API server said at one moment."""

from __future__ import annotations

import base64
import binascii
from dataclasses import field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from matrix_secrets.records import dataclass
from matrix_secrets.secretvalue import SecretValue

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    Object = Mapping[str, Any]


FIELD_MANAGER: Final = "matrix-secrets"
"""Under this name the API server notes what this program sets."""


@dataclass(frozen=True, slots=True)
class LiveSecret:
    """A Secret. ``entries`` are its data, decoded; what is no UTF-8 is spelled with backslashes.

    ``applied`` names the entries that this program's server-side apply set.
    """

    name: str
    namespace: str
    resource_version: str
    created: datetime | None
    entries: Mapping[str, SecretValue] = field(repr=False)
    annotations: Mapping[str, str] = field(default_factory=dict)
    applied: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class LiveConfigMap:
    """A ConfigMap. In the guide's layout it repeats secrets: so its texts are opaque, too."""

    name: str
    namespace: str
    resource_version: str
    entries: Mapping[str, SecretValue] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition of an object's status: ``status`` is ``True``, ``False`` or ``Unknown``.

    ``generation`` is that of the spec which it speaks of, 0 where it does not say.
    """

    type: str
    status: str
    reason: str
    message: str
    since: datetime | None = None
    generation: int = 0


def live_secret(found: Object) -> LiveSecret:
    """Make a snapshot of a Secret as the API server sent it."""
    meta = found["metadata"]
    entries = {str(key): _decoded(text) for key, text in (found.get("data") or {}).items()}
    return LiveSecret(
        meta["name"],
        meta.get("namespace", ""),
        str(meta.get("resourceVersion", "")),
        moment(meta.get("creationTimestamp")),
        entries,
        dict(meta.get("annotations") or {}),
        frozenset(_applied(meta)),
    )


def live_config_map(found: Object) -> LiveConfigMap:
    """Make a snapshot of a ConfigMap as the API server sent it."""
    meta = found["metadata"]
    entries = {str(key): SecretValue(str(text)) for key, text in (found.get("data") or {}).items()}
    return LiveConfigMap(meta["name"], meta.get("namespace", ""), str(meta.get("resourceVersion", "")), entries)


def conditions(found: Object) -> tuple[Condition, ...]:
    """Return the conditions of a status."""
    return tuple(
        Condition(
            each.get("type", ""),
            each.get("status", ""),
            each.get("reason", ""),
            each.get("message", ""),
            moment(each.get("lastTransitionTime")),
            int(each.get("observedGeneration") or 0),
        )
        for each in (found.get("status") or {}).get("conditions") or ()
    )


def moment(text: str | None) -> datetime | None:
    """Read a time of the API server, RFC 3339 in UTC."""
    return None if not text else datetime.fromisoformat(text)


def _applied(meta: Mapping[str, Any]) -> Iterator[str]:
    """Yield the keys under ``data`` that our apply owns (fieldsV1: ``f:data`` › ``f:KEY``)."""
    for each in meta.get("managedFields") or ():
        if each.get("manager") == FIELD_MANAGER and each.get("operation") == "Apply":
            yield from (key.removeprefix("f:") for key in (each.get("fieldsV1") or {}).get("f:data") or {})


def _decoded(text: object) -> SecretValue:
    try:
        raw = base64.b64decode(str(text or ""))
    except (binascii.Error, ValueError):  # cannot be: the API server has decoded it itself
        raw = b""
    return SecretValue(raw.decode(errors="backslashreplace"))
