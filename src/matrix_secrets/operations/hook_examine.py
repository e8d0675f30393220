"""What may not leave a machine, looked for in files as the index or a commit holds them."""

from __future__ import annotations

import shlex
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from matrix_secrets.checks import agekey, ciphertext, leaks, opening, placeholders, plaintext, ruled, staged
from matrix_secrets.checks.subject import SOPS_FILE, Subject
from matrix_secrets.checks.sweep import is_yaml
from matrix_secrets.errors import BadManifestError, MatrixSecretsError, NoIdentityError, Place
from matrix_secrets.findings import Finding, Severity
from matrix_secrets.manifests.parse import decode, parse
from matrix_secrets.operations.hook_stacks import BROKEN, EngineOf, readable_stacks, workspace_of
from matrix_secrets.records import dataclass
from matrix_secrets.sops.creationrules import CreationRules, load_rules, rules_of
from matrix_secrets.sops.metadata import is_encrypted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from matrix_secrets.gitrepo.locate import WorkTree
    from matrix_secrets.gitrepo.snapshot import Snapshot
    from matrix_secrets.stack.model import Stack
    from matrix_secrets.stack.workspace import Workspace

_AT_HOME: Final = frozenset({plaintext.PLAINTEXT.id, ruled.UNENCRYPTED.id})


@dataclass(frozen=True, slots=True)
class Examined:
    """What was found, and the encrypted files whose values could not be looked for because nothing here opens them."""

    findings: tuple[Finding, ...] = ()
    not_compared: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Change:
    """What is about to be committed or pushed: the files as they will be, which of them changed, what was before.

    ``to_main``: placeholders that were not there before are findings. ``allow_plaintext``: secrets in plain text are
    none where they belong, which the guide permits for a private repository; elsewhere they are.
    """

    files: Snapshot
    changed: Sequence[str]
    before: Snapshot
    to_main: bool = False
    allow_plaintext: bool = False


def examine(work_tree: WorkTree, change: Change, engine_of: EngineOf, others: Iterable[Stack] = ()) -> Examined:
    """Look at the changed files. ``others`` are the stacks as they are elsewhere: their values are looked for, too."""
    workspace = workspace_of(work_tree, change.files, engine_of)
    stacks, broken = readable_stacks(workspace)
    rules, rules_broken = _rules(work_tree, change.files)
    subject = Subject(workspace, stacks, rules, without_key=True)
    changed = frozenset(change.changed)
    found = [*broken, *rules_broken, *opening.check(subject), *plaintext.check(subject)]
    if change.to_main:
        found += _placeholders(work_tree, subject, change, engine_of)
    found = [finding for finding in found if finding.place.file in changed]
    other_stacks = list(others)
    scanners = [leaks.scanner_for(subject, [*stacks, *other_stacks])]
    scanners += [each.scanner(subject) for each in (agekey, ciphertext, staged, ruled)]
    locked = {file.file for stack in (*stacks, *other_stacks) for file in stack.locked if _is_foreign(file.locked)}
    for file in sorted(changed):
        raw = change.files.raw(file)
        found += [finding for scan in scanners for finding in scan(file, raw)]
        problem = _problem(workspace, subject, file, raw)
        if isinstance(problem, Finding):
            found.append(problem)
        elif problem is not None:
            locked.add(file)
        found += _lost(change, file, raw)
    if change.allow_plaintext:
        found = [finding for finding in found if finding.id not in _AT_HOME]
    in_conflict = {finding.place.file for finding in found if finding.id == ciphertext.CONFLICT.id}
    worded = dict.fromkeys(
        _worded(finding)
        for finding in found
        if finding.severity is Severity.ERROR and not (finding.id == BROKEN and finding.place.file in in_conflict)
    )
    return Examined(
        tuple(sorted(worded, key=lambda each: (each.place.file, each.place.line or 0))), tuple(sorted(locked))
    )


def _is_foreign(why: MatrixSecretsError | None) -> bool:
    return isinstance(why, NoIdentityError)


def _rules(work_tree: WorkTree, files: Snapshot) -> tuple[CreationRules | None, list[Finding]]:
    """Read the rules as they will be; where the repository has none, those that sops would find above it."""
    try:
        if SOPS_FILE in files.blobs:
            return rules_of(work_tree.root, decode(files.raw(SOPS_FILE), SOPS_FILE)), []
        rules = load_rules(work_tree.root)
    except MatrixSecretsError as error:
        place = error.place or Place(SOPS_FILE)
        return None, [Finding("rule-broken", Severity.ERROR, place, error.message, f"correct it in {SOPS_FILE}")]
    # One that stands in the work tree and is not staged does not hold for what is committed.
    return (None if rules is not None and rules.path.is_relative_to(work_tree.root) else rules), []


def _placeholders(work_tree: WorkTree, subject: Subject, change: Change, engine_of: EngineOf) -> Iterator[Finding]:
    found = [each for each in placeholders.check(subject) if each.id == placeholders.IN_VALUE.id]
    if not any(finding.place.file in change.changed for finding in found):
        return
    stacks, _ = readable_stacks(workspace_of(work_tree, change.before, engine_of))
    before = Subject(workspace_of(work_tree, change.before, engine_of), stacks, None, without_key=True)
    known = {replace(each.place, line=None) for each in placeholders.check(before)}
    yield from (finding for finding in found if replace(finding.place, line=None) not in known)


def _problem(workspace: Workspace, subject: Subject, file: str, raw: bytes) -> Finding | NoIdentityError | None:
    """Why an encrypted file outside of the stacks does not open; those inside have a check."""
    if file in subject.files or not is_yaml(file) or b"sops" not in raw:
        return None
    try:
        why = workspace.read(file).locked
    except BadManifestError as error:
        if not _is_sops_file(file, raw):
            return None
        why = error
    if why is None or isinstance(why, NoIdentityError):
        return why
    return opening.MAC.at(why.place or Place(file), why.message, why.hint or f"git log -p -- {shlex.quote(file)}")


def _is_sops_file(file: str, raw: bytes) -> bool | None:
    """Whether a file is encrypted; None where it does not parse."""
    try:
        return is_encrypted(parse(decode(raw, file), file))
    except BadManifestError:
        return None


def _lost(change: Change, file: str, raw: bytes) -> Iterator[Finding]:
    """A file that was encrypted, and would be plain from now on: decrypted in place, and then staged."""
    if not is_yaml(file) or file not in change.before.blobs or _is_sops_file(file, raw) is not False:
        return
    before = change.before.raw(file)
    if b"sops" in before and _is_sops_file(file, before):
        message = "was encrypted until now, and would be plain text"
        yield ruled.UNENCRYPTED.at(Place(file), message, f"matrix-secrets encrypt {shlex.quote(file)}")


def _worded(finding: Finding) -> Finding:
    """Say it as it is here: nothing is wrong with the file where it lies, but with its being committed."""
    file = shlex.quote(finding.place.file)
    match finding.id:
        case agekey.PRIVATE_KEY.id:
            fix = f"git rm --cached {file}, and keep it where sops looks: ~/.config/sops/age/keys.txt"
            return replace(finding, message="holds a private age key", fix=fix)
        case leaks.LEAKED.id:
            return replace(finding, fix=f"remove it from {finding.place.file}, then stage that again")
        case _:
            return finding
