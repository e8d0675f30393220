"""From new plain texts to the writes of a plan: encrypted files stay so, plain ones that have to be get encrypted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from matrix_secrets.errors import Place
from matrix_secrets.manifests.edits import splice
from matrix_secrets.operations.derived import with_derived
from matrix_secrets.operations.plan import Change, Plan
from matrix_secrets.records import dataclass
from matrix_secrets.stack.rewriting import Rewrite, compose

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from matrix_secrets.findings import Finding
    from matrix_secrets.stack.model import Stack
    from matrix_secrets.stack.workspace import Workspace
    from matrix_secrets.transaction import FileWrite


class Sealing(Protocol):
    """Encrypts plain files on the way to the disk."""

    def covers(self, file: str) -> bool:
        """Tell whether a creation rule wants the file encrypted."""

    def plan(self, workspace: Workspace, files: Sequence[str], like: Mapping[str, Sequence[str]]) -> Plan:
        """Plan the encryption of plain files as ``workspace`` has them.

        A file that no rule covers is encrypted for the recipients of the files that it is ``like``.
        """


@dataclass(frozen=True, slots=True)
class Written:
    """The writes of a plan, and the changes and notes beyond those of the values themselves."""

    writes: tuple[FileWrite, ...]
    changes: tuple[Change, ...]
    notes: tuple[Finding, ...]
    paths: tuple[str, ...]


def rewritten(workspace: Workspace, rewrites: Iterable[Rewrite]) -> dict[str, str]:
    """Return the new plain texts by file. Raises the reason where a file could not be opened."""
    texts: dict[str, str] = {}
    for file, edits in compose(rewrites).items():
        old = workspace.read(file)
        if old.locked is not None:
            raise old.locked
        texts[file] = splice(old.stream.text, edits)
    return texts


def write_texts(
    workspace: Workspace,
    stacks: Sequence[Stack],
    texts: Mapping[str, str],
    *,
    sealing: Sealing | None = None,
    seal: Sequence[str] = (),
    like: Mapping[str, Sequence[str]] | None = None,
    restarting: bool = False,
) -> Written:
    """Plan the writes that give files new plain texts, with digests brought up to date.

    The plain files in ``seal`` are encrypted by ``sealing``, those that no rule covers for the readers of what
    they are ``like``. ``restarting``: pods whose configuration changes are restarted, so they all get digests.
    """
    final = with_derived(workspace, stacks, texts, encrypting=seal, restarting=restarting and bool(texts))
    writes: list[FileWrite] = []
    changes = [Change(Place(file), "digests", "annotations of the pod template") for file in final if file not in texts]
    sealed = Plan()
    if seal and sealing is not None:
        sealed = sealing.plan(workspace.with_texts(final), seal, like or {})
    for file, text in final.items():
        write = None if file in seal else workspace.new_text(file, text)
        if write is not None:
            writes.append(write)
    return Written(
        writes=(*sealed.writes, *writes),
        changes=(*changes, *sealed.changes),
        notes=sealed.notes,
        paths=tuple(dict.fromkeys((*sealed.paths, *final))),
    )
