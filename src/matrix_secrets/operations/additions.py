"""Files that a command adds to a stack: written where they are missing or its own, and listed for Kustomize."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, Final

from matrix_secrets.errors import Place, RefusedError
from matrix_secrets.manifests.edits import Edit
from matrix_secrets.manifests.nodes import Mapping
from matrix_secrets.manifests.parse import decode
from matrix_secrets.operations.plan import Change
from matrix_secrets.stack.itemlists import append_item
from matrix_secrets.stack.kustomizefiles import KUSTOMIZE_NAMES, kustomize_files

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matrix_secrets.operations.draft import Draft

_RESOURCES: Final = "resources"


def add_file(draft: Draft, file: str, text: str, *, mark: str) -> Iterator[Change]:
    """Put a file there, and yield what that changes; one that begins with ``mark`` is ours and is written anew.

    Raises RefusedError where somebody else's file stands there.
    """
    present = draft.read(file)
    if present is None:
        draft.create(file, text)
        yield Change(Place(file), "added")
    else:
        old = decode(present, file)
        if old == text:
            return
        if not old.startswith(mark):
            raise RefusedError(
                "is there already, and not from this command",
                place=Place(file),
                hint="give it another name, or take it out; then run the command again. Nothing was changed.",
            )
        draft.change(file, [Edit(0, len(old), text)])
        yield Change(Place(file), "written anew")


def list_file(draft: Draft, file: str) -> Iterator[Change]:
    """Name a file, or a directory, among the resources of the kustomization.yaml beside it.

    Nothing where it is named already, or where there is none: Flux then takes every file.
    """
    directory = posixpath.dirname(file)
    beside = [each for each in draft.files if posixpath.dirname(each) == directory]
    names = [each for each in beside if posixpath.basename(each) in KUSTOMIZE_NAMES]
    for kustomization in kustomize_files(names, draft.read):
        if file in kustomization.includes:
            continue
        root, place = kustomization.resource.root, kustomization.resource.place(_RESOURCES)
        if isinstance(root, Mapping):
            stream, item = kustomization.resource.stream, posixpath.basename(file)
            draft.change(kustomization.file, [append_item(stream, root, _RESOURCES, item, place=place)])
            yield Change(Place(kustomization.file, "", (_RESOURCES,)), "resource added", item)
