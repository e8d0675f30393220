"""Encrypt what holds secrets: a rule for each file, tripwire and digests, ciphertext spliced in by position."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matrix_secrets.errors import Place, RefusedError
from matrix_secrets.findings import Finding, Severity
from matrix_secrets.manifests.parse import parse
from matrix_secrets.operations.allcores import spread
from matrix_secrets.operations.coverage import Coverage, Named, cover
from matrix_secrets.operations.derived import with_derived
from matrix_secrets.operations.order import early_ciphertext
from matrix_secrets.operations.plan import Change, Plan
from matrix_secrets.sops.metadata import read_metadata
from matrix_secrets.sops.selectors import Selection
from matrix_secrets.stack.digests import has_digests
from matrix_secrets.stack.model import OPEN_STATES, Stack
from matrix_secrets.transaction import FileWrite

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from matrix_secrets.sops.creationrules import CreationRule
    from matrix_secrets.sops.engine import Encrypted
    from matrix_secrets.stack.workspace import ManifestFile, Workspace


def plan_encrypt(
    workspace: Workspace,
    stacks: Sequence[Stack],
    files: Sequence[str],
    *,
    recipients: Sequence[Named] = (),
    own: Callable[[str], Sequence[Named]] = lambda _: (),
) -> Plan:
    """Plan the encryption of the named files, or of all files of the stacks that hold secrets.

    ``recipients`` and ``own`` as in `coverage.cover`. Raises RefusedError for placeholders and where nobody could
    read the result, and what the engine refuses.
    """
    _refuse_other_formats(files)
    targets = list(dict.fromkeys(files)) or [file for stack in stacks for file in stack.secret_files]
    if not targets:
        return Plan()
    _refuse_locked(workspace, targets)
    _refuse_placeholders(stacks, targets)
    coverage = cover(workspace, targets, recipients, own)
    texts = with_derived(workspace, stacks, {}, encrypting=targets)
    changes, writes, notes = _rule_changes(workspace, coverage)
    results = spread(
        lambda file: _encrypt_file(workspace, file, texts.get(file), coverage.rules[file]),
        targets,
        size=sum(len(workspace.read(file).raw) for file in targets),
    )
    for file, encrypted in zip(targets, results, strict=True):
        if encrypted is not None:
            changes.append(Change(Place(file), "encrypted", _summary(encrypted)))
            writes.append(FileWrite(workspace.root / file, workspace.read(file).raw, encrypted.text.encode()))
            notes.extend(encrypted.notes)
    for file, text in texts.items():
        digest = None if files or file in targets else workspace.new_text(file, text)
        if digest is not None:
            changes.append(Change(Place(file), "digests", "annotations of the pod template"))
            writes.append(digest)
    notes.extend(_readers_note(coverage))
    fresh = {file for file in targets if not workspace.read(file).encrypted}
    notes.extend(early_ciphertext(workspace, [stack for stack in stacks if fresh & set(stack.secret_files)]))
    digested = [] if files else [file.file for stack in stacks for file in stack.files if has_digests([file.stream])]
    paths = tuple(dict.fromkeys([coverage.config_file, *targets, *([] if files else texts), *digested]))
    message = "feat(matrix): encrypt the secrets with SOPS"
    return Plan(tuple(changes), tuple(writes), tuple(notes), message, paths, ("matrix-secrets verify",))


def _encrypt_file(workspace: Workspace, file: str, text: str | None, rule: CreationRule) -> Encrypted | None:
    """Encrypt a plain file, bring an encrypted one up to date, or convert one whose selectors are not the rule's."""
    old = workspace.read(file)
    plain = old.stream.text if text is None else text
    if old.encrypted and not _converts(old, rule):
        if plain == old.stream.text:
            return None
        return workspace.engine.update(old.disk_text, plain, file=file)
    encrypted = workspace.engine.encrypt(plain, file=file, rule=rule)
    if not encrypted.values:
        raise RefusedError(
            f"{file} holds nothing that would be encrypted",
            cause="a sops: block without any secret only keeps others from reading the file",
            hint="name files with a Secret or a ConfigMap, or none: matrix-secrets encrypt",
        )
    return encrypted


def _converts(old: ManifestFile, rule: CreationRule) -> bool:
    metadata = read_metadata(parse(old.disk_text, old.file))
    has, wanted = Selection.of(metadata), Selection.of(rule)
    same = (has.selector, has.text) == (wanted.selector, wanted.text)
    return not same or metadata.mac_only_encrypted != rule.mac_only_encrypted


def _refuse_other_formats(files: Sequence[str]) -> None:
    for file in files:
        if not file.endswith((".yaml", ".yml")):
            raise RefusedError(f"{file} is no YAML file", hint="sops encrypts other formats: sops encrypt --help")


def _refuse_locked(workspace: Workspace, files: Sequence[str]) -> None:
    for file in files:
        locked = workspace.read(file).locked
        if locked is not None:
            raise locked


def _refuse_placeholders(stacks: Sequence[Stack], files: Sequence[str]) -> None:
    found = [
        (secret.name, location.place)
        for stack in stacks
        for secret in stack.managed
        for location in secret.locations
        if location.state in OPEN_STATES and location.file in files
    ]
    if found:
        others = ", ".join(dict.fromkeys(name for name, _ in found if name != found[0][0]))
        raise RefusedError(
            "still a placeholder or missing" + (f"; so are {others}" if others else ""),
            place=found[0][1],
            cause="an encrypted placeholder cannot be seen any more, and would go into service",
            hint="matrix-secrets generate",
        )


def _rule_changes(workspace: Workspace, coverage: Coverage) -> tuple[list[Change], list[FileWrite], list[Finding]]:
    if coverage.config_new is None:
        return [], [], []
    changes = [
        Change(
            Place(coverage.config_file, path=(rule.path_regex,)),
            "rule added",
            "for " + ", ".join(f"{short(recipient)} ({name})" if name else short(recipient) for recipient, name in to),
        )
        for rule, to in coverage.added
    ]
    write = FileWrite(workspace.root / coverage.config_file, coverage.config_old, coverage.config_new.encode())
    return changes, [write], []


def short(recipient: str) -> str:
    """A recipient short enough for a line: its first and last characters."""
    return recipient if len(recipient) <= 24 else f"{recipient[:9]}…{recipient[-5:]}"


def _summary(encrypted: Encrypted) -> str:
    values = "1 value" if encrypted.values == 1 else f"{encrypted.values} values"
    documents = "1 document" if encrypted.documents == 1 else f"{encrypted.documents} documents"
    kept = "formatting kept" if not encrypted.notes else "values equal, formatting of some not kept"
    return f"{values} encrypted, {documents}, {kept}"


def _readers_note(coverage: Coverage) -> list[Finding]:
    for rule, _ in coverage.added:
        if len(rule.recipients) == 1:
            return [
                Finding(
                    "single-recipient",
                    Severity.WARNING,
                    Place(coverage.config_file),
                    "only one identity can read these files: if it is lost, they are",
                    "matrix-secrets keys backup FILE keeps a copy; matrix-secrets keys add NAME RECIPIENT adds one",
                )
            ]
    return []
