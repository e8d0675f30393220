"""What a failure says: which values are in force where, and the exact next command."""

from __future__ import annotations

from dataclasses import replace

import pytest

from matrix_secrets.errors import OutsideError
from matrix_secrets.gitrepo.push import BehindError
from matrix_secrets.operations.rotation.gap import Gap
from matrix_secrets.operations.rotation.machine import State
from matrix_secrets.operations.rotation.words import standing, state_text, stranded
from matrix_secrets.operations.rotation.world import Side, World

OLD, NEW, OTHER = Side
ALTERED = World(in_flight=True, main=OLD, role=NEW, live=OLD, settled=True, pods=OTHER, serves=True)
FAILED = OutsideError("it broke", cause="the network", hint="mend it")


def test_what_is_in_force_where() -> None:
    assert standing(ALTERED) == "main: old, database: new, cluster: old, pods: in between"
    others = replace(ALTERED, role=OTHER, live=OTHER, pods=None)
    assert standing(others) == "main: old, database: neither password, cluster: neither"
    assert standing(replace(ALTERED, role=None, pods=NEW)) == "main: old, cluster: old, pods: new"


def test_a_failure_says_it_and_the_next_command() -> None:
    told = stranded(FAILED, ALTERED, seen_now=True)
    assert told.message == "it broke (in force now: main: old, database: new, cluster: old, pods: in between)"
    assert (told.cause, told.exit_code) == ("the network", 4)
    assert told.hint == "mend it; then: matrix-secrets rotate --resume, or matrix-secrets rotate --abort"
    assert "in force before that: main" in stranded(FAILED, ALTERED, seen_now=False).message
    assert "could not be looked at" in stranded(FAILED, None, seen_now=False).message
    assert isinstance(stranded(BehindError("x"), ALTERED, seen_now=True), BehindError)


def test_of_one_that_was_turned_round_only_the_way_on_is_named() -> None:
    told = stranded(OutsideError("it broke"), replace(ALTERED, turned=True), seen_now=True)
    assert told.hint == "matrix-secrets rotate --resume finishes what was begun"


def test_where_nothing_is_in_flight_any_more() -> None:
    told = stranded(FAILED, replace(ALTERED, in_flight=False), seen_now=True)
    assert told.message == "it broke (no rotation is in flight any more)"
    assert told.hint == "mend it"


@pytest.mark.parametrize("state", State)
def test_every_state_has_a_sentence(state: State) -> None:
    assert state_text(state)


def test_the_gap_is_counted_while_nobody_serves() -> None:
    gap, found = Gap(), []
    for serving in (True, False, True, False, True):
        gap.saw(serving=serving)
        found.append(gap.seconds)
    assert found[:2] == [None, None], "it is not over before somebody serves again"
    assert found[2] == found[3]
    assert float(found[4] or 0) > float(found[3] or 0) > 0


def test_a_pod_that_crashed_before_may_still_come_up() -> None:
    gap = Gap()
    assert not any(gap.crashed("a", restarts) for restarts in (7, 7, 8, 9))
    assert gap.crashed("a", 10)
    assert not gap.crashed("b", 10)
