"""Which of four models of pleiotropy the data ask for (Bowden et al. 2017, doi:10.1002/sim.7221)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from osteobiome.core.errors import EstimationError, Fault, SchemaError
from osteobiome.core.estimate import Estimate, Test
from osteobiome.mr.estimators.egger import egger
from osteobiome.mr.estimators.ivw import ivw
from osteobiome.mr.fit import Reference, check_level
from osteobiome.stats.tails import neg_log10_p_chi2

if TYPE_CHECKING:
    from osteobiome.instruments import Instruments

Choice = Literal["A", "B", "C", "D"]
MODELS: dict[Choice, str] = {
    "A": "ivw_fixed_effect",
    "B": "ivw_random_effects",
    "C": "egger_fixed_effect",
    "D": "egger_random_effects",
}
"""Letters of TwoSampleMR and Bowden et al."""
NULL_DIFFERENCE = "an intercept explains no more scatter than chance (no directional pleiotropy)"


@dataclass(frozen=True, slots=True)
class Rucker:
    """Four estimates, three tests, and the model that they lead to.

    Parameters
    ----------
    choice : {"A", "B", "C", "D"} or None
        Model chosen: IVW with fixed or random effects, MR-Egger with fixed or random effects.
    estimates : tuple of Estimate
        In the order of the letters; empty if there are none.
    tests : tuple of Test
        ``cochran_q``, ``rucker_q`` and ``q_difference``.
    message : str
        Why there is no choice, with what to do; empty if there is one.
    """

    choice: Choice | None = None
    estimates: tuple[Estimate, ...] = ()
    tests: tuple[Test, ...] = ()
    message: str = ""

    @property
    def selected(self) -> Estimate | None:
        """The estimate of the model chosen."""
        return None if self.choice is None else self.estimates[tuple(MODELS).index(self.choice)]


def rucker(inst: Instruments, *, alpha: float = 0.05, distribution: Reference = "t", level: float = 0.95) -> Rucker:
    r"""Choose between IVW and MR-Egger, with fixed or random effects, by how much scatter each leaves.

    Parameters
    ----------
    inst : Instruments
        Harmonised pair, n_variants >= 3.
    alpha : float
        Level of the three tests, between 0 and 1.
    distribution : {"t", "normal"}
        Reference of slope and intercept of MR-Egger. TwoSampleMR's ``mr_rucker`` has t for p of slopes, the normal for
        their intervals and for intercepts.
    level : float
        Coverage of the intervals, between 0 and 1.

    Returns
    -------
    Rucker
        Four estimates, each with the standard error of its model, three tests, and the choice. Without four estimates
        there is a message instead.

    Raises
    ------
    SchemaError
        An option has a value that does not exist.

    Notes
    -----
    With Cochran's Q of IVW, Rücker's Q' of MR-Egger and their difference (chi-squared with n - 1, n - 2 and 1 degrees
    of freedom): A if Q is not significant; B if it is, and the difference is not; of the rest C if Q' is not
    significant, else D. Random effects multiply the standard error by :math:`\max(1, \sqrt{Q/\nu})`. Weights are
    :math:`1/\sigma_{Yj}^2`.

    The choice is made on the data that are then used, so interval and p value of the chosen estimate are too
    optimistic: it is a description of the scatter, not a licence to report one model only. The tests have little power
    with few variants, and the difference rejects when strong instruments are the more pleiotropic ones as well.

    References
    ----------
    Bowden et al. 2017, doi:10.1002/sim.7221; Rücker et al. 2011, doi:10.1093/biostatistics/kxq046

    Examples
    --------
    >>> from osteobiome.instruments import Instruments
    >>> pair = Instruments.from_arrays([0.1, 0.2, 0.3, 0.2], [0.01] * 4, [0.05, 0.11, 0.14, 0.3], [0.02] * 4)
    >>> found = rucker(pair)
    >>> found.choice, round(found.selected.beta, 3)
    ('D', 0.45)
    """
    check_level(level)
    if not 0.0 < alpha < 1.0:
        raise SchemaError(Fault("bad_option", "option alpha", f"value {alpha}", "a level between 0 and 1 such as 0.05"))
    try:
        fits = (
            ivw(inst, model="fixed", level=level),
            ivw(inst, level=level),
            egger(inst, model="fixed", distribution=distribution, level=level),
            egger(inst, distribution=distribution, level=level),
        )
    except EstimationError as error:
        return Rucker(message=error.faults[0].found)
    estimates = tuple(replace(fit, method=name) for fit, name in zip(fits, MODELS.values(), strict=True))
    q, rest = fits[1].diagnostic("cochran_q"), fits[3].diagnostic("rucker_q")
    assert q is not None
    assert rest is not None
    tests = (q, rest, _difference(q, rest))
    significant = [
        test.neg_log_10_p_value is not None and test.neg_log_10_p_value >= -np.log10(alpha) for test in tests
    ]
    choice: Choice = "A"
    if significant[0]:
        choice = "B" if not significant[2] else "D" if significant[1] else "C"
    return Rucker(choice, estimates, tests)


def _difference(q: Test, rest: Test) -> Test:
    """Return the test of what an intercept explains."""
    assert q.statistic is not None
    assert rest.statistic is not None
    explained = max(0.0, q.statistic - rest.statistic)
    return Test("q_difference", explained, 1.0, float(neg_log10_p_chi2(explained, 1.0)), NULL_DIFFERENCE)
