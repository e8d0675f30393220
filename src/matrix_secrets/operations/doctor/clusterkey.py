"""The link that Flux decrypts with: the Secret with the cluster's identity, where Flux reads it, and what it opens."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Final

from matrix_secrets.agekeys.identity import Identity, Locked
from matrix_secrets.agekeys.identityfile import parse_identities
from matrix_secrets.checks.kind import error
from matrix_secrets.cluster.failures import ForbiddenError
from matrix_secrets.cluster.writing import pointer
from matrix_secrets.errors import NoIdentityError, RefusedError
from matrix_secrets.operations.doctor.case import KEY_NAME
from matrix_secrets.operations.doctor.link import Verdict
from matrix_secrets.operations.doctor.places import live_place
from matrix_secrets.records import dataclass
from matrix_secrets.sops.builtin import BuiltinEngine

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from matrix_secrets.cluster.objects import LiveSecret
    from matrix_secrets.findings import Finding
    from matrix_secrets.operations.doctor.case import Case

MISSING: Final = error(
    "cluster-key-missing",
    "The Secret with the cluster's age identity does not exist: Flux cannot decrypt anything.",
    "`matrix-secrets cluster install-key`",
)
ELSEWHERE: Final = error(
    "cluster-key-elsewhere",
    "The Secret with the age identity stands in another namespace: Flux reads it in that of the Kustomization only.",
    "Copy it, as the finding says.",
)
MISNAMED: Final = error(
    "cluster-key-misnamed",
    "The Secret has no entry whose name ends in `.agekey`: Flux reads no other.",
    "Rename the entry, as the finding says.",
)
BROKEN: Final = error(
    "cluster-key-broken",
    "An `*.agekey` entry of the Secret is no age identity: that one entry stops all decryption.",
    "Take the entry out, as the finding says.",
)
MISMATCH: Final = error(
    "cluster-key-mismatch",
    "The cluster's identity is not among the recipients of an encrypted file: Flux cannot decrypt it.",
    "`matrix-secrets keys add cluster RECIPIENT --push`, with the recipient that the finding names.",
)
KINDS: Final = (MISSING, ELSEWHERE, MISNAMED, BROKEN, MISMATCH)

SUFFIX: Final = ".agekey"


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of the Secret: the recipients of the identities in it, none where it cannot be parsed."""

    name: str
    recipients: tuple[str, ...]
    parses: bool

    @property
    def read(self) -> bool:
        """Whether Flux reads it."""
        return self.name.endswith(SUFFIX)


@dataclass(frozen=True, slots=True)
class Seen:
    """``entries`` is None without the Secret; ``elsewhere`` names namespaces that have one, with its first entry.

    ``opened`` says of each encrypted file whether the identities that Flux reads open it.
    """

    namespace: str
    name: str
    entries: Sequence[Entry] | None
    elsewhere: Sequence[tuple[str, str]]
    opened: Mapping[str, bool]
    kubectl: str


def look(case: Case) -> Verdict:
    """Read the Secret, and try its identities on the files."""
    if not case.encrypted:
        return Verdict("none is needed: nothing is encrypted")
    namespace, name = case.key_place
    secret = case.key(namespace, name)
    if secret is None and name != KEY_NAME and (secret := case.key(namespace, KEY_NAME)) is not None:
        name = KEY_NAME  # `owner` says that it names another one
    found, identities = _entries(secret) if secret is not None else (None, [])
    opened = {file: _opens(case, file, identities) for file in case.encrypted}
    others = list(_elsewhere(case, namespace, name)) if secret is None else []
    return judge(Seen(namespace, name, found, others, opened, case.kubectl("")))


def judge(seen: Seen) -> Verdict:
    """Judge as Flux does: only ``*.agekey`` counts, and each of them has to parse."""
    where = f"{seen.namespace}/{seen.name}"
    place = live_place("Secret", seen.namespace, seen.name)
    if seen.entries is None:
        return Verdict(f"there is no Secret {where}", (_missing(seen),))
    read = [entry for entry in seen.entries if entry.read]
    broken = [entry for entry in read if not entry.parses]
    if broken:
        return Verdict(f"Secret {where} has an entry that is no identity", tuple(_broken(seen, broken, read)))
    if not read:
        return Verdict(f"Secret {where} has no entry *{SUFFIX}", (_misnamed(seen, seen.entries),))
    recipients = tuple(dict.fromkeys(each for entry in read for each in entry.recipients))
    closed = [file for file, opens in seen.opened.items() if not opens]
    if closed:
        own = recipients[0] if recipients else "AGE1…"
        text = f"{place.document} opens {len(seen.opened) - len(closed)} of {len(seen.opened)} encrypted files"
        message = f"{text}, not {closed[0]}: {own} is not among its recipients"
        fix = f"matrix-secrets keys add cluster {own} --push"
        return Verdict(f"{where} does not open {closed[0]}", (MISMATCH.at(place, message, fix),))
    many = "1 file" if len(seen.opened) == 1 else f"{len(seen.opened)} files"
    return Verdict(f"{where}, {', '.join(entry.name for entry in read)}, opens {many}")


def _missing(seen: Seen) -> Finding:
    place = live_place("Secret", seen.namespace, seen.name)
    if not seen.elsewhere:
        message = "there is no such Secret: Flux has no key to decrypt with"
        return MISSING.at(place, message, "matrix-secrets cluster install-key --push")
    other, entry = seen.elsewhere[0]
    target = entry if entry.endswith(SUFFIX) else f"age{SUFFIX}"
    path = entry.replace(".", "\\.")
    copy = f"{seen.kubectl}get secret {seen.name} -n {other} -o jsonpath='{{.data.{path}}}' | base64 -d"
    made = f"{seen.kubectl}create secret generic {seen.name} -n {seen.namespace} --from-file={target}=/dev/stdin"
    message = f"there is no such Secret; one stands in {other}, and Flux reads it in {seen.namespace} only"
    return ELSEWHERE.at(place, message, f"{copy} | {made}")


def _misnamed(seen: Seen, entries: Sequence[Entry]) -> Finding:
    place = live_place("Secret", seen.namespace, seen.name)
    key = next((entry for entry in entries if entry.parses and entry.recipients), None)
    if key is None:
        held = ", ".join(entry.name for entry in entries) or "no entry"
        message = f"has {held}, and Flux reads only *{SUFFIX}: there is no identity in it"
        return MISNAMED.at(place, message, "matrix-secrets cluster install-key --push")
    new = f"{key.name.removesuffix('.key').removesuffix('.txt')}{SUFFIX}"
    move = f'[{{"op":"move","from":"{pointer("data", key.name)}","path":"{pointer("data", new)}"}}]'
    message = f"has an entry {key.name}; Flux reads only *{SUFFIX}"
    return MISNAMED.at(place, message, _patch(seen, move))


def _broken(seen: Seen, broken: Sequence[Entry], read: Sequence[Entry]) -> Iterator[Finding]:
    for entry in broken:
        place = live_place("Secret", seen.namespace, seen.name, entry.name)
        message = "is no age identity, and one such entry stops all decryption"
        if len(read) > len(broken):
            fix = _patch(seen, f'[{{"op":"remove","path":"{pointer("data", entry.name)}"}}]')
        else:
            delete = f"{seen.kubectl}delete secret {seen.name} -n {seen.namespace}"
            fix = f"{delete} && matrix-secrets cluster install-key --push"
        yield BROKEN.at(place, message, fix)


def _patch(seen: Seen, operations: str) -> str:
    words = f"patch secret {seen.name} -n {seen.namespace} --type=json -p {shlex.quote(operations)}"
    return f"{seen.kubectl}{words}"


def _entries(secret: LiveSecret) -> tuple[list[Entry], list[Identity]]:
    """Parse each entry as strictly as Flux; return the identities of those that it reads."""
    entries: list[Entry] = []
    usable: list[Identity] = []
    for name, value in secret.entries.items():
        try:
            found = parse_identities(value.reveal().encode(), name)
        except RefusedError:
            entries.append(Entry(name, (), parses=False))
            continue
        identities = [each for each in found if isinstance(each, Identity)]
        parses = bool(found) and not any(isinstance(each, Locked) for each in found)
        entries.append(Entry(name, tuple(each.recipient.key for each in identities), parses))
        usable += identities if name.endswith(SUFFIX) else []
    return entries, usable


def _opens(case: Case, file: str, identities: Sequence[Identity]) -> bool:
    metadata = case.metadata.get(file)
    if metadata is None:
        return False
    try:
        BuiltinEngine(lambda: identities).data_key(metadata, file)
    except NoIdentityError:
        return False
    return True


def _elsewhere(case: Case, namespace: str, name: str) -> Iterator[tuple[str, str]]:
    """Look where the guide's commands, run without ``--namespace``, would have put it."""
    for other in dict.fromkeys(("default", case.namespace, "flux-system", "kube-system")):
        if other == namespace:
            continue
        try:
            secret = case.key(other, name)
        except ForbiddenError:
            continue
        if secret is not None and secret.entries:
            yield other, min(secret.entries, key=lambda entry: not entry.endswith(SUFFIX))
