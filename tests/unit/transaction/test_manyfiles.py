from __future__ import annotations

import threading

import pytest

from matrix_secrets.transaction.manyfiles import side_by_side


@pytest.mark.parametrize("count", [0, 1, 16, 17, 33, 1000])
def test_results_in_order(count: int) -> None:
    assert side_by_side(lambda number: number * 2, range(count)) == [number * 2 for number in range(count)]


def test_few_are_done_in_this_thread() -> None:
    assert set(side_by_side(lambda _: threading.get_ident(), range(16))) == {threading.get_ident()}


def test_many_are_done_in_several() -> None:
    barrier = threading.Barrier(4)

    def do(number: int) -> int:
        if number % 16 < 4 and number < 16:
            barrier.wait(timeout=60)  # broken, were they done one after the other
        return number

    assert side_by_side(do, range(64)) == list(range(64))


def test_an_error_comes_once_all_are_over() -> None:
    done: set[int] = set()
    before = set(threading.enumerate())

    def do(number: int) -> None:
        if number == 5:
            raise OSError(28, "no room")
        done.add(number)

    with pytest.raises(OSError, match="no room"):
        side_by_side(do, range(48))
    assert len(done) >= 45 - 3
    left = set(threading.enumerate()) - before
    assert not {thread for thread in left if thread.name.startswith("files")}
