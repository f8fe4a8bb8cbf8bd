"""What a pair could have found (Burgess 2014, doi:10.1093/ije/dyu005; Brion et al. 2013, doi:10.1093/ije/dyt179)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from osteobiome.core.errors import EstimationError, Fault, SchemaError
from osteobiome.core.estimate import Test
from osteobiome.mr.checks.facts import WHERE, TraitFacts, case_share, explained, multiple_r, people
from osteobiome.mr.fit import check_level
from osteobiome.mr.registry import ESTIMATORS
from osteobiome.stats.power import minimum_detectable_effect, minimum_detectable_effect_from_sizes
from osteobiome.stats.power import power as power_of_test

if TYPE_CHECKING:
    from osteobiome.instruments import Instruments


def power(
    inst: Instruments,
    exposure: TraitFacts,
    outcome: TraitFacts,
    *,
    effect: float | None = None,
    chance: float = 0.8,
    level: float = 0.95,
) -> tuple[Test, ...]:
    r"""Return the smallest effect that a pair would find, from its precision and from sample sizes alone.

    Parameters
    ----------
    inst : Instruments
        Harmonised pair; with ``ld_r`` the precision is that with the LD matrix.
    exposure, outcome : TraitFacts
        What is known about the traits.
    effect : float, optional
        Effect of interest in the unit of the estimate; adds ``power_at_effect``.
    chance : float
        Power wanted.
    level : float
        Coverage of the interval, 1 minus the level of the two-sided test.

    Returns
    -------
    tuple of Test
        ``minimum_detectable_effect``: from the fixed-effect IVW standard error, in the unit of the estimate;
        ``minimum_detectable_effect_from_sizes``: from the outcome's sample size and the share of the exposure that the
        variants explain, in SD of the outcome (log odds, if it is binary) per SD of the exposure; and
        ``power_at_effect``. A number that does not exist has a message.

    Raises
    ------
    SchemaError
        ``chance`` or ``level`` is out of range.

    Notes
    -----
    Both take scatter beyond sampling error as absent, so they are lower bounds: with pleiotropy less is found. Power is
    a property of the design, not of the result: power at the estimated effect says no more than its p value. Next to an
    interval that includes 0, the minimum detectable effect tells what the design could find.

    References
    ----------
    Burgess 2014, doi:10.1093/ije/dyu005; Brion et al. 2013, doi:10.1093/ije/dyt179

    Examples
    --------
    >>> from osteobiome.instruments import Instruments
    >>> pair = Instruments.from_arrays([0.1, 0.08], [0.01] * 2, [0.02, 0.015], [0.01] * 2)
    >>> for test in power(pair, TraitFacts(n=10_000), TraitFacts(n=10_000), effect=0.2):
    ...     print(test.name, round(test.statistic, 4))
    minimum_detectable_effect 0.2188
    minimum_detectable_effect_from_sizes 0.221
    power_at_effect 0.7262
    """
    check_level(level)
    if not 1.0 - level < chance < 1.0:
        wanted = f"a share between {1.0 - level:g} and 1 such as 0.8"
        raise SchemaError(Fault("bad_option", "option chance", f"value {chance}", wanted))
    se, why = _precision(inst)
    least = None if se is None else float(minimum_detectable_effect(se, chance=chance, level=level))
    tests = (
        Test("minimum_detectable_effect", least, message=why),
        _from_sizes(inst, exposure, outcome, chance=chance, level=level),
    )
    if effect is None:
        return tests
    value = None if se is None else float(power_of_test(effect, se, level=level))
    return (*tests, Test("power_at_effect", value, message=why))


def _precision(inst: Instruments) -> tuple[float | None, str]:
    """Return the standard error without heterogeneity, or the reason why there is none."""
    method = "ivw_fixed" if inst.ld_r is None else "ivw_ld_fixed"
    try:
        return ESTIMATORS[method].function(inst).se, ""
    except EstimationError as error:
        return None, error.faults[0].found


def _from_sizes(inst: Instruments, exposure: TraitFacts, outcome: TraitFacts, *, chance: float, level: float) -> Test:
    name = "minimum_detectable_effect_from_sizes"
    r, why = multiple_r(inst, explained(inst, exposure, side="exposure"))
    if r is None:
        return Test(name, None, message=why)
    if r == 0.0:
        return Test(name, None, message="Not estimable: the variants explain nothing of the exposure.")
    n = people(inst, outcome, side="outcome")
    missing = ["n"] if np.isnan(n).any() else []
    missing += ["n_cases"] if outcome.is_log_odds and outcome.n_cases is None else []
    if missing:
        what = " and ".join(WHERE[fact] for fact in missing)
        return Test(name, None, message=f"Not estimable: for outcome {inst.outcome!r} the check needs {what}.")
    share = None
    if outcome.is_log_odds:
        share = case_share(outcome, n)
        if share is None:
            message = f"Not estimable: outcome {inst.outcome!r} has as many cases as people. Check both numbers."
            return Test(name, None, message=message)
    least = minimum_detectable_effect_from_sizes(
        n=float(n.mean()), r2=r**2, case_share=share, chance=chance, level=level
    )
    return Test(name, float(least))
