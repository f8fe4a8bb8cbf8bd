"""What the checks need to know about a trait, and how much of it the variants explain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from osteobiome.core.text import join
from osteobiome.stats.gls import definiteness
from osteobiome.stats.steiger import combined_r, effective_n, r_from_effect, r_from_log_odds

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from osteobiome.instruments import Instruments

Side = Literal["exposure", "outcome"]

WHERE = {
    "n": "the sample size (column n of the trait table, or of its file)",
    "eaf": "the allele frequency of every variant (in the file of exposure or outcome)",
    "n_cases": "the number of cases (column n_cases of the trait table)",
    "prevalence": "the prevalence (column prevalence of the trait table)",
}
"""What may be missing, and where to give it."""


@dataclass(frozen=True, slots=True)
class TraitFacts:
    """Facts about a trait, as in the trait table; None is unknown.

    Parameters
    ----------
    type : {"quantitative", "binary", "presence"}
        Kind of trait.
    n, n_cases : float or None
        People, and cases (or people in whom the microbe is present) among them.
    prevalence : float or None
        Cases among the people of the population. For ``presence`` the share in the sample stands in if it is unknown.
    unit : str
        ``log_odds`` if effects of a binary or presence trait come from logistic regression; with any other unit they
        are taken as linear, and the variance explained is that of the observed 0/1 trait.

    Examples
    --------
    >>> TraitFacts("binary", n=10_000, n_cases=500, prevalence=0.02).is_log_odds
    True
    """

    type: Literal["quantitative", "binary", "presence"] = "quantitative"
    n: float | None = None
    n_cases: float | None = None
    prevalence: float | None = None
    unit: str = "log_odds"

    @property
    def is_log_odds(self) -> bool:
        """Whether effects are log odds ratios."""
        return self.type != "quantitative" and self.unit == "log_odds"


@dataclass(frozen=True, slots=True)
class Explained:
    """How much of a trait each variant explains.

    Parameters
    ----------
    r : numpy.ndarray, shape (n_variants,)
        Correlation of variant and trait, signed; on the liability scale for log odds ratios. Empty if unknown.
    n : numpy.ndarray, shape (n_variants,)
        People behind it; for log odds ratios those of a quantitative trait of the same precision.
    message : str
        Why it is unknown, with what to do.
    """

    r: NDArray[np.float64]
    n: NDArray[np.float64]
    message: str = ""


def people(inst: Instruments, facts: TraitFacts, *, side: Side) -> NDArray[np.float64]:
    """Return the people behind each association: of the variant, else of the trait, else NaN.

    Parameters
    ----------
    inst : Instruments
        Harmonised pair.
    facts : TraitFacts
        Of the trait on this side.
    side : {"exposure", "outcome"}
        Which trait.
    """
    own = inst.n_exposure if side == "exposure" else inst.n_outcome
    fallback = np.nan if facts.n is None else float(facts.n)
    return np.full(inst.n_variants, fallback) if own is None else np.where(np.isnan(own), fallback, own)


def frequency(inst: Instruments, *, side: Side) -> NDArray[np.float64]:
    """Return the effect allele frequency of each variant: of the sample on this side, else of the other, else NaN.

    Parameters
    ----------
    inst : Instruments
        Harmonised pair.
    side : {"exposure", "outcome"}
        Which sample goes first. Cases and controls of a sample are not those of the other, nor need ancestry be.
    """
    both = (inst.eaf_exposure, inst.eaf_outcome)
    unknown = np.full(inst.n_variants, np.nan)
    own, other = (unknown if f is None else f for f in (both if side == "exposure" else both[::-1]))
    return np.where(np.isnan(own), other, own)


def mean_people(part: Explained) -> float:
    """Return the people behind several associations as one number: the harmonic mean, as errors go with 1/n.

    Parameters
    ----------
    part : Explained
        Correlation of each variant with a trait; at least one variant.

    Examples
    --------
    >>> mean_people(Explained(np.array([0.1, 0.1]), np.array([1000.0, 3000.0])))
    1500.0
    """
    return float(len(part.n) / np.sum(1.0 / part.n))


def case_share(facts: TraitFacts, n: NDArray[np.float64]) -> float | None:
    """Return cases among the people of the sample, or None if that is unknown or not between 0 and 1.

    Parameters
    ----------
    facts : TraitFacts
        Of the trait.
    n : numpy.ndarray, shape (n_variants,)
        People behind each association; the largest stands in for an unknown sample size of the trait.

    Examples
    --------
    >>> case_share(TraitFacts("binary", n=10_000, n_cases=500), np.array([9_000.0]))
    0.05
    """
    if facts.n_cases is None:
        return None
    share = facts.n_cases / (float(n.max()) if facts.n is None else float(facts.n))
    return share if 0.0 < share < 1.0 else None


def explained(inst: Instruments, facts: TraitFacts, *, side: Side) -> Explained:
    """Return the correlation of each variant with a trait.

    Parameters
    ----------
    inst : Instruments
        Harmonised pair.
    facts : TraitFacts
        Of the trait on this side.
    side : {"exposure", "outcome"}
        Which trait.

    Returns
    -------
    Explained
        Arrays, or the message that says what is missing and where to give it.

    References
    ----------
    Quantitative: Hemani et al. 2017, doi:10.1371/journal.pgen.1007081; liability: Lee et al. 2012,
    doi:10.1002/gepi.21614
    """
    beta = inst.beta_exposure if side == "exposure" else inst.beta_outcome
    se = inst.se_exposure if side == "exposure" else inst.se_outcome
    name = inst.exposure if side == "exposure" else inst.outcome
    n = people(inst, facts, side=side)
    eaf = frequency(inst, side=side)
    missing = ["n"] if np.isnan(n).any() else []
    if facts.is_log_odds:
        missing += ["eaf"] if np.isnan(eaf).any() else []
        missing += ["n_cases"] if facts.n_cases is None else []
        missing += ["prevalence"] if facts.prevalence is None and facts.type == "binary" else []
    if missing or not n.size:
        what = join([WHERE[fact] for fact in missing]) or "variants"
        return Explained(np.empty(0), np.empty(0), f"Not estimable: for {side} {name!r} the check needs {what}.")
    if not facts.is_log_odds:
        return Explained(r_from_effect(beta, se, n), n)
    share = case_share(facts, n)
    if share is None:
        whole = n.max() if facts.n is None else facts.n
        counts = f"{facts.n_cases:g} cases among {whole:g} people"
        message = f"Not estimable: {side} {name!r} has {counts}. Check both numbers."
        return Explained(np.empty(0), np.empty(0), message)
    prevalence = share if facts.prevalence is None else facts.prevalence
    cases = n * share
    r = r_from_log_odds(beta, eaf, n_cases=cases, n_controls=n - cases, prevalence=prevalence)
    return Explained(r, effective_n(cases, n - cases))


def multiple_r(inst: Instruments, part: Explained, *, take_off_chance: bool = True) -> tuple[float | None, str]:
    """Return the multiple correlation of a trait with all variants of a pair, or None and the reason.

    Parameters
    ----------
    inst : Instruments
        Harmonised pair; with ``ld_r`` the joint correlation is taken.
    part : Explained
        Correlation of each variant with the trait.
    take_off_chance : bool
        Less what so many variants explain by chance; 0 if that is all.
    """
    if part.message:
        return None, part.message
    if inst.ld_r is not None:
        verdict = definiteness(inst.ld_r)[0] if np.isfinite(inst.ld_r).all() else "singular"
        if verdict != "ok":
            return None, "Not estimable: the LD matrix cannot be inverted. Prune variants with |r| close to 1."
    # the raw share first: what is taken off cannot make an impossible share possible
    raw = combined_r(part.r, ld_r=inst.ld_r)
    if not raw < 1.0:
        return None, (
            "Not estimable: the variants would explain all of the trait. They are correlated without an LD matrix, or "
            "the matrix, the unit or the sample size does not fit."
        )
    if not take_off_chance:
        return raw, ""
    r = combined_r(part.r, ld_r=inst.ld_r, n=mean_people(part))
    if np.isnan(r):
        return None, f"Not estimable: {len(part.r)} variants need more people than {mean_people(part):.0f}."
    return r, ""
