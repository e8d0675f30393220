"""Digests of what a pod consumes, as annotations in its template: a changed value then restarts it.

Mounted with subPath, or read into the environment, a value never changes in a running pod; a changed pod template
makes new pods. ``config-digest`` is SHA-256, ``secret-digest`` an HMAC-SHA-256 of 128 bits under a key that stands
encrypted in the stack: a plain hash would let weak values be guessed, one of ciphertext would change without reason.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING, Final

from matrix_secrets.manifests.nodes import Stream, find, text_at
from matrix_secrets.records import dataclass
from matrix_secrets.stack.annotations import TEMPLATE_ANNOTATIONS, set_annotations
from matrix_secrets.stack.consumption import Item, consumed
from matrix_secrets.stack.recognition import parts_of
from matrix_secrets.stack.tripwire import digest_key
from matrix_secrets.stack.workloads import Workload, workloads

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from matrix_secrets.errors import Place
    from matrix_secrets.manifests.edits import Edit
    from matrix_secrets.manifests.resources import Entry
    from matrix_secrets.secretvalue import SecretValue

CONFIG_DIGEST: Final = "matrix-secrets.io/config-digest"
SECRET_DIGEST: Final = "matrix-secrets.io/secret-digest"  # noqa: S105  an annotation's name


@dataclass(frozen=True, slots=True)
class Digest:
    """An annotation of a workload: what stands there (``found``) and what should (``wanted``); None: none."""

    workload: Workload
    annotation: str
    found: str | None
    wanted: str | None

    @property
    def place(self) -> Place:
        """Its place in the file."""
        return self.workload.resource.place(*TEMPLATE_ANNOTATIONS, self.annotation)

    @property
    def stale(self) -> bool:
        """Whether it has to be changed."""
        return self.found != self.wanted


def config_digest(items: Sequence[Item]) -> str:
    """SHA-256 over what a pod consumes of ConfigMaps that stand in plain text, in hex."""
    return hashlib.sha256(b"".join(item.framed() for item in sorted(items))).hexdigest()


def secret_digest(items: Sequence[Item], key: SecretValue) -> str:
    """HMAC-SHA-256, cut to 128 bits, over what a pod consumes of Secrets and encrypted files, in hex."""
    message = b"".join(item.framed() for item in sorted(items))
    return hmac.new(key.reveal().encode(), message, hashlib.sha256).hexdigest()[:32]


def digests(streams: Sequence[Stream], encrypted: Collection[str], restarts: Collection[str] = ()) -> list[Digest]:
    """Compare the digests of a stack's workloads with what they consume.

    ``streams`` are its files as plain texts, ``encrypted`` the names of those that are, or are about to be, encrypted.
    Only what reads a homeserver.yaml or an Element configuration has digests, and the workloads ``restarts``;
    PostgreSQL never (a second postmaster on a live data directory). What cannot be computed, for want of a key or of
    readable contents, is left.
    """
    return list(_digests(streams, encrypted, restarts))


def digest_edits(
    streams: Sequence[Stream], encrypted: Collection[str], restarts: Collection[str] = ()
) -> dict[str, list[Edit]]:
    """Make the edits by file that bring all digests up to date: written, replaced or, where out of place, removed."""
    by_workload: dict[int, list[Digest]] = {}
    for digest in digests(streams, encrypted, restarts):
        by_workload.setdefault(id(digest.workload), []).append(digest)
    edits: dict[str, list[Edit]] = {}
    for group in by_workload.values():
        stale = {digest.annotation: digest.wanted for digest in group if digest.stale}
        if stale:
            edits.setdefault(group[0].place.file, []).extend(set_annotations(group[0].workload, stale))
    return edits


def has_digests(streams: Sequence[Stream]) -> bool:
    """Tell whether any workload carries a digest: then an edit of its values has to renew it."""
    return any(
        text_at(find(workload.resource.root, TEMPLATE_ANNOTATIONS), (name,)) is not None
        for workload in workloads(streams)
        for name in (CONFIG_DIGEST, SECRET_DIGEST)
    )


def _digests(streams: Sequence[Stream], encrypted: Collection[str], restarts: Collection[str]) -> Iterator[Digest]:
    key = digest_key(streams)
    configs = [entry.resource for stream in streams for entry in _configurations(stream)]
    for workload in workloads(streams):
        reads = any(workload.consumes(each.kind, each.name, each.namespace) for each in configs)
        if workload.is_database or not (reads or workload.resource.label in restarts):
            continue
        contents = consumed(workload, streams, encrypted)
        if not contents.complete:
            continue
        annotations = find(workload.resource.root, TEMPLATE_ANNOTATIONS)
        wanted = config_digest(contents.plain) if contents.plain else None
        yield Digest(workload, CONFIG_DIGEST, text_at(annotations, (CONFIG_DIGEST,)), wanted)
        if key is not None or not contents.secret:
            wanted = secret_digest(contents.secret, key) if key is not None and contents.secret else None
            yield Digest(workload, SECRET_DIGEST, text_at(annotations, (SECRET_DIGEST,)), wanted)


def _configurations(stream: Stream) -> tuple[Entry, ...]:
    parts = parts_of(stream)
    return (*parts.homeservers, *parts.elements)
