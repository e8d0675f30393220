"""The order that protects: Flux gets the owner's decryption before it gets ciphertext."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Final

from matrix_secrets.errors import BadManifestError, Place, RefusedError
from matrix_secrets.findings import Finding, Severity
from matrix_secrets.gitrepo.revision import files_of, read_file, upstream_revision
from matrix_secrets.manifests.parse import decode, parse
from matrix_secrets.records import dataclass
from matrix_secrets.sops.metadata import is_encrypted, read_metadata
from matrix_secrets.stack.fluxowner import Owner, owners_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from matrix_secrets.cluster.connection import Connection
    from matrix_secrets.gitrepo.locate import WorkTree
    from matrix_secrets.operations.liveorder import LiveOrder
    from matrix_secrets.operations.plan import Plan
    from matrix_secrets.stack.model import Stack
    from matrix_secrets.stack.workspace import Workspace


_FIRST: Final = "matrix-secrets cluster enable-decryption --push; if Flux decrypts already: --assume-decryption"
_BEHIND: Final = (
    "its ciphertext is committed already: git reset @{upstream} takes the commits back and leaves the files; then "
    "matrix-secrets cluster enable-decryption --push"
)


@dataclass(frozen=True, slots=True)
class Live:
    """The cluster to ask, and the recipients whose identities it is about to get."""

    connect: Callable[[], Connection]
    gaining: Collection[str] = ()


def refuse_early_ciphertext(
    work_tree: WorkTree, stacks: Sequence[Stack], plan: Plan, live: Live | None = None
) -> list[Finding]:
    """Make sure that a push brings no ciphertext to a stack that Flux could not decrypt.

    Without ``decryption`` Flux applies the ciphertext as if it were the password; with it in the same push it may still
    apply once with the old owner. So decryption must be in force: in the cluster, where that can be asked; else the
    upstream branch must hold the owner with decryption already. Nothing is asked where there is no upstream: the push
    itself says so. Returns what could not be looked at; raises RefusedError, and OutsideError where the cluster answers
    but does not tell.
    """
    revision = upstream_revision(work_tree)
    if revision is None:
        return []
    pushed = _Pushed(work_tree, plan, revision)
    notes: list[Finding] = []
    for stack in stacks:
        sealed = {file: text for file in stack.secret_files if (text := pushed.ciphertext(file)) is not None}
        fresh = [file for file in sealed if not pushed.was_encrypted(file)]
        changed = [file for file in sealed if pushed.changes(file)]
        owners = pushed.owners(stack)
        asked = None
        if live is not None and changed:
            asked, note = _asked(live, stack, owners)
            notes += note if fresh else []
        if asked is not None:
            known = {file: _readers(sealed[file], file) for file in changed}
            asked.refuse({file: recipients for file, recipients in known.items() if recipients}, fresh)
        if fresh:
            wanting = [owner for owner in owners if asked is None or not asked.speaks_for(owner)]
            _require_decryption(fresh[0], owners, wanting, committed=not pushed.takes(fresh[0]))
    return notes


def early_ciphertext(workspace: Workspace, stacks: Sequence[Stack]) -> Iterator[Finding]:
    """Yield a note for each owner of these stacks that, in the work tree, has no decryption: not to push yet."""
    manifests = workspace.yaml_files() if stacks else []
    for stack in stacks:
        for owner in owners_of(stack.directory, manifests, workspace.raw):
            if not owner.decryption:
                text = f"Flux cannot decrypt {stack.label} yet: do not push this before Kustomization/{owner.name} can"
                fix = "matrix-secrets cluster install-key && matrix-secrets cluster enable-decryption --push"
                yield Finding("owner-without-decryption", Severity.WARNING, owner.place, text, fix)


def waiting_ciphertext(work_tree: WorkTree, stacks: Sequence[Stack]) -> bool:
    """Whether files of the stacks are encrypted here and plain, or not there at all, on the upstream branch."""
    revision = upstream_revision(work_tree)
    return revision is not None and any(
        stack.file(file).encrypted and _encrypted(read_file(work_tree, revision, file), file) is None
        for stack in stacks
        for file in stack.secret_files
    )


class _Pushed:
    """What a push would bring: the plan's files as they will be, all others as HEAD has them."""

    def __init__(self, work_tree: WorkTree, plan: Plan, revision: str) -> None:
        self._tree = work_tree
        self._revision = revision
        self._new = {write.path: write.new for write in plan.writes}
        self._taken = set(plan.paths)

    def ciphertext(self, file: str) -> str | None:
        """Return the text of a file that would arrive encrypted, None for any other."""
        return _encrypted(self._content(file), file)

    def takes(self, file: str) -> bool:
        """Whether the plan itself would commit it."""
        return file in self._taken

    def was_encrypted(self, file: str) -> bool:
        """Whether it is encrypted upstream already."""
        return _encrypted(read_file(self._tree, self._revision, file), file) is not None

    def changes(self, file: str) -> bool:
        """Whether it differs from the one upstream."""
        return self._content(file) != read_file(self._tree, self._revision, file)

    def owners(self, stack: Stack) -> list[Owner]:
        """Return the stack's owners as upstream has them."""
        return owners_of(stack.directory, self._manifests, lambda name: read_file(self._tree, self._revision, name))

    @cached_property
    def _manifests(self) -> list[str]:
        return [name for name in files_of(self._tree, self._revision) if name.endswith((".yaml", ".yml"))]

    def _content(self, file: str) -> bytes | None:
        path = self._tree.root / file
        if path in self._new:
            return self._new[path]
        if file in self._taken:
            return path.read_bytes() if path.is_file() else None
        return read_file(self._tree, "HEAD", file)


def _asked(live: Live, stack: Stack, owners: Sequence[Owner]) -> tuple[LiveOrder | None, list[Finding]]:
    """Ask the cluster; None, and a note, where it cannot be reached, or does not apply the stack."""
    from matrix_secrets.cluster.failures import UnreachableError  # noqa: PLC0415  not for `encrypt`, which only warns
    from matrix_secrets.operations.liveorder import LiveOrder  # noqa: PLC0415  the same

    try:
        found = LiveOrder.of(live.connect(), stack.directory, owners, live.gaining)
    except UnreachableError as error:
        text = f"{error.message}; whether Flux decrypts was read from the upstream branch instead"
    else:
        if found.owner is not None:
            return found, []
        text = f"{found.where} has no Kustomization for {stack.label}; the upstream branch was looked at instead"
    return None, [Finding("cluster-not-asked", Severity.WARNING, Place(stack.label), text, "")]


def _require_decryption(file: str, owners: Sequence[Owner], wanting: Sequence[Owner], *, committed: bool) -> None:
    lacking = [owner for owner in wanting if not owner.decryption]
    if owners and not lacking:
        return
    where = f"Kustomization/{lacking[0].name} in {lacking[0].place.file}" if lacking else "its Flux Kustomization"
    raise RefusedError(
        f"{file} would reach Flux encrypted before Flux can decrypt it; nothing was changed",
        cause=f"on the upstream branch {where} has no spec.decryption: Flux would apply the ciphertext as the password",
        hint=_BEHIND if committed else _FIRST,
    )


def _encrypted(raw: bytes | None, file: str) -> str | None:
    if raw is None or b"sops" not in raw:
        return None
    try:
        text = decode(raw, file)
        return text if is_encrypted(parse(text, file)) else None
    except BadManifestError:
        return None


def _readers(text: str, file: str) -> frozenset[str]:
    """The age recipients of a file; none where other kinds of keys open it, too, of which nothing is known here."""
    from matrix_secrets.sops.rekey import readers  # noqa: PLC0415  as `_asked`

    metadata = read_metadata(parse(text, file))
    return frozenset() if metadata.other_keys else readers(metadata)
