"""IVW without the floor against weighted lm() through the origin: 49 metabolites and macular degeneration."""

import numpy as np

from osteobiome.mr import ESTIMATORS, Block


def test_ivw__equals_lm_for_49_metabolites(load, comparison):
    data = load("amd_nmr145")
    check = comparison(data)
    frozen = data.methods["univariable_lm_49_metabolites"]["value"]
    x = np.array([data.column(row["exposure"]) for row in frozen])
    y, se = (np.tile(data.column(name), (len(frozen), 1)) for name in ("amd_beta", "amd_se"))
    # the data have no standard errors of the exposures; first-order weights do not look at them
    block = Block(x, np.ones_like(x), y, se, np.ones(x.shape, dtype=bool))
    fit = ESTIMATORS["ivw"].batch(block, model="multiplicative_unfloored", distribution="t")
    for row, estimate in zip(frozen, fit.estimates(), strict=True):
        name = row["exposure"]
        check.same(f"{name} n", estimate.n_variants, 145)
        check.number(f"{name} beta", estimate.beta, row["beta"])
        check.number(f"{name} se", estimate.se, row["se"])
        check.number(f"{name} t", estimate.beta / estimate.se, row["t"])
        check.p_value(name, estimate.neg_log_10_p_value, row["p"])
    check.finish(at_least=49 * 6)
