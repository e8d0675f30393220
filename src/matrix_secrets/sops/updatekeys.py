"""``sops updatekeys`` on a copy, its new block put into the text: for keys that only the real sops can use."""

from __future__ import annotations

import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from matrix_secrets.errors import OutsideError, Place
from matrix_secrets.manifests.edits import Edit, splice
from matrix_secrets.manifests.parse import parse
from matrix_secrets.sops.childenv import child_environment
from matrix_secrets.sops.failures import failure
from matrix_secrets.sops.metadata import read_metadata
from matrix_secrets.sops.placement import blocks, root_indent
from matrix_secrets.sops.recipientlists import key_of
from matrix_secrets.sops.rekey import readers

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from matrix_secrets.sops.creationrules import CreationRule
    from matrix_secrets.sops.process import SopsProgram

_NO_RULES: Final = "creation_rules: []\n"


def update_keys(program: SopsProgram, encrypted: str, rule: CreationRule, *, file: str) -> str:
    """Let sops wrap the data key for a rule's keys; return the text with the new blocks, all else as it was.

    The copy is ciphertext, in a private directory. Raises NoIdentityError, OutsideError.
    """
    with _copy_of(encrypted, rule.as_config()) as (copy, config):
        words = ("--config", str(config), "updatekeys", "--yes", "--input-type", "yaml", str(copy))
        done = _run(program, words)
        if done.returncode != 0:
            raise failure(done.returncode, done.stderr.decode("utf-8", "replace"), file=file, doing="updatekeys")
        return _with_blocks(encrypted, copy.read_bytes().decode("utf-8"), rule, file)


def opens(program: SopsProgram, encrypted: str) -> bool:
    """Whether sops decrypts a text with the identities at hand, whatever its MAC says; what it prints is dropped."""
    with _copy_of(encrypted, _NO_RULES) as (copy, config):
        words = ("--config", str(config), "decrypt", "--ignore-mac", "--input-type", "yaml", str(copy))
        return _run(program, words).returncode == 0


@contextmanager
def _copy_of(encrypted: str, config: str) -> Iterator[tuple[Path, Path]]:
    """A copy of ciphertext, and a configuration, in a private directory."""
    with tempfile.TemporaryDirectory(prefix="matrix-secrets-") as directory:
        copy, rules = Path(directory) / "manifest.yaml", Path(directory) / "rules.yaml"
        copy.write_bytes(encrypted.encode())
        rules.write_text(config, encoding="utf-8")
        yield copy, rules


def _run(program: SopsProgram, words: Sequence[str]) -> subprocess.CompletedProcess[bytes]:
    env = child_environment(program.env, identities=True)
    command = [str(program.path), *words]
    try:
        return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False, env=env)  # noqa: S603
    except OSError as error:
        raise OutsideError(f"{program.path} cannot be run: {error.strerror}", hint="--engine builtin") from None


def _with_blocks(encrypted: str, updated: str, rule: CreationRule, file: str) -> str:
    """Put the first block of sops's output in the place of every block."""
    old, new = parse(encrypted, file), parse(updated, file)
    found = next((edit for edit in blocks(new) if edit is not None), None)
    if found is None:
        raise OutsideError("sops wrote a file without a sops: block; nothing was changed", place=Place(file))
    lines = updated[found.start : found.end].strip("\n").split("\n")
    edits: list[Edit] = []
    for document, edit in zip(old.documents, blocks(old), strict=True):
        if edit is None:
            continue
        if document.root is not None and getattr(document.root, "flow", False):
            raise OutsideError(
                "is one flow mapping ({…}), which cannot be given sops's new block",
                place=Place(file),
                hint=f"sops updatekeys {file}, which writes it in another form",
            )
        indent = root_indent(old, document.root)
        begun = old.newline if old.text[edit.start : edit.start + 1] in "\r\n" else ""  # nothing stands behind it
        written = old.newline.join(f"{indent}{line}" if line else "" for line in lines)
        edits.append(Edit(edit.start, edit.end, begun + written + ("" if begun else old.newline)))
    text = splice(encrypted, edits)
    before, after = read_metadata(old), read_metadata(parse(text, file))
    kept = (before.mac, before.lastmodified) == (after.mac, after.lastmodified)
    if not kept or readers(after) != {key_of(recipient) for recipient in rule.recipients}:
        raise OutsideError("sops did not make the recipients those of the rule; nothing was changed", place=Place(file))
    return text
