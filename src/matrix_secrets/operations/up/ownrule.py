"""A rule of a stack's own, where the present one is also that of stacks which other clusters apply."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matrix_secrets.errors import Place
from matrix_secrets.operations.clustername import clusters_of
from matrix_secrets.operations.coverage import is_fit
from matrix_secrets.operations.encrypt import short
from matrix_secrets.operations.keys_holders import is_cluster_name, names_of
from matrix_secrets.operations.plan import Change, Plan
from matrix_secrets.sops.creationrules import rules_of
from matrix_secrets.sops.recipientlists import key_of
from matrix_secrets.sops.ruleedit import ENCRYPTED_REGEX, with_rule
from matrix_secrets.transaction import FileWrite

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matrix_secrets.operations.coverage import Named
    from matrix_secrets.sops.creationrules import CreationRule, CreationRules
    from matrix_secrets.stack.model import Stack
    from matrix_secrets.stack.workspace import Workspace


def plan_own_rule(
    workspace: Workspace,
    rules: CreationRules | None,
    stack: Stack,
    everybody: Sequence[Stack],
    clusters: Sequence[Named],
) -> Plan:
    """Plan a narrower rule above one that other clusters' stacks share: a cluster's key is to open its own files only.

    ``everybody`` are all stacks of the repository, ``clusters`` the recipients of those that apply this one. Readers of
    the shared rule stay, but for other clusters while nothing is encrypted for them. Raises as `with_rule`.
    """
    if rules is None or not rules.path.is_relative_to(workspace.root):
        return Plan()
    shared = next((rule for rule in _rules(rules, stack) if _is_shared(workspace, rules, rule, stack, everybody)), None)
    if shared is None:
        return Plan()
    files = [file for file in stack.secret_files if _index(rules, file) == shared.index]
    text = with_rule(
        rules.text,
        files=files,
        recipients=_recipients(rules, shared, stack, files, clusters),
        encrypted_regex=shared.encrypted_regex if is_fit(shared) and shared.encrypted_regex else ENCRYPTED_REGEX,
        mac_only_encrypted=shared.mac_only_encrypted if is_fit(shared) else True,
        name=rules.config_file,
    )
    made = rules_of(workspace.root, text, rules.config_file)
    rule = made.rule_for(files[0]) if made is not None else None
    regex, readers = (rule.path_regex, rule.recipients) if rule is not None else ("", ())
    change = Change(Place(rules.config_file, path=(regex,)), "rule added", "for " + ", ".join(map(short, readers)))
    return Plan((change,), (FileWrite(rules.path, rules.path.read_bytes(), text.encode()),), paths=(rules.config_file,))


def _rules(rules: CreationRules, stack: Stack) -> list[CreationRule]:
    """Return the rules of a stack's files that name nothing but age recipients."""
    found = {rule.index: rule for file in stack.secret_files if (rule := rules.rule_for(file)) is not None}
    return [rule for rule in found.values() if rule.recipients and not rule.other_keys and rule.groups == 1]


def _is_shared(
    workspace: Workspace, rules: CreationRules, rule: CreationRule, stack: Stack, everybody: Sequence[Stack]
) -> bool:
    mine = set(clusters_of(workspace, [stack]))
    others = [each for each in everybody if each.directory != stack.directory]
    touched = [each for each in others if any(_index(rules, file) == rule.index for file in each.secret_files)]
    return any(set(clusters_of(workspace, [each])) != mine for each in touched)


def _recipients(
    rules: CreationRules, shared: CreationRule, stack: Stack, files: Sequence[str], clusters: Sequence[Named]
) -> list[Named]:
    names = names_of(rules)
    found = {each: names.get(key_of(each), "") for each in shared.recipients}
    if not any(stack.file(file).encrypted for file in files):
        own = {key for key, _ in clusters}
        found = {each: name for each, name in found.items() if key_of(each) in own or not is_cluster_name(name)}
        found |= dict(clusters)
    return list(found.items())


def _index(rules: CreationRules, file: str) -> int | None:
    rule = rules.rule_for(file)
    return rule.index if rule is not None else None
