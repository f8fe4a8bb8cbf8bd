"""Estimates and tests as values: numbers with their status, never a bare NaN."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Literal

from osteobiome.core.errors import EstimationError, Fault

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl

LN10 = math.log(10.0)


class Status(StrEnum):
    """Why an estimate is there or is not; :attr:`message` is the sentence for readers."""

    OK = "ok"
    NO_INSTRUMENTS = "no_instruments"
    NO_COMMON_VARIANTS = "no_common_variants"
    TOO_FEW_INSTRUMENTS = "too_few_instruments"
    TOO_MANY_INSTRUMENTS = "too_many_instruments"
    ZERO_EXPOSURE_EFFECT = "zero_exposure_effect"
    NO_SPREAD = "no_spread_of_exposure_effects"
    NO_SCATTER = "no_scatter"
    NOT_FINITE = "not_finite"
    SINGULAR = "singular"
    NOT_POSITIVE_SEMIDEFINITE = "not_positive_semidefinite"
    MISSING_LD = "missing_ld"
    MISSING_POSITIONS = "missing_positions"
    MISSING_SAMPLE_SIZE = "missing_sample_size"
    NO_VALID_VARIANT = "no_valid_variant"
    TOO_WEAK = "too_weak_instruments"
    NOT_CONVERGED = "not_converged"
    ALREADY_SELECTED = "already_selected"
    ALREADY_CORRECTED = "already_corrected"

    @property
    def message(self) -> str:
        """The status in words, with what to do."""
        return _MESSAGES[self]


_MESSAGES: dict[Status, str] = {
    Status.OK: "",
    Status.NO_INSTRUMENTS: (
        "Not estimable: no variant of the exposure passes the p threshold. A larger exposure study may have some."
    ),
    Status.NO_COMMON_VARIANTS: (
        "Not estimable: no instrument of the exposure was found in the outcome with matching alleles. "
        "Check identifiers and genome build of both traits; proxies may help."
    ),
    Status.TOO_FEW_INSTRUMENTS: (
        "Not estimable: the method needs more variants than were left. Use a method with fewer assumptions or a "
        "larger exposure study."
    ),
    Status.TOO_MANY_INSTRUMENTS: "Not estimable: the Wald ratio is for one variant. Use IVW for several.",
    Status.ZERO_EXPOSURE_EFFECT: (
        "Not estimable: the variants have no effect on the exposure, so the ratio has no denominator. "
        "Choose instruments associated with the exposure."
    ),
    Status.NO_SPREAD: (
        "Not estimable: all variants have the same effect on the exposure, so slope and intercept cannot be told "
        "apart. Use IVW."
    ),
    Status.NO_SCATTER: (
        "Not estimable: the variants agree to the last digit, so an error taken from their scatter would be 0. "
        "Use the model with the floor, or fixed effects."
    ),
    Status.NOT_FINITE: (
        "Not estimable: a value is so large or so small that the arithmetic leaves the range of numbers. "
        "Check the units of the effects and standard errors."
    ),
    Status.SINGULAR: (
        "Not estimable: the LD matrix is singular, some variants are copies of others. "
        "Prune variants with |r| close to 1; no ridge is added in silence."
    ),
    Status.NOT_POSITIVE_SEMIDEFINITE: (
        "Not estimable: the LD matrix has a negative eigenvalue, so it is not a correlation matrix. "
        "Take it from one set of people, unrounded, or prune variants."
    ),
    Status.MISSING_LD: (
        "Not estimable: the method needs the LD matrix of all its variants. Give one under [ld], with alleles."
    ),
    Status.MISSING_POSITIONS: (
        "Not estimable: the method needs chromosome and position of every variant. Give both columns in the exposure "
        "or outcome file."
    ),
    Status.MISSING_SAMPLE_SIZE: (
        "Not estimable: the method needs the sample size of the exposure or outcome study. Give n of the traits, or a "
        "column of it."
    ),
    Status.NO_VALID_VARIANT: (
        "Not estimable: the method calls at most one variant valid, so nothing is left to estimate from. "
        "Look at the ratios of single variants; a method that keeps every variant may be used."
    ),
}

_MESSAGES |= {
    Status.TOO_WEAK: (
        "Not estimable: the exposure effects are no larger than their errors make them, so what is left of the "
        "denominator is not above 0. Choose stronger instruments, or a method with a penalty."
    ),
    Status.NOT_CONVERGED: (
        "Not estimable: the equations of the method were not solved in the allowed number of steps. Look at the ratios "
        "of single variants, or use another loss."
    ),
    Status.ALREADY_SELECTED: (
        "Not estimable: the method makes the selection itself and needs every candidate, but the weak ones are "
        "missing, so variants were selected before. Give all independent variants of the exposure file."
    ),
    Status.ALREADY_CORRECTED: (
        "Not estimable: the exposure effects were corrected for selection before, or another study selected, and "
        "winner's curse is never corrected twice. Give the raw effects of the study that selects."
    ),
}

DOUBT = "independence_in_doubt"
"""Name of the diagnostic that a pair has only if correlated variants seem to be counted as independent."""
NULL_LEADS_DOUBT = "null_leads_in_doubt"
"""Name of the diagnostic that a pair has only if more than half of its instruments may be there by chance."""
DOUBTS = (DOUBT, NULL_LEADS_DOUBT)
"""Diagnostics of a pair that make it no finding, whatever its p."""

Distribution = Literal["normal", "t"]


@dataclass(frozen=True, slots=True)
class Test:
    """A test or a plain quantity that comes with an estimate.

    Parameters
    ----------
    name : str
        Stable name: ``cochran_q``, ``egger_intercept``, ``mean_f`` ...
    statistic : float or None
        Test statistic, or the value of a plain quantity.
    df : float or None
        Degrees of freedom.
    neg_log_10_p_value : float or None
        None for plain quantities.
    null : str
        Null hypothesis in words; empty for plain quantities.
    estimate, se : float or None
        Quantity that is tested and its standard error, if there is one.
    message : str
        Why there is no number, with what to do; empty if there is one.
    """

    __test__ = False  # pytest would otherwise try to collect the class

    name: str
    statistic: float | None
    df: float | None = None
    neg_log_10_p_value: float | None = None
    null: str = ""
    estimate: float | None = None
    se: float | None = None
    message: str = ""

    @property
    def p_value(self) -> float | None:
        """The p value for display; underflows to 0 below 1e-308."""
        return None if self.neg_log_10_p_value is None else 10.0**-self.neg_log_10_p_value

    def as_dict(self) -> dict[str, object]:
        """Return plain data for JSON, with ``p_value`` for convenience."""
        return {f.name: getattr(self, f.name) for f in fields(self)} | {"p_value": self.p_value}


@dataclass(frozen=True, slots=True)
class Estimate:
    """One causal estimate with its origin and its status.

    Parameters
    ----------
    method : str
        Name of the estimator.
    status : Status
        ``ok`` or why the numbers are missing.
    beta, se : float or None
        Estimate and standard error, in ``unit``.
    level : float
        Coverage of the interval.
    ci_low, ci_high : float or None
        Ends of the interval, in ``unit``.
    ci_set : tuple of (float, float)
        Confidence set as intervals; several, or infinite ends, where the method says so.
    neg_log_10_p_value, q_value, neg_log_10_q_value : float or None
        Two-sided test of no effect; q over the family, also as minus log10.
    n_variants : int
        Variants used.
    unit : str
        Outcome unit per exposure unit.
    distribution : {"normal", "t"}
        Reference distribution, with ``df`` for t.
    diagnostics : tuple of Test
        Heterogeneity, intercept, strength.
    """

    method: str
    status: Status = Status.OK
    beta: float | None = None
    se: float | None = None
    level: float = 0.95
    ci_low: float | None = None
    ci_high: float | None = None
    ci_set: tuple[tuple[float, float], ...] = ()
    neg_log_10_p_value: float | None = None
    q_value: float | None = None
    neg_log_10_q_value: float | None = None
    n_variants: int = 0
    unit: str = ""
    distribution: Distribution = "normal"
    df: float | None = None
    estimand: str = "total"
    exposure: str = ""
    outcome: str = ""
    family: str = ""
    is_primary: bool = False
    selection_corrected: bool = False
    overlap_corrected: bool = False
    message: str = ""
    seed: int | None = None
    n_draws: int | None = None
    diagnostics: tuple[Test, ...] = field(default=(), repr=False)

    def __post_init__(self) -> None:
        """Refuse a missing number without a reason."""
        if (self.status is Status.OK) == (self.beta is None or self.se is None):
            msg = f"{self.method}: status {self.status} with beta {self.beta} and se {self.se}"
            raise AssertionError(msg)

    @property
    def p_value(self) -> float | None:
        """The p value for display; underflows to 0 below 1e-308."""
        return None if self.neg_log_10_p_value is None else 10.0**-self.neg_log_10_p_value

    def diagnostic(self, name: str) -> Test | None:
        """Return the diagnostic of this name, or None."""
        return next((test for test in self.diagnostics if test.name == name), None)

    def as_dict(self) -> dict[str, object]:
        """Return every field of the schema as plain data for JSON, plus ``p_value``."""
        data = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "diagnostics"}
        data["status"] = str(self.status)
        data["ci_set"] = [list(interval) for interval in self.ci_set]
        return data | {"p_value": self.p_value}

    def diagnostic_dicts(self) -> list[dict[str, object]]:
        """Return the diagnostics as rows of the ``DIAGNOSTICS`` schema."""
        base: Mapping[str, object] = {
            "family": self.family,
            "exposure": self.exposure,
            "outcome": self.outcome,
            "method": self.method,
        }
        return [
            {**base, **{key: value for key, value in test.as_dict().items() if key != "p_value"}}
            for test in self.diagnostics
        ]

    def to_frame(self) -> pl.DataFrame:
        """Return a table of one row with the ``ESTIMATES`` schema."""
        from osteobiome.core.schema import table

        row = self.as_dict()
        del row["p_value"]
        return table("estimates", [row])

    def raise_if_failed(self) -> Estimate:
        """Return the estimate, or raise EstimationError if it does not exist."""
        if self.status is not Status.OK:
            where = " -> ".join(part for part in (self.exposure, self.outcome) if part) or self.method
            raise EstimationError(Fault(str(self.status), where, self.message or self.status.message))
        return self

    def label(self, *, exposure: str, outcome: str, unit: str | None = None) -> Estimate:
        """Return a copy that knows its pair."""
        return replace(self, exposure=exposure, outcome=outcome, unit=self.unit if unit is None else unit)

    def __str__(self) -> str:
        """Return one line for terminals."""
        if self.status is not Status.OK:
            return f"{self.method}: {self.status}"
        return f"{self.method}: {self.beta:.4g} (se {self.se:.3g}, {self.n_variants} variants)"


def failed(method: str, status: Status, *, n_variants: int, message: str = "", level: float = 0.95) -> Estimate:
    """Return an estimate that says why it does not exist.

    Parameters
    ----------
    method : str
        Name of the estimator.
    status : Status
        Anything but ``ok``.
    n_variants : int
        Variants that were at hand.
    message : str
        Sentence for readers; the status's own sentence by default.
    level : float
        Coverage the interval would have had.
    """
    return Estimate(method, status, n_variants=n_variants, message=message or status.message, level=level)
