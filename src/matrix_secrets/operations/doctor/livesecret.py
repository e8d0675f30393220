"""The link that pods read: the live Secrets, and whether they hold what Git holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from matrix_secrets.checks.kind import error
from matrix_secrets.cluster.reading import read_secret
from matrix_secrets.errors import BadManifestError
from matrix_secrets.manifests.resources import is_ciphertext
from matrix_secrets.operations.doctor.link import Verdict
from matrix_secrets.operations.doctor.places import live_place
from matrix_secrets.records import dataclass
from matrix_secrets.secretvalue import SecretValue
from matrix_secrets.stack.declarations import GUIDE_SECRETS
from matrix_secrets.stack.placeholders import is_placeholder

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from matrix_secrets.findings import Finding
    from matrix_secrets.manifests.resources import Resource
    from matrix_secrets.operations.doctor.case import Case

MISSING: Final = error(
    "live-secret-missing",
    "A Secret of the stack is not in the cluster: pods that use it cannot start.",
    "`matrix-secrets cluster reconcile`",
)
CIPHERTEXT: Final = error(
    "live-secret-ciphertext",
    "A live Secret holds SOPS ciphertext as a value: it was applied undecrypted, and pods take it for the password.",
    "`matrix-secrets cluster reconcile`, once the owner decrypts.",
)
PLACEHOLDER: Final = error(
    "live-secret-placeholder",
    "A live Secret holds a placeholder as a value.",
    "`matrix-secrets generate NAME`, then push.",
)
DIFFERS: Final = error(
    "live-secret-differs",
    "A live Secret holds another value than the commit that Flux applied, or lacks one.",
    "`matrix-secrets cluster reconcile` puts back what Git holds.",
)
KINDS: Final = (MISSING, CIPHERTEXT, PLACEHOLDER, DIFFERS)

_RECONCILE: Final = "matrix-secrets cluster reconcile"


@dataclass(frozen=True, slots=True)
class Seen:
    """A Secret. ``git`` are its values in the commit that Flux applied, None for one that cannot be read here.

    ``live`` is None without the Secret. ``generate`` is the command that fills a placeholder and publishes.
    """

    namespace: str
    name: str
    git: Mapping[str, SecretValue | None]
    live: Mapping[str, SecretValue] | None
    generate: str


def look(case: Case) -> Verdict:
    """Read each Secret of the stack."""
    stack = case.applied or case.stack
    seen: list[Seen] = []
    for secret in stack.secrets:
        namespace = secret.namespace or case.namespace
        live = read_secret(case.cluster, namespace, secret.name)
        git = values_of(secret) if case.applied is not None else {}
        entries = live.entries if live is not None else None
        seen.append(Seen(namespace, secret.name, git, entries, case.command("generate --push")))
    return judge(seen)


def judge(found: Sequence[Seen]) -> Verdict:
    """Judge each entry; what stands in the cluster beyond Git's entries is nobody's business here."""
    findings = tuple(finding for seen in found for finding in _judged(seen))
    names = ", ".join(f"{seen.namespace}/{seen.name}" for seen in found)
    if not found:
        return Verdict("no Secret of the stack holds managed values")
    return Verdict(f"{names} {'is' if len(found) == 1 else 'are'} what Git holds", findings)


def values_of(secret: Resource) -> dict[str, SecretValue | None]:
    """Return a Secret's values as Kubernetes would have them; None for one that cannot be read."""
    values: dict[str, SecretValue | None] = {}
    for entry in secret.entries():
        try:
            values[entry.key] = None if entry.encrypted else SecretValue(entry.embedded().text)
        except BadManifestError:
            values[entry.key] = None
    return values


def _judged(seen: Seen) -> Iterator[Finding]:
    if seen.live is None:
        place = live_place("Secret", seen.namespace, seen.name)
        yield MISSING.at(place, "is not in the cluster", _RECONCILE)
        return
    managed = {key for each in GUIDE_SECRETS for key in each.keys}
    for key in dict.fromkeys((*seen.git, *(key for key in seen.live if key in managed))):
        place = live_place("Secret", seen.namespace, seen.name, key)
        live, git = seen.live.get(key), seen.git.get(key)
        same = live is not None and git is not None and live == git
        if live is None:
            yield DIFFERS.at(place, "is not there, and Git has it", _RECONCILE)
        elif is_ciphertext(live.reveal()):
            message = "holds ciphertext: Flux applied it without decrypting, and pods take it for the value"
            yield CIPHERTEXT.at(place, message, _RECONCILE)
        elif is_placeholder(live.reveal()):
            yield PLACEHOLDER.at(place, "is still a placeholder", seen.generate if same or git is None else _RECONCILE)
        elif git is not None and not same:
            yield DIFFERS.at(place, "differs from the value in Git", _RECONCILE)
