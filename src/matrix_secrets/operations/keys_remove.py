"""Off-boarding: out of the rules, out of every file by a new data key, and what is known to whoever leaves."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from matrix_secrets.agekeys.recipient import short
from matrix_secrets.errors import Place, RefusedError
from matrix_secrets.findings import Finding, Severity
from matrix_secrets.operations.keys_files import SealedFile, foreign_files, require_rules
from matrix_secrets.operations.keys_holders import names_of
from matrix_secrets.operations.keys_turns import Turn, turned
from matrix_secrets.operations.plan import Change, Plan
from matrix_secrets.records import dataclass
from matrix_secrets.sops.creationrules import rules_of
from matrix_secrets.sops.recipientedit import without_recipients
from matrix_secrets.sops.recipientlists import key_of
from matrix_secrets.transaction import FileWrite

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from matrix_secrets.operations.keys_holders import Holder
    from matrix_secrets.operations.keys_turns import Told
    from matrix_secrets.sops.creationrules import CreationRules
    from matrix_secrets.sops.graft import Graft
    from matrix_secrets.sops.rekeying import Rekeying
    from matrix_secrets.stack.workspace import Workspace

NOT_ENDED: Final = (
    "their right to write to the Git repository and its remotes: Flux applies what is pushed there",
    "kubeconfigs and service accounts: in the cluster the values are plain",
    "their accounts on the server, above all Synapse administrators, and their access tokens",
    "clones, forks and backups of this repository: the old files in them still open with the old key",
    "copies of the values, and of any other identity, that were made outside of this repository",
)
"""What no change of keys takes away from anybody."""

NEW_KEYS: Final = "New data keys in every file."
"""How the body of the commit message begins."""


@dataclass(frozen=True, slots=True)
class Removal:
    """A plan, and the attacks that it stood up to, by file."""

    plan: Plan
    grafts: Mapping[str, Graft]


def plan_remove(
    workspace: Workspace,
    rules: CreationRules | None,
    files: Sequence[SealedFile],
    leaving: Sequence[Holder],
    rekeying: Rekeying,
    told: Told | None = None,
    *,
    texts: Mapping[str, str] = MappingProxyType({}),
) -> Removal:
    """Plan that these recipients are in no rule and in no file any more; every file they are in gets a new data key.

    ``texts`` are further contents by file, encrypted as the file on disk is: they get a new data key on their way
    there, whoever is in the file today, for who has left it before may know the old one.
    Raises RefusedError where nobody would be left, NoIdentityError where we cannot open a file, BadManifestError.
    """
    loaded = require_rules(rules, workspace)
    gone = {holder.key for holder in leaving}
    changes, writes = [], []
    after = loaded
    naming = [rule for rule in loaded.rules if gone & {key_of(each) for each in rule.recipients}]
    if naming:
        for rule in naming:
            if not {key_of(each) for each in rule.recipients} - gone and not rule.other_keys:
                raise _nobody_left(loaded.config_file, rule.index)
        text = without_recipients(loaded.text, gone, file=loaded.config_file)
        after = rules_of(workspace.root, text, loaded.config_file) or loaded
        writes.append(FileWrite(loaded.path, loaded.path.read_bytes(), text.encode()))
        who = ", ".join(holder.shown for holder in leaving)
        changes += [
            Change(Place(loaded.config_file, f"rule {rule.index + 1}", ("age",)), "recipient removed", who)
            for rule in naming
        ]
    turns = [
        Turn(each, after.rule_for(each.file), lose=tuple(sorted(each.readers & gone)), text=texts.get(each.file))
        for each in files
        if each.readers & gone or each.file in texts
    ]
    done = turned(workspace, turns, rekeying, names_of(loaded), told)
    plan = Plan(
        changes=(*changes, *done.changes),
        writes=(*writes, *done.writes),
        notes=tuple(_notes(workspace, gone, files)),
        commit_message=_message(leaving),
        paths=(loaded.config_file, *(turn.sealed.file for turn in turns)),
        next_commands=("matrix-secrets verify",),
    )
    return Removal(plan, done.grafts)


def refuse_cluster(leaving: Sequence[Holder], *, force: bool, held: Collection[str] | None = None) -> None:
    """Refuse to take off the key that Flux decrypts with. ``held`` are the recipients that the cluster says it holds.

    Where it was not asked, the name tells. Raises RefusedError.
    """

    def is_cluster(holder: Holder) -> bool:
        return holder.is_cluster if held is None else holder.key in held

    cluster = next((holder for holder in leaving if is_cluster(holder)), None)
    if cluster is not None and not force:
        how = "by its name" if held is None else "as the cluster says"
        raise RefusedError(
            f"{cluster.shown} is the cluster's key, {how}: without it Flux decrypts nothing any more",
            cause="every later change of the stack would fail to apply",
            hint="matrix-secrets cluster install-key --new gives it another one; if it is gone: --force-cluster",
        )


def left_for(files: Sequence[SealedFile], leaving: Sequence[Holder], everybody: Sequence[Holder]) -> str | None:
    """Say what is at stake where nobody but the cluster, or not you yourself, would be left; None if all is well."""
    gone = {holder.key for holder in leaving}
    staying = [holder for holder in everybody if holder.key not in gone]
    affected = [each for each in files if each.readers & gone]
    own = [holder for holder in leaving if holder.source is not None]
    if own and not any(holder.source is not None for holder in staying):
        return f"{own[0].shown} is your own key: you will not be able to read or change these files any more. Go on?"
    people = {holder.key for holder in staying if not holder.is_cluster}
    if any(not each.readers & people and not each.metadata.other_keys for each in affected):
        return "Only the cluster would be left: nobody could edit these files any more. Go on?"
    return None


def _nobody_left(file: str, index: int) -> RefusedError:
    return RefusedError(
        "nobody would be left in this rule: what it covers could never be read again",
        place=Place(file, f"rule {index + 1}"),
        hint="matrix-secrets keys add NAME RECIPIENT first; or delete the rule, if its files are gone",
    )


def _notes(workspace: Workspace, gone: set[str], files: Sequence[SealedFile]) -> list[Finding]:
    notes = []
    for file in foreign_files(workspace, gone):
        text = "is encrypted for them, too, but is no YAML: it was left as it is"
        fix = f"sops updatekeys {file} && sops rotate --in-place {file}"
        notes.append(Finding("not-yaml", Severity.WARNING, Place(file), text, fix))
    for each in files:
        if each.rule is None and each.readers & gone:
            text = "no rule covers this file: nothing says who should read it"
            notes.append(Finding("rule-missing", Severity.WARNING, Place(each.file), text, "matrix-secrets encrypt"))
    return notes


def _message(leaving: Sequence[Holder]) -> str:
    names = ", ".join(dict.fromkeys(holder.name or short(holder.key) for holder in leaving))
    keys = "\n".join(f"Recipient: {holder.key}" for holder in leaving)
    return f"feat(matrix): take the secrets from {names}\n\n{NEW_KEYS}\n{keys}"
