"""In which namespace of the cluster a resource ends up: its own, unless Kustomize or Flux sets another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from matrix_secrets.manifests.nodes import text_at
from matrix_secrets.stack.fluxowner import owners_of
from matrix_secrets.stack.kustomizefiles import builders_of, kustomize_files

if TYPE_CHECKING:
    from matrix_secrets.manifests.resources import Resource
    from matrix_secrets.stack.fluxowner import Owner
    from matrix_secrets.stack.model import Stack
    from matrix_secrets.stack.workspace import Workspace

DEFAULT: Final = "default"


def namespace_of(workspace: Workspace, stack: Stack, resource: Resource, owner: Owner | None = None) -> str:
    """Return the namespace of a resource of a stack.

    The owner's ``targetNamespace`` wins over ``namespace:`` of a kustomization.yaml, the outermost of these over the
    others, and all over ``metadata.namespace`` (https://fluxcd.io/flux/components/kustomize/kustomizations/).
    ``owner`` is the one to ask, by default the first that the repository declares.
    """
    files = workspace.yaml_files()
    owners = [owner] if owner is not None else owners_of(stack.directory, files, workspace.raw)
    for each in owners:
        target = text_at(each.resource.root, ("spec", "targetNamespace"))
        if target:
            return target
    builders = builders_of(resource.stream.file, kustomize_files(files, workspace.raw))
    for builder in reversed(builders):
        name = text_at(builder.resource.root, ("namespace",))
        if name:
            return name
    return resource.namespace or DEFAULT
