"""One file per estimator; importing this package registers them all."""

from osteobiome.mr.estimators.cml_bic import cml_bic
from osteobiome.mr.estimators.cml_ma_bic import cml_ma_bic
from osteobiome.mr.estimators.cml_ma_bic_dp import cml_ma_bic_dp
from osteobiome.mr.estimators.contamination_mixture import contamination_mixture
from osteobiome.mr.estimators.divw import divw
from osteobiome.mr.estimators.egger import egger
from osteobiome.mr.estimators.egger_bootstrap import egger_bootstrap
from osteobiome.mr.estimators.egger_ld import egger_ld
from osteobiome.mr.estimators.egger_penalised import egger_penalised
from osteobiome.mr.estimators.egger_radial import egger_radial
from osteobiome.mr.estimators.egger_robust import egger_robust
from osteobiome.mr.estimators.grip import grip
from osteobiome.mr.estimators.ivw import ivw
from osteobiome.mr.estimators.ivw_additive import ivw_additive
from osteobiome.mr.estimators.ivw_fixed import ivw_fixed
from osteobiome.mr.estimators.ivw_ld import ivw_ld
from osteobiome.mr.estimators.ivw_ld_fixed import ivw_ld_fixed
from osteobiome.mr.estimators.ivw_lead import ivw_lead
from osteobiome.mr.estimators.ivw_penalised import ivw_penalised
from osteobiome.mr.estimators.ivw_radial import ivw_radial
from osteobiome.mr.estimators.ivw_robust import ivw_robust
from osteobiome.mr.estimators.ivw_robust_penalised import ivw_robust_penalised
from osteobiome.mr.estimators.ivw_unweighted import ivw_unweighted
from osteobiome.mr.estimators.lasso import lasso
from osteobiome.mr.estimators.maximum_likelihood import maximum_likelihood
from osteobiome.mr.estimators.maximum_likelihood_ld import maximum_likelihood_ld
from osteobiome.mr.estimators.mrmix import mrmix
from osteobiome.mr.estimators.penalised_mode import penalised_mode
from osteobiome.mr.estimators.penalised_weighted_median import penalised_weighted_median
from osteobiome.mr.estimators.pivw import pivw
from osteobiome.mr.estimators.presso import presso
from osteobiome.mr.estimators.raps import raps
from osteobiome.mr.estimators.rivw import rivw
from osteobiome.mr.estimators.simple_median import simple_median
from osteobiome.mr.estimators.simple_mode import simple_mode
from osteobiome.mr.estimators.simple_mode_nome import simple_mode_nome
from osteobiome.mr.estimators.simss import simss
from osteobiome.mr.estimators.three_sample_ivw import three_sample_ivw
from osteobiome.mr.estimators.wald_ratio import wald_ratio
from osteobiome.mr.estimators.weighted_median import weighted_median
from osteobiome.mr.estimators.weighted_mode import weighted_mode
from osteobiome.mr.estimators.weighted_mode_nome import weighted_mode_nome

__all__ = [
    "rivw",
    "simss",
    "three_sample_ivw",
    "presso",
    "ivw_unweighted",
    "grip",
    "ivw_additive",
    "maximum_likelihood",
    "maximum_likelihood_ld",
    "raps",
    "egger_robust",
    "egger_penalised",
    "ivw_robust_penalised",
    "ivw_robust",
    "ivw_penalised",
    "pivw",
    "divw",
    "cml_bic",
    "cml_ma_bic",
    "cml_ma_bic_dp",
    "contamination_mixture",
    "egger",
    "egger_bootstrap",
    "egger_ld",
    "egger_radial",
    "ivw",
    "ivw_fixed",
    "ivw_ld",
    "ivw_ld_fixed",
    "ivw_lead",
    "ivw_radial",
    "lasso",
    "mrmix",
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
