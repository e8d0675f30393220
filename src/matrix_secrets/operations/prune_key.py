"""The end of a rollover: identities leave the cluster once nothing that Flux applies, or will apply, needs them."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING

from matrix_secrets.agekeys.recipient import short
from matrix_secrets.cluster.flux import commit_of
from matrix_secrets.cluster.kinds import SECRET
from matrix_secrets.cluster.reading import list_kustomizations, read_source
from matrix_secrets.cluster.writing import json_patch, pointer
from matrix_secrets.errors import BadManifestError, Place, RefusedError
from matrix_secrets.gitrepo.revision import files_with, is_here, read_file, upstream_revision
from matrix_secrets.manifests.parse import decode, parse
from matrix_secrets.operations.keys_holders import is_cluster_name, names_of
from matrix_secrets.operations.liveowner import key_secret, settled
from matrix_secrets.records import dataclass
from matrix_secrets.sops.metadata import is_encrypted, read_metadata
from matrix_secrets.sops.recipientlists import key_of
from matrix_secrets.sops.rekey import readers
from matrix_secrets.stack.decryption import SOPS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from matrix_secrets.cluster.connection import Connection
    from matrix_secrets.cluster.flux import LiveKustomization
    from matrix_secrets.gitrepo.locate import WorkTree
    from matrix_secrets.operations.clusterkeys import HeldKey
    from matrix_secrets.operations.install_key import Repository
    from matrix_secrets.operations.keyhome import KeyHome


@dataclass(frozen=True, slots=True)
class Pruning:
    """The entries that leave a Secret, and those that stay."""

    home: KeyHome
    going: tuple[HeldKey, ...] = field(repr=False)
    staying: tuple[HeldKey, ...] = field(repr=False)


def plan_prune(home: KeyHome, repository: Repository) -> Pruning:
    """Choose: what .sops.yaml lists as the cluster's stays, and what nobody can look into; the rest goes.

    Where it gives none of them the cluster's name, those stay that this program put there and a rule lists.

    Raises RefusedError where nothing of what the Secret holds is the cluster's by .sops.yaml.
    """
    names = names_of(repository.rules)
    rules = repository.rules.rules if repository.rules is not None else ()
    listed = {key_of(recipient) for rule in rules for recipient in rule.recipients}

    there = [each for each in home.held if listed & set(each.recipients)]
    named = [each for each in there if any(is_cluster_name(names.get(key, "")) for key in each.recipients)]
    own = named or [each for each in there if each.own]
    if not own:
        raise RefusedError(
            f"no identity in Secret {home.shown} is the cluster's own, by .sops.yaml: nothing could stay",
            hint="matrix-secrets cluster install-key --new, push that, then --prune",
        )
    going = tuple(each for each in home.held if each not in own and not each.foreign)
    return Pruning(home, going, tuple(each for each in home.held if each not in going))


def refuse_needed(cluster: Connection, pruning: Pruning, work_tree: WorkTree, repository: Repository) -> None:
    """Make sure that no file that Flux applies, or is about to get, needs an identity that goes.

    Looked at: for every Kustomization that decrypts with this Secret the commit that it applied, which must be its
    source's, and Ready; HEAD, the upstream branch, the work tree. Raises RefusedError, and OutsideError where the
    cluster does not tell.
    """
    going = {recipient for each in pruning.going for recipient in each.recipients}
    staying = {recipient for each in pruning.staying for recipient in each.recipients}
    for each in repository.files:
        _refuse({each.file: each.readers}, going, staying, "in the work tree")
    known = (("HEAD", "in HEAD"), (upstream_revision(work_tree), "on the upstream branch"))
    commits = {commit: what for commit, what in known if commit is not None and is_here(work_tree, commit)}
    for owner in list_kustomizations(cluster):
        if _uses(cluster, owner, pruning.home):
            commit = _settled(cluster, owner)
            if not is_here(work_tree, commit):
                raise RefusedError(
                    f"{owner.ref} decrypts with the same Secret and has applied {commit[:8]}, which is not here",
                    cause="whether its files need an identity that goes cannot be looked up",
                    hint="git fetch, then run the command again; where it has another repository, look there first",
                )
            commits[commit] = f"in {commit[:8]}, which {owner.ref} has applied"
    for revision, what in commits.items():
        _refuse(dict(_readers(work_tree, revision, going)), going, staying, what)


def prune(cluster: Connection, pruning: Pruning) -> None:
    """Take the entries out, all or none. Raises ConflictError where the Secret has changed since it was read."""
    home = pruning.home
    if home.secret is not None and pruning.going:
        operations = [{"op": "remove", "path": pointer("data", each.entry)} for each in pruning.going]
        json_patch(cluster, SECRET, home.namespace, home.name, home.secret.resource_version, operations)


def _uses(cluster: Connection, owner: LiveKustomization, home: KeyHome) -> bool:
    decrypts = owner.decryption is not None and owner.decryption.provider == SOPS
    return decrypts and key_secret(cluster, owner) == (home.namespace, home.name)


def _settled(cluster: Connection, owner: LiveKustomization) -> str:
    """Return the commit that an owner has applied, which its source offers, too."""
    source = (
        read_source(cluster, owner.source.namespace, owner.source.name)
        if owner.source.kind == "GitRepository"
        else None
    )
    if source is None:
        raise RefusedError(
            f"{owner.ref} decrypts with the same Secret, and its files cannot be looked into from here",
            cause=f"its source is {owner.source}",
            hint="make sure that they do not need the identities that go, then take the entries out by kubectl",
        )
    if owner.suspended:
        return commit_of(source.artifact)
    owner = settled(cluster, owner)
    said = owner.ready.message if owner.ready is not None else ""
    if not owner.is_ready or commit_of(owner.applied) != commit_of(source.artifact):
        raise RefusedError(
            f"{owner.ref} is not Ready on {commit_of(source.artifact)[:8] or 'any commit'} yet: it may need what goes",
            cause=said or None,
            hint="matrix-secrets cluster reconcile, then run the command again",
        )
    return commit_of(owner.applied)


def _refuse(files: Mapping[str, Collection[str]], going: set[str], staying: set[str], what: str) -> None:
    for file, keys in files.items():
        needed = going & set(keys)
        if needed and not staying & set(keys):
            raise RefusedError(
                f"needs {short(next(iter(needed)))}, {what}: nothing was taken out",
                place=Place(file),
                hint="matrix-secrets keys sync --push, matrix-secrets cluster reconcile; then run the command again",
            )


def _readers(work_tree: WorkTree, revision: str, going: set[str]) -> Iterator[tuple[str, Collection[str]]]:
    """Yield the files of a revision that are encrypted for one of the identities that go, with all their recipients."""
    for file in {file for recipient in going for file in files_with(work_tree, revision, recipient)}:
        try:
            stream = parse(decode(read_file(work_tree, revision, file) or b"", file), file)
            if is_encrypted(stream):
                yield file, readers(read_metadata(stream))
        except BadManifestError:
            continue
