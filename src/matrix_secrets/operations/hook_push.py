"""Before a push: what the remote does not have yet, every commit of it, and the files as they will be there."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from matrix_secrets.findings import Finding, Severity
from matrix_secrets.gitrepo.branches import is_main
from matrix_secrets.gitrepo.objects import Objects
from matrix_secrets.gitrepo.process import ask_git
from matrix_secrets.gitrepo.snapshot import commit_of
from matrix_secrets.operations.audit import Wanted, audit
from matrix_secrets.operations.audit_baseline import FILE, Seal, read_baseline
from matrix_secrets.operations.audit_known import KnownValues
from matrix_secrets.operations.hook_examine import Change, Examined, examine
from matrix_secrets.operations.hook_stacks import EngineOf, readable_stacks, workspace_of
from matrix_secrets.records import dataclass
from matrix_secrets.stack.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matrix_secrets.gitrepo.locate import WorkTree
    from matrix_secrets.gitrepo.snapshot import Snapshot
    from matrix_secrets.manifests.nodes import Stream
    from matrix_secrets.operations.audit_leak import Leak
    from matrix_secrets.stack.model import Stack

_BRANCH: Final = "refs/heads/"


@dataclass(frozen=True, slots=True)
class Update:
    """One ref that is pushed: the commit here, the ref there, the commit there before (None: it is new).

    Source: githooks(5), pre-push.
    """

    commit: str
    ref: str
    before: str | None


def read_updates(text: str) -> list[Update]:
    """Read what Git tells a pre-push hook on stdin; deletions are left out."""
    found = []
    for line in text.splitlines():
        words = line.split()
        if len(words) == 4 and words[1].strip("0"):
            found.append(Update(words[1], words[2], words[3] if words[3].strip("0") else None))
    return found


def updates_of_pre_commit(env: Mapping[str, str]) -> list[Update]:
    """Read what the pre-commit framework tells its hooks instead (https://pre-commit.com/#pre-push)."""
    commit = env.get("PRE_COMMIT_TO_REF", "")
    before = env.get("PRE_COMMIT_FROM_REF", "")
    if not commit.strip("0"):
        return []
    return [Update(commit, env.get("PRE_COMMIT_REMOTE_BRANCH", ""), before if before.strip("0") else None)]


def examine_pushed(
    work_tree: WorkTree, remote: str, updates: Sequence[Update], engine_of: EngineOf, *, allow_plaintext: bool = False
) -> Examined:
    """Look at what would be pushed. Raises OutsideError where Git cannot tell."""
    findings: dict[Finding, None] = {}
    locked: set[str] = set()
    here, _ = readable_stacks(Workspace(work_tree.root, work_tree.git_dir, engine_of))
    there = [each.before for each in updates if each.before and _is_here(work_tree, each.before)]
    stacks = list(here)
    with Objects(work_tree) as objects:
        for update in updates:
            base = update.before if update.before in there else _nothing(work_tree)
            change = _change(work_tree, update, commit_of(work_tree, base or "", objects), objects)
            change = replace(change, allow_plaintext=allow_plaintext)
            found = examine(work_tree, change, engine_of, here)
            findings |= dict.fromkeys(found.findings)
            locked |= set(found.not_compared)
            stacks += readable_stacks(workspace_of(work_tree, change.files, engine_of))[0]
        told = {finding.place.file for finding in findings}
        if allow_plaintext:
            told |= {file for stack in stacks for file in stack.secret_files}
        words = (*(each.commit for each in updates), "--not", *there, f"--remotes={remote}")
        accepted = frozenset[str]().union(*(_baseline(each.commit, objects) for each in updates))
    for leak in _history(work_tree, words, stacks, engine_of):
        if leak.file not in told and leak.fingerprint not in accepted:
            findings[_worded(leak)] = None
    return Examined(tuple(findings), tuple(sorted(locked)))


def _change(work_tree: WorkTree, update: Update, base: Snapshot, objects: Objects) -> Change:
    tip = commit_of(work_tree, update.commit, objects)
    changed = sorted(file for file, blob in tip.blobs.items() if base.blobs.get(file) != blob)
    return Change(tip, changed, base, to_main=is_main(work_tree, update.ref.removeprefix(_BRANCH)))


def _baseline(commit: str, objects: Objects) -> frozenset[str]:
    return read_baseline(objects.read(f"{commit}:{FILE}"))


def _history(
    work_tree: WorkTree, words: tuple[str, ...], stacks: Sequence[Stack], engine_of: EngineOf
) -> tuple[Leak, ...]:
    """Search all the commits: what was taken out again in the last one is pushed all the same."""
    known = KnownValues()
    known.add_today(Workspace(work_tree.root, work_tree.git_dir, engine_of), stacks, ())

    def decrypt(stream: Stream) -> str:
        return engine_of().decrypt(stream.text, file=stream.file)

    wanted = Wanted(words, index=False)
    return audit(work_tree, known, stacks, decrypt, Seal.of(stacks), wanted, lambda _: None).leaks


def _worded(leak: Leak) -> Finding:
    """Say it as it is here: in use or not, it is not pushed yet, and rewriting the commit is enough."""
    finding = leak.finding()
    commit = leak.since.commit[:9] if leak.since is not None else "COMMIT"
    fix = f"take it out of that commit, which nobody else has yet: git rebase --interactive {commit}^"
    return replace(finding, severity=Severity.ERROR, fix=fix)


def _is_here(work_tree: WorkTree, commit: str) -> bool:
    return ask_git(work_tree, "cat-file", "-e", f"{commit}^{{commit}}", ok=(0, 1, 128)).status == 0


def _nothing(work_tree: WorkTree) -> str:
    """Return the id of the tree without files, in the repository's kind of hash."""
    return ask_git(work_tree, "hash-object", "-t", "tree", os.devnull).text
