"""What the checks look at, read and parsed once for all of them; where it is a great deal, once for each."""

from __future__ import annotations

import posixpath
import shlex
from functools import cached_property
from typing import TYPE_CHECKING, Final

from matrix_secrets.agekeys.recipient import short
from matrix_secrets.errors import BadManifestError, OutsideError, RefusedError
from matrix_secrets.manifests.parse import decode, parse
from matrix_secrets.manifests.resources import Resource, resources
from matrix_secrets.sops.metadata import is_encrypted
from matrix_secrets.stack.fluxowner import Owner, declares_owners, flux_kustomizations, overlaid, owning

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from matrix_secrets.manifests.nodes import Stream
    from matrix_secrets.sops.creationrules import CreationRule, CreationRules
    from matrix_secrets.stack.model import Stack
    from matrix_secrets.stack.workspace import ManifestFile, Workspace

SOPS_FILE: Final = ".sops.yaml"
_KEPT: Final = 1_000  # files whose bytes and trees are kept for the next check; of more, that would be 17 KiB a file


class Subject:
    """A repository's stacks and rules. ``without_key``: what only an identity could tell is left out, unsaid."""

    def __init__(
        self, workspace: Workspace, stacks: Sequence[Stack], rules: CreationRules | None, *, without_key: bool = False
    ) -> None:
        self.workspace = workspace
        self.stacks = tuple(stacks)
        self.rules = rules
        self.without_key = without_key
        self._bytes: dict[str, bytes] = {}
        self._disk: dict[str, Stream | None] = {}
        self._last: tuple[str, Stream | None] = ("", None)

    @cached_property
    def files(self) -> dict[str, ManifestFile]:
        """The stacks' manifests by name."""
        return {file.file: file for stack in self.stacks for file in stack.files}

    @cached_property
    def yaml_files(self) -> tuple[str, ...]:
        """All YAML files of the work tree."""
        return tuple(self.workspace.yaml_files())

    @property
    def rules_file(self) -> str:
        """The name of the rule file, whether it exists or not."""
        return SOPS_FILE if self.rules is None else self.rules.config_file

    def rule_for(self, file: str) -> CreationRule | None:
        """The creation rule that sops takes for a file; None, too, where it would refuse (`coverage` says why)."""
        try:
            return None if self.rules is None else self.rules.rule_for(file)
        except RefusedError:
            return None

    def who(self, recipient: str) -> str:
        """Whose recipient it is: the name that the rule file gives, and enough of the recipient to know it by."""
        name = self._names.get(recipient)
        return f"{name} ({short(recipient)})" if name else short(recipient)

    @cached_property
    def _names(self) -> Mapping[str, str]:
        return {} if self.rules is None else self.rules.names

    def raw(self, file: str) -> bytes:
        """A YAML file's bytes; empty where it cannot be read."""
        if file in self.files:
            return self.files[file].raw
        if file in self._bytes:
            return self._bytes[file]
        try:
            raw = self.workspace.raw(file)
        except OutsideError:
            raw = b""
        if len(self._bytes) < _KEPT:
            self._bytes[file] = raw
        return raw

    def disk_stream(self, file: str) -> Stream | None:
        """A file's text as it stands on disk, ciphertext and all, parsed; None where it does not parse."""
        known = self.files.get(file)
        if known is not None and (not known.encrypted or known.locked is not None):
            return known.stream
        if file in self._disk:
            return self._disk[file]
        if file != self._last[0]:  # many checks ask about one file after the other
            self._last = file, _parsed(self.raw(file), file)
            if len(self._disk) < _KEPT:
                self._disk[file] = self._last[1]
        return self._last[1]

    @cached_property
    def encrypted_files(self) -> tuple[str, ...]:
        """All SOPS files among the YAML files of the work tree, inside and outside the stacks."""
        return tuple(file for file in self.yaml_files if self._is_encrypted(file))

    def _is_encrypted(self, file: str) -> bool:
        known = self.files.get(file)
        if known is not None:
            return known.encrypted
        raw = self.raw(file)
        if b"sops" not in raw or b"mac" not in raw:
            return False
        stream = self.disk_stream(file)
        return stream is not None and is_encrypted(stream)

    def disk_resources(self, file: str) -> Iterator[Resource]:
        """The resources of a file as they stand on disk."""
        stream = self.disk_stream(file)
        if stream is not None:
            yield from resources(stream)

    @cached_property
    def owners(self) -> tuple[Owner, ...]:
        """All Flux Kustomizations that the repository declares; patches are not looked at."""
        found: list[Owner] = []
        for file in self.yaml_files:
            if declares_owners(self.raw(file)):
                stream = self.disk_stream(file)
                found.extend(flux_kustomizations(stream) if stream is not None else ())
        return tuple(found)

    def owners_of(self, stack: Stack) -> list[Owner]:
        """The Flux Kustomizations that own a stack, with the decryption that patches leave them."""
        return overlaid(owning(self.owners, stack.directory), self.owners, self.yaml_files, self.raw)

    def command(self, words: str, stack: Stack) -> str:
        """A command of ours that mends a stack; names it where there are several."""
        named = f" --stack {shlex.quote(stack.directory or '.')}" if len(self.stacks) > 1 else ""
        return f"matrix-secrets {words}{named}"

    def edit(self, file: str, what: str) -> str:
        """The fix that is an edit of a file."""
        known = self.files.get(file)
        encrypted = known.encrypted if known is not None else file in self.encrypted_files
        return f"matrix-secrets edit {shlex.quote(file)}, and {what}" if encrypted else f"in {file}, {what}"


def directories(stack: Stack) -> frozenset[str]:
    """The directories that a stack's files stand in."""
    return frozenset({stack.directory, *(posixpath.dirname(file.file) for file in stack.files)})


def resources_of(stack: Stack) -> Iterator[Resource]:
    """All resources of a stack, in source order, file by file."""
    for file in stack.files:
        yield from resources(file.stream)


def _parsed(raw: bytes, file: str) -> Stream | None:
    try:
        return parse(decode(raw, file), file)
    except BadManifestError:
        return None
