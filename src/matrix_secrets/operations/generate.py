"""Fill every managed secret that is missing or a placeholder, the same value in all its places; never a real one."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Final

from matrix_secrets.findings import Finding, Severity
from matrix_secrets.operations.plan import Change, Plan
from matrix_secrets.operations.soundness import refuse_disagreement, require_readable
from matrix_secrets.operations.writing import Sealing, rewritten, write_texts
from matrix_secrets.secretvalue import SecretValue
from matrix_secrets.stack.model import OPEN_STATES, Location, ManagedSecret, Stack, ValueState
from matrix_secrets.stack.protection import is_protected
from matrix_secrets.stack.rewriting import Rewrite, rewrite
from matrix_secrets.stack.selection import select_secrets

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from matrix_secrets.errors import Place
    from matrix_secrets.stack.workspace import Workspace

VALUE_BYTES: Final = 32  # the guide's `secrets.token_hex(32)`; hex, as Flux expands ${…} inside values


def plan_generate(
    workspace: Workspace, stacks: Sequence[Stack], names: Sequence[str] = (), *, sealing: Sealing | None = None
) -> Plan:
    """Plan new values for the named secrets, or all; a real value in one place is copied to the others.

    ``sealing`` encrypts plain files that a creation rule covers, or that a value of an encrypted file is copied to.
    Raises UsageError for an unknown name, RefusedError where two places hold different real values, and the reason
    why a place could not be read.
    """
    chosen = select_secrets(stacks, names)
    secrets_ = [secret for _, secret in chosen]
    require_readable(secrets_)
    refuse_disagreement(secrets_)
    filled = [(stack, secret, location) for stack, secret in chosen for location in _open_locations(secret)]
    rewrites: list[Rewrite] = []
    changes: list[Change] = []
    for _, secret in chosen:
        for change, each in _fill(secret):
            changes.append(change)
            rewrites.append(each)
    texts = rewritten(workspace, rewrites)
    paths = tuple(dict.fromkeys(location.file for _, secret in chosen for location in secret.locations))
    message = _commit_message(changes)
    if not texts:
        return Plan(commit_message=message, paths=paths, next_commands=_next(workspace, paths))
    like = _encrypted_beside(stacks)
    plain = [file for file in texts if not workspace.read(file).encrypted]
    seal = [file for file in plain if sealing is not None and (like.get(file) or sealing.covers(file))]
    written = write_texts(workspace, stacks, texts, sealing=sealing, seal=seal, like=like)
    exposed = [
        location.place
        for stack, _, location in filled
        if location.file not in seal and not is_protected(stack, location)
    ]
    return Plan(
        changes=(*changes, *written.changes),
        writes=written.writes,
        notes=(*written.notes, *_warning(exposed)),
        commit_message=message,
        paths=tuple(dict.fromkeys((*written.paths, *paths))),
        next_commands=("matrix-secrets encrypt",) if exposed else ("matrix-secrets verify",),
    )


def _encrypted_beside(stacks: Sequence[Stack]) -> dict[str, list[str]]:
    """By file, the encrypted files with secrets of the same stack: what is written there is for the same readers."""
    found: dict[str, list[str]] = {}
    for stack in stacks:
        encrypted = [file.file for file in stack.files if file.encrypted and file.file in stack.secret_files]
        found.update((file.file, encrypted) for file in stack.files)
    return found


def _open_locations(secret: ManagedSecret) -> list[Location]:
    return [location for location in secret.locations if location.state in OPEN_STATES]


def _fill(secret: ManagedSecret) -> Iterator[tuple[Change, Rewrite]]:
    targets = _open_locations(secret)
    if not targets:
        return
    real = next((location for location in secret.locations if location.value is not None), None)
    value = SecretValue(secrets.token_hex(VALUE_BYTES)) if real is None or real.value is None else real.value
    for location in targets:
        if real is None:
            change = Change(location.place, "generated", _was(location))
        else:
            change = Change(location.place, "copied", f"from {real.place}")
        yield change, rewrite(location, value.reveal())


def _was(location: Location) -> str:
    return {
        ValueState.PLACEHOLDER: "was a placeholder",
        ValueState.EMPTY: "was empty",
        ValueState.MISSING: "was missing",
    }.get(location.state, "")


def _warning(exposed: Sequence[Place]) -> tuple[Finding, ...]:
    if not exposed:
        return ()
    files = ", ".join(dict.fromkeys(place.file for place in exposed))
    text = f"the new values stand in plain text in {files}: encrypt before you commit"
    return (Finding("plaintext-secret", Severity.WARNING, exposed[0], text, "matrix-secrets encrypt"),)


def _next(workspace: Workspace, paths: Sequence[str]) -> tuple[str, ...]:
    plain = any(not workspace.read(file).encrypted for file in paths)
    return ("matrix-secrets encrypt",) if plain else ("matrix-secrets verify",)


def _commit_message(changes: Sequence[Change]) -> str:
    return "feat(matrix): generate secrets" if changes else "feat(matrix): fill in secrets"
