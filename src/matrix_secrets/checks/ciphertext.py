"""Ciphertext where none can be opened, and merges that were not finished."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, Final

from matrix_secrets.checks.kind import error
from matrix_secrets.checks.sweep import Scanner, is_yaml, line_of
from matrix_secrets.errors import Place
from matrix_secrets.manifests.resources import ENCRYPTED_PREFIX

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matrix_secrets.checks.subject import Subject
    from matrix_secrets.findings import Finding

NO_BLOCK: Final = error(
    "ciphertext-without-sops",
    "A file holds SOPS ciphertext, but no `sops:` block: nothing can open it, and Flux applies it as it stands.",
    "Take the file from before it lost its block: `git log -p -- FILE`.",
)
CONFLICT: Final = error(
    "merge-conflict",
    "A merge was not finished: conflict markers stand in a YAML file.",
    "Finish the merge, or `git checkout --ours FILE` or `--theirs`, whole, where the file is encrypted.",
)
KINDS: Final = (NO_BLOCK, CONFLICT)

_MARKER: Final = re.compile(rb"^(?:<{7}|>{7}|\|{7})[ \r\n]", re.MULTILINE)
_HALF: Final = re.compile(rb"^={7}\r?$", re.MULTILINE)  # of a conflict; in a plain file it may be a heading of a text
_VALUE: Final = re.compile(rb"ENC\[AES256_GCM,data:[^\]\n]*,type:[a-z]+\]")


def scanner(subject: Subject) -> Scanner:
    """Make the scanner; what is a SOPS file the subject knows."""
    encrypted = frozenset(subject.encrypted_files)

    def scan(file: str, raw: bytes) -> Iterator[Finding]:
        if not is_yaml(file):
            return
        marker = _MARKER.search(raw) or (_HALF.search(raw) if ENCRYPTED_PREFIX.encode() in raw else None)
        if marker is not None:
            place = Place(file, line=line_of(raw, marker.start()))
            take = f"git checkout --ours {shlex.quote(file)}"
            fix = f"finish the merge of {file}; of an encrypted file take one side: {take}"
            yield CONFLICT.at(place, "a conflict marker of a merge stands here", fix)
        elif ENCRYPTED_PREFIX.encode() in raw and file not in encrypted:
            found = _VALUE.search(raw)
            if found is not None:
                place = Place(file, line=line_of(raw, found.start()))
                message = "SOPS ciphertext in a file without a sops: block: nothing can open it"
                yield NO_BLOCK.at(place, message, f"look for the file as it was: git log -p -- {shlex.quote(file)}")

    return scan
