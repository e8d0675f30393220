"""Files that were encrypted for the values in their homeserver.yaml, once those have moved out."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from matrix_secrets.checks.plaintext import secret_options
from matrix_secrets.errors import Place
from matrix_secrets.findings import Finding, Severity
from matrix_secrets.manifests.resources import resources

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from matrix_secrets.stack.configtext import ConfigText
    from matrix_secrets.stack.model import Stack
    from matrix_secrets.stack.workspace import Workspace


def left_encrypted(workspace: Workspace, stacks: Sequence[Stack], texts: Mapping[str, str]) -> Iterator[Finding]:
    """Tell of files that were encrypted for the values in their homeserver.yaml, and whether they hold any more."""
    new = workspace.with_texts(texts)
    for stack in stacks:
        holding = {secret.stream.file for secret in stack.secrets}
        for config in stack.homeservers:
            file = config.file
            if file not in texts or not stack.file(file).encrypted or file in holding:
                continue
            left = dict.fromkeys(_secret_options(new, config))
            what = f"still holds {', '.join(left)}" if left else "holds no secret any more"
            text = f"homeserver.yaml {what}; the file stays encrypted"
            fix = "" if left else f"leave it; or take it out of its rule, then: sops decrypt -i {shlex.quote(file)}"
            yield Finding("stays-encrypted", Severity.WARNING, Place(file), text, fix)


def _secret_options(workspace: Workspace, config: ConfigText) -> Iterator[str]:
    index = config.entry.resource.document.index
    for resource in resources(workspace.read(config.file).stream):
        entry = resource.entry(config.entry.key) if resource.document.index == index else None
        if entry is not None:
            yield from (name for name, _ in secret_options(entry))
