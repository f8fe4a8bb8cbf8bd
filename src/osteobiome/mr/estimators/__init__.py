"""One file per estimator; importing this package registers them all."""

from osteobiome.mr.estimators.egger import egger
from osteobiome.mr.estimators.ivw import ivw
from osteobiome.mr.estimators.ivw_fixed import ivw_fixed
from osteobiome.mr.estimators.ivw_ld import ivw_ld
from osteobiome.mr.estimators.ivw_ld_fixed import ivw_ld_fixed
from osteobiome.mr.estimators.wald_ratio import wald_ratio

__all__ = ["egger", "ivw", "ivw_fixed", "ivw_ld", "ivw_ld_fixed", "wald_ratio"]
