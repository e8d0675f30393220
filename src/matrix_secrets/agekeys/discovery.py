"""Find identities exactly where sops 3.13 does, in a fixed order (age/keysource.go, loadIdentities).

Ssh keys come first: SOPS_AGE_SSH_PRIVATE_KEY_FILE, SOPS_AGE_SSH_PRIVATE_KEY_CMD, ~/.ssh/id_ed25519, ~/.ssh/id_rsa. Then
SOPS_AGE_KEY, SOPS_AGE_KEY_FILE, SOPS_AGE_KEY_CMD and the user's keys.txt. All of them are read, none hides another.
What is broken in one place does not keep sops from the others, so here it is an `Unusable`, too.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

from matrix_secrets.agekeys.identity import Identity, Locked, Unusable
from matrix_secrets.agekeys.identityfile import parse_identities
from matrix_secrets.agekeys.keycommand import run_key_command
from matrix_secrets.agekeys.places import default_key_path, home_directory, shown
from matrix_secrets.agekeys.sshkey import parse_ssh_key
from matrix_secrets.errors import RefusedError
from matrix_secrets.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from matrix_secrets.agekeys.identity import AskPassphrase

Found: TypeAlias = Identity | Locked | Unusable

_SSH_FILE: Final = "SOPS_AGE_SSH_PRIVATE_KEY_FILE"
_SSH_COMMAND: Final = "SOPS_AGE_SSH_PRIVATE_KEY_CMD"
_KEY: Final = "SOPS_AGE_KEY"
_KEY_FILE: Final = "SOPS_AGE_KEY_FILE"
_KEY_COMMAND: Final = "SOPS_AGE_KEY_CMD"


@dataclass(frozen=True, slots=True)
class Discovered:
    """What was found: usable identities (each key once), those behind a passphrase, those that builtin cannot use.

    ``empty`` are the places where nothing was: the answer to “where should my key be?”.
    """

    identities: tuple[Identity, ...] = ()
    locked: tuple[Locked, ...] = ()
    unusable: tuple[Unusable, ...] = ()
    empty: tuple[str, ...] = ()

    def unlock(self, ask_passphrase: AskPassphrase) -> Discovered:
        """Ask for each passphrase and decrypt in memory; what does not open becomes unusable, with the reason."""
        opened: list[Found] = []
        for locked in self.locked:
            passphrase = ask_passphrase(locked.source)
            if passphrase is None:
                opened.append(Unusable(locked.source, "is under a passphrase, which was not given", for_binary=True))
                continue
            try:
                opened += locked.open_with(passphrase)
            except RefusedError as error:
                opened.append(Unusable(locked.source, str(error), for_binary=True))
        return replace(_sorted([*self.identities, *self.unusable, *opened]), empty=self.empty)


def find_identities(
    env: Mapping[str, str],
    *,
    recipients: Sequence[str] = ("",),
    ask_passphrase: AskPassphrase | None = None,
    read: Callable[[Path], bytes] = Path.read_bytes,
    platform: str = sys.platform,
) -> Discovered:
    """Look everywhere that sops looks.

    ``recipients`` are those of the file to open: key commands are run once for each, as sops tells them which key it
    wants. Without ``ask_passphrase`` nothing is asked and `Discovered.locked` holds what is under a passphrase.
    """
    look = _Look(env, read, recipients or ("",))
    found = [*look.ssh(), *look.age(platform)]
    result = replace(_sorted(found), empty=tuple(look.empty))
    return result if ask_passphrase is None else result.unlock(ask_passphrase)


class _Look:
    """One walk through all the places, noting those where nothing is."""

    def __init__(self, env: Mapping[str, str], read: Callable[[Path], bytes], recipients: Sequence[str]) -> None:
        self.env = env
        self.read = read
        self.recipients = recipients
        self.empty: list[str] = []

    def ssh(self) -> Iterable[Found]:
        if self._is_set(_SSH_FILE):
            path = Path(self.env[_SSH_FILE])
            yield from self._file(path, f"{_SSH_FILE} ({shown(path, self.env)})", _one_ssh_key, required=True)
        yield from self._command(_SSH_COMMAND, _one_open_ssh_key)
        try:
            folder = home_directory(self.env) / ".ssh"
        except RefusedError as error:
            yield Unusable("~/.ssh", str(error))
            return
        for name in ("id_ed25519", "id_rsa"):
            yield from self._file(folder / name, shown(folder / name, self.env), _one_ssh_key, required=False)

    def age(self, platform: str) -> Iterable[Found]:
        if self._is_set(_KEY):
            yield from self._parsed(self.env[_KEY].encode("utf-8", "surrogateescape"), _KEY, _age_words)
        if self._is_set(_KEY_FILE):
            path = Path(self.env[_KEY_FILE])
            yield from self._file(path, f"{_KEY_FILE} ({shown(path, self.env)})", _age_lines, required=True)
        yield from self._command(_KEY_COMMAND, _age_lines)
        try:
            path = default_key_path(self.env, platform)
        except RefusedError as error:
            yield Unusable("sops/age/keys.txt", str(error))
            return
        yield from self._file(path, shown(path, self.env), _age_lines, required=False)

    def _is_set(self, variable: str) -> bool:
        if variable not in self.env:
            self.empty.append(variable)
        return variable in self.env

    def _file(self, path: Path, source: str, parse: _Parse, *, required: bool) -> Iterable[Found]:
        try:
            data = self.read(path)
        except FileNotFoundError:
            if required:
                yield Unusable(source, "there is no such file")
            else:
                self.empty.append(source)
        except OSError as error:
            yield Unusable(source, f"cannot be read: {error.strerror}")
        else:
            yield from self._parsed(data, source, parse)

    def _command(self, variable: str, parse: _Parse) -> Iterable[Found]:
        if not self._is_set(variable):
            return
        for recipient in self.recipients:
            try:
                data = run_key_command(variable, self.env, recipient)
            except RefusedError as error:
                yield Unusable(variable, str(error))
            else:
                yield from self._parsed(data, variable, parse)

    def _parsed(self, data: bytes, source: str, parse: _Parse) -> Iterable[Found]:
        try:
            found = parse(data, source)
        except RefusedError as error:
            yield Unusable(source, str(error))
            return
        if not found:
            self.empty.append(source)
        yield from found


_Parse: TypeAlias = "Callable[[bytes, str], Sequence[Found]]"


def _one_ssh_key(data: bytes, source: str) -> Sequence[Found]:
    return [parse_ssh_key(data, source)]


def _one_open_ssh_key(data: bytes, source: str) -> Sequence[Found]:
    key = parse_ssh_key(data, source)
    if isinstance(key, Locked):
        raise RefusedError(f"the ssh key that {source} prints is under a passphrase, which sops does not support there")
    return [key]


def _age_lines(data: bytes, source: str) -> Sequence[Found]:
    return parse_identities(data, source)


def _age_words(data: bytes, source: str) -> Sequence[Found]:
    return parse_identities(data, source, words=True)


def _sorted(found: Iterable[Found]) -> Discovered:
    """Sort by what can be done with them; the same key in two places counts where it was found first."""
    identities: dict[Identity, None] = {}
    locked: dict[Locked, None] = {}
    unusable: dict[Unusable, None] = {}
    for item in found:
        match item:
            case Identity():
                identities.setdefault(item)
            case Locked():
                locked.setdefault(item)
            case Unusable():
                unusable.setdefault(item)
    return Discovered(tuple(identities), tuple(locked), tuple(unusable))
