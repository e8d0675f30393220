"""The link that Synapse and Element read: the live ConfigMaps, and whether they hold what Git holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from matrix_secrets.checks.kind import error
from matrix_secrets.cluster.reading import read_config_map, read_secret
from matrix_secrets.errors import BadManifestError
from matrix_secrets.manifests.nodes import Scalar, leaves
from matrix_secrets.manifests.parse import parse
from matrix_secrets.manifests.resources import is_ciphertext
from matrix_secrets.operations.doctor.link import Verdict
from matrix_secrets.operations.doctor.livesecret import values_of
from matrix_secrets.operations.doctor.places import live_place
from matrix_secrets.records import dataclass
from matrix_secrets.stack.placeholders import is_placeholder

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from matrix_secrets.findings import Finding
    from matrix_secrets.manifests.resources import Resource
    from matrix_secrets.operations.doctor.case import Case
    from matrix_secrets.secretvalue import SecretValue

MISSING: Final = error(
    "live-config-missing",
    "A ConfigMap of the stack is not in the cluster: pods that mount it cannot start.",
    "`matrix-secrets cluster reconcile`",
)
CIPHERTEXT: Final = error(
    "live-config-ciphertext",
    "A live configuration is SOPS ciphertext: it was applied without decryption, and no program can read it.",
    "`matrix-secrets cluster reconcile`, once the owner decrypts.",
)
BROKEN: Final = error(
    "live-config-broken",
    "A live configuration does not parse: Synapse would not start with it.",
    "Correct the line that the finding names, or `matrix-secrets cluster reconcile` where Git's is right.",
)
PLACEHOLDER: Final = error(
    "live-config-placeholder",
    "A live configuration still has a placeholder as a value.",
    "`matrix-secrets configure` or `matrix-secrets generate`, then push.",
)
DIFFERS: Final = error(
    "live-config-differs",
    "A live configuration is another one than in the commit that Flux applied.",
    "`matrix-secrets cluster reconcile` puts back what Git holds.",
)
KINDS: Final = (MISSING, CIPHERTEXT, BROKEN, PLACEHOLDER, DIFFERS)

_RECONCILE: Final = "matrix-secrets cluster reconcile"
_PARSED: Final = (".yaml", ".yml", ".json", "log.config")


@dataclass(frozen=True, slots=True)
class Seen:
    """A ConfigMap, or a Secret that holds configurations. ``git`` as Flux applied it; ``live`` None without it.

    ``push`` is the command that publishes, ``edit`` how an edit of its file begins.
    """

    kind: str
    namespace: str
    name: str
    git: Mapping[str, SecretValue | None]
    live: Mapping[str, SecretValue] | None
    push: str
    edit: str


def look(case: Case) -> Verdict:
    """Read each resource of the stack that holds a homeserver.yaml or a config.json."""
    stack = case.applied or case.stack
    holders = {
        (config.entry.resource.kind, config.entry.resource.name): config.entry.resource
        for config in (*stack.homeservers, *stack.elements)
    }
    push = "matrix-secrets encrypt --push" if case.encrypted else "git push"
    return judge([_seen(case, holder, push) for holder in holders.values()])


def judge(found: Sequence[Seen]) -> Verdict:
    """Judge each text: there, readable, real, and Git's."""
    findings = tuple(finding for seen in found for finding in _judged(seen))
    names = ", ".join(f"{seen.namespace}/{seen.name}" for seen in found)
    if not found:
        return Verdict("the stack has no configuration of Synapse or Element")
    return Verdict(f"{names} {'is' if len(found) == 1 else 'are'} what Git holds", findings)


def _seen(case: Case, holder: Resource, push: str) -> Seen:
    namespace = holder.namespace or case.namespace
    read = read_secret if holder.kind == "Secret" else read_config_map
    live = read(case.cluster, namespace, holder.name)
    git = values_of(holder) if case.applied is not None else {}
    edit = case.subject.edit(holder.stream.file, "")
    return Seen(holder.kind, namespace, holder.name, git, live.entries if live is not None else None, push, edit)


def _judged(seen: Seen) -> Iterator[Finding]:
    if seen.live is None:
        place = live_place(seen.kind, seen.namespace, seen.name)
        yield MISSING.at(place, "is not in the cluster", _RECONCILE)
        return
    for key in seen.git or seen.live:
        place = live_place(seen.kind, seen.namespace, seen.name, key)
        live, git = seen.live.get(key), seen.git.get(key)
        if live is None:
            yield DIFFERS.at(place, "is not there, and Git has it", _RECONCILE)
            continue
        same = git is not None and live == git
        text = live.reveal()
        fault = _fault(text) if key.endswith(_PARSED) else None
        if is_ciphertext(text):
            yield CIPHERTEXT.at(place, "is ciphertext: Flux applied it without decrypting", _RECONCILE)
        elif fault is not None:
            line = f", line {fault.place.line}" if fault.place is not None and fault.place.line else ""
            fix = f"{seen.edit}correct that line; then {seen.push}" if same else _RECONCILE
            yield BROKEN.at(place, f"does not parse{line}: {fault.message}", fix)
        elif (path := _placeholder(text)) and key.endswith(_PARSED):
            fix = f"{seen.edit}put the real value there; then {seen.push}" if same else _RECONCILE
            yield PLACEHOLDER.at(live_place(seen.kind, seen.namespace, seen.name, key, path), "is a placeholder", fix)
        elif git is not None and not same:
            yield DIFFERS.at(place, "differs from Git", _RECONCILE)


def _fault(text: str) -> BadManifestError | None:
    try:
        parse(text)
    except BadManifestError as error:
        return error
    return None


def _placeholder(text: str) -> str:
    """Return the path of the first value that is a placeholder; empty where there is none."""
    for document in parse(text).documents:
        for leaf in leaves(document.root):
            if isinstance(leaf.node, Scalar) and is_placeholder(leaf.node.value) and leaf.node.value.strip():
                return ".".join(map(str, leaf.path))
    return ""
