"""The rules of ``.sops.yaml``: they cover the files with secrets, pick the secrets in them, and match something."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from matrix_secrets.checks.kind import error, warning
from matrix_secrets.checks.selecting import picks
from matrix_secrets.checks.worktree import file_names
from matrix_secrets.errors import MatrixSecretsError, Place, RefusedError
from matrix_secrets.sops.creationrule import CreationRule, matches
from matrix_secrets.sops.creationrules import CreationRules, misnamed_config
from matrix_secrets.sops.selectors import Selection
from matrix_secrets.stack.model import SecretSpot, Stack

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matrix_secrets.checks.subject import Subject
    from matrix_secrets.findings import Finding
    from matrix_secrets.manifests.nodes import Path

NO_RULE: Final = error(
    "rule-missing",
    "No rule of `.sops.yaml` covers an encrypted file: nobody can tell who should read it, and it cannot be encrypted "
    "anew.",
    "`matrix-secrets encrypt` adds one.",
)
NOTHING: Final = error(
    "rule-encrypts-nothing",
    "A rule covers a file with secrets, and its selector picks none of them: encrypting would leave them plain.",
    "`matrix-secrets encrypt` puts a narrower rule above it; or give it another `encrypted_regex`.",
)
NO_FILE: Final = warning(
    "rule-matches-nothing",
    "A rule matches no file of the work tree: its path_regex has a mistake, or the files are gone.",
    "Correct its path_regex, or delete the rule.",
)
SHADOWED: Final = warning(
    "rule-shadowed",
    "Every file that a rule matches is taken by a rule above it: what it says is never done.",
    "Move it up, or delete it.",
)
BROKEN: Final = error(
    "rule-broken",
    "sops would refuse a rule: its path_regex is no regular expression, or it names two selectors.",
    "Correct the rule.",
)
MISNAMED: Final = warning(
    "rules-file-misnamed",
    "There is a `.sops.yml`, which sops does not look at: the name is `.sops.yaml`.",
    "`git mv .sops.yml .sops.yaml`",
)
KINDS: Final = (NO_RULE, NOTHING, NO_FILE, SHADOWED, BROKEN, MISNAMED)


def check(subject: Subject) -> Iterator[Finding]:
    """Yield what is wrong with the rules, and with the files that they should cover."""
    rules = subject.rules
    misnamed = misnamed_config(subject.workspace.root)
    if misnamed is not None:
        yield MISNAMED.at(Place(misnamed), "sops does not read this file", f"git mv {misnamed} {subject.rules_file}")
    broken = None
    if rules is not None:
        try:
            yield from _unused(subject, rules)
        except MatrixSecretsError as error_:
            broken = error_
            place = error_.place or Place(rules.config_file)
            yield BROKEN.at(place, error_.message, f"correct it in {rules.config_file}")
    if broken is None:
        for stack in subject.stacks:
            yield from _files(subject, stack)


def _files(subject: Subject, stack: Stack) -> Iterator[Finding]:
    for file in stack.files:
        rule = subject.rule_for(file.file)
        if rule is None and file.encrypted:
            message = f"no rule of {subject.rules_file} covers this encrypted file"
            if subject.rules is None:
                message = f"the file is encrypted, but there is no {subject.rules_file}"
            yield NO_RULE.at(Place(file.file), message, subject.command("encrypt", stack))
        elif rule is not None:
            yield from _selector(subject, stack, file.file, rule)


def _selector(subject: Subject, stack: Stack, file: str, rule: CreationRule) -> Iterator[Finding]:
    try:
        selection = Selection.of(rule)
    except RefusedError as broken:
        yield BROKEN.at(_place(subject, rule), broken.message, f"correct it in {subject.rules_file}")
        return
    paths = _secret_paths(stack, file)
    if paths and not any(picks(selection, path) for path in paths):
        message = f"covers {file}, but picks none of its {len(paths)} secrets"
        yield NOTHING.at(_place(subject, rule), message, subject.command("encrypt", stack))


def _secret_paths(stack: Stack, file: str) -> list[Path]:
    """Where a file's secrets stand: the paths of the scalars that have to become ciphertext."""
    found: dict[Path, None] = {}
    for secret in stack.managed:
        for location in secret.locations:
            if location.file != file:
                continue
            if isinstance(location.spot, SecretSpot):
                if location.spot.entry is not None:
                    found[location.spot.entry.path] = None
            else:
                found[location.spot.config.entry.path] = None
    return list(found)


def _unused(subject: Subject, rules: CreationRules) -> Iterator[Finding]:
    """Yield the rules that match no file, and those whose files are all taken by rules above."""
    asked = [(rules.relative(file), file) for file in file_names(subject.workspace.root)]
    left = [path for path, _ in asked]
    taken: list[str] = []
    for index, (fields, rule) in enumerate(zip(rules.config.rules or (), rules.rules, strict=True)):
        own = {path for path in left if matches(fields, path, index, rules.config_file)}
        if not own:
            above = any(matches(fields, path, index, rules.config_file) for path in taken)
            kind, what = (SHADOWED, "is never reached") if above else (NO_FILE, "matches no file")
            message = f"path_regex {rule.path_regex} {what}"
            if above:
                message += ": rules above it take all its files"
            fix = f"move it up in {rules.config_file}, or delete it" if above else f"correct it in {rules.config_file}"
            yield kind.at(_place(subject, rule), message, fix)
        taken.extend(own)
        left = [path for path in left if path not in own]


def _place(subject: Subject, rule: CreationRule) -> Place:
    return Place(subject.rules_file, f"rule {rule.index + 1}")
