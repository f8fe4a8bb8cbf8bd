"""The only import of numba: compiled kernels that release the interpreter lock and are cached on disk.

:func:`popcount` is the one operation that numba lacks: kernels call it, and it becomes one machine instruction.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, cast

import numba
from numba.extending import intrinsic

if TYPE_CHECKING:
    from collections.abc import Callable

P = ParamSpec("P")
R = TypeVar("R")

logger = logging.getLogger(__name__)


def kernel(function: Callable[P, R]) -> Callable[P, R]:
    """Compile ``function`` on first call; releases the interpreter lock, so threads can share the work.

    The machine code is cached on disk. Where no folder is writable (a wheel installed by somebody else, no home), the
    kernel is compiled anew in each process instead of failing. Division by zero gives infinity, as in numpy.

    Parameters
    ----------
    function : callable
        Plain numerical function on arrays and numbers.
    """
    try:
        compiled: Callable[P, R] = numba.njit(cache=True, nogil=True, error_model="numpy")(function)
    except RuntimeError as error:
        if "no locator available" not in str(error):
            raise
        logger.info("no writable folder for the compile cache: %s is compiled in each process", function.__name__)
        compiled = numba.njit(nogil=True, error_model="numpy")(function)
    return compiled


def _popcount(typing_context: Any, word: Any) -> Any:  # noqa: ANN401 - the compiler's own objects
    """Count the bits of a word that are set; for kernels, word is uint64 and the count int64."""

    def instruction(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:  # noqa: ANN401
        return builder.ctpop(arguments[0])

    return numba.int64(numba.uint64), instruction


def _popcount_interpreted(word: int) -> int:
    """Count bits where the compiler is switched off, as it is to measure coverage of kernels."""
    return int(word).bit_count()


popcount: Callable[[int], int] = (
    _popcount_interpreted if getattr(numba.config, "DISABLE_JIT", 0) else cast("Any", intrinsic(_popcount))
)
"""Number of bits set in a word of 64; to be called inside a kernel only."""
