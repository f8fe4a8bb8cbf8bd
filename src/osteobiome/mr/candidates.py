"""What methods that select by themselves ask of a pair: raw effects of every candidate, and no second correction."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from osteobiome.core.errors import Fault, SchemaError
from osteobiome.core.estimate import Estimate, Status, failed
from osteobiome.mr.fit import TestColumn
from osteobiome.mr.scaled import labelled
from osteobiome.stats.rerandomised import is_cut_off

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from osteobiome.core.estimate import Test
    from osteobiome.instruments import Instruments

UNDECLARED = (
    "It is not declared that these are all candidates of the exposure study: if some were left out for their effects, "
    "winner's curse remains."
)
MOST_ABOVE = 0.5
"""Largest share of an undeclared list above the cut-off: among candidates of a scan most are not associated."""
REACH = 3.0
"""Standard deviations of the noise below the cut-off: what lies lower is selected with a chance below 0.14 %."""
ASSUMPTIONS = (
    "all candidates of the exposure study are given, none left out because of its effect on the exposure",
    "effects and standard errors are raw, and errors of the exposure effects are normal with the stated standard error",
    "candidates are mutually uncorrelated, and were pruned without a look at their effects on the exposure",
    "selected variants are associated with the exposure",
    "no variant shares a cause with the outcome",
    "pleiotropic effects average to zero and are independent of instrument strength",
)


def selection_obstacle(inst: Instruments, *, method: str, cutoff: float, eta: float, level: float) -> Estimate | None:
    r"""Return why the selection of a pair cannot be corrected, or None.

    Parameters
    ----------
    inst : Instruments
        Harmonised pair with at least one variant.
    method : str
        Name of the estimator.
    cutoff, eta : float
        The method selects where :math:`|z + \eta N| > c`.
    level : float
        Coverage the interval would have had.

    Notes
    -----
    The noise also selects variants below the cut-off, and their noise must be in the estimate as that of the others.
    So the list must reach down to :math:`c - 3\eta`. Of a pair that is not declared ``complete`` at least half must lie
    below the cut-off, as most candidates of a scan are not associated, and there must be no edge
    (:func:`osteobiome.stats.rerandomised.is_cut_off`). A list that was filled up by hand is not seen, so nothing that
    is not declared counts as corrected.
    """
    n = inst.n_variants
    if inst.selection in ("other_study", "corrected"):
        return labelled(failed(method, Status.ALREADY_CORRECTED, n_variants=n, level=level), inst)
    size = np.abs(inst.beta_exposure / inst.se_exposure)
    lowest = cutoff - REACH * eta
    is_short = lowest > 0.0 and not np.any(size < lowest)
    undeclared = inst.selection == "undeclared"
    is_list = undeclared and float(np.mean(size > cutoff)) > MOST_ABOVE
    if is_short or is_list or (undeclared and is_cut_off(size, lowest=lowest, cutoff=cutoff, width=REACH * eta)):
        return labelled(failed(method, Status.ALREADY_SELECTED, n_variants=n, level=level), inst)
    return None


def check_between(name: str, value: float, *, low: float = 0.0, high: float) -> None:
    """Raise unless an option lies strictly between two numbers."""
    if not low < value < high:
        raise SchemaError(Fault("bad_option", f"option {name}", f"value {value}", f"a number between {low} and {high}"))


def strength_of_selected(z: NDArray[np.float64], chance: NDArray[np.float64], mean_square: float) -> tuple[Test, ...]:
    """Return mean and smallest F statistic of what is selected.

    Parameters
    ----------
    z, chance : numpy.ndarray, shape (n_variants,)
        Statistics and their chance to be selected.
    mean_square : float
        Squared true effect in standard errors, mean over the selected, without bias: F in another study is 1 more.
    """
    likely = chance >= 0.5
    smallest = float(np.square(z[likely]).min()) if likely.any() else np.nan
    columns = (TestColumn("mean_f", np.array([1.0 + mean_square])), TestColumn("min_f", np.array([smallest])))
    return tuple(column.test(0) for column in columns)
