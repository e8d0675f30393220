"""Many files at once: the disk takes the syncs of many threads together, and one after the other costs its latency."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_Item = TypeVar("_Item")

_FEW: Final = 16  # for so few, threads cost more than they save, and calls in order are easier to follow
_THREADS: Final = 16


def side_by_side(do: Callable[[_Item], None], items: Sequence[_Item]) -> None:
    """Do something for each item, in threads where there are many. Returns once all are done.

    Raises what the first item that failed raised; others may be done by then.
    """
    if len(items) <= _FEW:
        for item in items:
            do(item)
        return
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415  (not for the usual handful of files)

    with ThreadPoolExecutor(_THREADS, thread_name_prefix="files") as threads:
        for done in [threads.submit(do, item) for item in items]:
            done.result()
