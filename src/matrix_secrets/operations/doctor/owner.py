"""The link that applies the stack: the live Flux Kustomization, its decryption, and how far it has come."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from matrix_secrets.checks.kind import error
from matrix_secrets.cluster.flux import commit_of
from matrix_secrets.errors import Place
from matrix_secrets.operations.doctor.case import KEY_NAME
from matrix_secrets.operations.doctor.controller import edit_of_owner
from matrix_secrets.operations.doctor.fluxstate import awaits_health, in_cluster, in_progress
from matrix_secrets.operations.doctor.link import Verdict
from matrix_secrets.operations.doctor.places import live_place
from matrix_secrets.operations.doctor.refusals import FAILED, refused
from matrix_secrets.operations.doctor.refusals import KINDS as REFUSALS
from matrix_secrets.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matrix_secrets.cluster.flux import LiveKustomization
    from matrix_secrets.findings import Finding
    from matrix_secrets.operations.doctor.case import Case
    from matrix_secrets.operations.doctor.said import Scrubber

NO_FLUX: Final = error(
    "flux-missing",
    "The cluster has no Flux: nothing applies this repository.",
    "Name the cluster that has it (`--context NAME`), or install it: `flux bootstrap`.",
)
MISSING: Final = error(
    "owner-not-in-cluster",
    "No Flux Kustomization of the cluster has a path that covers the stack.",
    "Push the one that the repository declares, or name the cluster that is meant: `--context NAME`.",
)
SUSPENDED: Final = error(
    "owner-suspended",
    "The owner is suspended: Flux applies nothing of it.",
    "Resume it, as the finding says.",
)
NOT_OBSERVED: Final = error(
    "owner-not-observed",
    "Flux has not looked at the owner since it was changed.",
    "`matrix-secrets cluster reconcile`",
)
NO_DECRYPTION: Final = error(
    "decryption-not-in-force",
    "The stack is encrypted, and the live owner has no `spec.decryption`: Flux stops, or applies the ciphertext.",
    "`matrix-secrets cluster enable-decryption --push`",
)
OTHER_PROVIDER: Final = error(
    "decryption-provider",
    "The live owner's decryption has another provider than sops.",
    "Make it `provider: sops`.",
)
OTHER_SECRET: Final = error(
    "decryption-secret",
    "The live owner's decryption names a Secret that does not exist, and `sops-age` does.",
    "Make its secretRef name `sops-age`.",
)
BEHIND: Final = error(
    "owner-behind",
    "Flux has fetched a newer commit than the one that the owner applied.",
    "`matrix-secrets cluster reconcile`",
)
KINDS: Final = (
    NO_FLUX, MISSING, SUSPENDED, NOT_OBSERVED, NO_DECRYPTION, OTHER_PROVIDER, OTHER_SECRET, BEHIND, *REFUSALS,
)  # fmt: skip

_RECONCILE: Final = "matrix-secrets cluster reconcile"
RESOURCE: Final = "kustomizations.kustomize.toolkit.fluxcd.io"


@dataclass(frozen=True, slots=True)
class Seen:
    """``upstream``: the declared owner decrypts. ``secret_exists``, ``default_exists``: which Secret does.

    ``edit`` is how a fix in the repository begins; ``artifact`` the commit that Flux has fetched.
    """

    directory: str
    owner: LiveKustomization | None
    declared: Place | None
    upstream: bool
    encrypted: bool
    secret_exists: bool
    default_exists: bool
    artifact: str
    edit: str
    where: str
    kubectl: str
    scrub: Scrubber


def look(case: Case) -> Verdict:
    """Read the Kustomizations, and what the owner refers to."""
    owner = case.owner
    if case.kustomizations is None:
        fix = "matrix-secrets doctor --context NAME, or install Flux: flux bootstrap git --help"
        return Verdict("no Flux", (NO_FLUX.at(Place(""), f"{case.cluster.where} has no Flux", fix),))
    secret = owner.decryption.secret if owner is not None and owner.decryption is not None else ""
    other = bool(case.encrypted) and secret not in ("", KEY_NAME)
    namespace = owner.namespace if owner is not None else ""
    seen = Seen(
        directory=case.stack.directory,
        owner=owner,
        declared=case.declared.place if case.declared is not None else None,
        upstream=case.declared is not None and case.declared.decryption,
        encrypted=bool(case.encrypted),
        secret_exists=not other or case.key(namespace, secret) is not None,
        default_exists=other and case.key(namespace, KEY_NAME) is not None,
        artifact=commit_of(case.source.artifact) if case.source is not None else "",
        edit=edit_of_owner(case),
        where=case.cluster.where,
        kubectl=case.kubectl(""),
        scrub=case.scrub,
    )
    return judge(seen)


def judge(seen: Seen) -> Verdict:
    """Judge whether it decrypts, whether it applies, and what it said where it did not."""
    owner = seen.owner
    if owner is None:
        return Verdict("none in the cluster", (_missing(seen),))
    found = [*_decryption(seen, owner), *_standing(seen, owner)]
    commit = in_cluster(owner)[:8] or "nothing"
    waits = ", and waits for its pods" if awaits_health(owner) else ""
    detail = f"{owner.ref} applied {commit}{waits}"
    # A commit whose pods are not healthy is in the cluster all the same: what ails them is behind this link.
    stops = any(finding.id != FAILED.id for finding in found) or (bool(found) and not awaits_health(owner))
    return Verdict(detail, tuple(found), stops=stops)


def _missing(seen: Seen) -> Finding:
    if seen.declared is None:
        place, message = (
            Place(seen.directory or "."),
            f"no Kustomization on {seen.where} covers {seen.directory or '.'}",
        )
        fix = f"add a Kustomization with spec.path: ./{seen.directory} to clusters/NAME/, then push it"
        return MISSING.at(place, message, fix)
    message = f"it is declared here, and {seen.where} has no such Kustomization"
    fix = "push it, then matrix-secrets cluster reconcile; or name the cluster that is meant: --context NAME"
    return MISSING.at(seen.declared, message, fix)


def _decryption(seen: Seen, owner: LiveKustomization) -> Iterator[Finding]:
    place = live_place("Kustomization", owner.namespace, owner.name, "spec", "decryption")
    if not seen.encrypted:
        return
    if owner.decryption is None:
        more = ": the repository has it, Flux does not yet" if seen.upstream else ""
        fix = _RECONCILE if seen.upstream else "matrix-secrets cluster enable-decryption --push"
        yield NO_DECRYPTION.at(place, f"is not there, and the stack is encrypted{more}", fix)
    elif owner.decryption.provider != "sops":
        said = owner.decryption.provider or "empty"
        yield OTHER_PROVIDER.at(place, f"its provider is {said}", f"{seen.edit}, make it provider: sops, and push that")
    elif not seen.secret_exists and seen.default_exists:
        message = f"names Secret {owner.decryption.secret}, which does not exist; {KEY_NAME} does"
        fix = f"{seen.edit}, make spec.decryption.secretRef.name {KEY_NAME}, and push that"
        yield OTHER_SECRET.at(place, message, fix)


def _standing(seen: Seen, owner: LiveKustomization) -> Iterator[Finding]:
    place = live_place("Kustomization", owner.namespace, owner.name)
    if owner.suspended:
        patch = """--type=merge -p '{"spec":{"suspend":false}}'"""
        fix = f"{seen.kubectl}patch {RESOURCE} {owner.name} -n {owner.namespace} {patch}"
        yield SUSPENDED.at(place, "is suspended: Flux applies nothing of it", fix)
        return
    ready = owner.ready
    if ready is not None and ready.status == "False":
        newer = commit_of(owner.attempted)
        tried = f" on {newer[:8]}" if newer and newer != commit_of(owner.applied) else ""
        before = (
            f"applied {commit_of(owner.applied)[:8] or 'nothing yet'}, but failed{tried}: {seen.scrub(ready.message)}"
        )
        yield refused(ready.reason, ready.message, place, before)
    elif owner.observed_generation != owner.generation:
        message = f"was changed (generation {owner.generation}) and Flux has not looked at it since"
        yield NOT_OBSERVED.at(place, message, _RECONCILE)
    elif seen.artifact and in_cluster(owner) != seen.artifact and not in_progress(owner):
        applied = in_cluster(owner)[:8] or "nothing yet"
        yield BEHIND.at(place, f"applied {applied}, and Flux has {seen.artifact[:8]}", _RECONCILE)
