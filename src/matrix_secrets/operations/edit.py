"""Edit an encrypted file's plain text in an editor; only what was changed gets new ciphertext."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from matrix_secrets.errors import BadManifestError, MatrixSecretsError, OutsideError, Place, RefusedError
from matrix_secrets.manifests.nodes import leaves
from matrix_secrets.manifests.parse import decode, parse
from matrix_secrets.manifests.resources import DATA, STRING_DATA, Resource, resources
from matrix_secrets.operations.editor import editor_command, run_editor
from matrix_secrets.operations.plan import Change, Plan
from matrix_secrets.operations.writing import write_texts
from matrix_secrets.sops.memorydirectory import memory_directory

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from matrix_secrets.stack.model import Stack
    from matrix_secrets.stack.workspace import ManifestFile, Workspace


def plan_edit(
    workspace: Workspace,
    stacks: Sequence[Stack],
    file: str,
    env: Mapping[str, str],
    again: Callable[[MatrixSecretsError], bool],
) -> Plan:
    """Let the user edit a file's plain text and plan the encrypted file that results.

    Digests follow in the ``stacks`` that have them. The plain text stands in memory only, in a directory of its own.
    ``again`` is told why a text cannot be taken and says whether to return to the editor. Raises RefusedError for a
    file that is not encrypted, OutsideError where the editor fails.
    """
    old = workspace.read(file)
    if old.locked is not None:
        raise old.locked
    if not old.encrypted:
        encrypt = f"matrix-secrets encrypt {shlex.quote(file)}"
        raise RefusedError(f"{file} is not encrypted", hint=f"edit it as it is, or encrypt it: {encrypt}")
    command = editor_command(env)
    with memory_directory(env) as directory:
        scratch = directory / Path(file).name
        scratch.touch(mode=0o600)
        scratch.write_bytes(old.stream.text.encode())
        while True:
            run_editor([*command, str(scratch)], env)
            text = _read(scratch, file)
            try:
                return _plan(workspace, stacks, old, decode(text, file))
            except (BadManifestError, RefusedError) as error:
                if not again(error):
                    raise


def _read(scratch: Path, file: str) -> bytes:
    try:
        text = scratch.read_bytes()
    except OSError:
        raise OutsideError(
            f"the editor left no text of {file}; nothing was changed", hint="save under the name that was opened"
        ) from None
    if not text.strip():
        raise RefusedError(f"{file} was emptied, which deletes nothing here", hint=f"git rm {shlex.quote(file)}")
    return text


def _plan(workspace: Workspace, stacks: Sequence[Stack], old: ManifestFile, text: str) -> Plan:
    file = old.file
    parse(text, file)
    message = f"chore(matrix): edit {file}"
    if text == old.stream.text:
        return Plan(commit_message=message, paths=(file,))
    written = write_texts(workspace, stacks, {file: text})
    changes = (*_changes(old.stream.text, text, file), *written.changes)
    paths = written.paths or (file,)
    return Plan(changes, written.writes, written.notes, message, paths, ("matrix-secrets verify",))


def _changes(old: str, new: str, file: str) -> list[Change]:
    before, after = (_values(text, file) for text in (old, new))
    found = [
        Change(place, "changed" if key in before else "added")
        for key, (place, value) in after.items()
        if key not in before or before[key][1] != value
    ]
    found.extend(Change(place, "removed") for key, (place, _) in before.items() if key not in after)
    return found or [Change(Place(file), "changed", "no value: comments or formatting")]


def _values(text: str, file: str) -> dict[tuple[object, ...], tuple[Place, str | None]]:
    found: dict[tuple[object, ...], tuple[Place, str | None]] = {}
    for resource in resources(parse(text, file)):
        for leaf in leaves(resource.root):
            value = getattr(leaf.node, "value", None)
            found[(resource.document.index, *leaf.path)] = (_place(resource, leaf.path), value)
    return found


def _place(resource: Resource, path: tuple[str | int, ...]) -> Place:
    """The place, without ``data`` and ``stringData``, which say nothing to a reader."""
    keys = path[1:] if len(path) > 1 and path[0] in (DATA, STRING_DATA) else path
    return resource.place(*(str(part) for part in keys))
