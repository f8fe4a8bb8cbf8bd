"""The only import of numba: compiled kernels that release the interpreter lock and are cached on disk."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, ParamSpec, TypeVar

import numba

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
