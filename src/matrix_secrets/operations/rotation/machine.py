"""The state machine: from the world, and where one wants to get, to the one step that comes next. Pure."""

from __future__ import annotations

from enum import StrEnum

from matrix_secrets.operations.rotation.world import Side, World


class Step(StrEnum):
    """What is done next. Each is safe to repeat, and to be cut short anywhere."""

    RENEW = "renew"  # the same values, prepared again on what main has become
    ALTER = "alter"  # the database accepts the new password
    RESTORE = "restore"  # it accepts the old one again
    PUBLISH = "publish"
    WAIT = "wait"  # for somebody to merge the rotation branch into main
    RECONCILE = "reconcile"
    RESTART = "restart"
    PROVE = "prove"
    SETTLE = "settle"
    TURN = "turn"  # after main has moved: the old values become the new ones of a rotation forward
    CLOSE = "close"
    STOP = "stop"  # main holds third values: only a person can say which are meant
    DONE = "done"


class State(StrEnum):
    """Where a rotation stands, in words for people."""

    IDLE = "idle"
    PREPARED = "prepared"
    ALTERED = "altered"
    BEHIND = "database behind"
    PUBLISHED = "published"
    RECONCILED = "reconciled"
    RESTARTED = "restarted"
    PROVEN = "proven"
    CONTESTED = "contested"


def next_step(world: World, goal: Side, *, protected: bool = False, hopeless: bool = False) -> Step:
    """Return the step that comes next on the way to the new values (`--resume`) or the old ones (`--abort`).

    A rotation that was turned round has the old values as its new ones already: for it both ways lead there.
    ``protected`` says that main takes no push from us: the old values stay in force until somebody has merged.
    ``hopeless``: what main holds cannot be brought into force.
    """
    if not world.in_flight:
        return Step.DONE
    if goal is Side.OLD and not world.turned:
        return _converge(world, Side.OLD) if world.main is Side.OLD else _turn(world, hopeless=hopeless)
    return _converge(world, Side.NEW) if world.main is Side.NEW else _towards_main(world, protected=protected)


def state(world: World) -> State:
    """Name where a rotation stands."""
    if not world.in_flight:
        return State.IDLE
    behind = world.role not in {None, Side.NEW}
    if world.main is not Side.NEW:
        if world.contested:
            return State.CONTESTED
        return State.ALTERED if world.role is Side.NEW else State.PREPARED
    if behind:
        return State.BEHIND
    names = {
        Step.RECONCILE: State.PUBLISHED,
        Step.RESTART: State.RECONCILED,
        Step.PROVE: State.RESTARTED,
    }
    return names.get(_converge(world, Side.NEW), State.PROVEN)


def _turn(world: World, *, hopeless: bool) -> Step:
    """Turn round only where nothing moves any more: a Flux that waits for pods of the new values applies nothing else.

    With the old password in the database those pods would never become ready.
    """
    step = Step.CLOSE if hopeless else _converge(world, Side.NEW)
    return Step.TURN if step is Step.CLOSE else step


def _towards_main(world: World, *, protected: bool) -> Step:
    if world.contested:
        return Step.STOP
    if not world.based:
        return Step.RENEW
    if protected:
        return Step.RESTORE if world.role not in {None, Side.OLD} else Step.WAIT
    return Step.ALTER if world.role not in {None, Side.NEW} else Step.PUBLISH


def _converge(world: World, side: Side) -> Step:
    """Bring everything to what main holds, the database first: what starts then is let in."""
    if world.role not in {None, side}:
        return Step.ALTER if side is Side.NEW else Step.RESTORE
    if world.live is not side:
        return Step.RECONCILE
    if world.pods not in {None, side}:
        return Step.RESTART
    if not world.serves:
        return Step.PROVE
    # Before main has moved, Flux has nothing to do with it: an abort does not wait for a Flux that fails.
    return Step.SETTLE if side is Side.NEW and not world.settled else Step.CLOSE
