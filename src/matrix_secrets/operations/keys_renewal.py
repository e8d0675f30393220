"""What a leaver knows and is still in use, replaced: in the files with the removal, or by a rotation right after it.

A new value never stands under a data key that the leaver may have: each file that gets one gets a new data key with it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from matrix_secrets.errors import BadManifestError, Place
from matrix_secrets.findings import Finding, Severity
from matrix_secrets.manifests.parse import decode
from matrix_secrets.manifests.resources import resources
from matrix_secrets.operations.audit_baseline import FILE as BASELINE
from matrix_secrets.operations.keys_remove import NEW_KEYS
from matrix_secrets.operations.plan import Plan
from matrix_secrets.operations.rotation.effects import effects_of_digest_key
from matrix_secrets.operations.rotation.model import Rotation
from matrix_secrets.operations.rotation.planning import drawn, plan_values
from matrix_secrets.operations.soundness import require_sound
from matrix_secrets.records import dataclass
from matrix_secrets.secretvalue import SecretValue
from matrix_secrets.stack.consumption import DIGEST_KEY
from matrix_secrets.stack.declaration import Declaration
from matrix_secrets.stack.model import Location, ManagedSecret, SecretSpot, ValueState

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from matrix_secrets.operations.keys_files import SealedFile
    from matrix_secrets.operations.keys_history import Exposed
    from matrix_secrets.operations.keys_remove import Removal
    from matrix_secrets.stack.model import Stack
    from matrix_secrets.stack.workspace import Workspace

_DIGEST: Final = Declaration(DIGEST_KEY)


@dataclass(frozen=True, slots=True)
class Renewal:
    """``here`` is planned in the files; ``online`` are rotations, a stack each, for a running cluster to make."""

    here: Rotation
    online: tuple[Rotation, ...]

    @property
    def all(self) -> Rotation:
        """Both, to be told; its plan is that of the files only."""
        turned = (*self.here.turned, *(each for rotation in self.online for each in rotation.turned))
        return Rotation(turned, self.here.plan)

    def texts(self, workspace: Workspace, files: Sequence[SealedFile], also: Collection[str]) -> dict[str, str]:
        """Return, by file, the encrypted texts that have to get a new data key.

        New ones; those of ``online``, and ``also`` others, as they are. None of them may be written as it is.
        """
        waiting = set(also) | {
            place.file for rotation in self.online for each in rotation.turned for place in each.secret.locations
        }
        texts = {each.file: each.text for each in files if each.file in waiting}
        new = {write.path: write.new for write in self.here.plan.writes}
        for each in files:
            raw = new.get(workspace.root / each.file)
            if raw is not None:
                texts[each.file] = decode(raw, each.file)
        return texts

    def left(self, exposed: Sequence[Exposed]) -> tuple[Exposed, ...]:
        """Return what is known and not replaced, each with the places where it stays."""
        done = {place.place for each in self.all.turned for place in each.secret.locations}
        staying = [(each, tuple(place for place in each.held.places if place not in done)) for each in exposed]
        return tuple(replace(each, held=replace(each.held, places=places)) for each, places in staying if places)


NOTHING: Final = Renewal(Rotation((), Plan()), ())


def plan_renewal(
    workspace: Workspace, stacks: Sequence[Stack], exposed: Sequence[Exposed], is_online: Callable[[Stack], bool]
) -> Renewal:
    """Plan new values for every managed secret of any stack that is known; nobody else's value is touched.

    Raises RefusedError, or the place's reason, where one has not the same real value in all its places, or a place
    cannot be read or written.
    """
    known = {each.held.value for each in exposed}
    here: list[tuple[Stack, ManagedSecret]] = []
    online: list[Rotation] = []
    for stack in stacks:
        found = [(stack, secret) for secret in stack.managed if known & set(secret.values)]
        require_sound([secret for _, secret in found])
        if found and is_online(stack):
            online.append(_rotation(workspace, [stack], found))
            continue
        here += found
        here += [(stack, secret) for secret in _digest_keys(stack) if known & set(secret.values)]
    if not here:
        return Renewal(NOTHING.here, tuple(online))
    return Renewal(
        _rotation(workspace, list({stack.directory: stack for stack, _ in here}.values()), here), tuple(online)
    )


def joined(removal: Removal, renewal: Renewal) -> Removal:
    """Make one plan, so one transaction and one commit, of a removal (with ``renewal.texts``) and its new values."""
    one, other = removal.plan, renewal.here.plan
    written = {write.path for write in one.writes}
    names = dict.fromkeys(each.secret.name for each in renewal.here.turned)
    said = f"{NEW_KEYS}\nNew values of {', '.join(names)}." if names else NEW_KEYS
    plan = replace(
        one,
        changes=(*one.changes, *other.changes),
        writes=(*one.writes, *(write for write in other.writes if write.path not in written)),
        notes=(*one.notes, *other.notes),
        commit_message=one.commit_message.replace(NEW_KEYS, said),
        paths=tuple(dict.fromkeys((*one.paths, *other.paths))),
        next_commands=(*other.next_commands, *one.next_commands),
    )
    return replace(removal, plan=plan)


def _rotation(workspace: Workspace, stacks: Sequence[Stack], chosen: Sequence[tuple[Stack, ManagedSecret]]) -> Rotation:
    turned = tuple(
        replace(each, effects=effects_of_digest_key(each.stack)) if each.secret.declaration is _DIGEST else each
        for each in drawn(chosen)
    )
    plan = plan_values(workspace, stacks, turned)
    if any(each.secret.declaration is _DIGEST for each in turned) and (workspace.root / BASELINE).is_file():
        text = f"what was accepted there is told again: it is recognised by {DIGEST_KEY}, which is new"
        note = Finding("baseline-outdated", Severity.WARNING, Place(BASELINE), text, "matrix-secrets audit")
        plan = replace(plan, notes=(*plan.notes, note))
    return Rotation(turned, plan)


def _digest_keys(stack: Stack) -> Iterator[ManagedSecret]:
    """Yield the stack's digest key with its places, as if it were a secret of its own; none where it has none."""
    found = []
    for stream in stack.streams:
        for resource in resources(stream):
            entry = resource.entry(DIGEST_KEY) if resource.kind == "Secret" else None
            if entry is None or entry.encrypted:
                continue
            try:
                value = SecretValue(entry.embedded().text)
            except BadManifestError:
                continue
            found.append(Location(entry.place, ValueState.SET, value, SecretSpot(resource, DIGEST_KEY, entry)))
    if found:
        yield ManagedSecret(_DIGEST, tuple(found))
