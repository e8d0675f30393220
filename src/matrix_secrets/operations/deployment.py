"""Whether a stack is deployed already, as far as Git can tell: what was pushed, Flux may have applied."""

from __future__ import annotations

import posixpath
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from matrix_secrets.errors import BadManifestError
from matrix_secrets.gitrepo.changes import head_commit
from matrix_secrets.gitrepo.remotes import remotes
from matrix_secrets.gitrepo.revision import files_of, read_files, upstream_revision
from matrix_secrets.manifests.parse import decode, parse
from matrix_secrets.manifests.resources import resources
from matrix_secrets.records import dataclass
from matrix_secrets.sops.metadata import is_encrypted
from matrix_secrets.stack.fluxowner import FLUX_GROUP, owners_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matrix_secrets.gitrepo.locate import WorkTree
    from matrix_secrets.manifests.resources import Resource
    from matrix_secrets.stack.model import Stack
    from matrix_secrets.stack.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Deployment:
    """A stack as Flux may have it. ``resources`` are those of its directory, as they were published."""

    resources: tuple[Resource, ...]

    def published(self, resource: Resource) -> Resource | None:
        """Return a resource as it was published; None where it is new."""
        same = (each for each in self.resources if (each.kind, each.name) == (resource.kind, resource.name))
        return next(same, None)


class Published(Protocol):
    """Knows what was published."""

    def deployment_of(self, stack: Stack) -> Deployment | None:
        """Return what was published of a stack; None where it is not deployed."""


class PublishedTree:
    """What the upstream branch has; where there is a remote but no upstream, the last commit counts as published.

    ``deployed`` is what the user says where Git cannot know; True makes the last commit count without a remote, too.
    """

    def __init__(self, work_tree: WorkTree, workspace: Workspace, *, deployed: bool | None = None) -> None:
        self._work_tree = work_tree
        self._workspace = workspace
        self._deployed = deployed

    def deployment_of(self, stack: Stack) -> Deployment | None:
        """Return what was published of a stack; None where it is not deployed.

        Raises the reason where a file that was encrypted with its kinds and names cannot be opened.
        """
        if self._deployed is False or (not self._deployed and not self._is_owned(stack)):
            return None
        found = tuple(self._published(stack))
        return Deployment(found) if found or self._deployed else None

    @cached_property
    def _contents(self) -> dict[str, bytes]:
        revision = upstream_revision(self._work_tree)
        if revision is None and (self._deployed or remotes(self._work_tree)):
            revision = head_commit(self._work_tree)
        if revision is None:
            return {}
        files = [name for name in files_of(self._work_tree, revision) if name.endswith((".yaml", ".yml"))]
        return read_files(self._work_tree, revision, files)

    def _is_owned(self, stack: Stack) -> bool:
        """Whether a Flux Kustomization covers the stack there, or none is there at all: another repository's may."""
        of_flux = [file for file, raw in self._contents.items() if FLUX_GROUP.encode() in raw]
        return not of_flux or bool(owners_of(stack.directory, of_flux, self._contents.get))

    def _published(self, stack: Stack) -> Iterator[Resource]:
        directories = {posixpath.dirname(file.file) for file in stack.files}
        for file, raw in self._contents.items():
            if posixpath.dirname(file) not in directories:
                continue
            try:
                stream = parse(decode(raw, file), file)
            except BadManifestError:
                continue
            if is_encrypted(stream) and not all(each.kind for each in resources(stream)):
                stream = parse(self._workspace.engine.decrypt(stream.text, file=file), file)
            yield from resources(stream)
