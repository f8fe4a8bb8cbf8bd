"""Estimates without one variant, without one locus, and from one variant alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from osteobiome.core.errors import EstimationError, Fault, SchemaError
from osteobiome.core.estimate import Estimate, Status, failed
from osteobiome.instruments.loci import check_window, loci, locus_label
from osteobiome.mr.checks.table_rows import TableRows, values_or_none
from osteobiome.mr.correlated import ld_obstacle
from osteobiome.mr.fit import (
    OK,
    STATUSES,
    BatchFit,
    Block,
    beyond_range,
    beyond_range_is_a_status,
    overdispersion,
    statuses,
)
from osteobiome.mr.naming import variant_names
from osteobiome.mr.registry import ESTIMATORS
from osteobiome.stats.influence import origin_deletions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from osteobiome.instruments import Instruments
    from osteobiome.mr.registry import Estimator

MANY = {"ivw": 2000, "ivw_ld": 100}
"""More variants are left out of these methods by the deletion formula instead of refits; equal to rounding."""
CELLS = 1 << 20
"""Variants times refits that are fitted at once; results do not depend on it."""


def leave_one_out(inst: Instruments, *, method: str = "ivw", family: str = "") -> TableRows:
    """Estimate again without each variant in turn.

    Parameters
    ----------
    inst : Instruments
        Harmonised pair.
    method : str
        Name of an estimator that draws no random numbers.
    family : str
        Value of that column.

    Returns
    -------
    TableRows
        Schema ``leave_one_out``, kind ``variant``, one row per variant in the order of the pair; a refit that does not
        exist has a status and a message. No rows and a message where fewer than two variants are given.

    Raises
    ------
    UnknownNameError
        The method is not registered.
    SchemaError
        The method draws random numbers: 1,000 draws per refit say less than IVW does.

    Notes
    -----
    Default options throughout, so standard errors are those of ``ivw`` (scatter floored at 1, as TwoSampleMR's
    ``mr_leaveoneout``). Rows are strongly correlated: they show which variant carries a result, and are no tests. With
    two variants, a row is the Wald ratio of the other one. Of many variants (2,000, or 100 with an LD matrix), rows of
    IVW come from one fit (:func:`osteobiome.stats.influence.origin_deletions`), which is equal to refits to rounding.

    References
    ----------
    Hemani et al. 2018, doi:10.7554/eLife.34408 (TwoSampleMR, ``mr_leaveoneout``)

    Examples
    --------
    >>> from osteobiome.instruments import Instruments
    >>> pair = Instruments.from_arrays([0.1, 0.2, 0.3], [0.01] * 3, [0.05, 0.1, 0.45], [0.02] * 3, rsid=("a", "b", "c"))
    >>> [(row["left_out"], round(row["beta"], 3)) for row in leave_one_out(pair).rows()]
    [('a', 1.192), ('b', 1.4), ('c', 0.5)]
    """
    entry = _entry(method)
    n = inst.n_variants
    if n < 2:
        message = f"Not estimable: leaving one out needs two variants, there {'is 1' if n else 'are 0'}."
        return TableRows("leave_one_out", message=message)
    if n > MANY.get(method, n) and (method == "ivw" or ld_obstacle(inst)[0] is Status.OK):
        columns = _labels(inst, entry, "variant", variant_names(inst.rsid, n), family)
        return TableRows("leave_one_out", columns | _ivw_columns(inst, entry))
    return _refits(inst, entry, ~np.eye(n, dtype=bool), "variant", variant_names(inst.rsid, n), family)


def leave_one_locus_out(
    inst: Instruments, *, method: str = "ivw", window_kb: float = 1000.0, family: str = ""
) -> TableRows:
    """Estimate again without each locus in turn.

    Parameters
    ----------
    inst : Instruments
        Harmonised pair with chromosome and position of every variant.
    method : str
        Name of an estimator that draws no random numbers.
    window_kb : float
        Neighbours within this distance (thousands of base pairs) are chained to one locus.
    family : str
        Value of that column.

    Returns
    -------
    TableRows
        Schema ``leave_one_out``, kind ``locus``, one row per locus in the order of the genome, named
        ``chromosome:first-last``. No rows and a message where places are unknown or there is one locus only.

    Raises
    ------
    UnknownNameError
        The method is not registered.
    SchemaError
        The method draws random numbers, or the window is negative.

    References
    ----------
    Hemani et al. 2018, doi:10.7554/eLife.34408 (leave-one-out by variant; by locus the variants of one signal go
    together)

    Examples
    --------
    >>> from dataclasses import replace
    >>> from osteobiome.instruments import Instruments
    >>> pair = Instruments.from_arrays([0.1, 0.2, 0.3], [0.01] * 3, [0.05, 0.1, 0.45], [0.02] * 3)
    >>> pair = replace(pair, chromosome=np.array([8.0, 8.0, 2.0]), position=np.array([1e6, 1.2e6, 9e6]))
    >>> [(row["left_out"], round(row["beta"], 3)) for row in leave_one_locus_out(pair).rows()]
    [('2:9000000-9000000', 0.5), ('8:1000000-1200000', 1.5)]
    """
    entry = _entry(method)
    check_window(window_kb)
    n = inst.n_variants
    if n == 0:
        return TableRows("leave_one_out", message=Status.NO_COMMON_VARIANTS.message)
    if inst.chromosome is None or inst.position is None:
        return TableRows("leave_one_out", message=Status.MISSING_POSITIONS.message)
    number = loci(inst.chromosome, inst.position, window_kb=window_kb)
    unknown = int(np.sum(number < 0))
    if unknown:
        message = f"{Status.MISSING_POSITIONS.message} Without one: {unknown} of {n} variants."
        return TableRows("leave_one_out", message=message)
    n_loci = int(number.max()) + 1
    if n_loci < 2:
        place = locus_label(inst.chromosome, inst.position)
        message = f"Not estimable: all {n} variants lie in one locus ({place}); without it nothing is left."
        return TableRows("leave_one_out", message=message)
    masks = number[np.newaxis, :] != np.arange(n_loci)[:, np.newaxis]
    labels = [locus_label(inst.chromosome[~keep], inst.position[~keep]) for keep in masks]
    return _refits(inst, entry, masks, "locus", labels, family)


@dataclass(frozen=True, slots=True)
class SingleVariants:
    """The ratio of each variant and the estimates of all together.

    Parameters
    ----------
    rsid : tuple of str
        Names of the variants.
    estimates : tuple of Estimate
        Wald ratio of each variant, in order.
    together : tuple of Estimate
        All variants, by each method asked for.
    """

    rsid: tuple[str, ...]
    estimates: tuple[Estimate, ...]
    together: tuple[Estimate, ...]


def single_variant(inst: Instruments, *, methods: Sequence[str] = ("ivw", "egger")) -> SingleVariants:
    """Estimate from each variant alone, and from all together.

    Parameters
    ----------
    inst : Instruments
        Harmonised pair.
    methods : sequence of str
        Estimators for all variants together; none that draws random numbers.

    Returns
    -------
    SingleVariants
        Wald ratios with first-order errors, as TwoSampleMR's ``mr_singlesnp``; what cannot be estimated has a status.

    Raises
    ------
    UnknownNameError
        A method is not registered.
    SchemaError
        A method draws random numbers.

    References
    ----------
    Hemani et al. 2018, doi:10.7554/eLife.34408 (TwoSampleMR, ``mr_singlesnp``)

    Examples
    --------
    >>> from osteobiome.instruments import Instruments
    >>> pair = Instruments.from_arrays([0.1, 0.2, 0.3], [0.01] * 3, [0.05, 0.1, 0.45], [0.02] * 3)
    >>> [round(one.beta, 3) for one in single_variant(pair).estimates]
    [0.5, 0.5, 1.5]
    """
    entries = [_entry(name) for name in methods]
    n = inst.n_variants
    column = (slice(None), np.newaxis)
    block = Block(
        inst.beta_exposure[column],
        inst.se_exposure[column],
        inst.beta_outcome[column],
        inst.se_outcome[column],
        np.ones((n, 1), dtype=bool),
    )
    batch = ESTIMATORS["wald_ratio"].batch
    assert batch is not None
    singles = batch(block).estimates() if n else []
    label = {"exposure": inst.exposure, "outcome": inst.outcome, "unit": inst.unit}
    return SingleVariants(
        tuple(variant_names(inst.rsid, n)),
        tuple(estimate.label(**label) for estimate in singles),
        tuple(_estimate(inst, entry) for entry in entries),
    )


def _entry(method: str) -> Estimator:
    """Return a registered method that may be refitted."""
    entry = ESTIMATORS[method]
    if entry.stochastic:
        closed = ", ".join(name for name, other in ESTIMATORS.items() if not other.stochastic)
        raise SchemaError(
            Fault("bad_option", "option method", f"value {method!r}, which draws random numbers", f"one of {closed}")
        )
    return entry


def _estimate(inst: Instruments, entry: Estimator) -> Estimate:
    """Fit one pair and turn an error into a status."""
    try:
        return entry.function(inst)
    except EstimationError as error:
        message = error.faults[0].found
        estimate = failed(entry.name, Status(error.status), n_variants=inst.n_variants, message=message)
        return estimate.label(exposure=inst.exposure, outcome=inst.outcome, unit=inst.unit)


def _refits(
    inst: Instruments, entry: Estimator, masks: NDArray[np.bool_], kind: str, labels: Sequence[str], family: str
) -> TableRows:
    """Return one row per mask, shape (n_refits, n_variants)."""
    n = len(masks)
    columns = _labels(inst, entry, kind, labels, family)
    if entry.batch is None or entry.needs_ld:
        estimates = [_estimate(inst.subset(keep), entry) for keep in masks]
        for name in ("n_variants", "beta", "se", "ci_low", "ci_high", "neg_log_10_p_value", "message"):
            columns[name] = [getattr(estimate, name) for estimate in estimates]
        columns["status"] = [str(estimate.status) for estimate in estimates]
        return TableRows("leave_one_out", columns)
    step = max(1, CELLS // inst.n_variants)
    for start in range(0, n, step):
        for name, values in _fitted(entry.batch(_block(inst, masks[start : start + step]))).items():
            columns.setdefault(name, []).extend(values)
    return TableRows("leave_one_out", columns)


def _labels(
    inst: Instruments, entry: Estimator, kind: str, labels: Sequence[str], family: str
) -> dict[str, list[object]]:
    """Return the columns that say what each row is."""
    n = len(labels)
    return {
        "family": [family] * n,
        "exposure": [inst.exposure] * n,
        "outcome": [inst.outcome] * n,
        "method": [entry.name] * n,
        "kind": [kind] * n,
        "left_out": [*labels],
    }


@beyond_range_is_a_status
def _ivw_columns(inst: Instruments, entry: Estimator) -> dict[str, list[object]]:
    """Return the columns of numbers of IVW without each of many variants, from one fit."""
    n, se = inst.n_variants, inst.se_outcome
    correlation = inst.ld_r if entry.needs_ld else None
    found = origin_deletions(inst.beta_exposure / se, inst.beta_outcome / se, correlation)
    errors = found.se * overdispersion(found.q, np.full(n, n - 2.0), "multiplicative")
    has_effect = inst.beta_exposure != 0.0
    status = statuses(
        n,
        [
            (np.sum(has_effect) - has_effect == 0, Status.ZERO_EXPOSURE_EFFECT),
            (beyond_range(found.slope, errors, found.q), Status.NOT_FINITE),
        ],
    )
    ok, count = status == OK, np.full(n, n - 1, dtype=np.int64)
    slope, errors = np.where(ok, found.slope, np.nan), np.where(ok, errors, np.nan)
    columns = _fitted(BatchFit(entry.name, slope, errors, None, count, status, ()))
    for place in np.flatnonzero(found.is_heavy):
        one = _refits(inst, entry, np.arange(n)[np.newaxis] != place, "variant", ("",), "")
        for name, values in columns.items():
            values[place] = one.columns[name][0]
    return columns


def _block(inst: Instruments, masks: NDArray[np.bool_]) -> Block:
    """Return the pair once per mask."""
    copies = (len(masks), 1)
    return Block(
        np.tile(inst.beta_exposure, copies),
        np.tile(inst.se_exposure, copies),
        np.tile(inst.beta_outcome, copies),
        np.tile(inst.se_outcome, copies),
        np.ascontiguousarray(masks),
    )


@np.errstate(over="ignore", invalid="ignore")  # ends of intervals near the limit of doubles
def _fitted(fit: BatchFit) -> dict[str, list[object]]:
    """Return the columns of a fitted block, without building an Estimate for each row."""
    low, high = fit.interval()
    statuses = [STATUSES[code] for code in fit.status]
    return {
        "n_variants": [*fit.n_variants.tolist()],
        "beta": [*values_or_none(fit.beta)],
        "se": [*values_or_none(fit.se)],
        "ci_low": [*values_or_none(low)],
        "ci_high": [*values_or_none(high)],
        "neg_log_10_p_value": [*values_or_none(np.where(np.isnan(fit.beta), np.nan, fit.neg_log_10_p_value()))],
        "status": [str(status) for status in statuses],
        "message": [status.message for status in statuses],
    }
