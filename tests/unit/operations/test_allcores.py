from __future__ import annotations

import os
import signal
from itertools import islice
from multiprocessing import active_children

import pytest

from matrix_secrets.errors import RefusedError
from matrix_secrets.operations.allcores import spread

LARGE = 10_000_000
ITEMS = range(200)


def test_the_results_come_in_order() -> None:
    assert list(spread(lambda number: number * number, ITEMS, size=LARGE)) == [number * number for number in ITEMS]
    assert list(spread(str, [], size=LARGE)) == []
    assert list(spread(str, [1], size=LARGE)) == ["1"]


def test_little_work_is_done_here() -> None:
    assert set(spread(lambda _: os.getpid(), range(5), size=100)) == {os.getpid()}


def test_much_work_is_done_by_all_cores() -> None:
    workers = set(spread(lambda _: os.getpid(), ITEMS, size=LARGE))
    assert len(workers) == min(len(os.sched_getaffinity(0)), 8)
    assert active_children() == []


def test_what_fails_fails_here() -> None:
    def do(number: int) -> int:
        if number == 100:
            raise RefusedError(f"refused by {os.getpid()}", hint="a hint")
        return number

    done = spread(do, ITEMS, size=LARGE)
    assert list(islice(done, 100)) == list(range(100))
    with pytest.raises(RefusedError, match=f"refused by {os.getpid()}$"):
        next(done)
    assert active_children() == []


def test_a_process_that_is_killed_leaves_its_work_to_this_one() -> None:
    here = os.getpid()

    def do(number: int) -> int:
        if number > 50 and os.getpid() != here:
            os.kill(os.getpid(), signal.SIGKILL)
        return number

    assert list(spread(do, ITEMS, size=LARGE)) == list(ITEMS)


def test_nobody_can_be_asked_elsewhere() -> None:
    here = os.getpid()
    places = set(spread(lambda _: os.getpid() == here or os.readlink("/proc/self/fd/0"), ITEMS, size=LARGE))  # noqa: PTH115
    assert places <= {True, os.devnull}


def test_who_stops_early_leaves_no_process() -> None:
    done = spread(lambda number: number, ITEMS, size=LARGE)
    next(done)
    next(done)
    done.close()  # type: ignore[attr-defined]  # a generator
    assert active_children() == []
