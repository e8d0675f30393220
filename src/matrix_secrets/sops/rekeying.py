"""Which program changes the keys of a file: this one for age alone, the real sops for other kinds of keys."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from matrix_secrets.errors import NoIdentityError, Place, RefusedError
from matrix_secrets.manifests.parse import parse
from matrix_secrets.records import dataclass
from matrix_secrets.sops.metadata import read_metadata
from matrix_secrets.sops.recipientlists import key_of
from matrix_secrets.sops.rekey import Rekeyed, readers, with_new_data_key, with_recipients
from matrix_secrets.sops.selectors import Selector

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from matrix_secrets.agekeys.recipient import Recipient
    from matrix_secrets.sops.builtin import BuiltinEngine
    from matrix_secrets.sops.cipher import DataKey
    from matrix_secrets.sops.creationrules import CreationRule
    from matrix_secrets.sops.engine import Engine
    from matrix_secrets.sops.graft import Graft
    from matrix_secrets.sops.metadata import Metadata
    from matrix_secrets.sops.process import SopsProgram


@dataclass(frozen=True, slots=True)
class Binary:
    """The real sops, and the engine around it."""

    program: SopsProgram
    engine: Engine


class Rekeying:
    """Changes who reads files. ``binary`` is asked for only where builtin cannot do it; None: there is no sops."""

    def __init__(self, builtin: BuiltinEngine, binary: Callable[[], Binary | None]) -> None:
        self._builtin = builtin
        self._binary = binary

    def data_key(self, metadata: Metadata, file: str) -> DataKey:
        """Open a file's data key by age. Raises NoIdentityError."""
        return self._builtin.data_key(metadata, file)

    def extended(
        self, text: str, metadata: Metadata, gain: Sequence[Recipient], *, file: str, rule: CreationRule | None
    ) -> Rekeyed:
        """Let more recipients read a file; its data key and every ciphertext stay.

        Other kinds of keys keep their entries. Raises NoIdentityError, RefusedError, OutsideError.
        """
        if all(recipient.is_builtin for recipient in gain) and metadata.age and metadata.groups == 1:
            try:
                return with_recipients(self._builtin, text, file=file, gain=gain)
            except NoIdentityError:
                if self._binary() is None:
                    raise
        binary = self._require_binary(metadata, gain, file)
        from matrix_secrets.sops.updatekeys import update_keys  # noqa: PLC0415  (only with another program)

        expected = {*readers(metadata), *(recipient.key for recipient in gain)}
        return Rekeyed(update_keys(binary.program, text, _followed(rule, expected, file), file=file), 0)

    def renewed(
        self, text: str, metadata: Metadata, recipients: Sequence[Recipient], *, file: str, rule: CreationRule | None
    ) -> Rekeyed:
        """Encrypt a file under a new data key for these recipients, and for the rule's keys of other kinds.

        Raises NoIdentityError, TamperedError, RefusedError, OutsideError.
        """
        if all(recipient.is_builtin for recipient in recipients) and not metadata.other_keys and metadata.groups == 1:
            try:
                return with_new_data_key(self._builtin, text, file=file, recipients=recipients)
            except NoIdentityError:
                if self._binary() is None:
                    raise
        engine = self._require_binary(metadata, recipients, file).engine
        followed = _followed(rule, {recipient.key for recipient in recipients}, file)
        selectors = {selector.value: getattr(metadata, selector.value) for selector in Selector}
        same = replace(followed, mac_only_encrypted=metadata.mac_only_encrypted, **selectors)
        done = engine.encrypt(engine.decrypt(text, file=file), file=file, rule=same)
        found = read_metadata(parse(done.text, file))
        if set(found.other_keys) != set(metadata.other_keys) or readers(found) != {each.key for each in recipients}:
            raise RefusedError(
                "its new keys are not those that were meant; nothing was changed",
                place=Place(file),
                hint="compare its sops: block with .sops.yaml, then: matrix-secrets keys sync",
            )
        return Rekeyed(done.text, done.values + done.comments)

    def attacked(self, old: str, new: str, *, file: str) -> Graft:
        """Attack a new text with the old one's block (see `graft`): in process, else by the real sops.

        That one opens a file as a whole or not at all: its control is that the old text opens.
        """
        from matrix_secrets.sops.graft import Graft, ciphertexts, graft, grafted_whole  # noqa: PLC0415  (only where somebody loses)

        found = graft(self, old, new, file=file)
        binary = None if found.tried else self._binary()
        if binary is None:
            return found
        from matrix_secrets.sops.updatekeys import opens  # noqa: PLC0415  (as above)

        count = ciphertexts(new, file)
        attack = opens(binary.program, grafted_whole(old, new, file))
        control = opens(binary.program, old)
        return Graft(ciphertexts(old, file) if control else 0, count, count if attack else 0, tried=control)

    def _require_binary(self, metadata: Metadata, recipients: Sequence[Recipient], file: str) -> Binary:
        binary = self._binary()
        if binary is not None:
            return binary
        kinds = [*metadata.other_keys, *(each.short for each in recipients if not each.is_builtin)]
        raise RefusedError(
            f"is encrypted for keys that only the sops program can use: {', '.join(kinds) or 'Shamir key groups'}",
            place=Place(file),
            hint="install sops 3.10 or newer, then run the command again; nothing was changed",
        )


def _followed(rule: CreationRule | None, keys: set[str], file: str) -> CreationRule:
    """The rule that sops will follow, if it means exactly these age keys. Raises RefusedError."""
    if rule is not None and {key_of(recipient) for recipient in rule.recipients} == keys:
        return rule
    why = "no rule covers it" if rule is None else f"rule {rule.index + 1} lists other age recipients than it has"
    raise RefusedError(
        f"its keys can only be changed by sops, which follows the rules, and {why}",
        place=Place(file),
        hint="make .sops.yaml say who reads it, then: matrix-secrets keys sync",
    )
