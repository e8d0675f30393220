"""What kustomize-controller's own message means, and what mends it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from matrix_secrets.checks.kind import error

if TYPE_CHECKING:
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
_DECRYPTION: Final = re.compile(
    r"cannot get sops data key|failed to decrypt|decryption failed|no identity matched|is SOPS encrypted"
    r"|sops-age|malformed secret key|age identity|MAC mismatch",
    re.IGNORECASE,
)
_NO_DECRYPTION: Final = "configuring decryption is required"
_STRATEGY: Final = "spec.strategy.rollingUpdate: Forbidden"
_DEPENDENCY: Final = re.compile(r"dependency '([^']+)' is not ready")
_YAML_LINE: Final = re.compile(r"yaml: line (\d+)")


def refused(reason: str, message: str, place: Place, text: str, edit: str) -> Finding:
    """Return the finding for a Ready condition that is False; ``text`` is what to say, fit to be repeated.

    ``reason`` is one of the conditions' of kustomize-controller (api/v1, condition types). ``edit`` is how a fix in the
    owner's manifest begins.
    """
    if reason == "HealthCheckFailed":
        return UNHEALTHY.at(place, text, f"mend what the links behind this one name, then: {_RECONCILE}")
    if reason == "DependencyNotReady":
        found = _DEPENDENCY.search(message)
        other = found[1].rpartition("/")[2] if found else "that one"
        return WAITS.at(place, text, f"mend Kustomization/{other} first: kubectl describe kustomization {other}")
    if _NO_DECRYPTION in message:
        return NOT_DECRYPTED.at(place, text, "matrix-secrets cluster enable-decryption --push")
    if _DECRYPTION.search(message):
        return NOT_DECRYPTED.at(place, text, f"mend the cluster key, then: {_RECONCILE}")
    if _STRATEGY in message:
        surge = "{type: RollingUpdate, rollingUpdate: {maxSurge: 0, maxUnavailable: 1}}"
        return NO_STRATEGY_CHANGE.at(place, text, f"push strategy: {surge} there first, and Recreate after that")
    if reason == "BuildFailed":
        line = _YAML_LINE.search(message)
        what = f"correct line {line[1]} of that file" if line else "correct what it names"
        return NOT_BUILT.at(place, text, f"{what} and push it; matrix-secrets verify finds it, too")
    if reason == "ReconciliationFailed":
        return NOT_APPLIED.at(place, text, f"correct that resource and push it, then: {_RECONCILE}")
    if reason == "ArtifactFailed":
        return OTHER.at(place, text, f"mend the source, or {edit}, spec.path, then: {_RECONCILE}")
    return OTHER.at(place, text, f"mend what it says, then: {_RECONCILE}")
