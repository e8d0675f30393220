"""The Flux Kustomization that applies the stack: there, and able to decrypt what is encrypted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from matrix_secrets.checks.kind import error, warning
from matrix_secrets.errors import Place
from matrix_secrets.manifests.resources import STRING_DATA
from matrix_secrets.stack.fluxcontroller import controllers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matrix_secrets.checks.subject import Subject
    from matrix_secrets.findings import Finding
    from matrix_secrets.stack.fluxowner import Owner
    from matrix_secrets.stack.model import Stack

MISSING: Final = warning(
    "owner-missing",
    "No Flux Kustomization of this repository has a `path` that covers the stack: from here nobody can tell whether "
    "it is applied, or decrypted.",
    "Add one to `clusters/NAME/`, or ignore this where another repository holds it.",
)
NO_DECRYPTION: Final = warning(
    "owner-without-decryption",
    "The stack is encrypted, and the Flux Kustomization that owns it has no `spec.decryption`. The tripwire makes Flux "
    "stop: it applies nothing more until the owner decrypts.",
    "`matrix-secrets cluster enable-decryption`; push that before the encrypted files.",
)
GOES_LIVE: Final = error(
    "ciphertext-would-go-live",
    "As owner-without-decryption, and a Secret of the stack has no tripwire: Flux would report Ready and write the "
    "ciphertext into the live Secret, as the password.",
    "`matrix-secrets cluster enable-decryption`; `matrix-secrets encrypt` adds the tripwire.",
)
NO_KEY: Final = warning(
    "owner-without-key",
    "The owner's `spec.decryption` names no Secret, and nothing here gives kustomize-controller one for all.",
    "`matrix-secrets cluster enable-decryption` adds `secretRef: {name: sops-age}`.",
)
KINDS: Final = (MISSING, NO_DECRYPTION, GOES_LIVE, NO_KEY)


def check(subject: Subject) -> Iterator[Finding]:
    """Yield what is missing of each stack's owners; decryption is asked for only where something is encrypted."""
    for stack in subject.stacks:
        owners = subject.owners_of(stack)
        encrypted = next((file for file in stack.files if file.encrypted), None)
        if not owners:
            yield _missing(stack)
        for owner in owners:
            if encrypted is not None and not owner.decryption:
                yield _without_decryption(subject, owner, stack, encrypted.file)
            elif encrypted is not None and not owner.secret_name and not _flag_is_set(subject):
                message = f"the decryption of Kustomization/{owner.name} names no Secret with the key"
                fix = subject.command("cluster enable-decryption", stack)
                yield NO_KEY.at(owner.place, message, fix)


def _missing(stack: Stack) -> Finding:
    message = f"no Flux Kustomization in this repository covers {stack.label}"
    fix = f"add a Kustomization with spec.path: ./{stack.directory} to clusters/NAME/, unless another repository has it"
    return MISSING.at(Place(stack.label), message, fix)


def _without_decryption(subject: Subject, owner: Owner, stack: Stack, file: str) -> Finding:
    message = f"Kustomization/{owner.name} applies {stack.label} without decrypting it, but {file} is encrypted"
    fix = subject.command("cluster enable-decryption", stack)
    if _would_go_live(subject, stack):
        return GOES_LIVE.at(owner.place, f"{message}: Flux would apply the ciphertext as values", fix)
    return NO_DECRYPTION.at(owner.place, f"{message}: Flux stops there", f"{fix}; push that before the encrypted files")


def _would_go_live(subject: Subject, stack: Stack) -> bool:
    """Whether a Secret is encrypted and none has ciphertext under ``data:``, which alone makes Flux look."""
    fields = {
        entry.field
        for file in stack.files
        if file.encrypted
        for resource in subject.disk_resources(file.file)
        if resource.kind == "Secret"
        for entry in resource.entries()
        if entry.encrypted
    }
    return fields == {STRING_DATA}


def _flag_is_set(subject: Subject) -> bool:
    """Whether kustomize-controller has a Secret for Kustomizations with decryption and no secretRef (≥ 1.7)."""
    return any(controller.secret for controller in controllers(subject.yaml_files, subject.raw))
