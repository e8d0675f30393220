"""What kustomize-controller's own message means, and what mends it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from matrix_secrets.checks.kind import error
from matrix_secrets.records import dataclass

if TYPE_CHECKING:
    from matrix_secrets.checks.kind import Kind
    from matrix_secrets.errors import Place
    from matrix_secrets.findings import Finding

NOT_DECRYPTED: Final = error(
    "owner-cannot-decrypt",
    "Flux could not decrypt a file of the stack: the finding has the controller's own message.",
    "Mend the cluster key, or the recipients of the file.",
)
WAITS: Final = error(
    "owner-waits",
    "Another Kustomization has to be ready before the owner is applied.",
    "Mend that one.",
)
NOT_BUILT: Final = error(
    "owner-cannot-build",
    "Kustomize could not build the stack: a manifest is no YAML, or kustomization.yaml names a file that is not there.",
    "Correct the file that the message names.",
)
NO_STRATEGY_CHANGE: Final = error(
    "owner-strategy-refused",
    "A Deployment that runs cannot become `Recreate` in one step.",
    "Push `{type: RollingUpdate, rollingUpdate: {maxSurge: 0, maxUnavailable: 1}}` first, then `{type: Recreate}`.",
)
NOT_APPLIED: Final = error(
    "owner-cannot-apply",
    "The API server refused a resource of the stack: the finding has its own message.",
    "Correct the resource that the message names.",
)
UNHEALTHY: Final = error(
    "owner-unhealthy",
    "Flux applied the commit, and its pods did not become healthy in time.",
    "Mend what the links behind it name.",
)
FAILED: Final = UNHEALTHY
OTHER: Final = error(
    "owner-failed",
    "Flux could not apply the owner: the finding has the controller's own message.",
    "Mend what it says.",
)
KINDS: Final = (NOT_DECRYPTED, WAITS, NOT_BUILT, NO_STRATEGY_CHANGE, NOT_APPLIED, UNHEALTHY, OTHER)

_RECONCILE: Final = "matrix-secrets cluster reconcile"


@dataclass(frozen=True, slots=True)
class _Refusal:
    """``reason`` is the condition's, empty for any; ``fix`` may hold ``{found}``, a group of ``pattern``."""

    kind: Kind
    reason: str
    pattern: re.Pattern[str]
    fix: str


def _refusal(kind: Kind, reason: str, pattern: str, fix: str) -> _Refusal:
    return _Refusal(kind, reason, re.compile(pattern, re.IGNORECASE), fix)


# Reasons: kustomize-controller, api/v1/condition_types.go and fluxcd/pkg/apis/meta. The first that fits counts.
_REFUSALS: Final = (
    _refusal(UNHEALTHY, "HealthCheckFailed", "", f"mend what the links behind this one name, then: {_RECONCILE}"),
    _refusal(
        WAITS,
        "DependencyNotReady",
        r"dependency '(?:[^'/]+/)?([^']+)'",
        "mend Kustomization/{found} first: kubectl describe kustomizations.kustomize.toolkit.fluxcd.io {found}",
    ),
    _refusal(
        NOT_DECRYPTED,
        "",
        "configuring decryption is required",
        "matrix-secrets cluster enable-decryption --push",
    ),
    _refusal(
        NOT_DECRYPTED,
        "",
        "cannot get sops data key|failed to decrypt|decryption failed|no identity matched|is SOPS encrypted|sops-age"
        "|malformed secret key|age identit|decryption secret",
        f"mend the cluster key, then: {_RECONCILE}",
    ),
    _refusal(
        NO_STRATEGY_CHANGE,
        "",
        r"spec\.strategy\.rollingUpdate: Forbidden",
        "push strategy: {{type: RollingUpdate, rollingUpdate: {{maxSurge: 0, maxUnavailable: 1}}}} there first, and "
        "Recreate after that",
    ),
    _refusal(
        NOT_BUILT,
        "BuildFailed",
        r"yaml: line (\d+)",
        "correct line {found} of that file and push it; matrix-secrets verify finds it, too",
    ),
    _refusal(NOT_BUILT, "BuildFailed", "", "correct what it names and push it; matrix-secrets verify may find it, too"),
    _refusal(NOT_APPLIED, "ReconciliationFailed", "", f"correct that resource and push it, then: {_RECONCILE}"),
    _refusal(OTHER, "ArtifactFailed", "", f"mend the source, or the owner's spec.path, then: {_RECONCILE}"),
    _refusal(OTHER, "", "", f"mend what it says, then: {_RECONCILE}"),
)


def refused(reason: str, message: str, place: Place, text: str) -> Finding:
    """Return the finding for a Ready condition that is False; ``text`` is what to say, fit to be repeated."""
    for each in _REFUSALS:
        found = each.pattern.search(message)
        if found is not None and each.reason in ("", reason):
            group = next((group for group in found.groups() if group), "")
            return each.kind.at(place, text, each.fix.format(found=group))
    raise AssertionError(reason)  # the last one fits everything
