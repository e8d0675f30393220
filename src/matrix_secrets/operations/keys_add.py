"""On-boarding: a recipient more in the rules and in every file of theirs; no value changes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from matrix_secrets.agekeys.recipient import Recipient
from matrix_secrets.errors import Place, RefusedError, UsageError
from matrix_secrets.findings import Finding, Severity
from matrix_secrets.operations.keys_files import SealedFile, foreign_files, require_rules
from matrix_secrets.operations.keys_holders import names_of, refuse_private_key, same_name
from matrix_secrets.operations.keys_turns import Turn, turned
from matrix_secrets.operations.plan import Change, Plan
from matrix_secrets.records import dataclass
from matrix_secrets.sops.creationrules import rules_of
from matrix_secrets.sops.recipientedit import with_recipient
from matrix_secrets.sops.recipientlists import key_of
from matrix_secrets.transaction import FileWrite

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from matrix_secrets.operations.keys_turns import Told
    from matrix_secrets.sops.creationrules import CreationRule, CreationRules
    from matrix_secrets.sops.rekeying import Rekeying
    from matrix_secrets.stack.discovery import Located
    from matrix_secrets.stack.workspace import Workspace

_OTHER_KINDS: Final = (
    (re.compile(r"(?:0x)?[0-9A-Fa-f\s]{16,60}"), "a PGP fingerprint"),
    (re.compile(r"arn:aws[a-z-]*:kms:.*"), "an AWS KMS key"),
    (re.compile(r"projects/.*/cryptoKeys/.*"), "a Google Cloud KMS key"),
    (re.compile(r"https?://.*"), "the URL of a key service"),
)


@dataclass(frozen=True, slots=True)
class Newcomer:
    """Somebody to add."""

    name: str
    recipient: Recipient

    @classmethod
    def of(cls, name: str, text: str) -> Newcomer:
        """Read NAME and RECIPIENT. Raises UsageError for a name that is none, RefusedError for a bad recipient."""
        refuse_private_key(name)
        name = " ".join(name.split())
        if not name or not name.isprintable() or "#" in name:
            raise UsageError(
                "a NAME is one line of letters, digits and spaces", hint="matrix-secrets keys add NAME age1…"
            )
        if name.startswith(("age1", "ssh-")):
            raise UsageError("the name comes first, then the recipient", hint="matrix-secrets keys add NAME age1…")
        for pattern, what in _OTHER_KINDS:
            if pattern.fullmatch(text.strip()):
                raise RefusedError(
                    f"that is {what}; keys add is for age recipients (age1…, ssh-ed25519 …, ssh-rsa …)",
                    hint="add it to .sops.yaml by hand, then: sops updatekeys FILE, for each file",
                )
        return cls(name, Recipient.parse(text))


def plan_add(
    workspace: Workspace,
    rules: CreationRules | None,
    files: Sequence[SealedFile],
    newcomer: Newcomer,
    chosen: Collection[int],
    rekeying: Rekeying,
    told: Told | None = None,
) -> Plan:
    """Plan a recipient more in the rules of these numbers (from 0) and in their files.

    Nothing changes where it is on all of them. Raises RefusedError for rules that cannot be edited, NoIdentityError
    where none of our keys opens a file, BadManifestError.
    """
    loaded = require_rules(rules, workspace)
    key = newcomer.recipient.key
    mine = [each for each in files if each.rule is not None and each.rule.index in chosen]
    lacking = [rule for rule in loaded.rules if rule.index in chosen and key not in map(key_of, rule.recipients)]
    changes, writes = [], []
    after = loaded
    if lacking:
        text = with_recipient(
            loaded.text, key, name=newcomer.name, rules={rule.index for rule in lacking}, file=loaded.config_file
        )
        after = rules_of(workspace.root, text, loaded.config_file) or loaded
        changes += [Change(place_of(loaded, rule), "recipient added", newcomer.name) for rule in lacking]
        writes.append(FileWrite(loaded.path, loaded.path.read_bytes(), text.encode()))
    turns = [Turn(each, after.rule_for(each.file), gain=(key,)) for each in mine if key not in each.readers]
    done = turned(workspace, turns, rekeying, {**names_of(after), key: newcomer.name}, told)
    return Plan(
        changes=(*changes, *done.changes),
        writes=(*writes, *done.writes),
        notes=(*_name_notes(loaded, newcomer), *(_foreign_notes(workspace, mine) if turns else ())),
        commit_message=f"feat(matrix): let {newcomer.name} read the secrets\n\nRecipient: {key}",
        paths=(loaded.config_file, *(each.file for each in mine)),
        next_commands=("matrix-secrets verify --without-key",),
    )


def rules_of_stacks(files: Sequence[SealedFile], stacks: Sequence[Located]) -> set[int]:
    """The numbers (from 0) of the rules that cover an encrypted file of one of the stacks.

    Raises RefusedError where there is none: nothing is encrypted there, or no rule covers it.
    """
    names = {file for stack in stacks for file in stack.file_names}
    found = {each.rule.index for each in files if each.file in names and each.rule is not None}
    if not found:
        labels = ", ".join(stack.label for stack in stacks)
        raise RefusedError(
            f"no rule of .sops.yaml covers an encrypted file of {labels}",
            hint="matrix-secrets encrypt first; a rule can be named by its number, too: --rule N",
        )
    return found


def rule_numbers(rules: CreationRules | None, wanted: Sequence[int]) -> set[int]:
    """Turn the numbers of --rule (from 1) into indexes. Raises UsageError for one that there is not."""
    count = len(rules.rules) if rules is not None else 0
    for number in wanted:
        if not 1 <= number <= count:
            raise UsageError(f"there is no rule {number}", hint=f"rules are numbered from 1 to {count}, as they stand")
    return {number - 1 for number in wanted}


def place_of(rules: CreationRules, rule: CreationRule) -> Place:
    """The place of a rule's recipients."""
    return Place(rules.config_file, f"rule {rule.index + 1}", ("age",))


def _name_notes(rules: CreationRules, newcomer: Newcomer) -> Iterator[Finding]:
    key, place = newcomer.recipient.key, Place(rules.config_file)
    for other, name in names_of(rules).items():
        if other == key and not same_name(name, newcomer.name):
            text = f"that recipient is there already, under the name {name}, which it keeps"
            yield Finding("recipient-has-name", Severity.WARNING, place, text, "")
        elif other != key and same_name(name, newcomer.name):
            text = f"{name} has another key here: keys remove {name} would take off both"
            yield Finding("name-taken", Severity.WARNING, place, text, "give each device a name of its own")


def _foreign_notes(workspace: Workspace, files: Sequence[SealedFile]) -> Iterator[Finding]:
    for file in foreign_files(workspace, {reader for each in files for reader in each.readers}):
        text = "is encrypted by sops, too, but is no YAML: it was left as it is"
        yield Finding("not-yaml", Severity.WARNING, Place(file), text, f"sops updatekeys {file}")
