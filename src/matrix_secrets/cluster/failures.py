"""What a cluster's refusal or silence means: an error naming verb, resource, namespace and where it was asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from matrix_secrets.errors import OutsideError
from matrix_secrets.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

RIGHTS: Final = "docs/reference/rights.md has a Role for it"
READING: Final = frozenset({"get", "list", "watch"})
_UNKNOWN: Final = "whether it was done is not known; run the command again, it looks first"


class ForbiddenError(OutsideError):
    """The cluster does not let this user do it, or does not know them."""


class UnreachableError(OutsideError):
    """The API server did not answer, or went away."""


class ConflictError(OutsideError):
    """Somebody else changed or owns what was to be written; nothing was written."""


class UnknownKindError(OutsideError):
    """The cluster has no such kind of object, or not the namespace or object to change: Flux is not installed there."""


class InvalidError(OutsideError):
    """The cluster does not take what was to be written; nothing was written."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One request, in the words of `kubectl auth can-i`. ``resource`` is ``secrets`` or ``kustomizations.GROUP``."""

    verb: str
    resource: str
    namespace: str | None
    name: str | None
    where: str
    context_option: str
    subresource: str = ""

    @property
    def what(self) -> str:
        """``patch secrets/sops-age in flux-system``."""
        named = "/".join(part for part in (self.resource, self.name, self.subresource) if part)
        return f"{self.verb} {named}" + (f" in {self.namespace}" if self.namespace else "")

    @property
    def right(self) -> str:
        """What a role has to allow: ``get pods/exec in matrix``."""
        named = f"{self.resource}/{self.subresource}" if self.subresource else self.resource
        return f"{self.verb} {named}" + (f" in {self.namespace}" if self.namespace else "")

    @property
    def can_i(self) -> str:
        """The kubectl command that asks whether it is allowed."""
        name = "" if self.name is None else f"/{self.name}"
        part = f" --subresource {self.subresource}" if self.subresource else ""
        scope = f" --namespace {self.namespace}" if self.namespace else ""
        return f"kubectl{self.context_option} auth can-i {self.verb} {self.resource}{name}{part}{scope}"


def refusal(asked: Asked, status: int, reason: str, body: Mapping[str, Any]) -> OutsideError:
    """Return the error for an answer that is none. ``body`` is the Status object, empty where there was none.

    The server's own sentence is repeated for what cannot hold a secret only: never for a Secret or a ConfigMap.
    """
    said = _said(asked, status, reason, body)
    if status == 401:
        text = f"{asked.where} does not know you: it refused to {asked.what}"
        return ForbiddenError(text, cause=said, hint="log in again, or name another kubeconfig context: --context NAME")
    if status == 403:
        text = f"{asked.where}: you may not {asked.right}"
        return ForbiddenError(text, cause=said, hint=f"{asked.can_i}; {RIGHTS}")
    if status == 404:
        return _missing(asked, said, body)
    if status == 409:
        text = f"{asked.where} refused to {asked.what}: somebody else owns or changed it; nothing was written"
        return ConflictError(text, cause=_owners(body) or said, hint="look who it is, then run the command again")
    if status in {400, 413, 415, 422}:
        return InvalidError(f"{asked.where} refused to {asked.what}; nothing was written", cause=said)
    text = f"{asked.where} answered {status} when asked to {asked.what}"
    return UnreachableError(text, cause=said, hint=_next(asked))


def _missing(asked: Asked, said: str, body: Mapping[str, Any]) -> UnknownKindError:
    details = body.get("details")
    if isinstance(details, dict) and details.get("kind") == "namespaces":
        text = f"{asked.where} has no namespace {asked.namespace}"
    elif asked.name is not None:
        text = f"{asked.where} has no {asked.resource}/{asked.name} in {asked.namespace}"
    else:
        text = f"{asked.where} has no {asked.resource}"
    return UnknownKindError(text, cause=said, hint="install Flux there (flux bootstrap), or name it: --context NAME")


def silence(asked: Asked, error: Exception) -> UnreachableError:
    """Return the error for no answer at all. Nothing of the exception but its kind is repeated."""
    text = f"{asked.where} cannot be reached: no answer when asked to {asked.what}"
    return UnreachableError(text, cause=_kind(error), hint=_next(asked))


def _next(asked: Asked) -> str:
    if asked.verb in READING:
        return f"kubectl{asked.context_option} version shows whether it is up; then run the command again"
    return _UNKNOWN


def _said(asked: Asked, status: int, reason: str, body: Mapping[str, Any]) -> str:
    message = body.get("message")
    secret = asked.resource in {"secrets", "configmaps"} and status not in {401, 403, 409}
    if isinstance(message, str) and message and not secret:
        return " ".join(message.split())[:300]
    return f"{status} {body.get('reason') or reason}"


def _owners(body: Mapping[str, Any]) -> str:
    """Field managers and fields of a server-side apply's conflict: ``.data.age.agekey: conflict with "kubectl"``."""
    details = body.get("details")
    causes = details.get("causes") if isinstance(details, dict) else None
    found = [f"{each.get('field')}: {each.get('message')}" for each in causes or () if isinstance(each, dict)]
    return "; ".join(found)[:300]


def _kind(error: Exception) -> str:
    """Name the innermost reason that urllib3 gives: ``ConnectTimeoutError``, ``NewConnectionError``."""
    reason = getattr(error, "reason", None)
    return type(reason if isinstance(reason, Exception) else error).__name__
