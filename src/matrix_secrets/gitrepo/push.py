"""Push the current branch to its upstream, and say in plain words why a remote did not take it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from matrix_secrets.errors import OutsideError, RefusedError
from matrix_secrets.gitrepo.command import last_lines, redact_credentials, run_git
from matrix_secrets.gitrepo.locate import current_branch
from matrix_secrets.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matrix_secrets.gitrepo.command import Answer
    from matrix_secrets.gitrepo.locate import WorkTree

_BEHIND: Final = ("fetch first", "non-fast-forward", "stale info")
_NOT_LET_IN: Final = (
    "could not read Username",
    "could not read Password",
    "Authentication failed",
    "Permission denied",
    "Invalid username",
    "403",
)
_NOT_REACHED: Final = ("Could not resolve host", "Connection refused", "Connection timed out", "unable to access")


class BehindError(OutsideError):
    """The remote's branch is not what it was thought to be: it has moved on, or is there although it must not be."""


class RejectedError(OutsideError):
    """The remote was reached and refuses: a protected branch, a hook."""


@dataclass(frozen=True, slots=True)
class Upstream:
    """The branch that a local branch follows: the remote's name (or ``.``), and the full name of the ref there."""

    remote: str
    ref: str


@dataclass(frozen=True, slots=True)
class Pushed:
    """What a push did, or with ``dry_run`` would do. ``changed`` is False if the remote had it all."""

    remote: str
    ref: str
    changed: bool


def upstream(work_tree: WorkTree, branch: str) -> Upstream | None:
    """Return what a branch follows, None if nothing is configured."""
    remote = run_git(work_tree, "config", "--get", f"branch.{branch}.remote", ok=(0, 1)).text
    ref = run_git(work_tree, "config", "--get", f"branch.{branch}.merge", ok=(0, 1)).text
    return Upstream(remote, ref) if remote and ref else None


def push(
    work_tree: WorkTree,
    remote: str | None = None,
    refspec: str | None = None,
    *,
    dry_run: bool = False,
    expecting: str | None = None,
    env: Mapping[str, str] | None = None,
) -> Pushed:
    """Push the current branch to its upstream, or ``refspec`` to ``remote``. Never forces.

    ``expecting`` is what the ref there has to point to (empty: it must not be there); then, and only then, it may be
    replaced. ``env`` is what the user's hooks are told beyond the environment. Raises `RefusedError` without a branch
    or an upstream, `OutsideError` with the remote's words if it is not taken: `BehindError` where the ref is not what
    it should be, `RejectedError` where the remote refuses it.
    """
    if remote is None or refspec is None:
        branch = _branch(work_tree)
        target = _target(work_tree, branch, remote)
        remote, refspec = target.remote, refspec or f"refs/heads/{branch}:{target.ref}"
    ref = refspec.rpartition(":")[2]
    options = ["--dry-run"] if dry_run else []
    options += [] if expecting is None else [f"--force-with-lease={ref}:{expecting}"]
    answer = run_git(work_tree, "push", "--porcelain", *options, "--", remote, refspec, ok=range(256), env=env)
    results = [line.split("\t") for line in answer.text.splitlines() if line.count("\t") == 2]
    if answer.status != 0:
        raise _refused(redact_credentials(remote), results, answer)
    return Pushed(redact_credentials(remote), ref, changed=any(flag != "=" for flag, _, _ in results))


def _branch(work_tree: WorkTree) -> str:
    branch = current_branch(work_tree)
    if branch is None:
        raise RefusedError("no branch is checked out (HEAD is detached): nothing to push", hint="git switch BRANCH")
    return branch


def _target(work_tree: WorkTree, branch: str, remote: str | None) -> Upstream:
    followed = upstream(work_tree, branch)
    if followed is not None and remote in {None, followed.remote}:
        return followed
    if remote is not None:
        return Upstream(remote, f"refs/heads/{branch}")
    remotes = run_git(work_tree, "remote").text.split()
    message = f"the branch {branch} follows no branch of a remote, so there is nowhere to push to"
    if not remotes:
        raise RefusedError(message, hint=f"git remote add origin URL && git push -u origin {branch}")
    name = "origin" if "origin" in remotes else remotes[0]
    raise RefusedError(message, hint=f"git push -u {name} {branch}")


def _refused(remote: str, results: list[list[str]], answer: Answer) -> OutsideError:
    rejected = [summary for flag, _, summary in results if flag == "!"]
    said = last_lines("\n".join(_remote_words(answer.err))) or answer.words
    if any(why in summary for summary in rejected for why in _BEHIND):
        message = f"{remote} has commits that are not here: it did not take the push"
        return BehindError(message, cause="; ".join(rejected), hint="git pull --rebase, then git push")
    if rejected:
        message = f"{remote} did not take the push: {'; '.join(rejected)}"
        return RejectedError(message, cause=said, hint="mend what it says, then git push")
    if any(why in answer.err for why in _NOT_LET_IN):
        message = f"{remote} did not let us in"
        return OutsideError(message, cause=said, hint="git push, in a terminal, where it can ask who you are")
    if any(why in answer.err for why in _NOT_REACHED):
        return OutsideError(f"{remote} cannot be reached", cause=said, hint="git push, once the network is back")
    return OutsideError(f"the push to {remote} failed", cause=said, hint="mend what it says, then git push")


def _remote_words(err: str) -> list[str]:
    """Return what the other side said, which git marks."""
    return [line.removeprefix("remote:").strip() for line in err.splitlines() if line.startswith("remote:")]
