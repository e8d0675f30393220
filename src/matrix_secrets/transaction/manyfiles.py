"""Many files at once: the disk takes the syncs of many threads together, and one after the other costs its latency."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")

_FEW: Final = 16  # for so few, threads cost more than they save, and calls in order are easier to follow
_THREADS: Final = 16


def side_by_side(do: Callable[[_Item], _Result], items: Sequence[_Item]) -> list[_Result]:
    """Return ``do(item)`` for each item, in threads where there are many. Returns once all of them are over.

    Raises what one of those that failed raised; others may be done by then.
    """
    if len(items) <= _FEW:
        return [do(item) for item in items]
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415  (not for the usual handful of files)

    with ThreadPoolExecutor(_THREADS, thread_name_prefix="files") as threads:
        shares = [items[number::_THREADS] for number in range(_THREADS)]  # not one by one: each hand-over costs
        done = list(threads.map(lambda share: [do(item) for item in share], shares))
    return [done[at % _THREADS][at // _THREADS] for at in range(len(items))]
