"""What a rule of ``.sops.yaml`` covers and stands plain all the same, in the stacks' files and in any other."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Final

from matrix_secrets.checks.kind import error
from matrix_secrets.checks.plaintext import IN_ENCRYPTED, readable_secrets
from matrix_secrets.checks.selecting import picks
from matrix_secrets.checks.sweep import is_yaml
from matrix_secrets.errors import MatrixSecretsError, Place
from matrix_secrets.manifests.nodes import Leaf, Scalar, leaves, text_at
from matrix_secrets.manifests.resources import is_ciphertext, resources
from matrix_secrets.sops.metadata import KEY, is_encrypted, read_metadata
from matrix_secrets.sops.selectors import Selection
from matrix_secrets.stack.placeholders import is_placeholder
from matrix_secrets.stack.values import is_null

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matrix_secrets.checks.subject import Subject
    from matrix_secrets.checks.sweep import Scanner
    from matrix_secrets.findings import Finding
    from matrix_secrets.manifests.nodes import Stream
    from matrix_secrets.sops.creationrules import CreationRule

UNENCRYPTED: Final = error(
    "plaintext-under-rule",
    "Hooks: a rule of `.sops.yaml` covers a file, and what it would encrypt stands there in plain text.",
    "`matrix-secrets encrypt FILE`, then stage it again.",
)
KINDS: Final = (UNENCRYPTED,)

_OTHER_FORMATS: Final = (".json", ".env", ".ini")
_OTHER_MARKS: Final = (b'"sops":', b"sops_mac", b"[sops]")


def scanner(subject: Subject) -> Scanner:
    """Make the scanner. Without rules it looks into files that are encrypted already only."""

    def scan(file: str, raw: bytes) -> Iterator[Finding]:
        if file == subject.rules_file:
            return
        rule = subject.rule_for(file)
        if is_yaml(file):
            stream = subject.disk_stream(file)
            if stream is None:
                return
            if is_encrypted(stream):
                yield from _typed_in(subject, stream)
            elif rule is not None and file not in subject.files:
                yield from _plain(subject, stream, rule)
            return
        marked = any(mark in raw for mark in _OTHER_MARKS)
        if rule is not None and file.endswith(_OTHER_FORMATS) and not marked and _is_meant(subject, rule):
            yield UNENCRYPTED.at(Place(file), _covered(subject, rule), f"sops encrypt --in-place {shlex.quote(file)}")

    return scan


def _is_meant(subject: Subject, rule: CreationRule) -> bool:
    """Whether the rule means what it matches: one that matches the rule file itself is there for all that may come."""
    return subject.rule_for(subject.rules_file) != rule


def _covered(subject: Subject, rule: CreationRule) -> str:
    return f"is plain text, and rule {rule.index + 1} of {subject.rules_file} covers it"


def _plain(subject: Subject, stream: Stream, rule: CreationRule) -> Iterator[Finding]:
    """Of Kubernetes' resources only a Secret is secret by nature; of other YAML all that the rule would encrypt."""
    try:
        selection = Selection.of(rule)
    except MatrixSecretsError:
        return  # `verify` tells of the rule
    fix = f"matrix-secrets encrypt {shlex.quote(stream.file)}"
    for resource in resources(stream):
        if text_at(resource.root, ("apiVersion",)) and resource.kind:
            for entry, name, place in readable_secrets(resource) if resource.kind == "Secret" else ():
                if picks(selection, entry.path):
                    yield UNENCRYPTED.at(place, f"{name} {_covered(subject, rule)}", fix)
        elif _is_meant(subject, rule):
            leaf = next(
                (each for each in leaves(resource.root) if picks(selection, each.path) and _is_value(each)), None
            )
            if leaf is not None:
                place = resource.place(*map(str, leaf.path))
                yield UNENCRYPTED.at(place, _covered(subject, rule), fix)


def _is_value(leaf: Leaf) -> bool:
    return isinstance(leaf.node, Scalar) and not is_null(leaf.node) and not is_placeholder(leaf.node.value)


def _typed_in(subject: Subject, stream: Stream) -> Iterator[Finding]:
    """What was put into an encrypted file by hand: no key is needed to see it. Stacks' files have their own check."""
    if stream.file in subject.files:
        return
    try:
        selection = read_metadata(stream).selection
    except MatrixSecretsError:
        return
    if selection.by_comment:
        return
    for resource in resources(stream):
        leaf = next((each for each in leaves(resource.root) if _is_typed_in(selection, each)), None)
        if leaf is not None:
            fix = f"put back what stood there (git diff HEAD -- {shlex.quote(stream.file)}), then matrix-secrets edit"
            place = resource.place(*map(str, leaf.path))
            yield IN_ENCRYPTED.at(place, "is plain text in an encrypted file", f"{fix} {shlex.quote(stream.file)}")


def _is_typed_in(selection: Selection, leaf: Leaf) -> bool:
    if leaf.path[:1] == (KEY,) or not isinstance(leaf.node, Scalar) or is_null(leaf.node):
        return False
    return picks(selection, leaf.path) and not is_ciphertext(leaf.node.value)
