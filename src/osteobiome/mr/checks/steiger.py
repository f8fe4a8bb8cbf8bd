"""Does the exposure come first? The Steiger test (Hemani et al. 2017, doi:10.1371/journal.pgen.1007081)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from osteobiome.core.errors import Fault, SchemaError
from osteobiome.core.estimate import Test
from osteobiome.mr.checks.facts import TraitFacts, explained, mean_people, multiple_r
from osteobiome.mr.naming import variant_names
from osteobiome.stats.steiger import chance_inflation, steiger_sensitivity, steiger_test

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from osteobiome.instruments import Instruments

NOTHING = "Not estimable: the variants explain nothing beyond chance."
NULL = "the variants explain as much of the outcome as of the exposure"


def steiger(
    inst: Instruments,
    exposure: TraitFacts,
    outcome: TraitFacts,
    *,
    reliability_exposure: float = 1.0,
    reliability_outcome: float = 1.0,
    take_off_chance: bool = True,
) -> tuple[Test, ...]:
    r"""Test whether the variants explain more of the exposure than of the outcome.

    Parameters
    ----------
    inst : Instruments
        Harmonised pair. Sample sizes of variants go before those of traits.
    exposure, outcome : TraitFacts
        What is known about the traits.
    reliability_exposure, reliability_outcome : float
        Correlation of the measured with the true trait, above 0 and at most 1. If either is below 1,
        ``steiger_direction_adjusted`` is added.
    take_off_chance : bool
        Take off the shares what so many variants explain by chance, and let the test know that their error is in them.
        False, as in TwoSampleMR: plain sums, tested as single correlations at the arithmetic mean of sample sizes.

    Returns
    -------
    tuple of Test
        ``r2_exposure`` and ``r2_outcome`` (share of the trait's variance); ``steiger_direction`` (z, positive if more
        of the exposure is explained; estimate: difference of the two shares); ``steiger_sensitivity_ratio``. A number
        that does not exist has a message that says what is missing and where to give it.

    Raises
    ------
    SchemaError
        A reliability is not above 0 and at most 1.

    Notes
    -----
    A variant that acts on the outcome through the exposure explains more of the exposure. Shares are summed over
    variants; with ``ld_r`` the joint share :math:`r'R^{-1}r` takes the place of the sum. What m variants explain by
    chance is taken off, :math:`1-(1-R^2)(n-1)/(n-m-1)`: about m/n, which is more in the smaller study and would decide
    the direction. The difference is tested on Fisher's z scale with variances :math:`(1 + m/(2nR^2))/(n-3)`, see
    :func:`osteobiome.stats.steiger.chance_inflation`, and the harmonic means of the sample sizes.

    Log odds ratios are turned to the correlation with liability. Their precision is that of fewer people than took
    part, see :func:`osteobiome.stats.steiger.effective_n`; TwoSampleMR counts all people, and its p is smaller.

    The test fails when the traits are measured with very different error (the sensitivity ratio tells how different it
    would have to be), when a confounder of both traits is what the variants act on, and when the outcome is a part or
    a later measurement of the exposure. A correct direction is no proof that the variants are valid instruments.

    References
    ----------
    Hemani et al. 2017, doi:10.1371/journal.pgen.1007081; liability: Lee et al. 2012, doi:10.1002/gepi.21614; chance:
    Ezekiel 1930, Methods of Correlation Analysis, compared with others by Yin and Fan 2001,
    doi:10.1080/00220970109600656

    Examples
    --------
    >>> from osteobiome.instruments import Instruments
    >>> pair = Instruments.from_arrays([0.1, 0.08], [0.01] * 2, [0.02, 0.015], [0.01] * 2)
    >>> for test in steiger(pair, TraitFacts(n=10_000), TraitFacts(n=10_000)):
    ...     print(test.name, round(test.statistic, 4))
    r2_exposure 0.0161
    r2_outcome 0.0004
    steiger_direction 7.5069
    steiger_sensitivity_ratio 16.5788
    """
    for name, value in (("exposure", reliability_exposure), ("outcome", reliability_outcome)):
        if not 0.0 < value <= 1.0:
            where = f"option reliability_{name}"
            raise SchemaError(Fault("bad_option", where, f"value {value}", "a correlation above 0 and at most 1"))
    parts = (explained(inst, exposure, side="exposure"), explained(inst, outcome, side="outcome"))
    (r_x, why_x), (r_y, why_y) = (multiple_r(inst, part, take_off_chance=take_off_chance) for part in parts)
    shares = (
        Test("r2_exposure", None if r_x is None else r_x**2, message=why_x),
        Test("r2_outcome", None if r_y is None else r_y**2, message=why_y),
    )
    why = why_x or why_y or (NOTHING if take_off_chance and r_x == r_y == 0.0 else "")
    if why or r_x is None or r_y is None:
        return (
            *shares,
            Test("steiger_direction", None, null=NULL, message=why),
            Test("steiger_sensitivity_ratio", None, message=why),
        )
    ratio = steiger_sensitivity(r_x, r_y).ratio
    ratio_test = Test("steiger_sensitivity_ratio", ratio)
    if not np.isfinite(ratio):
        why = "No measurement error could turn the direction: one of the traits is not explained at all."
        ratio_test = Test("steiger_sensitivity_ratio", None, message=why)
    if take_off_chance:
        n_x, n_y = (mean_people(part) for part in parts)
        extra = chance_inflation(r_x**2, r_y**2, n_exposure=n_x, n_outcome=n_y, n_variants=inst.n_variants)
        study = _Studies(n_x, n_y, (float(extra[0]), float(extra[1])))
    else:
        study = _Studies(float(parts[0].n.mean()), float(parts[1].n.mean()))
    tests: tuple[Test, ...] = (*shares, _direction("steiger_direction", r_x, r_y, study), ratio_test)
    if min(reliability_exposure, reliability_outcome) < 1.0:
        true_x, true_y = r_x / reliability_exposure, r_y / reliability_outcome
        tests = (*tests, _direction("steiger_direction_adjusted", true_x, true_y, study))
    return tests


class _Studies(NamedTuple):
    """People of both studies, and how much the variants add to the variance of each multiple correlation."""

    n_exposure: float
    n_outcome: float
    inflation: tuple[float, float] = (1.0, 1.0)


def _direction(name: str, r_exposure: float, r_outcome: float, study: _Studies) -> Test:
    """Return the test that two multiple correlations are the same."""
    if max(r_exposure, r_outcome) >= 1.0:
        why = "Not estimable: at this reliability the variants would explain all of the trait."
        return Test(name, None, null=NULL, message=why)
    z, p = steiger_test(
        r_exposure, r_outcome, n_exposure=study.n_exposure, n_outcome=study.n_outcome, inflation=study.inflation
    )
    if np.isnan(z):
        return Test(name, None, null=NULL, message="Not estimable: more than three people are needed in each study.")
    return Test(name, float(z), None, float(p), NULL, r_exposure**2 - r_outcome**2)


@dataclass(frozen=True, slots=True)
class SteigerPerVariant:
    """The Steiger test of each variant; arrays of shape (n_variants,), empty with a message if there is none.

    Parameters
    ----------
    rsid : tuple of str
        Names of the variants.
    r2_exposure, r2_outcome : numpy.ndarray
        Share of the variance explained.
    is_forward : numpy.ndarray of bool
        More of the exposure than of the outcome is explained.
    z, neg_log_10_p_value : numpy.ndarray
        Test of the difference.
    message : str
        Why there are no numbers, with what to do.
    """

    rsid: tuple[str, ...]
    r2_exposure: NDArray[np.float64]
    r2_outcome: NDArray[np.float64]
    is_forward: NDArray[np.bool_]
    z: NDArray[np.float64]
    neg_log_10_p_value: NDArray[np.float64]
    message: str = ""


def steiger_per_variant(inst: Instruments, exposure: TraitFacts, outcome: TraitFacts) -> SteigerPerVariant:
    """Test each variant on its own, as a filter of instruments that may act in the other direction.

    Parameters
    ----------
    inst : Instruments
        Harmonised pair.
    exposure, outcome : TraitFacts
        What is known about the traits.

    Returns
    -------
    SteigerPerVariant
        A variant with ``is_forward`` false explains more of the outcome. Dropping such variants changes the estimate
        in a direction that is known beforehand: report results with and without.

    References
    ----------
    Hemani et al. 2017, doi:10.1371/journal.pgen.1007081

    Examples
    --------
    >>> from osteobiome.instruments import Instruments
    >>> pair = Instruments.from_arrays([0.1, 0.01], [0.01] * 2, [0.02, 0.05], [0.01] * 2)
    >>> steiger_per_variant(pair, TraitFacts(n=10_000), TraitFacts(n=10_000)).is_forward.tolist()
    [True, False]
    """
    x = explained(inst, exposure, side="exposure")
    y = explained(inst, outcome, side="outcome")
    names = tuple(variant_names(inst.rsid, inst.n_variants))
    if x.message or y.message:
        empty = np.empty(0)
        return SteigerPerVariant(names, empty, empty, np.empty(0, dtype=bool), empty, empty, x.message or y.message)
    z, p = steiger_test(x.r, y.r, n_exposure=x.n, n_outcome=y.n)
    return SteigerPerVariant(names, np.square(x.r), np.square(y.r), np.abs(x.r) > np.abs(y.r), z, p)
