"""The encrypted files of a repository, each with those who read it and the rule that says who should."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from matrix_secrets.checks.worktree import small_files
from matrix_secrets.errors import BadManifestError, OutsideError, RefusedError
from matrix_secrets.manifests.parse import decode, parse
from matrix_secrets.operations.allcores import spread
from matrix_secrets.records import dataclass
from matrix_secrets.sops.metadata import Metadata, is_encrypted, read_metadata
from matrix_secrets.sops.plainblocks import plain_metadata
from matrix_secrets.sops.recipientlists import key_of
from matrix_secrets.sops.rekey import readers

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from matrix_secrets.sops.creationrules import CreationRule, CreationRules
    from matrix_secrets.stack.workspace import Workspace

_YAML: Final = (".yaml", ".yml")
_OTHER_MARKS: Final = (b'"sops": {', b"sops_mac=", b"[sops]")


@dataclass(frozen=True, slots=True)
class SealedFile:
    """An encrypted manifest as it stands on disk. ``rule`` is the creation rule that sops takes for it, if any."""

    file: str
    raw: bytes
    metadata: Metadata
    rule: CreationRule | None

    @property
    def text(self) -> str:
        """What it holds; of thousands of files that is not kept twice."""
        return decode(self.raw, self.file)

    @property
    def readers(self) -> frozenset[str]:
        """The age keys that open it."""
        return readers(self.metadata)

    @property
    def wanted(self) -> tuple[str, ...]:
        """The recipients that should open it, as its rule spells them; without a rule those that do."""
        if self.rule is None:
            return tuple(recipient for recipient, _ in self.metadata.age)
        return tuple({key_of(recipient): recipient for recipient in reversed(self.rule.recipients)}.values())[::-1]


def sealed_files(workspace: Workspace, rules: CreationRules | None) -> list[SealedFile]:
    """Find all encrypted YAML files of the work tree; nothing is decrypted.

    Raises BadManifestError for one whose block cannot be read, RefusedError for a broken rule.
    """
    read: list[tuple[str, bytes, Metadata | None]] = []
    others: list[tuple[str, str]] = []
    for file, raw, text in _texts(workspace):
        read.append((file, raw, plain_metadata(text)))
        if read[-1][2] is None:
            others.append((file, text))
    parsed = spread(lambda one: _metadata(*one), others, size=sum(len(text) for _, text in others))
    found = ((file, raw, next(parsed) if metadata is None else metadata) for file, raw, metadata in read)
    return [
        SealedFile(file, raw, metadata, rules.rule_for(file) if rules is not None else None)
        for file, raw, metadata in found
        if metadata is not None
    ]


def _texts(workspace: Workspace) -> Iterator[tuple[str, bytes, str]]:
    """Yield the files that may be encrypted, with their bytes and texts."""
    for file in workspace.yaml_files():
        try:
            raw = workspace.raw(file)
            if b"sops" in raw and b"mac" in raw:
                yield file, raw, decode(raw, file)
        except (BadManifestError, OutsideError):
            continue  # no manifest, so nothing that could be opened; `verify` names it


def _metadata(file: str, text: str) -> Metadata | None:
    """Read a file's block; None for one that is not encrypted or no YAML."""
    try:
        stream = parse(text, file)
    except BadManifestError:
        return None
    return read_metadata(stream) if is_encrypted(stream) else None


def foreign_files(workspace: Workspace, keys: Iterable[str]) -> list[str]:
    """Name the files that sops encrypted for one of these keys in a format that is not YAML: JSON, dotenv, INI."""
    wanted = [key.encode() for key in keys]
    return [
        file
        for file, raw in small_files(workspace.root, but=_YAML)
        if any(mark in raw for mark in _OTHER_MARKS) and any(key in raw for key in wanted)
    ]


def require_rules(rules: CreationRules | None, workspace: Workspace) -> CreationRules:
    """Return the rules. Raises RefusedError where there are none, or they stand outside of the repository."""
    if rules is None:
        raise RefusedError(
            "there is no .sops.yaml with creation_rules: it says who may read what",
            hint="matrix-secrets encrypt, which makes one",
        )
    if not rules.path.is_relative_to(workspace.root):
        raise RefusedError(
            f"the rules stand in {rules.path}, outside of this repository",
            cause="other repositories may follow them, too",
            hint="change the recipients there by hand, then: matrix-secrets keys sync",
        )
    return rules
