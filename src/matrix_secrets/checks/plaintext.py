"""Secrets that stand readable in their files: values of Secrets, and those inside a homeserver.yaml."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, Final

from matrix_secrets.checks.kind import error
from matrix_secrets.checks.selecting import picks
from matrix_secrets.errors import BadManifestError, Place
from matrix_secrets.manifests.nodes import Leaf, Scalar, leaves
from matrix_secrets.manifests.resources import Entry, Resource, is_ciphertext
from matrix_secrets.sops.metadata import read_metadata
from matrix_secrets.stack.configtext import read_config
from matrix_secrets.stack.placeholders import is_placeholder
from matrix_secrets.stack.recognition import HOMESERVER_KEY
from matrix_secrets.stack.values import is_null

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matrix_secrets.checks.subject import Subject
    from matrix_secrets.findings import Finding
    from matrix_secrets.stack.model import Stack

PLAINTEXT: Final = error(
    "plaintext-secret",
    "A secret stands in the repository as plain text: a value of a Secret, or one inside homeserver.yaml.",
    "`matrix-secrets encrypt`. What has been pushed in plain is no secret any more: replace it, too.",
)
IN_ENCRYPTED: Final = error(
    "plaintext-in-encrypted-file",
    "A file has a `sops:` block, and a secret in it is plain all the same: it was added or changed by hand.",
    "Put its ciphertext back and change it with `matrix-secrets edit FILE`; where the file's selector leaves it plain: "
    "`matrix-secrets encrypt`.",
)
KINDS: Final = (PLAINTEXT, IN_ENCRYPTED)

# Keys of a Secret that say nothing an attacker would want; https://hub.docker.com/_/postgres
_HARMLESS: Final = frozenset({"POSTGRES_USER", "POSTGRES_DB", "POSTGRES_HOST", "POSTGRES_PORT", "PGDATA"})
_SECRET_OPTION: Final = re.compile(
    r"(?:^|_)(?:secret|secret_key|secret_access_key|password|pass|pepper|private_key|token|api_key)$", re.IGNORECASE
)
_FLAG: Final = re.compile(r"true|false|yes|no|on|off", re.IGNORECASE)


def check(subject: Subject) -> Iterator[Finding]:
    """Yield a finding for each readable secret on disk; placeholders are none."""
    for stack in subject.stacks:
        for file in stack.files:
            for resource in subject.disk_resources(file.file):
                for entry, name, place in _readable(resource):
                    if file.encrypted:
                        fix = _by_hand(subject, stack, entry)
                        yield IN_ENCRYPTED.at(place, f"{name} is plain text in an encrypted file", fix)
                    else:
                        yield PLAINTEXT.at(place, f"{name} is plain text", _encrypt(subject, stack, file.file))


def _encrypt(subject: Subject, stack: Stack, file: str) -> str:
    """Encrypting the stack does it, unless the file is none of those that hold its managed secrets."""
    by_name = f"matrix-secrets encrypt {shlex.quote(file)}"
    return subject.command("encrypt", stack) if file in stack.secret_files else by_name


def _by_hand(subject: Subject, stack: Stack, entry: Entry) -> str:
    """Where the selector picks the value, somebody pasted it: nothing opens the file before it is out again."""
    stream = entry.resource.stream
    try:
        pasted = picks(read_metadata(stream).selection, entry.path)
    except BadManifestError:
        pasted = True
    if not pasted:
        return _encrypt(subject, stack, stream.file)
    put_back = f"put back what stood under {entry.key} before (git diff HEAD -- {shlex.quote(stream.file)})"
    return f"{put_back}, then matrix-secrets edit {shlex.quote(stream.file)}"


def _readable(resource: Resource) -> Iterator[tuple[Entry, str, Place]]:
    """Yield the entry, the name and the place of each secret of a resource that anybody can read."""
    for entry in resource.entries():
        if entry.encrypted:
            continue
        if entry.key == HOMESERVER_KEY:
            for name, place in secret_options(entry):
                yield entry, name, place
        elif resource.kind == "Secret" and entry.key not in _HARMLESS and _is_value(entry):
            yield entry, entry.key, entry.place


def _is_value(entry: Entry) -> bool:
    if is_null(entry.scalar) or is_placeholder(entry.scalar.value):
        return False
    try:
        text = entry.embedded().text
    except BadManifestError:
        return True
    return bool(text.strip()) and not is_placeholder(text)


def secret_options(entry: Entry) -> Iterator[tuple[str, Place]]:
    """Yield name and place of each option of a homeserver.yaml that holds a readable secret."""
    config = read_config(entry, None)
    for leaf in leaves(config.root):
        if _holds_secret(leaf):
            yield str(leaf.path[-1]), config.place(leaf.path)


def _holds_secret(leaf: Leaf) -> bool:
    if not isinstance(leaf.node, Scalar) or not leaf.path or not _SECRET_OPTION.search(str(leaf.path[-1])):
        return False
    value = leaf.node.value
    if is_null(leaf.node) or is_placeholder(value) or is_ciphertext(value):
        return False
    return bool(leaf.node.style) or not _FLAG.fullmatch(value)
