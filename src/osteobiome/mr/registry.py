"""The list of estimators, and what is known about each before it runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from osteobiome.core.registry import Registry

if TYPE_CHECKING:
    from osteobiome.core.estimate import Estimate
    from osteobiome.mr.fit import BatchFit, Block

F = TypeVar("F", bound=Callable[..., "Estimate"])


@dataclass(frozen=True, slots=True)
class Estimator:
    """One method of Mendelian randomization.

    Parameters
    ----------
    name, label : str
        Name in study files and tables; name for readers.
    short : str
        Name in figures, where room is scarce; the label if empty.
    doi : str
        Where the method is described.
    assumptions : tuple of str
        What must hold for the estimate to be causal.
    min_variants, max_variants : int
        Outside these the estimate has a status instead of a number; ``max_variants`` 0 means no limit. Above 1 it is
        a limit of time, for methods that take minutes beyond it.
    needs_ld : bool
        Whether the LD matrix of the variants is required.
    needs_positions : bool
        Whether chromosome and position of the variants are required.
    needs_candidates : bool
        Whether the method selects variants itself, so that weak candidates of the exposure must be in the pair.
    stochastic : bool
        Whether random numbers are drawn: the function then takes ``seed``.
    function : callable
        Scalar call: ``function(instruments, **options) -> Estimate``.
    batch : callable or None
        The same for many pairs: ``batch(block) -> BatchFit``; None where pairs are fitted one by one.
    """

    name: str
    label: str
    doi: str
    assumptions: tuple[str, ...]
    min_variants: int
    function: Callable[..., Estimate]
    batch: Callable[[Block], BatchFit] | None = None
    max_variants: int = 0
    needs_ld: bool = False
    needs_positions: bool = False
    needs_candidates: bool = False
    stochastic: bool = False
    short: str = ""


ESTIMATORS: Registry[Estimator] = Registry("method")


def estimator(
    *,
    name: str,
    label: str,
    doi: str,
    assumptions: tuple[str, ...],
    min_variants: int,
    batch: Callable[[Block], BatchFit] | None = None,
    max_variants: int = 0,
    needs_ld: bool = False,
    needs_positions: bool = False,
    needs_candidates: bool = False,
    stochastic: bool = False,
    short: str = "",
) -> Callable[[F], F]:
    """Register the decorated function as an estimator; the parameters are those of :class:`Estimator`."""

    def register(function: F) -> F:
        ESTIMATORS.add(
            name,
            Estimator(
                name=name,
                label=label,
                doi=doi,
                assumptions=assumptions,
                min_variants=min_variants,
                function=function,
                batch=batch,
                max_variants=max_variants,
                needs_ld=needs_ld,
                needs_positions=needs_positions,
                needs_candidates=needs_candidates,
                stochastic=stochastic,
                short=short or label,
            ),
        )
        return function

    return register
