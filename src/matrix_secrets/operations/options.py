"""Plans that change options of homeserver.yaml, and restart Synapse with them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matrix_secrets.errors import RefusedError
from matrix_secrets.findings import Finding, Severity
from matrix_secrets.operations.plan import Change, Plan
from matrix_secrets.operations.writing import rewritten, write_texts
from matrix_secrets.records import dataclass
from matrix_secrets.stack.services import synapse_workloads
from matrix_secrets.stack.strategy import STRATEGY, Strategy, strategy_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from matrix_secrets.manifests.resources import Resource
    from matrix_secrets.stack.configtext import ConfigText
    from matrix_secrets.stack.model import Stack
    from matrix_secrets.stack.rewriting import Rewrite
    from matrix_secrets.stack.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Setting:
    """An option on its way: the edits, told as one change."""

    change: Change
    rewrites: tuple[Rewrite, ...]


def homeservers(stacks: Sequence[Stack]) -> list[ConfigText]:
    """Return the homeserver.yaml of the stacks. Raises RefusedError where there is none, and why one is unreadable."""
    found = [config for stack in stacks for config in stack.homeservers]
    if not found:
        names = ", ".join(stack.label for stack in stacks)
        raise RefusedError(f"{names} has no homeserver.yaml", hint="name the directory that has it: --stack DIR")
    for locked in (file.locked for stack in stacks for file in stack.locked):
        if locked is not None:  # a digest over half of what the pods consume restarts nothing
            raise locked
    for config in found:
        if config.why is not None:
            raise config.why
    return found


def plan_settings(
    workspace: Workspace,
    stacks: Sequence[Stack],
    settings: Iterable[Setting],
    *,
    message: str,
    notes: Iterable[Finding] = (),
    following: Sequence[str] = (),
) -> Plan:
    """Plan some settings of homeserver.yaml; the pods that read it get digests, so that the change restarts them.

    Raises the reason where a file cannot be opened.
    """
    wanted = list(settings)
    texts = rewritten(workspace, [each for setting in wanted for each in setting.rewrites])
    written = write_texts(workspace, stacks, texts, restarting=True)
    files = [config.file for stack in stacks for config in stack.homeservers]
    synapses = [each.resource for stack in stacks for each in synapse_workloads(stack)]
    pods = [resource.stream.file for resource in synapses]
    both = list(_overlaps(synapses)) if written.writes else []
    return Plan(
        changes=(*(setting.change for setting in wanted), *written.changes),
        writes=written.writes,
        notes=(*written.notes, *both, *notes),
        commit_message=message,
        paths=tuple(dict.fromkeys((*written.paths, *files, *pods))),
        next_commands=tuple(following),
    )


def _overlaps(synapses: Iterable[Resource]) -> Iterator[Finding]:
    """Yield a note for each Deployment whose restart would run two Synapses at once."""
    for resource in synapses:
        if strategy_of(resource) is Strategy.OTHER:
            text = "this restarts Synapse, and for a while the old and the new one run on the same volume"
            fix = "matrix-secrets seal, which gives it strategy Recreate, first"
            yield Finding("synapse-strategy", Severity.WARNING, resource.place(*STRATEGY), text, fix)
