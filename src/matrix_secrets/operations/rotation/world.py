"""What a rotation looks like from outside, at one moment: nothing else decides what comes next."""

from __future__ import annotations

from enum import StrEnum

from matrix_secrets.records import dataclass


class Side(StrEnum):
    """Which values are somewhere: those from before the rotation, its new ones, or neither (or some of each)."""

    OLD = "old"
    NEW = "new"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class World:
    """Observed, never remembered.

    ``in_flight``: the rotation branch is there. ``main``: what the branch that Flux follows holds; while it does not
    hold the new values, what it holds is called old, and ``contested`` says that it is not what the rotation began
    with. ``based``: the rotation's commit continues ``main``. ``role``: which password the database accepts, None
    where the rotation does not concern it. ``live``: the Secret and the ConfigMap in the cluster. ``settled``: Flux is
    Ready on a commit that holds what ``main`` holds. ``pods``: NEW or OLD where all of them are of that template,
    ready, and none is left of another; None where none has to restart. ``serves``: Synapse reads its database.
    ``turned``: the rotation leads back to the values from before another one.
    """

    in_flight: bool
    main: Side
    role: Side | None
    live: Side
    settled: bool
    pods: Side | None
    serves: bool
    based: bool = True
    contested: bool = False
    turned: bool = False

    def is_at(self, side: Side) -> bool:
        """Whether these values, and no others, are in force everywhere."""
        return (
            self.main is side
            and self.role in {None, side}
            and self.live is side
            and self.pods in {None, side}
            and self.serves
        )
