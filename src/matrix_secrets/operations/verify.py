"""Verify: everything that can be checked offline, in one pass over the stacks and one over the work tree."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from matrix_secrets.checks.registry import CHECKS, SWEEPS
from matrix_secrets.checks.subject import Subject
from matrix_secrets.checks.worktree import small_files

if TYPE_CHECKING:
    from matrix_secrets.findings import Finding
    from matrix_secrets.sops.creationrules import CreationRules
    from matrix_secrets.stack.model import Stack
    from matrix_secrets.stack.workspace import Workspace

Ignored = Callable[[Sequence[str]], frozenset[str]]
"""Of some files, those that Git ignores: asked only where one of them holds something that it should not."""


def verify(
    workspace: Workspace,
    stacks: Sequence[Stack],
    rules: CreationRules | None,
    *,
    without_key: bool = False,
    ignored: Ignored | None = None,
) -> list[Finding]:
    """Return all findings, sorted by file, document and path. Nothing is written and nothing outside is asked.

    ``without_key``: what only an identity could tell is left out instead of being a finding. Files that Git ignores
    and that belong to no stack may hold what they like; ``ignored`` tells them, by default with ``git check-ignore``.
    """
    subject = Subject(workspace, stacks, rules, without_key=without_key)
    found = [finding for check in CHECKS for finding in check.run(subject)]
    swept = _sweep(subject)
    outside = sorted({finding.place.file for finding in swept} - set(subject.files))
    if outside:
        from matrix_secrets.gitrepo.ignored import ignored_files  # noqa: PLC0415  only where something is wrong

        hidden = ignored(outside) if ignored is not None else ignored_files(workspace.root, outside)
        swept = [finding for finding in swept if finding.place.file not in hidden]
    return sorted(dict.fromkeys((*found, *swept)), key=_order)


def _sweep(subject: Subject) -> list[Finding]:
    scanners = [sweep.prepare(subject) for sweep in SWEEPS]
    return [
        finding for file, raw in small_files(subject.workspace.root) for scan in scanners for finding in scan(file, raw)
    ]


def _order(finding: Finding) -> tuple[object, ...]:
    place = finding.place
    return (place.file, place.document, place.path, place.line or 0, finding.id, finding.message)
