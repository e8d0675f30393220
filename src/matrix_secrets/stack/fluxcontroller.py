"""kustomize-controller as a repository declares it: its version, and the Secret that a flag names for all owners."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from matrix_secrets.errors import BadManifestError
from matrix_secrets.manifests.nodes import Mapping, Scalar, find, text_at
from matrix_secrets.manifests.parse import decode, parse
from matrix_secrets.manifests.resources import resources
from matrix_secrets.records import dataclass
from matrix_secrets.stack.fluxowner import INSTANCE, INSTANCE_PATCHES
from matrix_secrets.stack.kustomizefiles import builders_of, kustomize_files, labels_of, mappings, texts
from matrix_secrets.stack.patches import PatchList, Subject, operations_of, patches_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from matrix_secrets.manifests.nodes import Node
    from matrix_secrets.manifests.resources import Resource
    from matrix_secrets.stack.patches import Patch

    Read = Callable[[str], bytes | None]

CONTROLLER: Final = "kustomize-controller"
FLAG: Final = "--sops-age-secret"
SINCE: Final = (1, 7)
"""The first kustomize-controller that knows the flag."""
_CONTAINERS: Final = ("spec", "template", "spec", "containers")
_VERSION: Final = re.compile(r"v?(\d+)\.(\d+)")
_NAMESPACE: Final = "flux-system"


@dataclass(frozen=True, slots=True)
class Controller:
    """``version`` is (major, minor) of kustomize-controller, None where nothing says; ``shown`` as it is written.

    ``secret`` is what the flag names, empty without it; ``lists`` are the patch lists that may change it, the one that
    a patch belongs into first.
    """

    resource: Resource
    version: tuple[int, int] | None
    shown: str
    secret: str
    lists: tuple[PatchList, ...]

    @property
    def too_old(self) -> bool:
        """Whether it is known not to have the flag."""
        return self.version is not None and self.version < SINCE


def controllers(files: Sequence[str], read: Read) -> list[Controller]:
    """Return the controllers that the files declare: one for each cluster, if they declare Flux itself."""
    builders = kustomize_files(files, read)
    found = []
    for resource in _candidates(files, read):
        instance = resource.kind == INSTANCE
        if instance:
            lists = [PatchList(resource, INSTANCE_PATCHES)]
        else:
            lists = [
                PatchList(each.resource, ("patches",), legacy=True)
                for each in builders_of(resource.stream.file, builders)
            ]
        labels = () if instance else tuple(sorted(labels_of(resource.root).items()))
        patches = patches_for(Subject("apps", "Deployment", CONTROLLER, _NAMESPACE, labels), lists, read)
        own = "" if instance else secret_in([text for each in _containers(resource.root) for text in _args(each)])
        named = [secret for patch in patches if (secret := secret_in(_texts_of(patch)))]
        version, shown = _instance_version(resource) if instance else _version(resource)
        found.append(Controller(resource, version, shown, named[-1] if named else own, tuple(lists)))
    return found


def secret_in(args: Sequence[str]) -> str:
    """Return the Secret that the flag names among a program's arguments, empty without it."""
    for argument, following in zip(args, [*args[1:], ""], strict=True):
        if argument.startswith(f"{FLAG}="):
            return argument.partition("=")[2]
        if argument == FLAG:
            return following
    return ""


def version_of(text: str) -> tuple[int, int] | None:
    """Read ``v1.9.5`` as (1, 9); None where it is no version."""
    found = _VERSION.match(text)
    return None if found is None else (int(found[1]), int(found[2]))


def _candidates(files: Sequence[str], read: Read) -> Iterator[Resource]:
    for file in files:
        raw = read(file)
        if raw is None or (CONTROLLER.encode() not in raw and INSTANCE.encode() not in raw):
            continue
        try:
            stream = parse(decode(raw, file), file)
        except BadManifestError:
            continue
        for resource in resources(stream):
            deployment = resource.kind == "Deployment" and resource.name == CONTROLLER
            # A patch for it has the same name, and neither selector nor image.
            if (deployment and find(resource.root, ("spec", "selector")) is not None) or resource.kind == INSTANCE:
                yield resource


def _containers(root: Node | None) -> list[Mapping]:
    return mappings(find(root, _CONTAINERS))


def _args(container: Mapping) -> list[str]:
    return texts(find(container, ("args",)))


def _texts_of(patch: Patch) -> list[str]:
    if isinstance(patch.body, Mapping):
        return [text for container in _containers(patch.body) for text in _args(container)]
    values = [value for operation, _, value in operations_of(patch) if operation in {"add", "replace"}]
    return [text for value in values for text in ([value.value] if isinstance(value, Scalar) else texts(value))]


def _version(resource: Resource) -> tuple[tuple[int, int] | None, str]:
    """Take it from the image's tag; else from the label, which is Flux's version (2.9 has controller 1.9)."""
    for container in _containers(resource.root):
        name = (text_at(container, ("image",)) or "").partition("@")[0]
        tag = name.rpartition(":")[2] if ":" in name.rpartition("/")[2] else ""
        if version_of(tag) is not None:
            return version_of(tag), tag
    return _of_flux(labels_of(resource.root).get("app.kubernetes.io/version", ""))


def _instance_version(resource: Resource) -> tuple[tuple[int, int] | None, str]:
    return _of_flux((text_at(resource.root, ("spec", "distribution", "version")) or "").lstrip("=>^~ "))


def _of_flux(text: str) -> tuple[tuple[int, int] | None, str]:
    found = version_of(text)
    return (None, "") if found is None else ((found[0] - 1, found[1]), f"Flux {text}")
