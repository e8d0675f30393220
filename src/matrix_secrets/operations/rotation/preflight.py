"""Everything that has to be so before a rotation begins: afterwards only the world can fail, not the plan."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from matrix_secrets.cluster.flux import commit_of
from matrix_secrets.cluster.rolepassword import read_verifier
from matrix_secrets.errors import OutsideError, RefusedError
from matrix_secrets.gitrepo.changes import diff_summary, head_commit
from matrix_secrets.gitrepo.push import push
from matrix_secrets.gitrepo.remoteheads import is_ancestor
from matrix_secrets.manifests.parse import parse
from matrix_secrets.operations.inforce import obstacle
from matrix_secrets.operations.rotation.journal import ROTATION_BRANCH, read_journal
from matrix_secrets.operations.rotation.livedatabase import find_role, prove
from matrix_secrets.operations.rotation.livepods import running
from matrix_secrets.operations.rotation.livevalues import live_values
from matrix_secrets.operations.rotation.sight import role_side, serves
from matrix_secrets.operations.rotation.words import ONWARD
from matrix_secrets.operations.rotation.world import Side
from matrix_secrets.sops.metadata import read_metadata
from matrix_secrets.sops.rekey import readers
from matrix_secrets.stack.declarations import POSTGRES_PASSWORD
from matrix_secrets.stack.services import synapse_workloads
from matrix_secrets.stack.workloads import workloads

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matrix_secrets.operations.rotation.bench import Bench
    from matrix_secrets.operations.rotation.commits import Held
    from matrix_secrets.secretvalue import SecretValue
    from matrix_secrets.stack.model import Stack

_REF = f"refs/heads/{ROTATION_BRANCH}"


def preflight(bench: Bench, names: tuple[str, ...]) -> tuple[str, str]:
    """Make sure that the rotation of these secrets can begin; return main's commit, and what was found.

    Raises RefusedError or OutsideError: nothing has changed then.
    """
    bench.said = "looking at Git"
    main = _require_git(bench)
    held = bench.commits.at(main)
    bench.said = "looking at Flux"
    _require_flux(bench, main)
    _require_decryption(bench, held.stack)
    bench.said = "looking at the pods"
    _require_strategies(bench, held.stack)
    _require_in_force(bench, held, names)
    found = f"Flux is ready at {main[:8]}"
    if POSTGRES_PASSWORD.name in names:
        bench.said = "trying the old password"
        _require_password(bench, held.stack, held.values)
        found += ", old password proven"
    if not serves(bench.site, held.stack):
        hint = f"kubectl{bench.site.cluster.option} get pods -A; matrix-secrets doctor"
        raise OutsideError("Synapse does not read its database as it is; nothing was changed", hint=hint)
    bench.said = "trying the push"
    push(bench.work_tree, bench.remote, f"{main}:{_REF}", expecting="", dry_run=True)
    return main, f"{found}, push allowed"


def refuse_second(bench: Bench, tip: str) -> None:
    """Refuse to begin while a rotation is in flight. Raises RefusedError that names it."""
    journal = read_journal(bench.work_tree, tip, bench.remote)
    raise RefusedError(
        f"a rotation of {', '.join(journal.names)} in {journal.directory or '.'} is in flight; nothing was changed",
        cause=f"the branch {ROTATION_BRANCH} on {bench.remote} is at {tip[:8]}",
        hint=f"matrix-secrets rotate --status, then {ONWARD}",
    )


def _require_git(bench: Bench) -> str:
    heads = bench.heads()
    main, tip, tree = heads.commits[bench.site.main], heads.get(ROTATION_BRANCH), bench.work_tree
    if tip is not None:
        refuse_second(bench, tip)
    head = head_commit(tree) or ""
    branch = f"{bench.remote}/{bench.site.main}"
    if head != main:
        behind = is_ancestor(tree, head, main)
        what = f"{branch} has commits that are not here" if behind else f"there are commits here that {branch} lacks"
        raise RefusedError(f"{what}; nothing was changed", hint="git pull --rebase" if behind else "git push")
    files = [tree.root / file.file for file in bench.commits.at(main).stack.files]
    changed = [each.path for each in diff_summary(tree, files)]
    if changed:
        text = f"{changed[0]} has changes that are not committed; nothing was changed"
        raise RefusedError(text, hint=f"commit and push them, or: git stash push -- {shlex.join(changed)}")
    return main


def _require_flux(bench: Bench, main: str) -> None:
    owner, source = bench.site.read_owner(), bench.site.read_source()
    for found, kind in ((owner, "kustomization"), (source, "source git")):
        if found.suspended:
            text = f"{found.ref} is suspended: Flux would apply nothing; nothing was changed"
            raise RefusedError(text, hint=f"flux resume {kind} {found.name} -n {found.namespace}")
    for ref, ready, commit in (
        (source.ref, source.ready, commit_of(source.artifact)),
        (owner.ref, owner.ready, commit_of(owner.applied)),
    ):
        if ready is None or ready.status != "True" or commit != main:
            text = f"{ref} is not Ready on {main[:8]}; nothing was changed"
            said = ready.message if ready is not None else None
            raise OutsideError(text, cause=said, hint="matrix-secrets cluster reconcile")


def _require_decryption(bench: Bench, stack: Stack) -> None:
    known = {}
    for file in (each for each in stack.files if each.encrypted and each.file in stack.secret_files):
        metadata = read_metadata(parse(file.disk_text, file.file))
        if not metadata.other_keys:
            known[file.file] = readers(metadata)
    found = obstacle(bench.site.cluster, bench.site.read_owner(), known) if known else None
    if found is not None:
        said = f"{found.message}{f'; Flux says: {found.cause}' if found.cause else ''}"
        raise RefusedError("decryption is not in force; nothing was changed", cause=said, hint=found.fix)


def _require_strategies(bench: Bench, stack: Stack) -> None:
    synapses = {id(each.resource.document) for each in synapse_workloads(stack)}
    for workload in workloads(stack.streams):
        resource = workload.resource
        if not workload.is_database and id(resource.document) not in synapses:
            continue
        namespace = bench.site.namespace(stack, resource)
        live = running(bench.site.cluster, resource.kind, namespace, resource.name)
        if not live.never_two:
            raise RefusedError(
                f"{resource.label} in {namespace} would run two pods at once on the same volume; nothing was changed",
                cause=f"its strategy is {live.strategy} with maxSurge {live.surge}",
                hint="matrix-secrets seal gives it strategy Recreate, in the two pushes that Flux takes",
            )


def _require_in_force(bench: Bench, held: Held, names: tuple[str, ...]) -> None:
    live = live_values(bench.site, held.stack, names)
    other = [name for name in names if live.get(name) != held.values.get(name)]
    if other:
        text = f"the cluster holds another {other[0]} than {bench.site.main} does; nothing was changed"
        raise RefusedError(text, hint="matrix-secrets doctor tells why; matrix-secrets cluster reconcile")


def _require_password(bench: Bench, stack: Stack, values: Mapping[str, SecretValue]) -> None:
    role = find_role(bench.site, stack)
    old = values[POSTGRES_PASSWORD.name]
    if role_side(read_verifier(role), role.name, old, old) is Side.OTHER or not prove(role, old):
        raise RefusedError(
            f"PostgreSQL does not accept the password that Git holds: {role.where}; nothing was changed",
            cause="it was initialised with another one, or that was changed by hand",
            hint="matrix-secrets rotate --heal makes it accept the one in Git, and loses nothing",
        )
