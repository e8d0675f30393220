"""A stack as commits have it: the values that stand in it, old and new, are nowhere but in Git."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING

from matrix_secrets.errors import OutsideError, RefusedError
from matrix_secrets.gitrepo.revision import files_of, read_files
from matrix_secrets.manifests.parse import decode
from matrix_secrets.operations.soundness import require_readable
from matrix_secrets.records import dataclass
from matrix_secrets.stack.declarationfile import FILE, read_declarations
from matrix_secrets.stack.discovery import find_stacks
from matrix_secrets.stack.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from matrix_secrets.gitrepo.locate import WorkTree
    from matrix_secrets.secretvalue import SecretValue
    from matrix_secrets.sops.engine import Engine
    from matrix_secrets.stack.model import Stack


@dataclass(frozen=True, slots=True)
class Held:
    """What a commit holds: the stack, and of each managed secret the value that all its places agree on."""

    commit: str
    stack: Stack = field(repr=False)
    values: Mapping[str, SecretValue] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Contents:
    """The manifests of a commit, read in one go; see `workspace.Files`."""

    by_name: Mapping[str, bytes] = field(repr=False)

    def names(self) -> Iterable[str]:
        """Their names."""
        return self.by_name

    def raw(self, file: str) -> bytes:
        """The bytes of one. Raises OutsideError where there is none."""
        if file not in self.by_name:
            raise OutsideError(f"{file} is not in that commit")
        return self.by_name[file]


class Commits:
    """The stack of one directory, commit by commit, each read once."""

    def __init__(self, work_tree: WorkTree, engine_of: Callable[[], Engine], directory: str) -> None:
        self._work_tree = work_tree
        self.engine_of = engine_of
        self.directory = directory
        self._held: dict[str, Held] = {}

    def at(self, commit: str) -> Held:
        """Return what a commit holds. A secret whose places do not agree has no value.

        Raises RefusedError where it has no such stack, and the reason why a place could not be read.
        """
        if commit not in self._held:
            stack = self._stack(commit)
            require_readable(stack.managed)
            values = {secret.name: secret.values[0] for secret in stack.managed if secret.agrees and secret.values}
            self._held[commit] = Held(commit, stack, values)
        return self._held[commit]

    def workspace(self, commit: str) -> Workspace:
        """Return the manifests of a commit."""
        tree = self._work_tree
        names = [name for name in files_of(tree, commit) if name.endswith((".yaml", ".yml"))]
        files = Contents(read_files(tree, commit, names))
        return Workspace(tree.root, tree.git_dir, self.engine_of, files)

    def _stack(self, commit: str) -> Stack:
        workspace = self.workspace(commit)
        declared = FILE in workspace.yaml_files()
        further = read_declarations(decode(workspace.raw(FILE), FILE)) if declared else ()
        for stack in find_stacks(workspace, further):
            if stack.directory == self.directory:
                return stack
        label = self.directory or "."
        raise RefusedError(f"commit {commit[:8]} has no Matrix stack in {label}", hint=f"git show --stat {commit[:8]}")
