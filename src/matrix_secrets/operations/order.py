"""The order that protects: Flux gets the owner's decryption before it gets ciphertext."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matrix_secrets.errors import BadManifestError, RefusedError
from matrix_secrets.findings import Finding, Severity
from matrix_secrets.gitrepo.revision import files_of, read_file, upstream_revision
from matrix_secrets.manifests.parse import decode, parse
from matrix_secrets.sops.metadata import is_encrypted
from matrix_secrets.stack.fluxowner import owners_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from matrix_secrets.gitrepo.locate import WorkTree
    from matrix_secrets.operations.plan import Plan
    from matrix_secrets.stack.model import Stack
    from matrix_secrets.stack.workspace import Workspace


def refuse_early_ciphertext(work_tree: WorkTree, stacks: Sequence[Stack], plan: Plan) -> None:
    """Make sure that a push brings no ciphertext to a stack whose owner cannot decrypt yet.

    Without ``decryption`` Flux applies the ciphertext as if it were the password; with it in the same push it may still
    apply once with the old owner. So the upstream branch must hold the owner with decryption already. Raises
    RefusedError. Nothing is asked where there is no upstream: the push itself says so.
    """
    revision = upstream_revision(work_tree)
    if revision is None:
        return
    new = {write.path: write.new for write in plan.writes}
    for stack in stacks:
        fresh = [
            file
            for file in stack.secret_files
            if _encrypted(new.get(work_tree.root / file, stack.file(file).raw), file)
            and not _encrypted(read_file(work_tree, revision, file), file)
        ]
        if fresh:
            _require_decryption(work_tree, revision, stack, fresh[0])


def early_ciphertext(workspace: Workspace, stacks: Sequence[Stack]) -> Iterator[Finding]:
    """Yield a note for each owner of these stacks that, in the work tree, has no decryption: not to push yet."""
    manifests = workspace.yaml_files() if stacks else []
    for stack in stacks:
        for owner in owners_of(stack.directory, manifests, workspace.raw):
            if not owner.decryption:
                text = f"Flux cannot decrypt {stack.label} yet: do not push this before Kustomization/{owner.name} can"
                block = "decryption: {provider: sops, secretRef: {name: sops-age}}"
                fix = f"in {owner.place.file}, add under spec of {owner.name}: {block}; push that first, by itself"
                yield Finding("owner-without-decryption", Severity.WARNING, owner.place, text, fix)


def _require_decryption(work_tree: WorkTree, revision: str, stack: Stack, file: str) -> None:
    manifests = [name for name in files_of(work_tree, revision) if name.endswith((".yaml", ".yml"))]
    owners = owners_of(stack.directory, manifests, lambda name: read_file(work_tree, revision, name))
    wanting = [owner for owner in owners if not owner.decryption]
    if owners and not wanting:
        return
    where = f"Kustomization/{wanting[0].name} in {wanting[0].place.file}" if wanting else "its Flux Kustomization"
    raise RefusedError(
        f"{file} would reach Flux encrypted before Flux can decrypt it; nothing was changed",
        cause=f"on the upstream branch {where} has no spec.decryption: Flux would apply the ciphertext as the password",
        hint="push the owner's spec.decryption first, by itself; if Flux decrypts already: --assume-decryption",
    )


def _encrypted(raw: bytes | None, file: str) -> bool:
    if raw is None or b"sops" not in raw:
        return False
    try:
        return is_encrypted(parse(decode(raw, file), file))
    except BadManifestError:
        return False
