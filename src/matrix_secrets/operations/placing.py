"""New values put in their places: into ciphertext where the file is encrypted or a rule covers it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matrix_secrets.findings import Finding, Severity
from matrix_secrets.operations.writing import Sealing, Written, rewritten, write_texts
from matrix_secrets.records import dataclass
from matrix_secrets.stack.protection import is_protected
from matrix_secrets.stack.rewriting import rewrite

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matrix_secrets.errors import Place
    from matrix_secrets.secretvalue import SecretValue
    from matrix_secrets.stack.model import Location, Stack
    from matrix_secrets.stack.workspace import Workspace


@dataclass(frozen=True, slots=True)
class NewValue:
    """A value for one place of a managed secret."""

    stack: Stack
    location: Location
    value: SecretValue


@dataclass(frozen=True, slots=True)
class Placed:
    """The writes, and the places whose new value stands in plain text; ``notes`` tell of those, too."""

    written: Written
    exposed: tuple[Place, ...]
    notes: tuple[Finding, ...]


def place_values(
    workspace: Workspace, stacks: Sequence[Stack], values: Sequence[NewValue], sealing: Sealing | None
) -> Placed:
    """Plan the writes of new values, with digests brought up to date.

    ``sealing`` encrypts plain files that a creation rule covers, or that stand beside encrypted ones of their stack.
    Raises the reason where a place cannot be read or written.
    """
    texts = rewritten(workspace, [rewrite(each.location, each.value.reveal()) for each in values])
    like = _encrypted_beside(stacks)
    plain = [file for file in texts if not workspace.read(file).encrypted]
    seal = [file for file in plain if sealing is not None and (like.get(file) or sealing.covers(file))]
    written = write_texts(workspace, stacks, texts, sealing=sealing, seal=seal, like=like)
    exposed = tuple(
        each.location.place
        for each in values
        if each.location.file not in seal and not is_protected(each.stack, each.location)
    )
    return Placed(written, exposed, (*written.notes, *_warning(exposed)))


def _encrypted_beside(stacks: Sequence[Stack]) -> dict[str, list[str]]:
    """By file, the encrypted files with secrets of the same stack: what is written there is for the same readers."""
    found: dict[str, list[str]] = {}
    for stack in stacks:
        encrypted = [file.file for file in stack.files if file.encrypted and file.file in stack.secret_files]
        found.update((file.file, encrypted) for file in stack.files)
    return found


def _warning(exposed: Sequence[Place]) -> tuple[Finding, ...]:
    if not exposed:
        return ()
    files = ", ".join(dict.fromkeys(place.file for place in exposed))
    text = f"the new values stand in plain text in {files}: encrypt before you commit"
    return (Finding("plaintext-secret", Severity.WARNING, exposed[0], text, "matrix-secrets encrypt"),)
