"""Which instruments explain more of the outcome than of the exposure, and may act the other way round."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from osteobiome.core.errors import Fault, SchemaError
from osteobiome.core.thresholds import ROUNDING
from osteobiome.mr.checks.steiger import steiger_per_variant

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from osteobiome.instruments import Instruments
    from osteobiome.mr.checks.facts import TraitFacts

ENOUGH = 4
"""People without whom there is no test."""


@dataclass(frozen=True, slots=True)
class SteigerFilter:
    """What the filter keeps.

    Parameters
    ----------
    keeps : numpy.ndarray of bool, shape (n_variants,)
        True for variants that stay; for all of them if nothing could be looked at.
    r2_exposure, r2_outcome : numpy.ndarray, shape (n_variants,)
        Share of the variance that each variant explains, 0 to 1; of liability for log odds ratios. Empty if nothing
        could be looked at.
    message : str
        Why nothing could be looked at, with what to do; empty if it could.
    """

    keeps: NDArray[np.bool_]
    r2_exposure: NDArray[np.float64]
    r2_outcome: NDArray[np.float64]
    message: str = ""

    @property
    def n_dropped(self) -> int:
        """Variants that go."""
        return int((~self.keeps).sum())


def steiger_filter(
    inst: Instruments, exposure: TraitFacts, outcome: TraitFacts, *, p_threshold: float | None = None
) -> SteigerFilter:
    """Leave out variants that explain more of the outcome than of the exposure.

    Parameters
    ----------
    inst : Instruments
        Harmonised pair.
    exposure, outcome : TraitFacts
        What is known about the traits.
    p_threshold : float, optional
        Above 0 and at most 1. Only variants whose difference has a two-sided p of at most this go. Left out, the
        direction alone decides, as TwoSampleMR's ``steiger_filtering`` has it.

    Returns
    -------
    SteigerFilter
        What stays. A variant that explains as much of both does not stay by direction, and stays with a threshold below
        1. Nothing goes where sizes are unknown, or three people or fewer; ``message`` says so.

    Raises
    ------
    SchemaError
        A threshold that is no p value.

    Notes
    -----
    A variant that acts on the outcome through the exposure explains more of the exposure, unless the exposure is
    measured with much more error. The filter moves estimates towards those of variants with small effects on the
    outcome: report results with and without. It fails where both traits share a cause that the variants act on, and
    where the exposure comes from far fewer people: its shares are then the noisier ones.

    References
    ----------
    Hemani et al. 2017, doi:10.1371/journal.pgen.1007081

    Examples
    --------
    >>> from osteobiome.instruments import Instruments
    >>> from osteobiome.mr.checks import TraitFacts
    >>> pair = Instruments.from_arrays([0.1, 0.01], [0.01] * 2, [0.02, 0.05], [0.01] * 2)
    >>> steiger_filter(pair, TraitFacts(n=10_000), TraitFacts(n=10_000)).keeps.tolist()
    [True, False]
    """
    if p_threshold is not None and not 0.0 < p_threshold <= 1.0:
        expected, hint = "a p value above 0 and at most 1", "Leave it out, and the direction alone decides"
        raise SchemaError(Fault("bad_option", "option p_threshold", f"value {p_threshold}", expected, hint))
    found = steiger_per_variant(inst, exposure, outcome)
    message, unknown = found.message, np.isnan(found.z)
    if unknown.any():
        some = f"{int(unknown.sum())} of {len(unknown)} variants, such as {found.rsid[int(np.argmax(unknown))]}"
        message = f"Not estimable: the check needs at least {ENOUGH} people in both traits, and lacks them for {some}."
    if message:
        return SteigerFilter(np.ones(inst.n_variants, dtype=bool), np.empty(0), np.empty(0), message)
    goes = ~found.is_forward
    if p_threshold is not None:
        goes &= found.neg_log_10_p_value >= -math.log10(p_threshold) - ROUNDING
    return SteigerFilter(~goes, found.r2_exposure, found.r2_outcome)
