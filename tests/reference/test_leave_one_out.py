"""Leave-one-out and single-variant results as a table, against TwoSampleMR 0.7.9."""

import numpy as np
import pytest

from osteobiome import mr
from osteobiome.instruments import Instruments
from osteobiome.mr.checks import leave_one_locus_out, leave_one_out, single_variant

SETS = ("ldl_chd28", "hdl_chd28", "trig_chd28", "fg_t2d17", "sbp_cad121", "bmi_sbp24_p5e8")
ALL = {"All - Inverse variance weighted": "ivw", "All - MR Egger": "egger"}


def bmi_pair(data):
    rows = data.rows("harmonised.csv")
    names = ("beta.exposure", "se.exposure", "beta.outcome", "se.outcome")
    return Instruments.from_arrays(
        *([float(row[name]) for row in rows] for name in names), rsid=[row["SNP"] for row in rows]
    )


def cases(load):
    for name in SETS:
        data = load(name)
        yield name, data, data.pair(), data.methods["leaveoneout"]["value"], data.methods["singlesnp"]["value"]
    data = load("tsmr_bmi_chd79")
    yield (
        "tsmr_bmi_chd79",
        data,
        bmi_pair(data),
        data.methods["mr_leaveoneout"]["value"],
        data.methods["mr_singlesnp"]["value"],
    )


def test_leave_one_out__equals_mr_leaveoneout(load, comparison):
    """The floored standard error of our default is that of TwoSampleMR."""
    compared = 0
    for name, data, pair, frozen, _ in cases(load):
        check = comparison(data)
        rows = {row["left_out"]: row for row in leave_one_out(pair).rows()}
        everything = mr.ivw(pair)
        for want in frozen:
            if want["SNP"] == "All":
                got = (everything.beta, everything.se, everything.neg_log_10_p_value)
            else:
                row = rows.pop(want["SNP"])
                got = (row["beta"], row["se"], row["neg_log_10_p_value"])
                check.same(f"{name} n", row["n_variants"], pair.n_variants - 1)
            check.number(f"{name} {want['SNP']}", got[0], want["b"])
            check.number(f"{name} {want['SNP']} se", got[1], want["se"])
            check.p_value(f"{name} {want['SNP']}", got[2], want["p"])
        assert not rows
        check.finish(at_least=5 * pair.n_variants + 4)
        compared += check.count
    assert compared == 5 * (28 * 3 + 17 + 121 + 24 + 79) + 4 * 7


def test_single_variant__equals_mr_singlesnp(load, comparison):
    for name, data, pair, _, frozen in cases(load):
        check = comparison(data)
        result = single_variant(pair)
        rows = dict(zip(result.rsid, result.estimates, strict=True))
        rows |= {key: next(e for e in result.together if e.method == method) for key, method in ALL.items()}
        for want in frozen:
            got = rows.pop(want["SNP"])
            check.number(f"{name} {want['SNP']}", got.beta, want["b"])
            check.number(f"{name} {want['SNP']} se", got.se, want["se"])
            check.p_value(f"{name} {want['SNP']}", got.neg_log_10_p_value, want["p"])
        assert set(rows) <= {"All - MR Egger"}  # MR-Egger was not computed for one of the sets
        check.finish(at_least=4 * (pair.n_variants + 1))


@pytest.mark.parametrize("name", SETS)
def test_leave_one_locus_out__one_variant_per_locus_is_leave_one_out(load, name):
    pair = load(name).pair()
    apart = Instruments(
        pair.beta_exposure,
        pair.se_exposure,
        pair.beta_outcome,
        pair.se_outcome,
        chromosome=np.ones(pair.n_variants),
        position=1e7 * (1.0 + np.arange(pair.n_variants)),
    )
    variant, locus = leave_one_out(apart), leave_one_locus_out(apart)
    for column in ("beta", "se", "ci_low", "ci_high", "neg_log_10_p_value", "n_variants"):
        assert variant.columns[column] == locus.columns[column]
