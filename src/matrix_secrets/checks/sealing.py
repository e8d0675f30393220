"""How a file was encrypted: readable where it should be, and with the tripwire that makes Flux stop."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from matrix_secrets.checks.kind import warning
from matrix_secrets.errors import Place
from matrix_secrets.manifests.nodes import text_at
from matrix_secrets.manifests.resources import is_ciphertext
from matrix_secrets.sops.metadata import read_metadata
from matrix_secrets.stack.consumption import DIGEST_KEY
from matrix_secrets.stack.tripwire import has_tripwire

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matrix_secrets.checks.subject import Subject
    from matrix_secrets.findings import Finding

WHOLE: Final = warning(
    "encrypted-whole",
    "A file was encrypted with its apiVersion, kind and names: nobody can review it, and Kustomize cannot build it.",
    "`matrix-secrets encrypt` converts it, under a rule whose `encrypted_regex` picks data and stringData.",
)
MAC_OVER_ALL: Final = warning(
    "mac-covers-plain-fields",
    "The MAC covers the plain fields, too: a bot that bumps an image tag breaks the file for sops.",
    "`mac_only_encrypted: true` in the rule, then `matrix-secrets encrypt`.",
)
NO_TRIPWIRE: Final = warning(
    "tripwire-missing",
    "A Secret is encrypted under `stringData:` only: a Flux that does not decrypt it applies the ciphertext as values.",
    f"`matrix-secrets encrypt` adds `{DIGEST_KEY}` under `data:`.",
)
KINDS: Final = (WHOLE, MAC_OVER_ALL, NO_TRIPWIRE)


def check(subject: Subject) -> Iterator[Finding]:
    """Yield what could be better about each encrypted file of a stack."""
    for stack in subject.stacks:
        fix = subject.command("encrypt", stack)
        for file in stack.files:
            stream = subject.disk_stream(file.file) if file.encrypted else None
            if stream is None:
                continue
            whole = any(
                is_ciphertext(text_at(each.root, ("kind",)) or "") for each in subject.disk_resources(file.file)
            )
            if whole:
                message = "apiVersion, kind and names are encrypted, too: nobody can see what the file is"
                yield WHOLE.at(Place(file.file), message, fix)
            elif not read_metadata(stream).mac_only_encrypted:
                message = "the MAC covers the plain fields, too: an image bump would break the file"
                where = f"set mac_only_encrypted: true in its rule in {subject.rules_file}, then: {fix}"
                yield MAC_OVER_ALL.at(Place(file.file), message, where)
        for secret in stack.secrets:
            file_ = stack.file(secret.stream.file)
            readable_kind = secret.kind == "Secret"
            if file_.encrypted and readable_kind and not has_tripwire(secret):
                yield NO_TRIPWIRE.at(secret.place(DIGEST_KEY), "without it Flux may apply ciphertext as values", fix)
