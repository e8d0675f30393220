"""The points at which a rotation is stopped, and what each is followed by."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import cycle, product
from typing import TYPE_CHECKING

from tests.rotation.stopped import Point

if TYPE_CHECKING:
    from collections.abc import Iterator

SAME, SECOND = "same clone", "second clone"
RESUME, ABORT = "resume", "abort"

PREPARED = Point("create_branch", "after", "kill")
ALTERED, PUBLISHED = Point("publish", "before", "kill"), Point("publish", "after", "kill")


@dataclass(frozen=True, slots=True)
class Case:
    """``begun`` stops a rotation; ``then`` (the other command, stopped as well) may follow; ``way`` leads home."""

    begun: Point
    way: str
    clone: str
    then: tuple[str, Point] | None = None

    @property
    def nothing_left(self) -> bool:
        """Whether the rotation was over, or had not begun, when it was stopped."""
        last = self.begun if self.then is None else self.then[1]
        never = last[:2] == ("create_branch", "before")
        return never or last.act == "follow" or last[:2] == ("delete_branch", "after")

    @property
    def turned(self) -> bool:
        """Whether it had been turned round: then both ways lead back."""
        return self.begun == PUBLISHED and self.then is not None and self.then[1][:2] != ("replace_branch", "before")

    def __str__(self) -> str:
        stopped = f"rotate: {self.begun}"
        return stopped if self.then is None else f"{stopped}; {self.then[0]}: {self.then[1]}"


BEFORE_MAIN = [
    Point(act, when, how)
    for act, when in (
        ("create_branch", "before"),
        ("create_branch", "after"),
        ("set_role", "before"),
        ("set_role", "after"),
        ("publish", "before"),
    )
    for how in ("kill", "fail")
]
AFTER_MAIN = [
    Point("publish", "after", "kill"),
    Point("publish", "after", "fail"),
    Point("reconcile", "before", "kill"),
    Point("reconcile", "before", "fail"),
    Point("reconcile", "after", "kill"),
    Point("reconcile", "after", "fail"),
    Point("delete_branch", "before", "kill"),
    Point("delete_branch", "before", "fail"),
    Point("delete_branch", "after", "kill"),
    Point("follow", "before", "kill"),
    Point("follow", "after", "fail"),
]
ABORTS_BACK = [Point(act, when, "kill") for act, when in product(("set_role", "delete_branch"), ("before", "after"))]
ABORTS_FORWARD = [
    Point(act, when, "kill")
    for act, when in product(
        ("replace_branch", "set_role", "publish", "reconcile", "delete_branch"), ("before", "after")
    )
]
RESUMES = [Point(act, when, "kill") for act, when in product(("set_role", "publish", "reconcile"), ("before", "after"))]


def cases(*, every: bool) -> Iterator[Case]:
    """Yield the cases; ``every``: each with both ways home, from both clones. Else what takes minutes, not an hour."""
    if every:
        ways = list(product((RESUME, ABORT), (SAME, SECOND)))
        for point in (*BEFORE_MAIN, *AFTER_MAIN):
            yield from (Case(point, way, clone) for way, clone in ways)
        for begun, command, points in (
            (ALTERED, ABORT, ABORTS_BACK),
            (PUBLISHED, ABORT, ABORTS_FORWARD),
            (ALTERED, RESUME, RESUMES),
        ):
            for then in points:
                yield from (Case(begun, way, clone, (command, then)) for way, clone in ways)
        return
    # Before main has moved an abort takes seconds: after a kill from both clones. Later each way restarts Synapse.
    clones = cycle((SECOND, SAME))
    for point in BEFORE_MAIN:
        both = (SAME, SECOND) if point.how == "kill" else (next(clones),)
        yield from (Case(point, ABORT, clone) for clone in both)
    for then in (*ABORTS_BACK, *(point._replace(how="fail") for point in ABORTS_BACK[:3])):
        yield Case(ALTERED, ABORT, next(clones), (ABORT, then))
    for then in RESUMES[:2]:
        yield Case(PREPARED, ABORT, next(clones), (RESUME, then))
    yield Case(Point("set_role", "after", "kill"), RESUME, SECOND)
    for point in AFTER_MAIN:
        yield Case(point, ABORT if point == PUBLISHED else RESUME, next(clones))
    for act in ("replace_branch", "set_role", "publish"):
        yield Case(PUBLISHED, ABORT, next(clones), (ABORT, Point(act, "after", "kill")))
    yield Case(ALTERED, RESUME, next(clones), (RESUME, Point("publish", "after", "kill")))
