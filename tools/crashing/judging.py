"""What has to hold after an interruption, read from the disk."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from crashing.scenarios import EDITED
from matrix_secrets.agekeys.identityfile import load_identities
from matrix_secrets.errors import MatrixSecretsError
from matrix_secrets.manifests.parse import parse
from matrix_secrets.sops.builtin import BuiltinEngine
from matrix_secrets.sops.metadata import is_encrypted, read_metadata

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Tree = dict[str, bytes]
_STATE: Final = ".git/matrix-secrets/"
_STAYS: Final = frozenset({f"{_STATE}lock", f"{_STATE}lock.holder"})
_RANDOM: Final = re.compile(r"[A-Za-z0-9+/=_-]{32,}")  # values, digests, and recipients, which are looked at apart
_COMMENT: Final = re.compile(r"(?m) *#.*$")  # the rules name who made them, by the system's name of the user
_SECRET: Final = re.compile(rb"\b[0-9a-f]{64}\b")


@dataclass(frozen=True, slots=True)
class Meaning:
    """What an intact file says: its plain text without what is random, and who reads it."""

    text: str
    readers: frozenset[str]


def tree_of(root: Path) -> Tree:
    """Read every file of a repository; of its Git directory only what is ours."""
    return {name: path.read_bytes() for name, path in _files(root) if not name.startswith(".git/")} | {
        name: path.read_bytes() for name, path in _files(root) if name.startswith(_STATE) and name not in _STAYS
    }


class Judge:
    """Compares a repository with what it was before, and with what an undisturbed run made of it."""

    def __init__(self, root: Path, keys: Path, old: Tree, new: Tree) -> None:
        identities = load_identities(keys, "keys.txt")
        self._engine = BuiltinEngine(lambda: [each for each in identities if hasattr(each, "secret")])
        self._root = root
        self._old = old
        self._new = new
        self._meant = {name: self._meaning(name, data) for name, data in new.items()}
        self._secrets = {EDITED.encode(), *(one for data in self._plain(old) for one in _SECRET.findall(data))}
        self._holders = {name for name, data in old.items() if self._holds_secret(data)}

    def kind(self) -> str:
        """``old`` or ``new`` where every file is exactly that; else what is wrong, with a file's name."""
        now = tree_of(self._root)
        if now == self._old:
            return "old"
        if set(now) not in (set(self._old), set(self._new)):
            return f"stray: {sorted(set(now) - set(self._new)) or sorted(set(self._new) - set(now))}"
        states = {name: self._state(name, data) for name, data in now.items()}
        broken = [name for name, state in states.items() if state == "broken"]
        if broken:
            return f"broken: {broken}"
        different = {state for state in states.values() if state != "same"}
        return different.pop() if len(different) == 1 else f"mixed: {states}"

    def copies(self, elsewhere: Path) -> list[str]:
        """Name files that hold a secret in plain text and did not before; those that are about to hold it stand apart.

        ``elsewhere`` is a directory in memory, whose files count, too.
        """
        found = [name for name, path in _files(self._root) if self._is_copy(name, path.read_bytes())]
        return found + [str(path) for _, path in _files(elsewhere) if self._holds_secret(path.read_bytes())]

    def _is_copy(self, name: str, data: bytes) -> bool:
        return self._holds_secret(data) and name not in self._holders and _target(name) not in self._holders

    def _holds_secret(self, data: bytes) -> bool:
        return any(secret in data for secret in self._secrets)

    def _state(self, name: str, data: bytes) -> str:
        """``same`` where old and new are the same, ``old``, ``new``, or ``broken``."""
        old, new = self._old.get(name), self._new.get(name)
        if data == old:
            return "same" if old == new else "old"
        try:
            return "new" if name in self._meant and self._meaning(name, data) == self._meant[name] else "broken"
        except (MatrixSecretsError, ValueError):
            return "broken"

    def _meaning(self, name: str, data: bytes) -> Meaning:
        text = data.decode()
        if not name.endswith((".yaml", ".yml")):
            return Meaning(text, frozenset())
        stream = parse(text, name)
        if not is_encrypted(stream):
            return Meaning(_RANDOM.sub("*", _COMMENT.sub("", text)), frozenset())
        readers = frozenset(recipient for recipient, _ in read_metadata(stream).age)
        return Meaning(_RANDOM.sub("*", self._engine.decrypt(text, file=name)), readers)

    def _plain(self, tree: Tree) -> Iterator[bytes]:
        for name, data in tree.items():
            text = data.decode(errors="replace")
            sealed = name.startswith("apps/") and "ENC[AES256_GCM" in text
            yield self._engine.decrypt(text, file=name).encode() if sealed else data


def _target(name: str) -> str:
    """The file that a staged one is to become."""
    directory, slash, base = name.rpartition("/")
    found = re.fullmatch(r"\.(.+)\.matrix-secrets-[0-9a-f]{8}\.tmp", base)
    return directory + slash + found[1] if found else name


def _files(root: Path) -> Iterator[tuple[str, Path]]:
    for directory, _, names in os.walk(root):
        for name in names:
            path = root.__class__(directory) / name
            yield path.relative_to(root).as_posix(), path
