"""``new``: files, then secrets straight into ciphertext, then the first commit."""

from __future__ import annotations

import shlex
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from matrix_secrets.cli.carryout import carry_out
from matrix_secrets.cli.context import App
from matrix_secrets.cli.hooking import driven_files
from matrix_secrets.cli.options import How
from matrix_secrets.cli.output.interface import Row
from matrix_secrets.cli.output.terminal import Mark
from matrix_secrets.cli.program import program_words
from matrix_secrets.errors import RefusedError
from matrix_secrets.gitrepo.create import create as create_repository
from matrix_secrets.gitrepo.locate import find_work_tree
from matrix_secrets.operations.apply import apply_plan
from matrix_secrets.operations.generate import plan_generate
from matrix_secrets.operations.hook_install import apply_hooks, plan_install
from matrix_secrets.operations.newrepository import plan_new
from matrix_secrets.operations.readers import named_recipients, own_recipients
from matrix_secrets.operations.sealing import RuleSealing

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from matrix_secrets.operations.coverage import Named
    from matrix_secrets.operations.newrepository import Wanted
    from matrix_secrets.operations.plan import Plan

_PLACEHOLDERS: Final = "The secrets are placeholders: there is no age identity to encrypt for."
_GUARDED: Final = "From now on no commit takes one of them along in plain text."


def create(app: App, directory: Path, wanted: Wanted, age: str | None, *, dry_run: bool, commit: bool) -> int:
    """Make the repository. A directory that holds a stack already is left; raises RefusedError for any other."""
    if _is_made(app, directory):
        app.output.rows([Row((f"{directory} holds a Matrix stack already.",), Mark.SAME)])
        return 0
    if wanted.node_ip == "auto":
        from matrix_secrets.operations.nodeaddress import find_node_address  # noqa: PLC0415  kubernetes: 0.2 s

        node = find_node_address(app.settings.context)
        app.output.note(f"Node {node.node} has INTERNAL-IP {node.address}.")
        wanted = replace(wanted, node_ip=node.address)
    root = directory.resolve()
    keys = [each.recipient.key for each in app.known_identities.identities]
    plan = plan_new(root, wanted, named_recipients(age or "", tuple) or [(key, "") for key in keys])
    if dry_run:
        app.output.rows([], "This would change (--dry-run: nothing was changed):")
        app.output.changes(plan.changes, done=False)
        return 0
    tree = create_repository(directory)

    def own() -> Sequence[Named]:
        return own_recipients(app.known_identities, tree)

    readers = named_recipients(age or "", own) or own()
    plan = plan_new(root, wanted, readers)
    inside = _inside(app, root)
    app.timed("writing", lambda: apply_plan(inside.workspace, plan))
    app.output.changes(plan.changes, done=True)
    how = How(dry_run=False, commit=commit, push=False, allow_plaintext=False, assume_decryption=False)
    filled, nothing = replace(plan, changes=(), writes=(), notes=(), next_commands=()), _PLACEHOLDERS
    if readers:
        secrets = plan_generate(inside.workspace, inside.stacks, sealing=RuleSealing(inside.workspace))
        app.timed("writing", lambda: apply_plan(inside.workspace, secrets))
        app.output.changes(secrets.changes, done=True)
        app.output.notes(secrets.notes)
        inside.reread()
        hooks = _install_hooks(inside)
        paths = tuple(dict.fromkeys((*plan.paths, *secrets.paths, *hooks.paths)))
        filled, nothing = replace(filled, paths=paths), _GUARDED
    code = carry_out(inside, filled, how, nothing=nothing)
    app.output.next(_next(root, wanted, sealed=bool(readers)))
    return code


def _install_hooks(inside: App) -> Plan:
    """Install Git's hooks and drivers before the first commit; return the plan, whose files belong into it."""
    planned = plan_install(inside.work_tree, driven_files(inside), program_words(), [])
    apply_hooks(inside.work_tree, planned)
    inside.output.changes(planned.plan.changes, done=True)
    return planned.plan


def _next(root: Path, wanted: Wanted, *, sealed: bool) -> str:
    where = f"cd {shlex.quote(str(root))} && "
    if not sealed:
        return f"{where}matrix-secrets keys generate"
    if wanted.server_name is None:
        return f"{where}matrix-secrets configure --server-name NAME --node-ip auto"
    return f"{where}matrix-secrets verify"


def _inside(app: App, root: Path) -> App:
    """The same command, in the new repository."""
    return App(app.settings._replace(start=root, stacks=(), all_stacks=False), app.output, app.env)


def _is_made(app: App, directory: Path) -> bool:
    """Whether a directory is a repository with a stack. Raises RefusedError where it is something else."""
    if not directory.exists():
        return False
    if not directory.is_dir():
        raise RefusedError(f"{directory} is a file", hint="name a directory that is empty, or not there")
    names = {each.name for each in directory.iterdir()}
    if names <= {".git"}:
        return False
    root = directory.resolve()
    if ".git" in names and find_work_tree(directory).root == root and _inside(app, root).all_stacks:
        return True
    raise RefusedError(
        f"{directory} is not empty; nothing was changed",
        hint="name a directory that is empty, or not there",
    )
