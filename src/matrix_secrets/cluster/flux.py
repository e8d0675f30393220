"""Snapshots of Flux's objects (https://fluxcd.io/flux/components/: Kustomization v1, GitRepository v1)."""

from __future__ import annotations

import posixpath
from dataclasses import field
from typing import TYPE_CHECKING, Final

from matrix_secrets.cluster.objects import Condition, conditions
from matrix_secrets.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matrix_secrets.cluster.objects import Object

FLUX_NAMESPACE: Final = "flux-system"
READY: Final = "Ready"
REQUESTED: Final = "reconcile.fluxcd.io/requestedAt"
"""Annotation that asks a controller to look now; it answers in ``status.lastHandledReconcileAt``."""
_LABELS: Final = "kustomize.toolkit.fluxcd.io"


@dataclass(frozen=True, slots=True, order=True)
class ObjectName:
    """Kind, namespace and name of another object."""

    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind}/{self.name}" + ("" if self.namespace == FLUX_NAMESPACE else f" in {self.namespace}")


@dataclass(frozen=True, slots=True)
class LiveDecryption:
    """``spec.decryption``; ``secret`` is empty where it names none (then the controller's flag may)."""

    provider: str
    secret: str


@dataclass(frozen=True, slots=True)
class LiveKustomization:
    """A Flux Kustomization. ``path`` is normalised, ``""`` for the source's root; revisions are ``main@sha1:…``.

    ``parent`` is the Kustomization that applies this one, by Flux's labels; None where nobody does, or it itself.
    """

    name: str
    namespace: str
    path: str
    source: ObjectName
    depends_on: tuple[ObjectName, ...]
    suspended: bool
    decryption: LiveDecryption | None
    generation: int
    observed_generation: int
    applied: str
    attempted: str
    handled: str
    resource_version: str
    target_namespace: str
    parent: ObjectName | None
    conditions: tuple[Condition, ...] = field(repr=False)

    @property
    def ref(self) -> ObjectName:
        """Its own name."""
        return ObjectName("Kustomization", self.namespace, self.name)

    @property
    def ready(self) -> Condition | None:
        """The Ready condition; it speaks of ``observed_generation``."""
        return ready_of(self.conditions)

    @property
    def is_ready(self) -> bool:
        """Whether Flux has applied the very spec that stands there, and all is well."""
        return self.observed_generation == self.generation and self.ready is not None and self.ready.status == "True"


@dataclass(frozen=True, slots=True)
class LiveSource:
    """A GitRepository. ``artifact`` is the revision that it offers, ``main@sha1:…``; empty before the first."""

    name: str
    namespace: str
    url: str
    branch: str
    reference: Mapping[str, str]
    suspended: bool
    generation: int
    observed_generation: int
    artifact: str
    handled: str
    conditions: tuple[Condition, ...] = field(repr=False)

    @property
    def ref(self) -> ObjectName:
        """Its own name."""
        return ObjectName("GitRepository", self.namespace, self.name)

    @property
    def ready(self) -> Condition | None:
        """The Ready condition."""
        return ready_of(self.conditions)


def live_kustomization(found: Object) -> LiveKustomization:
    """Make a snapshot of a Kustomization as the API server sent it."""
    meta, spec, status = found["metadata"], found.get("spec") or {}, found.get("status") or {}
    namespace = meta.get("namespace", "")
    source = spec.get("sourceRef") or {}
    decryption = spec.get("decryption")
    return LiveKustomization(
        name=meta["name"],
        namespace=namespace,
        path=posixpath.normpath("/" + (spec.get("path") or "")).strip("/"),
        source=ObjectName(source.get("kind", ""), source.get("namespace") or namespace, source.get("name", "")),
        depends_on=tuple(
            ObjectName("Kustomization", each.get("namespace") or namespace, each.get("name", ""))
            for each in spec.get("dependsOn") or ()
        ),
        suspended=bool(spec.get("suspend")),
        decryption=LiveDecryption(decryption.get("provider", ""), (decryption.get("secretRef") or {}).get("name", ""))
        if decryption
        else None,
        generation=int(meta.get("generation", 0)),
        observed_generation=int(status.get("observedGeneration", -1)),
        applied=status.get("lastAppliedRevision") or "",
        attempted=status.get("lastAttemptedRevision") or "",
        handled=status.get("lastHandledReconcileAt") or "",
        resource_version=meta.get("resourceVersion", ""),
        target_namespace=spec.get("targetNamespace") or "",
        parent=_parent(meta),
        conditions=conditions(found),
    )


def _parent(meta: Object) -> ObjectName | None:
    labels = meta.get("labels") or {}
    name, namespace = labels.get(f"{_LABELS}/name", ""), labels.get(f"{_LABELS}/namespace", "")
    itself = (name, namespace) == (meta["name"], meta.get("namespace", ""))
    return None if not name or itself else ObjectName("Kustomization", namespace, name)


def live_source(found: Object) -> LiveSource:
    """Make a snapshot of a GitRepository as the API server sent it."""
    meta, spec, status = found["metadata"], found.get("spec") or {}, found.get("status") or {}
    reference = {str(key): str(value) for key, value in (spec.get("ref") or {}).items()}
    other = {"tag", "semver", "name", "commit"} & set(reference)
    return LiveSource(
        name=meta["name"],
        namespace=meta.get("namespace", ""),
        url=spec.get("url", ""),
        branch=reference.get("branch", "") if reference.get("branch") or other else "master",  # the API's default
        reference=reference,
        suspended=bool(spec.get("suspend")),
        generation=int(meta.get("generation", 0)),
        observed_generation=int(status.get("observedGeneration", -1)),
        artifact=(status.get("artifact") or {}).get("revision") or "",
        handled=status.get("lastHandledReconcileAt") or "",
        conditions=conditions(found),
    )


def commit_of(revision: str) -> str:
    """Return the commit of a revision: ``main@sha1:ABC`` and the older ``main/ABC`` name ``ABC``."""
    return revision.rpartition(":")[2].rpartition("/")[2]


def ready_of(found: tuple[Condition, ...]) -> Condition | None:
    """Return the Ready condition."""
    return next((each for each in found if each.type == READY), None)
