"""Working on several pieces at once, and taking the results in order."""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

T = TypeVar("T")
R = TypeVar("R")


def in_order(work: Callable[[T], R], items: Iterable[T], *, threads: int = 2) -> Iterator[R]:
    """Yield ``work(item)`` for each item, in the order of the items.

    At most ``threads`` + 1 items are taken ahead of the result that is asked for, so memory stays flat however many
    items there are. Threads help where the work releases the interpreter lock, as table and array operations do.

    Parameters
    ----------
    work : callable
        Must not change anything that another call sees.
    items : iterable
        Taken one by one, in the caller's thread.
    threads : int
        How many are worked on at once.

    Examples
    --------
    >>> list(in_order(lambda x: x * x, range(5)))
    [0, 1, 4, 9, 16]
    """
    with ThreadPoolExecutor(max_workers=threads) as pool:
        waiting: deque[Future[R]] = deque()
        try:
            for item in items:
                waiting.append(pool.submit(work, item))
                if len(waiting) > threads:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
