"""What a commit would make readable for ever: managed values in plain text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matrix_secrets.errors import BadManifestError, OutsideError, Place, RefusedError
from matrix_secrets.manifests.parse import decode, parse
from matrix_secrets.sops.metadata import is_encrypted
from matrix_secrets.stack.model import Stack, ValueState

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from matrix_secrets.operations.plan import Plan
    from matrix_secrets.stack.workspace import Workspace


def refuse_plaintext(workspace: Workspace, stacks: Sequence[Stack], plan: Plan) -> None:
    """Make sure that none of the plan's files holds a managed value in plain text once the plan is carried out.

    Raises RefusedError.
    """
    plain = set(_plain_files(workspace, plan))
    written = {change.place for change in plan.changes}
    found: list[tuple[str, Place]] = [
        (secret.name, location.place)
        for stack in stacks
        for secret in stack.managed
        for location in secret.locations
        if location.file in plain and (location.state is ValueState.SET or location.place in written)
    ]
    if found:
        others = ", ".join(dict.fromkeys(name for name, _ in found if name != found[0][0]))
        raise RefusedError(
            "would be committed in plain text" + (f", as would {others}" if others else "") + "; nothing was changed",
            place=found[0][1],
            cause="what is in the history once can be read by everybody who has the repository, now or later",
            hint="matrix-secrets encrypt first; in a private repository: --allow-plaintext",
        )


def _plain_files(workspace: Workspace, plan: Plan) -> Iterator[str]:
    new = {write.path: write.new for write in plan.writes}
    for file in plan.paths:
        path = workspace.root / file
        try:
            raw = new[path] if path in new else workspace.raw(file)
            if raw is not None and not is_encrypted(parse(decode(raw, file), file)):
                yield file
        except (BadManifestError, OutsideError):
            continue  # no manifest, or no file: it holds no managed value
