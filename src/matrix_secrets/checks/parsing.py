"""Files of a stack's directory that are no YAML, or that could not be read as a manifest."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, Final

from matrix_secrets.checks.kind import error
from matrix_secrets.checks.subject import Subject, directories
from matrix_secrets.errors import BadManifestError, Place
from matrix_secrets.manifests.parse import decode, parse
from matrix_secrets.stack.fluxowner import FLUX_GROUP

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matrix_secrets.findings import Finding

BROKEN: Final = error(
    "yaml-broken",
    "A manifest beside the stack's, or one of Flux, does not parse: Flux stops at it and applies nothing.",
    "Correct the line that the finding names.",
)
KINDS: Final = (BROKEN,)


def check(subject: Subject) -> Iterator[Finding]:
    """Yield the files that discovery passed over: those that held a part of a stack it has refused before."""
    where = frozenset[str]().union(*(directories(stack) for stack in subject.stacks))
    for file in subject.yaml_files:
        beside = posixpath.dirname(file) in where and file not in subject.files
        if beside or (file not in subject.files and FLUX_GROUP.encode() in subject.raw(file)):
            try:
                parse(decode(subject.raw(file), file), file)
            except BadManifestError as broken:
                yield BROKEN.at(broken.place or Place(file), broken.message, f"correct that line of {file}")
