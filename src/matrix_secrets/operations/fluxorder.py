"""In which order Flux has to apply: what applies an owner before it, what it depends on before it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matrix_secrets.errors import OutsideError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matrix_secrets.cluster.flux import LiveKustomization, ObjectName


def in_order(owners: Sequence[LiveKustomization], everybody: Sequence[LiveKustomization]) -> list[LiveKustomization]:
    """Return the owners and all that has to be applied before them, those first.

    Raises OutsideError for a dependency that does not exist, or a circle of them: Flux would wait for ever.
    """
    known = {each.ref: each for each in everybody}
    done: dict[ObjectName, LiveKustomization] = {}
    for owner in owners:
        _visit(owner, known, done, ())
    return list(done.values())


def _visit(
    found: LiveKustomization,
    known: dict[ObjectName, LiveKustomization],
    done: dict[ObjectName, LiveKustomization],
    above: tuple[ObjectName, ...],
) -> None:
    if found.ref in done:
        return
    if found.ref in above:
        names = ", ".join(str(name) for name in above[above.index(found.ref) :])
        text = f"the dependencies of {names} go in a circle: Flux applies none of them"
        raise OutsideError(text, hint=f"take one of them out of spec.dependsOn of {found.ref}")
    if found.parent is not None and found.parent in known:
        _visit(known[found.parent], known, done, (*above, found.ref))
    for name in found.depends_on:
        if name not in known:
            text = f"{found.ref} depends on {name}, which does not exist: Flux waits for it"
            raise OutsideError(text, hint=f"add it, or take it out of spec.dependsOn of {found.ref}")
        _visit(known[name], known, done, (*above, found.ref))
    done[found.ref] = found
