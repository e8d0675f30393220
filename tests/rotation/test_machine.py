"""The state machine over every world there is, and over whatever can happen between two steps."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matrix_secrets.operations.rotation.machine import State, Step, next_step, state
from matrix_secrets.operations.rotation.world import Side, World

OLD, NEW, OTHER = Side
WAY_HOME = 16  # steps: more would be going in circles
YES_NO = (True, False)
SWAPPED = {OLD: NEW, NEW: OLD, OTHER: OTHER, None: None}


def every_world() -> list[World]:
    """Every world: while main does not hold the new values, what it holds counts as the old ones."""
    return [
        World(in_flight, main, role, live, settled, pods, serves, based, contested, turned)
        for in_flight, main, role, live, settled, pods, serves, based, contested, turned in product(
            YES_NO,
            (OLD, NEW),
            (None, OLD, NEW, OTHER),
            (OLD, NEW, OTHER),
            YES_NO,
            (None, OLD, NEW, OTHER),
            YES_NO,
            YES_NO,
            YES_NO,
            YES_NO,
        )
        if not (contested and main is NEW)
    ]


WORLDS = every_world()
IN_FLIGHT = [world for world in WORLDS if world.in_flight]


def turned_round(world: World) -> World:
    """The old values are the new ones of a rotation forward."""
    return replace(
        world,
        main=OLD,
        role=SWAPPED[world.role],
        live=SWAPPED[world.live] or OTHER,
        pods=SWAPPED[world.pods],
        based=True,
        contested=False,
        turned=True,
        settled=False,
    )


def after(world: World, step: Step) -> World:  # noqa: PLR0911  a line each
    """What a step makes of a world when nothing goes wrong."""
    match step:
        case Step.ALTER | Step.RESTORE:
            return replace(world, role=NEW if step is Step.ALTER else OLD)
        case Step.RENEW:
            return replace(world, based=True)
        case Step.PUBLISH:
            return replace(world, main=NEW, contested=False, settled=False)
        case Step.RECONCILE | Step.SETTLE:
            return replace(world, live=world.main, settled=True)
        case Step.RESTART:
            return replace(world, pods=None if world.pods is None else world.live)
        case Step.PROVE:
            return replace(world, serves=True)
        case Step.TURN:
            return turned_round(world)
        case Step.CLOSE:
            return replace(world, in_flight=False)
        case Step.WAIT:  # somebody merged
            return replace(world, main=NEW, settled=False)
    raise AssertionError(step)


def walk(world: World, goal: Side, *, protected: bool = False, hopeless: bool = False) -> tuple[World, list[Step]]:
    """Follow the machine until it is done, or stops; return the world in which it was closed."""
    steps: list[Step] = []
    while (step := next_step(world, goal, protected=protected, hopeless=hopeless)) not in {Step.DONE, Step.STOP}:
        steps.append(step)
        assert len(steps) <= WAY_HOME, steps
        if step is Step.CLOSE:
            break
        world = after(world, step)
    return world, steps


@pytest.mark.parametrize("protected", YES_NO)
def test_resume_gets_to_the_new_values_from_everywhere(protected: bool) -> None:
    for world in IN_FLIGHT:
        if world.contested:
            continue
        end, steps = walk(world, NEW, protected=protected)
        assert steps[-1] is Step.CLOSE
        assert end.is_at(NEW)
        assert end.settled


@pytest.mark.parametrize("hopeless", YES_NO)
def test_abort_gets_to_the_old_values_from_everywhere(hopeless: bool) -> None:
    for world in IN_FLIGHT:
        if world.contested and world.turned:
            continue
        end, steps = walk(world, OLD, hopeless=hopeless)
        assert steps[-1] is Step.CLOSE
        forward = world.turned or Step.TURN in steps
        assert end.is_at(NEW if forward else OLD)
        assert end.turned == forward
        assert (Step.TURN in steps) == (world.main is NEW and not world.turned), "forced pushes are never needed"


def test_it_turns_round_only_where_nothing_moves() -> None:
    for world in IN_FLIGHT:
        if next_step(world, OLD) is Step.TURN:
            assert world.is_at(NEW)
            assert world.settled
        if world.main is NEW and not world.turned:
            assert next_step(world, OLD, hopeless=True) is Step.TURN


def test_a_rotation_that_was_turned_round_goes_one_way_only() -> None:
    for world in IN_FLIGHT:
        if world.turned:
            assert next_step(world, OLD) is next_step(world, NEW)


def test_nothing_is_published_before_the_database_accepts_it() -> None:
    for world in WORLDS:
        for goal in (OLD, NEW):
            if next_step(world, goal) is Step.PUBLISH:
                assert world.role in {None, NEW}
                assert world.based
                assert not world.contested


def test_nothing_is_restarted_while_the_database_accepts_something_else() -> None:
    for world in IN_FLIGHT:
        for goal in (OLD, NEW):
            if next_step(world, goal) in {Step.RECONCILE, Step.RESTART, Step.PROVE, Step.SETTLE, Step.CLOSE}:
                assert world.role in {None, world.main}


def test_the_branch_goes_last() -> None:
    for world in IN_FLIGHT:
        for goal in (OLD, NEW):
            if next_step(world, goal) is Step.CLOSE:
                assert world.is_at(world.main)


def test_an_abort_before_main_has_moved_does_not_wait_for_flux() -> None:
    world = World(in_flight=True, main=OLD, role=NEW, live=OLD, settled=False, pods=OLD, serves=True)
    assert walk(world, OLD)[1] == [Step.RESTORE, Step.CLOSE]


def test_while_main_is_protected_the_old_values_stay_in_force() -> None:
    for world in IN_FLIGHT:
        if world.main is OLD and world.based and not world.contested:
            expected = Step.WAIT if world.role in {None, OLD} else Step.RESTORE
            assert next_step(world, NEW, protected=True) is expected


def test_third_values_on_main_stop_a_resume_and_are_kept_by_an_abort() -> None:
    world = World(in_flight=True, main=OLD, role=NEW, live=OTHER, settled=False, pods=OLD, serves=True, contested=True)
    assert next_step(world, NEW) is Step.STOP
    assert walk(world, OLD)[1] == [Step.RESTORE, Step.RECONCILE, Step.CLOSE]


def test_the_states_in_their_order() -> None:
    world = World(in_flight=True, main=OLD, role=OLD, live=OLD, settled=True, pods=OLD, serves=True)
    seen = [state(world)]
    while (step := next_step(world, NEW)) is not Step.DONE:
        world = after(world, step)
        if step is Step.RECONCILE:
            world = replace(world, serves=False)  # the pod has just been told to stop
        if state(world) is not seen[-1]:
            seen.append(state(world))
    assert seen == [
        State.PREPARED,
        State.ALTERED,
        State.PUBLISHED,
        State.RECONCILED,
        State.RESTARTED,
        State.PROVEN,
        State.IDLE,
    ]


def test_every_world_has_a_state() -> None:
    assert {state(world) for world in WORLDS} == set(State)


# What others do between two steps: somebody merges or pushes, Flux applies, pods come and go.
MEANWHILE = {
    "somebody merges": lambda world: replace(world, main=NEW, settled=False),
    "somebody pushes": lambda world: replace(world, based=False, settled=False) if world.main is OLD else world,
    "Flux applies": lambda world: replace(world, live=world.main, settled=True),
    "pods follow": lambda world: replace(world, pods=None if world.pods is None else world.live),
    "Synapse falters": lambda world: replace(world, serves=False),
    "a pod is killed": lambda world: replace(world, pods=None if world.pods is None else OTHER, serves=False),
    "the password is changed by hand": lambda world: replace(world, role=None if world.role is None else OTHER),
}


@given(
    concerns_database=st.booleans(),
    restarts=st.booleans(),
    moves=st.lists(st.sampled_from([*MEANWHILE, "resume", "abort", "resume while protected"]), max_size=30),
    last=st.sampled_from((OLD, NEW)),
)
def test_whatever_happened_one_command_gets_home(
    concerns_database: bool, restarts: bool, moves: list[str], last: Side
) -> None:
    role, pods = (OLD if concerns_database else None), (OLD if restarts else None)
    world = World(in_flight=True, main=OLD, role=role, live=OLD, settled=True, pods=pods, serves=True)
    for move in moves:
        if move in MEANWHILE:
            world = MEANWHILE[move](world)
            continue
        step = next_step(world, OLD if move == "abort" else NEW, protected=move.endswith("protected"))
        if step in {Step.CLOSE, Step.WAIT}:
            continue
        world = after(world, step)
    end, steps = walk(world, last)
    assert steps[-1] is Step.CLOSE
    assert end.is_at(end.main)
    assert end.main is NEW if last is NEW or end.turned else end.main is OLD
