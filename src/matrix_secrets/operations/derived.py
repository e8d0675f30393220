"""What follows from the values: the tripwire, and the digests that make a changed value restart its pods."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matrix_secrets.manifests.edits import splice
from matrix_secrets.manifests.parse import parse
from matrix_secrets.manifests.resources import resources
from matrix_secrets.stack.digests import digest_edits, has_digests
from matrix_secrets.stack.tripwire import digest_key, new_digest_key, with_tripwire

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matrix_secrets.stack.model import Stack
    from matrix_secrets.stack.workspace import Workspace


def with_derived(
    workspace: Workspace,
    stacks: Sequence[Stack],
    texts: Mapping[str, str],
    *,
    encrypting: Sequence[str] = (),
    restarting: bool = False,
) -> dict[str, str]:
    """Return ``texts`` (new plain texts by file) with tripwires and digests brought up to date.

    Secrets in ``encrypting``, files that are about to be encrypted, get the tripwire. Digests are made for stacks that
    have some, or that are about to be encrypted, and with ``restarting`` for all: elsewhere nothing asked for them.
    """
    new = dict(texts)
    for stack in stacks:
        if set(encrypting) & set(stack.secret_files):
            _add_tripwires(stack, new, encrypting)
        streams = [parse(new.get(file.file, file.stream.text), file.file) for file in stack.files]
        encrypted = {file.file for file in stack.files if file.encrypted} | set(encrypting)
        if restarting or set(encrypting) & set(stack.secret_files) or has_digests(streams):
            for file, edits in digest_edits(streams, encrypted, stack.restarts).items():
                new[file] = splice(new.get(file, workspace.read(file).stream.text), edits)
    return {file: text for file, text in new.items() if text != workspace.read(file).stream.text}


def _add_tripwires(stack: Stack, new: dict[str, str], encrypting: Sequence[str]) -> None:
    key = digest_key(stack.streams) or new_digest_key()
    for file in dict.fromkeys(secret.stream.file for secret in stack.secrets):
        if file not in encrypting:
            continue
        wanted = {secret.document.index for secret in stack.secrets if secret.stream.file == file}
        stream = parse(new.get(file, stack.file(file).stream.text), file)
        found = [resource for resource in resources(stream) if resource.document.index in wanted]
        edits = [edit for resource in found for edit in with_tripwire(resource, key)]
        if edits:
            new[file] = splice(stream.text, edits)
