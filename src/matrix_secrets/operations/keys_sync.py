"""Files follow ``.sops.yaml``: whoever a rule lists reads its files, and nobody else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matrix_secrets.errors import Place
from matrix_secrets.findings import Finding, Severity
from matrix_secrets.operations.keys_files import SealedFile, require_rules
from matrix_secrets.operations.keys_remove import Removal
from matrix_secrets.operations.keys_turns import Turn, turned
from matrix_secrets.operations.plan import Plan
from matrix_secrets.sops.recipientlists import key_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matrix_secrets.operations.keys_turns import Told
    from matrix_secrets.sops.creationrules import CreationRules
    from matrix_secrets.sops.rekeying import Rekeying
    from matrix_secrets.stack.workspace import Workspace


def drifted(files: Sequence[SealedFile]) -> list[Turn]:
    """The files whose readers are not those of their rule, with who gains and who loses."""
    turns = [
        Turn(
            each,
            each.rule,
            gain=tuple(recipient for recipient in each.wanted if key_of(recipient) not in each.readers),
            lose=tuple(sorted(each.readers - {key_of(recipient) for recipient in each.wanted})),
        )
        for each in files
        if each.rule is not None
    ]
    return [turn for turn in turns if turn.gain or turn.lose]


def plan_sync(
    workspace: Workspace,
    rules: CreationRules | None,
    files: Sequence[SealedFile],
    rekeying: Rekeying,
    names: Mapping[str, str],
    told: Told | None = None,
) -> Removal:
    """Plan that every file has the readers of its rule; where somebody loses one, it gets a new data key.

    ``names`` of the recipients, by key, are for the plan. Raises as `keys_turns.turned`.
    """
    loaded = require_rules(rules, workspace)
    turns = drifted(files)
    done = turned(workspace, turns, rekeying, names, told)
    plan = Plan(
        changes=done.changes,
        writes=done.writes,
        notes=tuple(_notes(loaded, files)),
        commit_message="chore(matrix): let the encrypted files follow .sops.yaml",
        paths=(loaded.config_file, *(turn.sealed.file for turn in turns)),
        next_commands=("matrix-secrets verify --without-key",),
    )
    return Removal(plan, done.grafts)


def _notes(rules: CreationRules, files: Sequence[SealedFile]) -> list[Finding]:
    notes = []
    for each in files:
        if each.rule is None:
            text = f"no rule of {rules.config_file} covers this encrypted file: it was left as it is"
            notes.append(Finding("rule-missing", Severity.WARNING, Place(each.file), text, "matrix-secrets encrypt"))
        elif set(each.rule.other_keys) != set(each.metadata.other_keys):
            text = "its keys of other kinds (PGP, KMS) are not those of its rule: it was left as it is"
            fix = f"sops updatekeys {each.file}; where a key was taken out: sops rotate --in-place {each.file}"
            notes.append(Finding("other-keys-drift", Severity.WARNING, Place(each.file), text, fix))
    return notes
