"""What a pair says beyond its estimates: models of pleiotropy, dilution, weak instruments, thresholds, clusters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from osteobiome.mr.checks.rucker import Rucker, rucker
from osteobiome.mr.checks.sign import sign_test
from osteobiome.mr.checks.simex import Simex, simex
from osteobiome.mr.checks.threshold_sweep import Swept, threshold_sweep
from osteobiome.mr.checks.weak_iv import ConfidenceSet, weak_iv
from osteobiome.mr.clusters import Clustering, clusters
from osteobiome.mr.naming import variant_names

if TYPE_CHECKING:
    from osteobiome.core.estimate import Estimate, Test
    from osteobiome.instruments import Instruments

CORRELATED = 0.1
"""Correlation above which variants are not taken for independent; our choice (r² of 0.01)."""
LINKED = (
    "Not worked out: these checks take variants for independent, and the LD matrix says that some are not. "
    "Keep one variant per locus to see them."
)


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """Checks of one pair whose variants are independent.

    Parameters
    ----------
    rucker : Rucker
        Fixed or random effects, with or without an intercept.
    simex : Simex
        MR-Egger without dilution.
    confidence_sets : tuple of ConfidenceSet
        Sets that hold however weak the instruments are.
    thresholds : tuple of Swept
        IVW at several thresholds of the instruments.
    clusters : Clustering
        Groups of variants with effects of their own.
    sign : Test
        Whether effects agree in sign.
    rsid : tuple of str
        Names of the variants, in the order of the clusters' probabilities.
    """

    rucker: Rucker
    simex: Simex
    confidence_sets: tuple[ConfidenceSet, ...]
    thresholds: tuple[Swept, ...]
    clusters: Clustering
    sign: Test
    rsid: tuple[str, ...]

    def as_dict(self) -> dict[str, object]:
        """Return everything as plain data for JSON."""
        return {
            "rucker": _rucker(self.rucker),
            "simex": _simex(self.simex),
            "confidence_sets": [_set(found) for found in self.confidence_sets],
            "thresholds": [row.as_dict() for row in self.thresholds],
            "clusters": self._clusters(),
            "sign_concordance": self.sign.as_dict(),
        }

    def members(self) -> list[tuple[str, ...]]:
        """Return the names of the variants of each cluster."""
        place = self.clusters.best()
        return [tuple(self.rsid[i] for i in np.flatnonzero(place == k)) for k in range(len(self.clusters.clusters))]

    def _clusters(self) -> dict[str, object]:
        rows = [
            {
                "kind": item.kind,
                "mean": item.mean,
                "se": item.se,
                "share": item.share,
                "n_variants": item.n_variants,
                "rsid": list(names),
            }
            for item, names in zip(self.clusters.clusters, self.members(), strict=True)
        ]
        found = self.clusters
        return {"status": str(found.status), "message": found.message, "clusters": rows, "bic": list(found.bic)}


def sensitivity(inst: Instruments, *, seed: int = 1) -> Sensitivity:
    """Look at a pair of independent variants from several sides.

    Parameters
    ----------
    inst : Instruments
        Harmonised pair.
    seed : int
        Seed of SIMEX.

    Returns
    -------
    Sensitivity
        Each check, or its message why there is none.

    Examples
    --------
    >>> from osteobiome.instruments import Instruments
    >>> pair = Instruments.from_arrays([0.1, 0.2, 0.3, 0.2], [0.01] * 4, [0.05, 0.11, 0.14, 0.3], [0.02] * 4)
    >>> found = sensitivity(pair)
    >>> found.rucker.choice, [(c.kind, c.n_variants) for c in found.clusters.clusters]
    ('D', [('substantive', 3), ('substantive', 1), ('null', 0), ('junk', 0)])
    """
    names = tuple(variant_names(inst.rsid, inst.n_variants))
    return Sensitivity(
        rucker(inst), simex(inst, seed=seed), weak_iv(inst), threshold_sweep(inst, seed=seed), clusters(inst),
        sign_test(inst), names,
    )  # fmt: skip


def largest_r(inst: Instruments) -> float:
    """Return the largest |r| of two variants of a pair; 0 without an LD matrix."""
    if inst.ld_r is None or inst.n_variants < 2:
        return 0.0
    return float(np.abs(inst.ld_r - np.eye(inst.n_variants)).max())


def _rucker(found: Rucker) -> dict[str, object]:
    chosen = found.selected
    return {
        "choice": found.choice,
        "model": None if chosen is None else chosen.method,
        "estimates": [_numbers(estimate) for estimate in found.estimates],
        "tests": [test.as_dict() for test in found.tests],
        "message": found.message,
    }


def _numbers(estimate: Estimate) -> dict[str, object]:
    intercept = estimate.diagnostic("egger_intercept")
    return {
        "model": estimate.method,
        "beta": estimate.beta,
        "se": estimate.se,
        "ci_low": estimate.ci_low,
        "ci_high": estimate.ci_high,
        "p_value": estimate.p_value,
        "neg_log_10_p_value": estimate.neg_log_10_p_value,
        "intercept": None if intercept is None else intercept.as_dict(),
    }


def _simex(found: Simex) -> dict[str, object]:
    return {
        "slope": None if found.slope is None else found.slope.as_dict(),
        "intercept": None if found.intercept is None else found.intercept.as_dict(),
        "ci_low": found.ci_low,
        "ci_high": found.ci_high,
        "slope_error": found.slope_error,
        "se_error": found.se_error,
        "factors": list(found.factors),
        "slopes": list(found.slopes),
        "i2_gx": found.i2_gx,
        "seed": found.seed,
        "n_draws": found.n_draws,
        "message": found.message,
    }


def _set(found: ConfidenceSet) -> dict[str, object]:
    return {
        "statistic": found.statistic,
        "ci_set": [list(interval) for interval in found.ci_set],
        "is_bounded": found.is_bounded,
        "level": found.level,
        "n_variants": found.n_variants,
        "no_effect": found.no_effect.as_dict(),
        "status": str(found.status),
        "n_undecided": found.n_undecided,
        "message": found.message,
    }
