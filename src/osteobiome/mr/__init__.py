"""Mendelian randomization: one file per estimator, one kernel for single pairs and grids."""

from osteobiome.mr.batch import fit_block, grid
from osteobiome.mr.estimators import egger, ivw, ivw_fixed, ivw_ld, ivw_ld_fixed, wald_ratio
from osteobiome.mr.fit import BatchFit, Block
from osteobiome.mr.registry import ESTIMATORS, Estimator, estimator

__all__ = [
    "ESTIMATORS",
    "BatchFit",
    "Block",
    "Estimator",
    "egger",
    "estimator",
    "fit_block",
    "grid",
    "ivw",
    "ivw_fixed",
    "ivw_ld",
    "ivw_ld_fixed",
    "wald_ratio",
]
