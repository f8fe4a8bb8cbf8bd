"""Conditional selection from summary statistics: which variants of a region have effects of their own (COJO)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy import linalg

from osteobiome.core.errors import EstimationError, Fault
from osteobiome.core.thresholds import BASES_PER_KB
from osteobiome.ld.correlation import standardised, varies
from osteobiome.ld.genotypes import Genotypes
from osteobiome.stats.tails import neg_log10_p_normal

if TYPE_CHECKING:
    from numpy.typing import NDArray

ResidualVariance = Literal["phenotype", "model"]
Overlap = Literal["reported", "estimated"]


@dataclass(frozen=True, slots=True)
class Marginal:
    """Summary statistics of some variants, in the alleles that the reference panel counts.

    Parameters
    ----------
    beta, se : numpy.ndarray, shape (n_variants,)
        Effect of each variant alone, per allele, and its standard error.
    eaf : numpy.ndarray, shape (n_variants,)
        Frequency of the effect allele; only used for the variance of the trait.
    n : numpy.ndarray, shape (n_variants,)
        People behind each effect.
    chromosome, position : numpy.ndarray of int, shape (n_variants,)
        Place; position in base pairs.
    """

    beta: NDArray[np.float64]
    se: NDArray[np.float64]
    eaf: NDArray[np.float64]
    n: NDArray[np.float64]
    chromosome: NDArray[np.int64]
    position: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class ConditionalOptions:
    """How variants are chosen.

    Parameters
    ----------
    p_threshold : float
        Largest p of a variant that comes in, conditional on those chosen, and of one that stays, jointly.
    collinearity : float
        Largest share of a chosen variant's variance that the other chosen ones explain.
    window_kb : float
        Variants further apart (kilobases), or on different chromosomes, count as unlinked.
    residual_variance : {"phenotype", "model"}
        ``phenotype``: variance of the trait, the cautious choice when LD comes from other people. ``model``: less what
        the chosen variants explain, as in a regression; for LD from the sample of the summary statistics.
    overlap : {"reported", "estimated"}
        Which numbers of people say how many a pair of variants shares; see Notes of :func:`select_conditional`.
    """

    p_threshold: float = 5e-8
    collinearity: float = 0.9
    window_kb: float = 10_000.0
    residual_variance: ResidualVariance = "phenotype"
    overlap: Overlap = "reported"


@dataclass(frozen=True, slots=True)
class Effects:
    """Effects of some variants, given others.

    Parameters
    ----------
    beta, se, neg_log_10_p_value : numpy.ndarray, shape (n,)
        Regression coefficient per allele, standard error, minus log10 of the two-sided normal p.
    """

    beta: NDArray[np.float64]
    se: NDArray[np.float64]
    neg_log_10_p_value: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ConditionalSelection:
    """Variants with effects of their own.

    Parameters
    ----------
    chosen : numpy.ndarray of int64, shape (n_chosen,)
        Rows of the chosen variants, in the order of rows.
    at_entry : Effects, shape (n_chosen,)
        Given the variants chosen when each came in.
    joint : Effects, shape (n_chosen,)
        Given all other chosen variants.
    conditional : Effects, shape (n_variants,)
        Of every variant given the chosen ones; of a chosen one, given the other chosen ones; NaN where ``reason`` is
        ``not_varying_in_panel`` or ``collinear``.
    reason : numpy.ndarray of str, shape (n_variants,)
        Why a variant was not chosen: ``not_varying_in_panel``, ``collinear`` (with chosen ones),
        ``left_in_joint_model`` (chosen once, above the threshold when others had come in) or ``not_significant``;
        empty for chosen ones.
    phenotype_variance : float
        Estimated variance of the trait.
    """

    chosen: NDArray[np.int64]
    at_entry: Effects
    joint: Effects
    conditional: Effects
    reason: NDArray[np.str_]
    phenotype_variance: float


def select_conditional(
    marginal: Marginal,
    reference: Genotypes | NDArray[np.float64],
    *,
    options: ConditionalOptions | None = None,
    phenotype_variance: float | None = None,
) -> ConditionalSelection:
    r"""Choose variants step by step, each by its p given those already chosen.

    Parameters
    ----------
    marginal : Marginal
        Summary statistics. Variants that do not match the panel and palindromes of unknown strand must be gone, and
        effects turned to the panel's counted allele: a wrong sign makes a false second signal.
    reference : Genotypes, or numpy.ndarray of shape (n_variants, n_variants)
        The same variants in a panel of the trait's ancestry, or their signed r.
    options : ConditionalOptions, optional
        Thresholds; the defaults of COJO.
    phenotype_variance : float, optional
        Variance of the trait; left out, the median over variants of what their effects and errors imply.

    Returns
    -------
    ConditionalSelection
        Chosen variants and effects; none is chosen if no p is below the threshold.

    Raises
    ------
    EstimationError
        An effect, error, number of people or frequency that is missing or impossible; a threshold that is none.

    Notes
    -----
    With :math:`h = 2f(1-f)` the variance of the trait is the median of :math:`h_j((n_j-2)s_j^2 + b_j^2)`. The sum of
    squares of a genotype, :math:`D_j`, then solves the equation of the standard error,
    :math:`(n_j-2)s_j^2D_j = n_jV_P - b_j^2D_j`; Yang et al. solve it with :math:`D=h\hat n`, :math:`\hat n` being the
    number of people behind the effect. Products of two genotypes are

    .. math:: B_{jk} = r_{jk}\sqrt{D_jD_k}\sqrt{\min(n_j,n_k)/\max(n_j,n_k)}

    which assumes that the smaller sample is part of the larger. Here ``n`` is the reported number, or with
    ``overlap="estimated"`` the :math:`\hat n_j = D_j/h_j` of the paper, which also sees people lost in imputation but
    takes departures from Hardy-Weinberg proportions for such losses. Joint effects of a set S are
    :math:`B_{SS}^{-1}D_Sb_S` with covariance :math:`\sigma^2B_{SS}^{-1}`. The effect of k given S is

    .. math:: b_{k|S} = \frac{D_kb_k - B_{kS}B_{SS}^{-1}D_Sb_S}{D_k - B_{kS}B_{SS}^{-1}B_{Sk}},\qquad
              \mathrm{var} = \sigma^2 / (D_k - B_{kS}B_{SS}^{-1}B_{Sk})

    the coefficient of a multiple regression; the paper divides the numerator by :math:`D_k` instead, with the same z.
    With ``residual_variance="phenotype"`` :math:`\sigma^2 = V_P`, which makes the error of a variant that nothing is
    linked with too large by :math:`\sqrt{1 + (z^2-1)/n}`: with 200 people z of 5.6 becomes 5.2. A variant that is
    linked with no (other) chosen one therefore keeps the error of the file: the first one comes in by its own p, as in
    GCTA. GCTA's joint p of a lone variant is the weaker one.

    The variant with the smallest conditional p comes in, unless that leaves a chosen variant with more than
    ``collinearity`` of its variance explained by the others; then the set is fitted jointly and the variant with the
    largest p goes if that is above the threshold. It ends when none comes in, or a set comes back.

    It fails where the panel's LD is not that of the sample. With another ancestry that is always so; with m people in
    the panel r is off by about :math:`1/\sqrt m`, and conditional z by about :math:`|z|/\sqrt m`: signals with
    :math:`|z|` above :math:`2\sqrt m` seem to leave second ones behind (``docs/methods/ld.md``). Effects from a mixed
    model or a meta-analysis with different variants per cohort make B an approximation.

    References
    ----------
    Yang et al. 2012, doi:10.1038/ng.2213

    Examples
    --------
    >>> r = np.array([[1.0, 0.6, 0.0], [0.6, 1.0, 0.0], [0.0, 0.0, 1.0]])
    >>> place = np.array([1, 1, 1]), np.array([100, 200, 300])
    >>> b, n = np.array([0.10, 0.06, 0.0]), np.full(3, 20_000.0)
    >>> m = Marginal(b, np.full(3, 0.01), np.full(3, 0.5), n, *place)
    >>> found = select_conditional(m, r)
    >>> found.chosen.tolist(), found.conditional.beta.round(4).tolist(), found.reason.tolist()
    ([0], [0.1, 0.0001, 0.0], ['', 'not_significant', 'not_significant'])
    """
    chosen_options = options or ConditionalOptions()
    _refuse(marginal, chosen_options)
    sums = _Sums.of(marginal, reference, chosen_options, phenotype_variance)
    chosen, left, entries = _stepwise(sums)
    rows = np.array(sorted(chosen), dtype=np.int64)
    joint = sums.joint(chosen)
    order = np.argsort(np.array(chosen, dtype=np.int64))
    joint = Effects(joint.beta[order], joint.se[order], joint.neg_log_10_p_value[order])
    given, collinear = sums.given(chosen)
    reason = np.full(len(marginal.beta), "not_significant", dtype=np.dtype("U24"))
    reason[list(left)] = "left_in_joint_model"
    reason[collinear] = "collinear"
    reason[~sums.usable] = "not_varying_in_panel"
    reason[rows] = ""
    for all_of, own in zip(_columns(given), _columns(joint), strict=True):
        all_of[rows] = own
    at_entry = np.array([entries[row] for row in rows.tolist()]).reshape(-1, 3).T
    return ConditionalSelection(rows, Effects(*at_entry), joint, given, reason, sums.variance)


def _columns(effects: Effects) -> tuple[NDArray[np.float64], ...]:
    return effects.beta, effects.se, effects.neg_log_10_p_value


def _refuse(marginal: Marginal, options: ConditionalOptions) -> None:
    """Raise where an effect is no effect, or a threshold excludes nothing or all."""
    shapes = {column.shape for column in (marginal.beta, marginal.se, marginal.eaf, marginal.n, marginal.position)}
    assert shapes == {marginal.chromosome.shape}
    checks = (
        ("beta", np.isfinite(marginal.beta), "a number"),
        ("se", np.isfinite(marginal.se) & (marginal.se > 0), "more than 0"),
        ("eaf", (marginal.eaf > 0) & (marginal.eaf < 1), "between 0 and 1"),
        ("n", np.isfinite(marginal.n) & (marginal.n > 2), "more than 2 people"),
    )
    faults = [
        Fault("bad_summary_statistic", f"variant {np.flatnonzero(~good)[0]} (counted from 0)", f"bad {name}", expected)
        for name, good, expected in checks
        if not good.all()
    ]
    for name, value in (("p_threshold", options.p_threshold), ("collinearity", options.collinearity)):
        if not 0.0 < value < 1.0:
            faults.append(Fault("bad_option", name, f"{value:g}", "more than 0 and less than 1"))
    if faults:
        raise EstimationError(*faults)


def _stepwise(sums: _Sums) -> tuple[list[int], set[int], dict[int, tuple[float, float, float]]]:
    """Return the chosen rows, those that were chosen and left, and the effects with which the chosen came in."""
    threshold = -np.log10(sums.options.p_threshold)
    chosen: list[int] = []
    left: set[int] = set()
    entries: dict[int, tuple[float, float, float]] = {}
    seen = {frozenset(chosen)}
    while True:
        given, _ = sums.given(chosen)
        strength = np.nan_to_num(given.neg_log_10_p_value, nan=-np.inf)
        strength[chosen] = -np.inf
        newcomer = next((k for k in _strongest(strength, given, threshold) if sums.is_independent([*chosen, k])), None)
        if newcomer is None:
            return chosen, left - set(chosen), entries
        before = list(chosen)
        chosen.append(newcomer)
        entries[newcomer] = (
            float(given.beta[newcomer]), float(given.se[newcomer]), float(given.neg_log_10_p_value[newcomer]),
        )  # fmt: skip
        while len(chosen) > 1:
            weakest = int(np.argmin(sums.joint(chosen).neg_log_10_p_value))
            if sums.joint(chosen).neg_log_10_p_value[weakest] >= threshold:
                break
            left.add(chosen.pop(weakest))
        if frozenset(chosen) in seen:
            return before, left - set(before), entries
        seen.add(frozenset(chosen))


def _strongest(strength: NDArray[np.float64], given: Effects, threshold: float) -> list[int]:
    """Return rows below the p threshold, smallest p first; the first row of equals."""
    candidates = np.flatnonzero(strength >= threshold)
    z = np.abs(given.beta[candidates] / given.se[candidates])
    return [int(k) for k in candidates[np.argsort(-z, kind="stable")]]


@dataclass(slots=True)
class _Sums:
    """What a regression needs, rebuilt from summary statistics: D, D b, and B column by column as it is asked for."""

    marginal: Marginal
    options: ConditionalOptions
    variance: float
    squares: NDArray[np.float64]
    people: NDArray[np.float64]
    usable: NDArray[np.bool_]
    standard: NDArray[np.float64] | None
    r: NDArray[np.float64] | None
    columns: dict[int, NDArray[np.float64]]

    @classmethod
    def of(
        cls,
        marginal: Marginal,
        reference: Genotypes | NDArray[np.float64],
        options: ConditionalOptions,
        variance: float | None,
    ) -> _Sums:
        """Work out the variance of the trait and the sums of squares."""
        h = 2.0 * marginal.eaf * (1.0 - marginal.eaf)
        total = (marginal.n - 2.0) * np.square(marginal.se) + np.square(marginal.beta)
        trait = float(np.median(h * total)) if variance is None else variance
        squares = marginal.n * trait / total
        people = marginal.n if options.overlap == "reported" else squares / h
        if isinstance(reference, Genotypes):
            assert reference.n_variants == len(h)
            standard = standardised(reference).astype(np.float64, copy=False)
            return cls(marginal, options, trait, squares, people, varies(reference), standard, None, {})
        assert reference.shape == (len(h), len(h))
        usable = ~np.isnan(np.diag(reference))
        return cls(marginal, options, trait, squares, people, usable, None, reference, {})

    def correlation(self, variant: int) -> NDArray[np.float64]:
        """Return r of a variant with all, 0 beyond the window; shape (n_variants,)."""
        if variant not in self.columns:
            if self.standard is not None:
                r = self.standard @ self.standard[variant] / self.standard.shape[1]
            else:
                assert self.r is not None
                r = self.r[variant]
            m = self.marginal
            near = np.abs(m.position - m.position[variant]) <= self.options.window_kb * BASES_PER_KB
            near &= m.chromosome == m.chromosome[variant]
            self.columns[variant] = np.where(near & self.usable, r, 0.0)
        return self.columns[variant]

    def products(self, chosen: list[int]) -> NDArray[np.float64]:
        """Return B of all variants with some; shape (n_variants, n_chosen)."""
        n = self.people
        columns = [
            self.correlation(k) * np.sqrt(self.squares * self.squares[k] * np.minimum(n, n[k]) / np.maximum(n, n[k]))
            for k in chosen
        ]
        b = np.stack(columns, axis=1)
        b[chosen, np.arange(len(chosen))] = self.squares[chosen]
        return b

    def is_independent(self, chosen: list[int]) -> bool:
        """Return whether no variant of a set has more of its variance explained by the others than is allowed."""
        r = np.stack([self.correlation(k)[chosen] for k in chosen])
        np.fill_diagonal(r, 1.0)
        try:
            inverse = linalg.cho_solve(linalg.cho_factor(r), np.eye(len(chosen)))
        except linalg.LinAlgError:  # collinear outright, or no correlation matrix
            return False
        return bool((1.0 - 1.0 / np.diag(inverse)).max() <= self.options.collinearity)

    def joint(self, chosen: list[int]) -> Effects:
        """Return the effects of a set, each given the others, in the order of the set."""
        if not chosen:
            return Effects(np.zeros(0), np.zeros(0), np.zeros(0))
        b = self.products(chosen)[chosen]
        xy = self.squares[chosen] * self.marginal.beta[chosen]
        inverse = linalg.inv(b)
        beta = inverse @ xy
        residual = self.residual(float(np.median(self.marginal.n[chosen])), beta @ xy, len(chosen))
        is_alone = np.count_nonzero(b, axis=1) == 1
        se = self.with_own_errors(np.sqrt(residual * np.diag(inverse)), self.marginal.se[chosen], is_alone)
        return Effects(beta, se, neg_log10_p_normal(beta / se))

    def given(self, chosen: list[int]) -> tuple[Effects, NDArray[np.bool_]]:
        """Return the effect of each variant given a set, and which are too much like the set to have one."""
        squares, xy = self.squares, self.squares * self.marginal.beta
        explained, share = 0.0, np.zeros(len(xy))
        rest, own, is_alone = xy, squares, np.ones(len(xy), dtype=bool)
        if chosen:
            b = self.products(chosen)
            is_alone = np.count_nonzero(b, axis=1) == 0
            weight = linalg.solve(b[chosen], b.T, assume_a="pos").T
            rest, own = xy - weight @ xy[chosen], squares - np.einsum("ij,ij->i", weight, b)
            explained = float(xy[chosen] @ linalg.solve(b[chosen], xy[chosen], assume_a="pos"))
            share = self.shares(chosen)
        collinear = (share > self.options.collinearity) | (own <= 0.0)
        bad = collinear | ~self.usable
        own, rest = np.where(bad, np.nan, own), np.where(bad, np.nan, rest)
        n = self.marginal.n
        residual = self.residual(n, explained + np.square(rest) / own, len(chosen) + 1)
        se = self.with_own_errors(np.sqrt(residual / own), self.marginal.se, is_alone & ~bad)
        beta = rest / own
        p = np.full(len(beta), np.nan)
        p[~bad] = neg_log10_p_normal(beta[~bad] / se[~bad])
        return Effects(beta, se, p), collinear & self.usable

    def with_own_errors(
        self, se: NDArray[np.float64], own: NDArray[np.float64], is_alone: NDArray[np.bool_]
    ) -> NDArray[np.float64]:
        """Return standard errors, those of the file for variants that are linked with no chosen one.

        An error that the model leaves is that of the file already.
        """
        return se if self.options.residual_variance == "model" else np.where(is_alone, own, se)

    def shares(self, chosen: list[int]) -> NDArray[np.float64]:
        """Return the share of each variant's variance that a set explains; shape (n_variants,)."""
        r = np.stack([self.correlation(k) for k in chosen], axis=1)
        within = r[chosen]
        np.fill_diagonal(within, 1.0)
        explained: NDArray[np.float64] = np.einsum("ij,ij->i", linalg.solve(within, r.T, assume_a="pos").T, r)
        return explained

    def residual(
        self, n: NDArray[np.float64] | float, explained: NDArray[np.float64] | float, n_terms: int
    ) -> NDArray[np.float64]:
        """Return the variance that is left when some variants are in the model."""
        if self.options.residual_variance == "phenotype":
            return np.full(np.shape(n), self.variance)
        left = (n * self.variance - explained) / np.maximum(n - n_terms - 1.0, 1.0)
        return np.asarray(np.maximum(left, np.finfo(np.float64).tiny))
