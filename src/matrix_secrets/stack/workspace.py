"""The manifests of a repository as plain texts, whether they stand encrypted on disk or not."""

from __future__ import annotations

import os
import shlex
from dataclasses import replace
from typing import TYPE_CHECKING, Final, Protocol

from matrix_secrets.errors import BadManifestError, MatrixSecretsError, NoIdentityError, OutsideError, TamperedError
from matrix_secrets.manifests.parse import decode, parse
from matrix_secrets.records import dataclass
from matrix_secrets.sops.metadata import is_encrypted
from matrix_secrets.stack.filetree import walk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from matrix_secrets.manifests.nodes import Stream
    from matrix_secrets.sops.engine import Engine
    from matrix_secrets.transaction import FileWrite

_SUFFIXES: Final = (".yaml", ".yml")


@dataclass(frozen=True, slots=True)
class ManifestFile:
    """A file as it stands on disk and as plain text.

    ``stream`` is the plain text, parsed; the encrypted one where the file could not be opened, and ``locked`` says
    why. ``raw`` is what a plan was made from.
    """

    file: str
    raw: bytes
    encrypted: bool
    stream: Stream
    locked: MatrixSecretsError | None = None

    @property
    def disk_text(self) -> str:
        """The text on disk."""
        return decode(self.raw, self.file)

    @property
    def readable(self) -> bool:
        """Whether ``stream`` is the plain text."""
        return self.locked is None


class Files(Protocol):
    """Where the files are read from instead of the disk: the index, a commit."""

    def names(self) -> Iterable[str]:
        """All files, relative to the root, with ``/``."""

    def raw(self, file: str) -> bytes:
        """The bytes of a file. Raises OutsideError where it cannot be read."""


class Workspace:
    """The manifests below a repository's root. ``engine_of`` is asked only when an encrypted file is met.

    ``files`` are read instead of those on disk.
    """

    def __init__(self, root: Path, git_dir: Path, engine_of: Callable[[], Engine], files: Files | None = None) -> None:
        self.root = root
        self.git_dir = git_dir
        self._engine_of = engine_of
        self._source = files
        self._files: dict[str, ManifestFile] = {}

    @property
    def engine(self) -> Engine:
        """The SOPS engine."""
        return self._engine_of()

    @property
    def files_read(self) -> list[str]:
        """The files that were read and parsed so far."""
        return sorted(self._files)

    @property
    def state_dir(self) -> Path:
        """Where journals and locks live."""
        return self.git_dir / "matrix-secrets"

    def yaml_files(self) -> list[str]:
        """All ``*.yaml`` and ``*.yml`` below the root, sorted, relative, with ``/``; other repositories left out."""
        if self._source is not None:
            return sorted(name for name in self._source.names() if name.endswith(_SUFFIXES))
        found = walk(self.root)
        return sorted(name for name, entry in found if name.endswith(_SUFFIXES) and entry.is_file())

    def raw(self, file: str) -> bytes:
        """The bytes of a file. Raises OutsideError where it cannot be read."""
        if self._source is not None:
            return self._source.raw(file)
        try:
            with open(os.path.join(self.root, file), "rb") as opened:  # noqa: PTH118, PTH123  (of thousands, twice as fast)
                return opened.read()
        except OSError as error:
            hint = f"check that you may read it: ls -l {shlex.quote(file)}"
            raise OutsideError(f"{file} cannot be read: {error.strerror}", hint=hint) from None

    def read(self, file: str) -> ManifestFile:
        """Read, parse and, if need be, decrypt a file. Raises BadManifestError where it does not parse."""
        if file not in self._files:
            self._files[file] = self._load(file, self.raw(file))
        return self._files[file]

    def _load(self, file: str, raw: bytes) -> ManifestFile:
        stream = parse(decode(raw, file), file)
        if not is_encrypted(stream):
            return ManifestFile(file, raw, encrypted=False, stream=stream)
        try:
            plain = self.engine.decrypt(stream.text, file=file)
        except (NoIdentityError, TamperedError) as error:
            return ManifestFile(file, raw, encrypted=True, stream=stream, locked=error)
        return ManifestFile(file, raw, encrypted=True, stream=parse(plain, file))

    def with_texts(self, texts: Mapping[str, str]) -> Workspace:
        """The same repository as it would be with other plain texts: for planning in steps. Writes come from this."""
        copy = Workspace(self.root, self.git_dir, self._engine_of, self._source)
        copy._files = dict(self._files)
        for file, text in texts.items():
            copy._files[file] = replace(self.read(file), stream=parse(text, file))
        return copy

    def new_text(self, file: str, plain: str) -> FileWrite | None:
        """The write that gives a file another plain text; encrypted files get new ciphertext for what changed.

        None where nothing changes. Raises the reason where an encrypted file cannot be opened.
        """
        old = self.read(file)
        if old.locked is not None:
            raise old.locked
        if plain == old.stream.text:
            return None
        check_parses(plain, file)
        text = self.engine.update(old.disk_text, plain, file=file).text if old.encrypted else plain
        from matrix_secrets.transaction import FileWrite  # noqa: PLC0415  not for commands that only read

        return FileWrite(self.root / file, old.raw, text.encode())


def check_parses(text: str, file: str) -> None:
    """Make sure that an edit left a text that parses. Raises BadManifestError where a value has no room for another."""
    try:
        parse(text, file)
    except BadManifestError as error:
        raise BadManifestError(
            "cannot be changed in place: with the new value it would not parse any more",
            place=error.place,
            cause="a value stands where only its present spelling fits, less indented than its key, say",
            hint=f"put the value right behind its key in {file}, then run the command again. Nothing was changed.",
        ) from None
