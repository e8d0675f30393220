"""One feature, tried: encrypted by one side and decrypted by the other. What differs raises `DifferentError`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from conforming.reading import comments, has_ciphertext, values
from conforming.realsops import ENGINE, FILE, IDENTITY, RealSops, SopsFailedError
from matrix_secrets.errors import BadManifestError, TamperedError
from matrix_secrets.sops.creationrule import CreationRule

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

BYTES = "the same bytes"
VALUES = "the same values"


class DifferentError(Exception):
    """The two sides do not agree."""


def rule_of(
    selector: Mapping[str, str], *, only: bool = True, recipients: tuple[str, ...] = (IDENTITY.recipient.key,)
) -> CreationRule:
    """A rule with one selector or none."""
    plain = CreationRule("", recipients, mac_only_encrypted=only)
    return replace(plain, **selector)  # type: ignore[arg-type]  # selectors are text fields


def written_here(real: RealSops, text: str, rule: CreationRule) -> str:
    """Encrypt in process, decrypt by the real sops and in process; tell what comes back here."""
    encrypted = ENGINE.encrypt(text, file=FILE, rule=rule)
    again = real.decrypt(encrypted.text)
    same(values(again), values(text), "values that sops reads")
    if has_ciphertext(again):
        raise DifferentError("sops leaves something encrypted")
    restored = ENGINE.decrypt(encrypted.text, file=FILE)
    same(values(restored), values(text), "values that come back")
    same(restored == text, not encrypted.notes, "what the notes say")
    return BYTES if restored == text else VALUES


def written_by_sops(real: RealSops, text: str, rule: CreationRule) -> str:
    """Encrypt by the real sops, decrypt in process; an update that changes nothing changes no byte."""
    encrypted = real.encrypt(text, rule)
    theirs, ours = real.decrypt(encrypted), ENGINE.decrypt(encrypted, file=FILE)
    same(values(ours), values(theirs), "values")
    same(comments(ours), comments(theirs), "comments")
    same(ENGINE.update(encrypted, ours, file=FILE).text, encrypted, "an update without a change")
    return VALUES


def spliced(real: RealSops, place: str, rule: CreationRule) -> bool:
    """Move a ciphertext to a place; tell whether both sides take it there. Raises where only one does."""
    encrypted = ENGINE.encrypt("data:\n  k: some value\n", file=FILE, rule=rule).text
    line = next(line for line in encrypted.split("\n") if line.startswith("  k: "))
    moved = encrypted.replace(line + "\n", place.format(line[5:]))
    wanted = [(0, ("data", "k"), "str", "some value")]
    theirs = _taken(lambda: values(real.decrypt(moved)) == wanted)
    ours = _taken(lambda: values(ENGINE.decrypt(moved, file=FILE)) == wanted)
    same(ours, theirs, "what is taken")
    return ours


def refused_here(text: str, rule: CreationRule) -> str:
    """Return the message with which a plain text is refused. Raises where it is not."""
    try:
        ENGINE.encrypt(text, file=FILE, rule=rule)
    except BadManifestError as error:
        return error.message
    raise DifferentError("it is encrypted")


def refused_by_sops(real: RealSops, text: str, rule: CreationRule) -> None:
    """Make sure that sops does not encrypt a text."""
    try:
        real.encrypt(text, rule)
    except SopsFailedError:
        return
    raise DifferentError("sops encrypts it")


def changed_by_sops(real: RealSops, text: str, rule: CreationRule) -> str:
    """Return what sops makes of a text without a word."""
    changed = real.decrypt(real.encrypt(text, rule))
    if changed == text:
        raise DifferentError("sops changes nothing")
    return changed


def encrypted_keys(text: str) -> frozenset[str]:
    """Return the keys whose values are ciphertext."""
    lines = text.split("\nsops:", maxsplit=1)[0].split("\n")
    return frozenset(line.split(":")[0].strip() for line in lines if ": ENC[" in line)


def selected(real: RealSops, text: str, rule: CreationRule) -> frozenset[str]:
    """Encrypt by both sides; return the keys that both encrypted, each having read what the other wrote."""
    ours, theirs = ENGINE.encrypt(text, file=FILE, rule=rule).text, real.encrypt(text, rule)
    same(encrypted_keys(ours), encrypted_keys(theirs), "which keys are encrypted")
    same(real.decrypt(ours), real.decrypt(theirs), "what sops reads")
    same(values(ENGINE.decrypt(theirs, file=FILE)), values(text), "what is read here")
    return encrypted_keys(ours)


def _taken(reads: Callable[[], bool]) -> bool:
    try:
        return reads()
    except (SopsFailedError, BadManifestError, TamperedError):
        return False


def same(ours: object, theirs: object, what: str) -> None:
    """Raise `DifferentError` where two things differ."""
    if ours != theirs:
        raise DifferentError(f"{what}: {ours!r}, and not {theirs!r}")
