"""The only import of numba: compiled kernels that release the interpreter lock and are cached on disk.

:func:`popcount` is the one operation that numba lacks: kernels call it, and it becomes one machine instruction.
"""

from __future__ import annotations

import hashlib
import logging
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, cast

import numba
import numpy as np
from numba.extending import intrinsic

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import CodeType

P = ParamSpec("P")
R = TypeVar("R")

logger = logging.getLogger(__name__)


def kernel(function: Callable[P, R]) -> Callable[P, R]:
    """Compile ``function`` on first call; releases the interpreter lock, so threads can share the work.

    The machine code is cached on disk. Where no folder is writable (a wheel installed by somebody else, no home), the
    kernel is compiled anew in each process instead of failing. Division by zero gives infinity, as in numpy.

    numba itself holds cached code for valid while the file of the kernel is unchanged, although kernels that it calls
    and constants that it uses may come from other files and are compiled into it. Cached code here is valid for one
    :func:`stamp`.

    Parameters
    ----------
    function : callable
        Plain numerical function on arrays and numbers.
    """
    try:
        compiled = numba.njit(cache=True, nogil=True, error_model="numpy")(function)
    except RuntimeError as error:
        if "no locator available" not in str(error):
            raise
        logger.info("no writable folder for the compile cache: %s is compiled in each process", function.__name__)
        compiled = numba.njit(nogil=True, error_model="numpy")(function)
    else:
        index = getattr(getattr(compiled, "_cache", None), "_cache_file", None)
        if index is not None and hasattr(index, "_source_stamp"):
            index._source_stamp = stamp(function)
    return cast("Callable[P, R]", compiled)


def stamp(function: Callable[..., Any]) -> str:
    """Return a digest of all that is compiled into a kernel: its file and constants, those of its callees, options.

    Parameters
    ----------
    function : callable
        Plain function; what it calls and uses must be defined, which a test holds all kernels to.
    """
    digest = hashlib.sha256(_content(__file__))  # the options of the compiler, and operations of our own
    for part in _parts(function, set()):
        digest.update(part)
    return digest.hexdigest()


def _parts(function: Callable[..., Any], seen: set[object]) -> Iterator[bytes]:
    """Yield what a function is made of, each function once."""
    if function in seen:
        return
    seen.add(function)
    yield _content(function.__code__.co_filename)
    for name in sorted(_names(function.__code__)):
        value = function.__globals__.get(name)
        called = getattr(value, "py_func", None)
        if called is not None:
            yield name.encode()
            yield from _parts(called, seen)
        elif isinstance(value, (np.ndarray, np.generic)):
            yield f"{name}: {value.dtype} {value.shape} ".encode() + value.tobytes()
        elif isinstance(value, (int, float, str, tuple)):
            yield f"{name}={value!r}".encode()


def _names(code: CodeType) -> set[str]:
    """Return the global names in a function and in those within it."""
    inner = (constant for constant in code.co_consts if hasattr(constant, "co_names"))
    return set(code.co_names).union(*(_names(part) for part in inner))


@cache
def _content(path: str) -> bytes:
    """Return a digest of a file; a file inside an archive counts by its name."""
    file = Path(path)
    return hashlib.sha256(file.read_bytes() if file.is_file() else path.encode()).digest()


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
