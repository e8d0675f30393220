"""Placeholders left over: in values they go into service, in comments they mislead (the guide's Step 7)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from matrix_secrets.checks.kind import error, warning
from matrix_secrets.checks.settings import element_settings, homeserver_settings
from matrix_secrets.checks.subject import Subject, resources_of
from matrix_secrets.errors import BadManifestError, Place
from matrix_secrets.manifests.resources import DATA
from matrix_secrets.stack.leftovers import Leftover, leftovers
from matrix_secrets.stack.model import Stack, ValueState
from matrix_secrets.stack.placeholders import tokens

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matrix_secrets.findings import Finding

IN_VALUE: Final = error(
    "placeholder-in-value",
    "A value is still a placeholder of the guide, or the name of an example, and would go into service.",
    "`matrix-secrets generate` for secrets, `matrix-secrets configure` for names and URLs, else an edit.",
)
IN_COMMENT: Final = warning(
    "placeholder-in-comment",
    "A comment still names a placeholder: it misleads whoever reads it, and the guide's `grep` never comes back empty.",
    "Delete or reword the comment.",
)
KINDS: Final = (IN_VALUE, IN_COMMENT)


def check(subject: Subject) -> Iterator[Finding]:
    """Yield one finding for each place with a placeholder; managed secrets and settings first, by what mends them."""
    for stack in subject.stacks:
        told: set[Place] = set()
        for found in (*_secrets(subject, stack), *_settings(subject, stack), *_encoded(subject, stack)):
            if found.place not in told:
                told.add(found.place)
                yield found
        for left in leftovers(stack):
            if left.in_comment:
                yield _in_comment(subject, left)
            elif left.place not in told:
                told.add(left.place)
                fix = subject.edit(left.place.file, f"put the real value in place of {left.token.text}")
                yield IN_VALUE.at(left.place, f"{left.token.text} is still there", fix)


def _secrets(subject: Subject, stack: Stack) -> Iterator[Finding]:
    for secret in stack.managed:
        for location in secret.locations:
            if location.state is ValueState.PLACEHOLDER:
                fix = subject.command(f"generate {secret.name}", stack)
                yield IN_VALUE.at(location.place, f"{secret.name} is still a placeholder", fix)


def _settings(subject: Subject, stack: Stack) -> Iterator[Finding]:
    for setting in (*homeserver_settings(stack), *element_settings(stack)):
        if setting.open:
            what = f"the {setting.meaning} is still {setting.text.strip() or 'empty'}"
            fix = subject.command("configure --server-name NAME --node-ip IP", stack)
            yield IN_VALUE.at(setting.config.place(setting.path), what, fix)


def _encoded(subject: Subject, stack: Stack) -> Iterator[Finding]:
    """Look into a Secret's ``data:``, whose placeholders stand in base64; `leftovers` looks into configurations."""
    configs = {config.entry.place for config in (*stack.homeservers, *stack.elements) if config.readable}
    for resource in resources_of(stack):
        for entry in resource.entries() if resource.kind == "Secret" else ():
            if entry.field != DATA or entry.encrypted or entry.place in configs:
                continue
            try:
                token = next(tokens(entry.embedded().text), None)
            except BadManifestError:
                continue
            if token is not None:
                fix = subject.edit(entry.place.file, f"put the base64 of the real value under {entry.key}")
                yield IN_VALUE.at(entry.place, f"{token.text} is still there, in base64", fix)


def _in_comment(subject: Subject, left: Leftover) -> Finding:
    place = left.place
    if left.config is None and subject.files[place.file].encrypted:
        # The plain text's lines are not the file's: ciphertext has none.
        place = Place(place.file, place.document, place.path)
    where = "" if left.place.line is None else f" in line {left.place.line}"
    within = f" of {left.config.entry.key}" if left.config is not None else ""
    fix = subject.edit(place.file, f"reword the comment{where}{within}")
    return IN_COMMENT.at(place, f"a comment still says {left.token.text}", fix)
