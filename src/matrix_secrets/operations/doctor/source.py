"""The link from this clone through the remote to Flux: what stands here, and what Flux has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from matrix_secrets.checks.kind import error, warning
from matrix_secrets.cluster.flux import commit_of
from matrix_secrets.errors import Place
from matrix_secrets.gitrepo.ancestry import commit_at, commits_beyond, published_commit, uncommitted
from matrix_secrets.gitrepo.changes import head_commit
from matrix_secrets.gitrepo.locate import current_branch
from matrix_secrets.operations.doctor.link import Verdict
from matrix_secrets.operations.doctor.places import live_place
from matrix_secrets.records import dataclass
from matrix_secrets.stack.fluxowner import owning

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from matrix_secrets.cluster.flux import LiveSource, ObjectName
    from matrix_secrets.findings import Finding
    from matrix_secrets.operations.doctor.case import Case
    from matrix_secrets.operations.doctor.said import Scrubber

UNCOMMITTED: Final = warning(
    "not-committed",
    "Files of the stack are changed here and not committed: Flux cannot know of it.",
    "Commit and push them; the commands that change files take `--push`.",
)
UNPUSHED: Final = error(
    "not-pushed",
    "Commits stand here that the branch Flux follows does not have: Flux applies what was pushed.",
    "`git push`; where the stack is encrypted, `matrix-secrets encrypt --push` looks first whether Flux can decrypt.",
)
UNKNOWN_COMMIT: Final = error(
    "not-pulled",
    "Flux has a commit that is not in this clone: what it applied cannot be compared.",
    "`git pull`",
)
MISSING: Final = error(
    "source-missing",
    "The GitRepository that the owner takes its files from does not exist.",
    "Make the owner's `sourceRef` name one that does.",
)
SUSPENDED: Final = error(
    "source-suspended",
    "The GitRepository is suspended: Flux fetches nothing.",
    "Resume it, as the finding says.",
)
FAILED: Final = error(
    "source-failed",
    "Flux cannot fetch the repository: the finding has the controller's own message.",
    "Mend what it says: the URL, the branch or the deploy key.",
)
BEHIND: Final = error(
    "source-behind",
    "Flux has not fetched the newest commit of the branch that it follows.",
    "`matrix-secrets cluster reconcile`",
)
KINDS: Final = (UNCOMMITTED, UNPUSHED, UNKNOWN_COMMIT, MISSING, SUSPENDED, FAILED, BEHIND)

RESOURCE: Final = "gitrepositories.source.toolkit.fluxcd.io"


@dataclass(frozen=True, slots=True)
class GitState:
    """How this clone stands to the branch that Flux follows, as that was last fetched or pushed.

    ``ahead`` counts commits of HEAD that it lacks; ``known`` says whether the commit that Flux has is here;
    ``pending`` counts the commits of the branch that Flux lacks.
    """

    branch: str
    head: str
    published: str | None
    changed: Sequence[str]
    ahead: int
    known: bool
    pending: int


@dataclass(frozen=True, slots=True)
class Seen:
    """``wanted`` is the source that the owner names; ``push`` the command that brings HEAD to the branch."""

    wanted: ObjectName | None
    source: LiveSource | None
    git: GitState
    kubectl: str
    push: str
    scrub: Scrubber


def look(case: Case) -> Verdict:
    """Ask Git and the cluster; nothing is fetched."""
    wanted = case.owner.source if case.owner is not None else None
    push = "matrix-secrets encrypt --push" if case.encrypted else "git push"
    return judge(Seen(wanted, case.source, _git_state(case), case.kubectl(""), push, case.scrub))


def judge(seen: Seen) -> Verdict:
    """Judge each step on the way; what runs can be looked at even where Flux is behind."""
    git, source = seen.git, seen.source
    found = list(_local(seen))
    if seen.wanted is None:
        return Verdict("no owner yet", tuple(found), stops=False)
    if source is None:
        if seen.wanted.kind == "GitRepository":
            place = live_place(seen.wanted.kind, seen.wanted.namespace, seen.wanted.name)
            fix = f"name one of these in the owner's spec.sourceRef: {seen.kubectl}get {RESOURCE} --all-namespaces"
            found.append(MISSING.at(place, "there is no such GitRepository: Flux has nothing to apply", fix))
        return Verdict(f"{seen.wanted}, which is not looked into", tuple(found), stops=False)
    found += _live(seen, source)
    commit = commit_of(source.artifact)
    detail = f"{source.ref} has {source.branch or 'its revision'} at {commit[:8] or 'nothing'}"
    if not git.known:
        fix = "git pull"
        message = f"Flux has {commit[:8]} of {source.branch}, which is not in this clone"
        found.append(UNKNOWN_COMMIT.at(live_place("GitRepository", source.namespace, source.name), message, fix))
    return Verdict(detail, tuple(found), stops=not git.known)


def _local(seen: Seen) -> Iterator[Finding]:
    git = seen.git
    if git.changed:
        files = ", ".join(git.changed[:3]) + (", …" if len(git.changed) > 3 else "")
        fix = f"git commit, then {seen.push}"
        yield UNCOMMITTED.at(Place(git.changed[0]), f"changed here and not committed: {files}", fix)
    if git.ahead:
        many = "1 commit is" if git.ahead == 1 else f"{git.ahead} commits are"
        message = f"{many} here and not on {git.branch}, which Flux follows: HEAD is {git.head[:8]}"
        yield UNPUSHED.at(Place(""), message, seen.push)


def _live(seen: Seen, source: LiveSource) -> Iterator[Finding]:
    place = live_place("GitRepository", source.namespace, source.name)
    if source.suspended:
        patch = """--type=merge -p '{"spec":{"suspend":false}}'"""
        fix = f"{seen.kubectl}patch {RESOURCE} {source.name} -n {source.namespace} {patch}"
        yield SUSPENDED.at(place, "is suspended: Flux fetches nothing more", fix)
        return
    ready = source.ready
    if ready is not None and ready.status == "False":
        fix = _remedy(ready.message, source)
        yield FAILED.at(place, f"Flux cannot fetch {source.url}: {seen.scrub(ready.message)}", fix)
    elif seen.git.pending and not seen.git.ahead:
        many = "1 commit" if seen.git.pending == 1 else f"{seen.git.pending} commits"
        message = f"Flux has {commit_of(source.artifact)[:8] or 'nothing yet'}, {many} behind {source.branch}"
        yield BEHIND.at(place, message, "matrix-secrets cluster reconcile")


def _remedy(message: str, source: LiveSource) -> str:
    if "remote ref" in message or "reference not found" in message:
        return f"push the branch that it follows: git push -u origin HEAD:{source.branch}"
    if any(word in message for word in ("authentication", "handshake", "permission", "Permission")):
        return f"renew the deploy key that spec.secretRef of GitRepository/{source.name} names: flux create secret git"
    return f"mend what it says about {source.url}, then: matrix-secrets cluster reconcile"


def _git_state(case: Case) -> GitState:
    tree, source = case.local.work_tree, case.source
    branch = (source.branch if source is not None else "") or current_branch(tree) or ""
    head, published = head_commit(tree) or "", published_commit(tree, branch) if branch else None
    owners = [owner.place.file for owner in owning(case.subject.owners, case.stack.directory)]
    files = [*(file.file for file in case.stack.files), *owners, case.subject.rules_file]
    commit = commit_of(source.artifact) if source is not None else ""
    known = not commit or commit_at(tree, commit) is not None
    return GitState(
        branch=branch,
        head=head,
        published=published,
        changed=uncommitted(tree, [file for file in dict.fromkeys(files) if not file.startswith("..")]),
        ahead=commits_beyond(tree, published, head) if published and head and _same_branch(case, branch) else 0,
        known=known,
        pending=commits_beyond(tree, commit, published) if published and commit and known else 0,
    )


def _same_branch(case: Case, branch: str) -> bool:
    return current_branch(case.local.work_tree) == branch
