"""Mendelian randomization: one file per estimator, one kernel for single pairs and grids."""

from osteobiome.mr.batch import fit_block, grid
from osteobiome.mr.estimators import (
    egger,
    egger_ld,
    egger_radial,
    ivw,
    ivw_fixed,
    ivw_ld,
    ivw_ld_fixed,
    ivw_lead,
    ivw_radial,
    penalised_mode,
    penalised_weighted_median,
    simple_median,
    simple_mode,
    simple_mode_nome,
    wald_ratio,
    weighted_median,
    weighted_mode,
    weighted_mode_nome,
)
from osteobiome.mr.fit import BatchFit, Block
from osteobiome.mr.registry import ESTIMATORS, Estimator, estimator

__all__ = [
    "ESTIMATORS",
    "BatchFit",
    "Block",
    "Estimator",
    "egger",
    "egger_ld",
    "egger_radial",
    "estimator",
    "fit_block",
    "grid",
    "ivw",
    "ivw_fixed",
    "ivw_ld",
    "ivw_ld_fixed",
    "ivw_lead",
    "ivw_radial",
    "penalised_mode",
    "penalised_weighted_median",
    "simple_median",
    "simple_mode",
    "simple_mode_nome",
    "wald_ratio",
    "weighted_median",
    "weighted_mode",
    "weighted_mode_nome",
]
