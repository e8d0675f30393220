"""The link that does the work: Flux's kustomize-controller, its version, and its Secret for all."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from matrix_secrets.checks.kind import error, warning
from matrix_secrets.cluster.flux import FLUX_NAMESPACE
from matrix_secrets.operations.doctor.case import CONTROLLER
from matrix_secrets.operations.doctor.link import Verdict
from matrix_secrets.operations.doctor.places import live_place
from matrix_secrets.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matrix_secrets.cluster.workloads import LiveWorkload
    from matrix_secrets.findings import Finding
    from matrix_secrets.operations.doctor.case import Case

MISSING: Final = warning(
    "controller-missing",
    "There is no Deployment kustomize-controller in flux-system: its version and flags are not known.",
    "Nothing, if it runs elsewhere; else `flux bootstrap`.",
)
NOT_READY: Final = error(
    "controller-not-ready",
    "kustomize-controller does not run: Flux applies nothing.",
    "Look at what its pod says, as the finding tells.",
)
TOO_OLD: Final = error(
    "controller-too-old",
    "The owner's decryption names no Secret, and this kustomize-controller (before 1.7) knows no Secret for all.",
    "Name the Secret in the owner: `secretRef: {name: sops-age}`.",
)
NO_FLAG: Final = error(
    "controller-flag-missing",
    "The owner's decryption names no Secret, and kustomize-controller was not started with `--sops-age-secret`.",
    "Name the Secret in the owner: `secretRef: {name: sops-age}`.",
)
KINDS: Final = (MISSING, NOT_READY, TOO_OLD, NO_FLAG)

_VERSION: Final = re.compile(r"v?(\d+)\.(\d+)")
_SINCE: Final = (1, 7)  # --sops-age-secret
_FLAG: Final = "--sops-age-secret="


@dataclass(frozen=True, slots=True)
class Seen:
    """``provider_only``: the owner decrypts, and names no Secret. ``edit`` is how an edit of the owner begins."""

    controller: LiveWorkload | None
    provider_only: bool
    edit: str
    kubectl: str


def look(case: Case) -> Verdict:
    """Read its Deployment."""
    decryption = case.owner.decryption if case.owner is not None else None
    only = bool(case.encrypted) and decryption is not None and not decryption.secret
    return judge(Seen(case.controller, only, edit_of_owner(case), case.kubectl("")))


def judge(seen: Seen) -> Verdict:
    """Judge whether it runs, and whether it can do what the owner relies on."""
    place = live_place("Deployment", FLUX_NAMESPACE, CONTROLLER)
    if seen.controller is None:
        message = "there is no such Deployment: which version applies the stack is not known"
        return Verdict(f"no {CONTROLLER} in {FLUX_NAMESPACE}", (MISSING.at(place, message, "flux check"),))
    version = _version(seen.controller)
    found = list(_abilities(seen, version))
    if not seen.controller.ready:
        state = "it was scaled to 0" if not seen.controller.replicas else "no pod of it is ready"
        scale = f"scale deployment/{CONTROLLER} -n {FLUX_NAMESPACE} --replicas=1"
        words = scale if not seen.controller.replicas else f"describe pods -n {FLUX_NAMESPACE} -l app={CONTROLLER}"
        found.append(NOT_READY.at(place, f"{state}: Flux applies nothing", f"{seen.kubectl}{words}"))
    tag = next((each.tag for each in seen.controller.containers if each.tag), "of an unknown version")
    return Verdict(f"{CONTROLLER} {tag}", tuple(found))


def _abilities(seen: Seen, version: tuple[int, int] | None) -> Iterator[Finding]:
    if not seen.provider_only or seen.controller is None:
        return
    place = live_place("Deployment", FLUX_NAMESPACE, CONTROLLER)
    fix = f"{seen.edit}, add under spec.decryption: secretRef: {{name: sops-age}}; then commit and push that"
    if version is not None and version < _SINCE:
        message = f"{version[0]}.{version[1]} has no {_FLAG}NAME, and the owner's decryption names no Secret"
        yield TOO_OLD.at(place, message, fix)
    elif not any(arg.startswith(_FLAG) for each in seen.controller.containers for arg in each.args):
        message = f"runs without {_FLAG}NAME, and the owner's decryption names no Secret: no key is used"
        yield NO_FLAG.at(place, message, fix)


def _version(controller: LiveWorkload) -> tuple[int, int] | None:
    tags = (_VERSION.match(each.tag) for each in controller.containers if CONTROLLER in each.image)
    found = next((each for each in tags if each), None)
    return None if found is None else (int(found[1]), int(found[2]))


def edit_of_owner(case: Case) -> str:
    """``in clusters/home/apps.yaml``: where an edit of the owner belongs."""
    return f"in {case.declared.place.file}" if case.declared is not None else "in the owner's manifest"
