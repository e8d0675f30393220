"""One recipient in the place of others: in the rules, and in every file, with a new data key."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from matrix_secrets.agekeys.recipient import short
from matrix_secrets.operations.keys_add import place_of
from matrix_secrets.operations.keys_holders import names_of
from matrix_secrets.operations.keys_turns import Turn
from matrix_secrets.operations.plan import Change, Plan
from matrix_secrets.sops.creationrules import rules_of
from matrix_secrets.sops.recipientedit import with_recipient, without_recipients
from matrix_secrets.sops.recipientlists import key_of
from matrix_secrets.transaction import FileWrite

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from matrix_secrets.operations.keys_add import Newcomer
    from matrix_secrets.operations.keys_files import SealedFile
    from matrix_secrets.operations.keys_turns import Turned
    from matrix_secrets.sops.creationrules import CreationRules


Turning: TypeAlias = "Callable[[Sequence[Turn], Mapping[str, str]], Turned]"
"""Makes the new files, given the names of the recipients: `keys_turns.turned`, its other arguments bound."""


def plan_rollover(
    rules: CreationRules,
    files: Sequence[SealedFile],
    newcomer: Newcomer,
    chosen: Collection[int],
    leaving: Sequence[str],
    turning: Turning,
) -> Plan:
    """Plan that one recipient takes the place of others in the rules of these numbers (from 0) and in their files.

    Raises as `keys_add.plan_add` and `keys_remove.plan_remove`.
    """
    key, gone = newcomer.recipient.key, set(leaving)
    within = set(chosen)
    text = with_recipient(rules.text, key, name=newcomer.name, rules=within, file=rules.config_file)
    text = without_recipients(text, gone, rules=within, file=rules.config_file)
    after = rules_of(rules.root, text, rules.config_file) or rules
    names = {**names_of(rules), **names_of(after), key: newcomer.name}
    lost = ", ".join(names.get(each) or short(each) for each in leaving)
    changes = [
        Change(place_of(rules, rule), "recipient replaced", f"{newcomer.name} ({short(key)}) for {lost}")
        for rule in rules.rules
        if rule.index in within
    ]
    mine = [each for each in files if each.rule is not None and each.rule.index in within]
    turns = [
        Turn(
            each,
            after.rule_for(each.file),
            gain=() if key in each.readers else (key,),
            lose=tuple(sorted({key_of(reader) for reader in each.readers} & gone)),
        )
        for each in mine
    ]
    done = turning([turn for turn in turns if turn.gain or turn.lose], names)
    write = FileWrite(rules.path, rules.path.read_bytes(), text.encode())
    return Plan(
        changes=(*changes, *done.changes),
        writes=(write, *done.writes),
        commit_message=f"feat(matrix): a new key for the cluster\n\nRecipient: {key}",
        paths=(rules.config_file, *(each.file for each in mine)),
    )
