"""Harmonisation, IVW, MR-Egger, single-variant and leave-one-out results against the R package TwoSampleMR."""

import numpy as np
import polars as pl
import pytest

from osteobiome import mr
from osteobiome.instruments import Instruments, i2_gx
from osteobiome.mr.estimators.wald_ratio import wald_ratios
from osteobiome.stats.tails import neg_log10_p_normal
from osteobiome.sumstats import PalindromeOptions, harmonise, read_sumstats

SETS = ("ldl_chd28", "hdl_chd28", "trig_chd28", "fg_t2d17", "sbp_cad121", "bmi_sbp24_p5e8")
WITH_EGGER = SETS[:5]
ACTIONS = {"1": "keep_forward", "2": "frequency", "3": "drop"}


def compare_regression(check, frozen, result, q):
    check.number("b", result.beta, frozen["b"])
    check.number("se", result.se, frozen["se"])
    check.p_value("pval", result.neg_log_10_p_value, frozen["pval"])
    check.same("nsnp", result.n_variants, frozen["nsnp"])
    check.number("Q", q.statistic, frozen["Q"])
    check.same("Q_df", q.df, frozen["Q_df"])
    check.p_value("Q", q.neg_log_10_p_value, frozen["Q_pval"])


@pytest.mark.parametrize("name", SETS)
def test_ivw__equals_three_models(load, comparison, name):
    data = load(name)
    check, pair = comparison(data), data.pair()
    for key, result in {
        "TwoSampleMR_mr_ivw": mr.ivw(pair),
        "TwoSampleMR_mr_ivw_fe": mr.ivw_fixed(pair),
        "TwoSampleMR_mr_ivw_mre": mr.ivw(pair, model="multiplicative_unfloored"),
    }.items():
        compare_regression(check, data.methods[key], result, result.diagnostic("cochran_q"))
    check.finish(at_least=27)


@pytest.mark.parametrize("name", WITH_EGGER)
def test_egger__equals_egger_regression(load, comparison, name):
    data = load(name)
    check = comparison(data)
    result = mr.egger(data.pair())
    frozen = data.methods["TwoSampleMR_mr_egger_regression"]
    intercept = result.diagnostic("egger_intercept")
    compare_regression(check, frozen, result, result.diagnostic("rucker_q"))
    check.number("b_i", intercept.estimate, frozen["b_i"])
    check.number("se_i", intercept.se, frozen["se_i"])
    check.p_value("pval_i", intercept.neg_log_10_p_value, frozen["pval_i"])
    check.finish(at_least=13)


@pytest.mark.parametrize("name", SETS)
def test_ivw_and_egger__equal_the_table_of_mr_rucker(load, comparison, name):
    """Intervals of mr_rucker are normal throughout, p values of its Egger slopes are t."""
    data = load(name)
    check, pair = comparison(data), data.pair()
    frozen = data.methods["TwoSampleMR_mr_rucker"]
    rows = {row["Method"]: row for row in frozen["rucker"]}
    egger = {
        "Egger fixed effects": {"model": "fixed"},
        "Egger random effects": {},
    }
    for key, result in {"IVW fixed effects": mr.ivw_fixed(pair), "IVW random effects": mr.ivw(pair)}.items():
        row = rows[key]
        check.number(key, result.beta, row["Estimate"])
        check.number(f"{key} SE", result.se, row["SE"])
        check.number(f"{key} low", result.ci_low, row["CI_low"])
        check.number(f"{key} high", result.ci_high, row["CI_upp"])
        check.p_value(key, result.neg_log_10_p_value, row["P"])
    intercepts = {row["Method"]: row for row in frozen["intercept"]}
    for key, options in egger.items():
        row, normal = rows[key], mr.egger(pair, distribution="normal", **options)
        check.number(key, normal.beta, row["Estimate"])
        check.number(f"{key} SE", normal.se, row["SE"])
        check.number(f"{key} low", normal.ci_low, row["CI_low"])
        check.number(f"{key} high", normal.ci_high, row["CI_upp"])
        check.p_value(key, mr.egger(pair, **options).neg_log_10_p_value, row["P"])
        row, test = intercepts[key], normal.diagnostic("egger_intercept")
        check.number(f"{key} intercept", test.estimate, row["Estimate"])
        check.number(f"{key} intercept SE", test.se, row["SE"])
        check.p_value(f"{key} intercept", test.neg_log_10_p_value, row["P"])
    for row, q in zip(
        frozen["Q"], (mr.ivw(pair).diagnostic("cochran_q"), mr.egger(pair).diagnostic("rucker_q")), strict=False
    ):
        check.number(row["Method"], q.statistic, row["Q"])
        check.same(f"{row['Method']} df", q.df, row["df"])
        check.p_value(row["Method"], q.neg_log_10_p_value, row["P"])
    check.finish(at_least=40)


def compare_single(check, pair, rows):
    """Wald ratios with their normal p values, then the two summary rows."""
    ratio, se = wald_ratios(pair.beta_exposure, pair.se_exposure, pair.beta_outcome, pair.se_outcome)
    p = neg_log10_p_normal(ratio / se)
    place = {name: i for i, name in enumerate(pair.rsid)}
    summaries = {"All - Inverse variance weighted": mr.ivw(pair), "All - MR Egger": mr.egger(pair)}
    for row in rows:
        name = row["SNP"]
        if name in summaries:
            got = (summaries[name].beta, summaries[name].se, summaries[name].neg_log_10_p_value)
        else:
            i = place[name]
            got = (float(ratio[i]), float(se[i]), float(p[i]))
            one = mr.wald_ratio(pair.subset(np.arange(pair.n_variants) == i))
            check.same(f"{name} registered estimator", (one.beta, one.se, one.neg_log_10_p_value), got)
        check.number(name, got[0], row["b"])
        check.number(f"{name} se", got[1], row["se"])
        check.p_value(name, got[2], row["p"])


def compare_leave_one_out(check, pair, rows):
    """One row per variant left out, and one for all."""
    names = np.array(pair.rsid)
    for row in rows:
        rest = pair if row["SNP"] == "All" else pair.subset(names != row["SNP"])
        result = mr.ivw(rest)
        check.number(row["SNP"], result.beta, row["b"])
        check.number(f"{row['SNP']} se", result.se, row["se"])
        check.p_value(row["SNP"], result.neg_log_10_p_value, row["p"])


@pytest.mark.parametrize("name", SETS)
def test_wald_ratios__equal_singlesnp(load, comparison, name):
    data = load(name)
    check, pair = comparison(data), data.pair()
    compare_single(check, pair, data.methods["singlesnp"]["value"])
    check.finish(at_least=5 * pair.n_variants + 4)


@pytest.mark.parametrize("name", SETS)
def test_ivw__equals_leaveoneout(load, comparison, name):
    data = load(name)
    check, pair = comparison(data), data.pair()
    compare_leave_one_out(check, pair, data.methods["leaveoneout"]["value"])
    check.finish(at_least=4 * (pair.n_variants + 1))


@pytest.mark.parametrize("name", ["ldl_chd28", "hdl_chd28", "trig_chd28", "fg_t2d17", "bmi_sbp24_p5e8"])
def test_strength__equals_f_and_isq(load, comparison, name):
    data = load(name)
    check, pair = comparison(data), data.pair()
    frozen, result = data.methods["F_and_I2"], mr.ivw(pair)
    check.number("F_mean", result.diagnostic("mean_f").statistic, frozen["F_mean"])
    check.number("F_min", result.diagnostic("min_f").statistic, frozen["F_min"])
    check.number("unweighted", float(i2_gx(pair.beta_exposure, pair.se_exposure)), frozen["Isq_unweighted"])
    weighted = i2_gx(pair.beta_exposure, pair.se_exposure, se_outcome=pair.se_outcome)
    check.number("weighted", float(weighted), frozen["Isq_weighted"])
    check.finish(at_least=4)


@pytest.fixture
def bmi(load):
    """Body mass index and coronary heart disease as TwoSampleMR exports them."""
    data = load("tsmr_bmi_chd79")
    exposure = read_sumstats(
        data.folder / "exposure.csv",
        file_format="twosamplemr",
        trait_id="bmi",
        side="exposure",
        genome_build="GRCh37",
    )
    outcome = read_sumstats(
        data.folder / "outcome.csv", file_format="twosamplemr", trait_id="chd", side="outcome", genome_build="GRCh37"
    )
    return data, exposure, outcome


@pytest.mark.parametrize("action", sorted(ACTIONS))
def test_harmonise__equals_harmonise_data(bmi, comparison, action):
    data, exposure, outcome = bmi
    check = comparison(data)
    frozen = data.methods[f"harmonise_data_action{action}"]
    result = harmonise(exposure, outcome, palindromes=PalindromeOptions(ACTIONS[action]))
    kept = set(result.frame["rsid"])
    check.same("nrow", result.rows.n_in, frozen["nrow"])
    check.same("n_keep", result.rows.n_kept, frozen["n_keep"])
    check.same("n_keep as table", result.frame.height, frozen["n_keep"])
    check.same("removed", sorted(set(exposure.frame["rsid"]) - kept), sorted(frozen["removed"]))
    palindromic = exposure.frame.filter(pl.col("is_palindromic"))["rsid"].to_list()
    check.same("palindromic", sorted(palindromic), sorted(frozen["palindromic"]))
    ambiguous = result.rows.by_reason().get("palindromic_ambiguous_frequency", 0)
    check.same("ambiguous", ambiguous, len(frozen["ambiguous"]))
    turned = result.frame.filter(pl.col("sign") < 0)["rsid"].to_list()
    check.same("flipped", sorted(turned), sorted(frozen["flipped"]))
    check.finish(at_least=7)


def harmonised_pair(bmi):
    _, exposure, outcome = bmi
    return Instruments.from_frame(harmonise(exposure, outcome).frame)


def test_harmonise__products_equal_those_of_the_harmonised_table(bmi):
    """The frame is turned to the class's first allele, so only the sign-free products can be compared."""
    data, exposure, outcome = bmi
    frame = harmonise(exposure, outcome).frame.sort("rsid")
    rows = sorted(data.rows("harmonised.csv"), key=lambda row: row["SNP"])
    assert frame["rsid"].to_list() == [row["SNP"] for row in rows]
    want = np.array([float(row["beta.exposure"]) * float(row["beta.outcome"]) for row in rows])
    np.testing.assert_allclose((frame["beta_exposure"] * frame["beta_outcome"]).to_numpy(), want, rtol=1e-14)


def test_estimates__equal_mr_after_our_harmonisation(bmi, comparison):
    data, _, _ = bmi
    check, pair = comparison(data), harmonised_pair(bmi)
    results = {
        "Inverse variance weighted": mr.ivw(pair),
        "Inverse variance weighted (fixed effects)": mr.ivw_fixed(pair),
        "Inverse variance weighted (multiplicative random effects)": mr.ivw(pair, model="multiplicative_unfloored"),
        "MR Egger": mr.egger(pair),
    }
    for row in data.methods["mr_all_closed_form"]["value"]:
        result = results[row["method"]]
        check.number(row["method"], result.beta, row["b"])
        check.number(f"{row['method']} se", result.se, row["se"])
        check.p_value(row["method"], result.neg_log_10_p_value, row["pval"])
        check.same(f"{row['method']} nsnp", result.n_variants, row["nsnp"])
    for row in data.methods["mr_heterogeneity"]["value"]:
        q = results[row["method"]].diagnostic("rucker_q" if row["method"] == "MR Egger" else "cochran_q")
        check.number(f"{row['method']} Q", q.statistic, row["Q"])
        check.same(f"{row['method']} Q_df", q.df, row["Q_df"])
        check.p_value(f"{row['method']} Q", q.neg_log_10_p_value, row["Q_pval"])
    frozen = data.methods["Isq"]
    check.number("Isq_uw", float(i2_gx(pair.beta_exposure, pair.se_exposure)), frozen["Isq_uw"])
    check.number("Isq_w", results["MR Egger"].diagnostic("i2_gx").statistic, frozen["Isq_w"])
    check.number("F_mean", results["MR Egger"].diagnostic("mean_f").statistic, frozen["F_mean"])
    check.finish(at_least=31)


def test_single_and_leave_one_out__equal_after_our_harmonisation(bmi, comparison):
    data, _, _ = bmi
    check, pair = comparison(data), harmonised_pair(bmi)
    compare_single(check, pair, data.methods["mr_singlesnp"]["value"])
    compare_leave_one_out(check, pair, data.methods["mr_leaveoneout"]["value"])
    check.finish(at_least=9 * 79)


def test_prealigned_table__gives_the_same_estimates(bmi, comparison):
    data, _, _ = bmi
    check = comparison(data)
    sides = [
        read_sumstats(data.folder / "harmonised.csv", file_format="twosamplemr_harmonised", trait_id=side, side=side)
        for side in ("exposure", "outcome")
    ]
    result = harmonise(*sides)
    assert dict(result.rows.notes)["palindromic_taken_as_aligned"] == 4
    pair = Instruments.from_frame(result.frame)
    frozen = {row["method"]: row for row in data.methods["mr_all_closed_form"]["value"]}
    for method, estimate in (("Inverse variance weighted", mr.ivw(pair)), ("MR Egger", mr.egger(pair))):
        check.number(method, estimate.beta, frozen[method]["b"])
        check.number(f"{method} se", estimate.se, frozen[method]["se"])
        check.p_value(method, estimate.neg_log_10_p_value, frozen[method]["pval"])
    check.finish(at_least=8)


@pytest.mark.parametrize("policy", ["frequency", "keep_forward", "drop"])
def test_harmonise__allele_table_of_the_authors(load, tmp_path, policy):
    """Twelve hand-made cases; a palindrome near one half is lost unless both files are taken as forward."""
    rows = load("tsmr_alleles").rows()
    sides = []
    for side, (effect, other, beta, eaf) in {
        "exposure": ("a1", "a2", "beta_a", "f_a"),
        "outcome": ("b1", "b2", "beta_b", "f_b"),
    }.items():
        path = tmp_path / f"{side}.csv"
        header = "SNP," + ",".join(f"{c}.{side}" for c in ("effect_allele", "other_allele", "beta", "se", "eaf"))
        lines = [f"{r['snp']},{r[effect]},{r[other]},{r[beta]},0.1,{r[eaf]}" for r in rows]
        path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
        sides.append(read_sumstats(path, file_format="twosamplemr", trait_id=side, side=side))
    result = harmonise(*sides, palindromes=PalindromeOptions(policy))
    got = {name: int(x * y) for name, x, y in result.frame.select("rsid", "beta_exposure", "beta_outcome").iter_rows()}
    want = {row["snp"]: int(row["sign"]) for row in rows if row["sign"] != "0"}
    if policy == "frequency":
        del want["f"], want["g"]
    elif policy == "keep_forward":
        want |= {"d": 1, "h": -1}
    else:
        for name in "defgh":
            del want[name]
    assert got == want
    assert result.rows.by_reason()["allele_mismatch"] == 1
