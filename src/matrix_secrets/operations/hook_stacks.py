"""The stacks of a snapshot, as far as they can be read: one broken manifest hides nothing else."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, TypeAlias

from matrix_secrets.errors import BadManifestError, OutsideError, Place
from matrix_secrets.findings import Finding, Severity
from matrix_secrets.records import dataclass
from matrix_secrets.stack.discovery import find_stacks
from matrix_secrets.stack.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Iterable

    from matrix_secrets.gitrepo.locate import WorkTree
    from matrix_secrets.gitrepo.snapshot import Snapshot
    from matrix_secrets.sops.engine import Engine
    from matrix_secrets.stack.model import Stack

EngineOf: TypeAlias = Callable[[], "Engine"]

BROKEN: Final = "yaml-broken"
_MOST_BROKEN: Final = 20  # manifests that do not parse; with more of them nothing can be said about the stacks


def workspace_of(work_tree: WorkTree, files: Snapshot, engine_of: EngineOf) -> Workspace:
    """Return the manifests of a snapshot."""
    return Workspace(work_tree.root, work_tree.git_dir, engine_of, files)


def readable_stacks(workspace: Workspace) -> tuple[list[Stack], list[Finding]]:
    """Find the stacks, leaving out manifests that do not parse; those are findings."""
    found: list[Finding] = []
    left_out: set[str] = set()
    left = workspace
    while True:
        try:
            return find_stacks(left), found
        except (BadManifestError, OutsideError) as error:
            place = error.place or Place("")
            if not place.file or place.file in left_out or len(left_out) >= _MOST_BROKEN:
                return [], found
            left_out.add(place.file)
            left = Workspace(
                workspace.root, workspace.git_dir, lambda: workspace.engine, _Without(workspace, frozenset(left_out))
            )
            fix = f"correct that line of {place.file}, then stage it again"
            found.append(Finding(BROKEN, Severity.ERROR, place, error.message, fix))


@dataclass(frozen=True, slots=True)
class _Without:
    """The same manifests without some of them."""

    workspace: Workspace
    left_out: frozenset[str]

    def names(self) -> Iterable[str]:
        return (file for file in self.workspace.yaml_files() if file not in self.left_out)

    def raw(self, file: str) -> bytes:
        return self.workspace.raw(file)
