"""One stack on one cluster: what the links look at, each part read once, when it is first asked for."""

from __future__ import annotations

import posixpath
import re
import shlex
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING, Final

from matrix_secrets.checks.subject import Subject
from matrix_secrets.cluster.failures import UnknownKindError
from matrix_secrets.cluster.flux import FLUX_NAMESPACE
from matrix_secrets.cluster.reading import list_kustomizations, read_deployment, read_secret, read_source
from matrix_secrets.errors import BadManifestError, NoIdentityError
from matrix_secrets.manifests.nodes import text_at
from matrix_secrets.manifests.parse import parse
from matrix_secrets.manifests.resources import resources
from matrix_secrets.operations.doctor.applied import stack_at
from matrix_secrets.operations.doctor.fluxstate import in_cluster
from matrix_secrets.operations.doctor.said import Scrubber
from matrix_secrets.records import dataclass
from matrix_secrets.sops.metadata import read_metadata
from matrix_secrets.sops.recipientlists import key_of
from matrix_secrets.stack.fluxowner import owning

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from matrix_secrets.agekeys.discovery import Discovered
    from matrix_secrets.cluster.connection import Connection
    from matrix_secrets.cluster.flux import LiveKustomization, LiveSource
    from matrix_secrets.cluster.objects import LiveSecret
    from matrix_secrets.cluster.workloads import LiveWorkload
    from matrix_secrets.gitrepo.locate import WorkTree
    from matrix_secrets.manifests.resources import Resource
    from matrix_secrets.sops.creationrules import CreationRules
    from matrix_secrets.sops.metadata import Metadata
    from matrix_secrets.stack.fluxowner import Owner
    from matrix_secrets.stack.model import Stack
    from matrix_secrets.stack.workspace import Workspace

CONTROLLER: Final = "kustomize-controller"
KEY_NAME: Final = "sops-age"
_FLAG: Final = re.compile(r"--sops-age-secret=(.+)")


@dataclass(frozen=True, slots=True)
class Local:
    """What is known without a cluster. ``several``: commands have to name their stack; ``context``: and this one."""

    work_tree: WorkTree
    workspace: Workspace
    rules: CreationRules | None
    known: Discovered
    several: bool = False
    context: str = ""


class Case:
    """A stack, the repository it stands in, and the cluster that runs it. ``connect`` is called where it is needed."""

    def __init__(self, local: Local, stack: Stack, connect: Callable[[], Connection]) -> None:
        self.local = local
        self.stack = stack
        self._connect = connect
        self._keys: dict[tuple[str, str], LiveSecret | None] = {}

    @cached_property
    def subject(self) -> Subject:
        """What the offline checks look at."""
        return Subject(self.local.workspace, (self.stack,), self.local.rules)

    @cached_property
    def encrypted(self) -> tuple[str, ...]:
        """The encrypted files of the stack."""
        return tuple(file.file for file in self.stack.files if file.encrypted)

    @cached_property
    def metadata(self) -> Mapping[str, Metadata]:
        """The `sops:` block of each encrypted file of the stack; without those that `verify` calls broken."""
        found: dict[str, Metadata] = {}
        for file in self.encrypted:
            with suppress(BadManifestError):
                found[file] = read_metadata(parse(self.stack.file(file).disk_text, file))
        return found

    def readers(self, file: str) -> tuple[str, ...]:
        """Who reads a file, as people know them: you, or a name from the rules."""
        stanzas = self.metadata[file].age if file in self.metadata else ()
        mine = {identity.recipient.key for identity in self.local.known.identities}
        return tuple("you" if key_of(each) in mine else self.subject.who(each) for each, _ in stanzas)

    @property
    def closed(self) -> tuple[str, ...]:
        """Those of them that no identity here opens."""
        return tuple(file.file for file in self.stack.locked if isinstance(file.locked, NoIdentityError))

    @cached_property
    def cluster(self) -> Connection:
        """The cluster. Raises OutsideError where there is no usable kubeconfig."""
        return self._connect()

    def kubectl(self, words: str) -> str:
        """A kubectl command that means this cluster."""
        return f"kubectl{self.cluster.option} {words}"

    def command(self, words: str) -> str:
        """A command of ours that means this stack."""
        named = f" --stack {shlex.quote(self.stack.label)}" if self.local.several else ""
        where = f" --context {shlex.quote(self.local.context)}" if self.local.context else ""
        return f"matrix-secrets {words}{named}{where}"

    @cached_property
    def scrub(self) -> Scrubber:
        """Takes the stack's secrets out of what a controller says."""
        return Scrubber(value for secret in self.stack.managed for value in secret.values)

    @cached_property
    def kustomizations(self) -> list[LiveKustomization] | None:
        """All Flux Kustomizations of the cluster; None where Flux is not installed."""
        try:
            return list_kustomizations(self.cluster)
        except UnknownKindError:
            return None

    @cached_property
    def owner(self) -> LiveKustomization | None:
        """The live Kustomization that applies the stack: one that the repository declares, else the nearest path."""
        covering = [each for each in self.kustomizations or () if _covers(each.path, self.stack.directory)]
        names = {(each.namespace, each.name) for each in owning(self.subject.owners, self.stack.directory)}
        known = [each for each in covering if (each.namespace, each.name) in names]
        return max(known or covering, key=lambda each: len(each.path), default=None)

    @cached_property
    def declared(self) -> Owner | None:
        """The owner as the repository declares it, below a path that this cluster follows where several do."""
        found = owning(self.subject.owners, self.stack.directory)
        if self.owner is not None:
            same = (self.owner.namespace, self.owner.name)
            found = [each for each in self.subject.owners if (each.namespace, each.name) == same] or found
        paths = [each.path for each in self.kustomizations or () if each.path]
        here = [each for each in found if any(_covers(path, posixpath.dirname(each.place.file)) for path in paths)]
        return next(iter(here or found), None)

    @cached_property
    def source(self) -> LiveSource | None:
        """The GitRepository that the owner takes its files from."""
        if self.owner is None or self.owner.source.kind != "GitRepository":
            return None
        return read_source(self.cluster, self.owner.source.namespace, self.owner.source.name)

    @cached_property
    def controller(self) -> LiveWorkload | None:
        """The kustomize-controller, where Flux usually has it."""
        return read_deployment(self.cluster, FLUX_NAMESPACE, CONTROLLER)

    @property
    def flag(self) -> str:
        """The Secret that kustomize-controller takes for Kustomizations that name none; empty without that flag."""
        arguments = [arg for each in (self.controller.containers if self.controller else ()) for arg in each.args]
        return next((found[1] for arg in arguments if (found := _FLAG.fullmatch(arg))), "")

    @property
    def key_place(self) -> tuple[str, str]:
        """Namespace and name of the Secret that the stack is decrypted with, or (not configured yet) should be."""
        decryption = self.owner.decryption if self.owner is not None else None
        if self.owner is not None and decryption is not None and decryption.secret:
            return self.owner.namespace, decryption.secret
        if decryption is not None and self.flag:
            return FLUX_NAMESPACE, self.flag
        return (self.owner.namespace if self.owner is not None else FLUX_NAMESPACE), KEY_NAME

    def key(self, namespace: str, name: str) -> LiveSecret | None:
        """A Secret that may hold an age identity."""
        if (namespace, name) not in self._keys:
            self._keys[namespace, name] = read_secret(self.cluster, namespace, name)
        return self._keys[namespace, name]

    @cached_property
    def applied(self) -> Stack | None:
        """The stack as Flux applied it last; None where that commit is not in this clone, or has no such stack."""
        commit = in_cluster(self.owner) if self.owner is not None else ""
        return self.stack if not commit else stack_at(self.local.work_tree, self.local.workspace, self.stack, commit)

    @cached_property
    def namespace(self) -> str:
        """Where the stack's resources are that name no namespace themselves: Kustomize gives them one."""
        found = [each for file in self.stack.files for each in resources(file.stream)]
        given = [text_at(each.root, ("namespace",)) for each in found if each.kind == "Kustomization"]
        named = [each.namespace for each in (*self.stack.secrets, *self._holders)]
        return next((name for name in (*given, *named) if name), "default")

    @property
    def _holders(self) -> list[Resource]:
        return [config.entry.resource for config in (*self.stack.homeservers, *self.stack.elements)]


def _covers(path: str, directory: str) -> bool:
    return path in ("", directory) or directory.startswith(f"{path}/")
