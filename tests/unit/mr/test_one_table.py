"""From one table of a harmonised pair to estimates: row checks, choice of methods, the LD matrix, tables to print."""

import gzip
import json
from dataclasses import replace

import numpy as np
import pytest

from osteobiome import mr
from osteobiome.cli.estimate_tables import (
    diagnostic_rows,
    dropped_lines,
    estimate_rows,
    narrowed,
    remarks,
    row_lines,
    sensitivity_sections,
)
from osteobiome.core.errors import InputFileError, SchemaError, UnknownNameError
from osteobiome.core.estimate import Test
from osteobiome.core.progress import NoProgress
from osteobiome.core.provenance import version
from osteobiome.instruments import Instruments
from osteobiome.mr import ESTIMATORS
from osteobiome.mr.checks import TraitFacts, steiger
from osteobiome.mr.one_table import DECLARED_ONLY, estimate_table, resolve_methods
from osteobiome.mr.sensitivity import sensitivity

HEADER = "rsid,effect_allele,beta_exposure,se_exposure,beta_outcome,se_outcome"
LINES = (
    "rs1,A,0.1,0.01,0.06,0.02",
    "rs2,C,0.2,0.01,0.11,0.02",
    "rs3,G,-0.3,0.01,-0.14,0.02",
    "rs4,T,0.4,0.01,0.2,0.02",
)
PAIR = Instruments.from_arrays(
    [0.1, 0.2, -0.3, 0.4], [0.01] * 4, [0.06, 0.11, -0.14, 0.2], [0.02] * 4, rsid=["rs1", "rs2", "rs3", "rs4"]
)
LD = "1,0.2,0,0\n0.2,1,0,0\n0,0,1,-0.1\n0,0,-0.1,1\n"


@pytest.fixture
def run(tmp_path):
    def call(*lines, header=HEADER, ld=None, **options):
        path = tmp_path / "pair.csv"
        path.write_text("\n".join([header, *(lines or LINES)]) + "\n", encoding="utf-8")
        if ld is not None:
            options["ld"] = tmp_path / "ld.csv"
            options["ld"].write_bytes(ld if isinstance(ld, bytes) else ld.encode())
        return estimate_table(path, **options)

    return call


def by_method(result):
    return {estimate.method: estimate for estimate in result.estimates}


def test_estimate_table__equals_the_library_calls(run):
    result = run()
    estimates = by_method(result)
    assert set(estimates) == {
        name
        for name, e in ESTIMATORS.items()
        if not (e.needs_ld or e.needs_positions or e.max_variants == 1 or name in DECLARED_ONLY)
    }
    for name in ("ivw", "ivw_fixed", "egger"):
        estimate, want = estimates[name], ESTIMATORS[name].function(PAIR)
        assert (estimate.beta, estimate.se, estimate.neg_log_10_p_value) == (
            want.beta,
            want.se,
            want.neg_log_10_p_value,
        )
    assert result.pair.rsid == PAIR.rsid
    assert result.pair.effect_allele == ("A", "C", "G", "T")
    assert (result.rows.n_in, result.rows.n_kept) == (4, 4)


def test_estimate_table__only_numbers_are_needed(run):
    bare = run(*(line.split(",", 2)[2] for line in LINES), header=HEADER.split(",", 2)[2])
    assert by_method(bare)["ivw"].beta == mr.ivw(PAIR).beta
    assert [v["rsid"] for v in bare.as_dict()["variants"]] == ["variant 1", "variant 2", "variant 3", "variant 4"]


def test_estimate_table__compressed_and_tab_separated(tmp_path):
    path = tmp_path / "pair.tsv.gz"
    path.write_bytes(gzip.compress("\n".join([HEADER, *LINES]).replace(",", "\t").encode()))
    assert estimate_table(path, methods="ivw").estimates[0].beta == mr.ivw(PAIR).beta


def test_estimate_table__missing_columns_are_all_named(run):
    with pytest.raises(SchemaError) as caught:
        run("rs1,1,2", header="rsid,beta_exposure,beta_outcme")
    (fault,) = caught.value.faults
    assert (fault.code, fault.found) == ("missing_columns", "no columns 'se_exposure', 'beta_outcome', 'se_outcome'")
    assert fault.hint.startswith("Rename your columns to se_exposure, beta_outcome, se_outcome; among yours, ")
    assert "beta_outcme" in fault.hint


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("rs5,A,NA,0.01,0.1,0.02", "missing_beta_exposure"),
        ("rs5,A,x,0.01,0.1,0.02", "non_numeric_beta_exposure"),
        ("rs5,A,inf,0.01,0.1,0.02", "infinite_beta_exposure"),
        ("rs5,A,0.1,0,0.1,0.02", "non_positive_se_exposure"),
        ("rs5,A,0.1,0.01,0.1,-1", "non_positive_se_outcome"),
        ("rs5,A,0.1,0.01,,0.02", "missing_beta_outcome"),
        ("rs5,A,1e300,0.01,0.1,0.02", "absurd_beta_exposure"),
        ("rs5,A,0.1,0.01,0.1,1e300", "absurd_se_outcome"),
        ("rs5,A,0.1,1e-200,0.1,0.02", "absurd_se_exposure"),
        ("rs5,A,0.1,0.01,0.1,\u22120.02", "unicode_minus"),
        ('rs5,A,"0,1",0.01,0.1,0.02', "decimal_comma"),
        ("rs5,N,0.1,0.01,0.1,0.02", "bad_allele"),
        (",A,0.1,0.01,0.1,0.02", "empty_id"),
        ("rs1,A,0.1,0.01,0.06,0.02", "duplicate"),
    ],
)
def test_estimate_table__one_bad_row_is_dropped_and_reported(run, line, reason):
    result = run(*LINES, line)
    assert result.rows.by_reason() == {reason: 1}
    assert result.rows.dropped[0].lines == (6,)
    assert by_method(result)["ivw"].beta == mr.ivw(PAIR).beta
    (shown,) = dropped_lines(result)
    assert shown.startswith("1 dropped: ")
    assert shown.endswith("(line 6)")


def test_estimate_table__eaf_is_checked_if_there_is_one(run):
    result = run(*(f"{line},0.5" for line in LINES[:3]), f"{LINES[3]},1.5", header=HEADER + ",eaf")
    assert result.rows.by_reason() == {"eaf_out_of_range": 1}


def test_estimate_table__many_bad_rows_stop_it(run):
    lines = ("rs8,A,NA,0.01,0.1,0.02", "rs9,A,NA,0.01,0.1,0.02")
    with pytest.raises(InputFileError) as caught:
        run(*LINES, *lines)
    (fault,) = caught.value.faults
    assert fault.code == "missing_beta_exposure"
    assert "--max-bad-rows" in fault.hint
    assert run(*LINES, *lines, max_bad_rows=0.5).rows.n_kept == 4


def test_estimate_table__good_row_survives_a_bad_row_of_the_same_name(run):
    """The bad row is dropped for its own fault; what is left of the variant is not a copy of anything."""
    result = run("rs1,A,NA,0.01,0.06,0.02", *LINES)
    assert result.rows.by_reason() == {"missing_beta_exposure": 1}
    assert result.pair.rsid == PAIR.rsid


@pytest.mark.parametrize("order", [1, -1])
def test_estimate_table__contradicting_rows_are_all_dropped(run, order):
    """As at ingest: which of the two is right cannot be known, and the order of the file must not decide."""
    result = run(*LINES[1:], *(LINES[0], "rs1,A,0.9,0.01,0.06,0.02")[::order], max_bad_rows=0.5)
    assert result.pair.rsid == ("rs2", "rs3", "rs4")
    assert result.rows.by_reason() == {"duplicate_conflicting": 2}


def test_estimate_table__no_row_left(run):
    result = run("rs1,A,NA,0.01,0.06,0.02")
    assert {str(e.status) for e in result.estimates} == {"no_common_variants"}
    assert result.as_dict()["variants"] == []


def test_estimate_table__one_variant_gives_the_wald_ratio(run):
    (estimate,) = run(LINES[0]).estimates
    assert estimate.method == "wald_ratio"
    assert estimate.beta == pytest.approx(0.6)
    assert estimate.message == ""


def test_estimate_table__one_variant_and_another_method(run):
    """What ran has another name than what was asked for."""
    for ld in (None, "1\n"):
        result = run(LINES[0], methods="ivw" if ld is None else "ivw_ld", ld=ld)
        (estimate,) = result.estimates
        assert estimate.method == "wald_ratio"
        assert result.uncorrelated == ("wald_ratio",)
        assert "Wald ratio in place of ivw" in estimate.message
    assert run(LINES[0], methods="mr_ivw", profile="twosamplemr").estimates[0].status == "too_few_instruments"


def test_ld__matrix_follows_the_kept_rows(run):
    result = run(
        LINES[0], "rs5,A,NA,1,1,1", *LINES[1:3], methods="ivw_ld", ld="1,.9,.2,.3\n.9,1,.9,.9\n.2,.9,1,.4\n.3,.9,.4,1\n"
    )
    np.testing.assert_array_equal(result.pair.ld_r, [[1, 0.2, 0.3], [0.2, 1, 0.4], [0.3, 0.4, 1]])
    assert result.estimates[0].status == "ok"


@pytest.mark.parametrize("text", [LD, LD.replace(",", "\t"), "\ufeff" + LD, LD.replace("\n", "\r\n"), LD + "\n\n"])
def test_ld__dialects(run, text):
    estimates = by_method(run(ld=text))
    several = {name for name, e in ESTIMATORS.items() if not (e.needs_positions or e.max_variants == 1)}
    assert set(estimates) == several - set(DECLARED_ONLY)
    ld = np.array([[1, 0.2, 0, 0], [0.2, 1, 0, 0], [0, 0, 1, -0.1], [0, 0, -0.1, 1]])
    pair = Instruments.from_arrays(PAIR.beta_exposure, PAIR.se_exposure, PAIR.beta_outcome, PAIR.se_outcome, ld_r=ld)
    assert estimates["ivw_ld"].beta == mr.ivw_ld(pair).beta


@pytest.mark.parametrize(
    ("text", "error", "code"),
    [
        ("1,0\n0,1\n", SchemaError, "ld_shape"),
        ("rs1,rs3,rs2,rs4\n" + LD, SchemaError, "ld_order"),
        ("rs1,rs2,rs3,rs9\n" + LD, SchemaError, "ld_order"),
        ("rs1_A_C,rs2_T_C,rs3_G_A,rs4_T_C\n" + LD, SchemaError, "ld_alleles"),
        (",rs2,rs3,rs4\n" + LD, SchemaError, "ld_order"),
        ("a,b\nc,d\n", InputFileError, "ld_bad_value"),
        (LD.replace("0.2", "x"), InputFileError, "ld_bad_value"),
        (LD.replace("0.2", "NA"), InputFileError, "ld_bad_value"),
        ("1,0,0\n0,1\n", InputFileError, "ld_ragged"),
        (LD.replace("0.2,1", "0.3,1"), InputFileError, "ld_not_symmetric"),
        (LD.replace("0.2", "1.2"), InputFileError, "ld_bad_value"),
        (LD.replace("0.2", "nan"), InputFileError, "ld_bad_value"),
        (LD.replace("-0.1,1", "-0.1,0.9"), InputFileError, "ld_diagonal"),
        ("", InputFileError, "empty_file"),
        ("1,0\n0,é\n".encode("latin-1"), InputFileError, "not_utf8"),
    ],
)
def test_ld__unusable_matrix(run, text, error, code):
    with pytest.raises(error) as caught:
        run(ld=text)
    assert caught.value.faults[0].code == code


NAMED = "".join(f"rs{i},{line}\n" for i, line in enumerate(LD.splitlines(), start=1))


@pytest.mark.parametrize(
    "text",
    [
        "rs1,rs2,rs3,rs4\n" + LD,
        NAMED,
        ",rs1,rs2,rs3,rs4\n" + NAMED,
        "rs1,rs2,rs3,rs4\n" + NAMED,
        '"","rs1","rs2","rs3","rs4"\n' + NAMED,
        "rs1_A_G\trs2_c_G\trs3_G_T\trs4_T_C\n" + LD.replace(",", "\t"),
    ],
)
def test_ld__names_of_variants_are_read_and_compared(run, text):
    np.testing.assert_array_equal(run(ld=text, methods="ivw_ld").pair.ld_r, run(ld=LD, methods="ivw_ld").pair.ld_r)


def test_ld__names_need_names_in_the_table(run):
    bare = [line.split(",", 2)[2] for line in LINES]
    with pytest.raises(SchemaError, match="Add the column rsid"):
        run(*bare, header=HEADER.split(",", 2)[2], ld=NAMED)


def test_ld__names_in_another_order_are_told_from_names_of_others(run):
    for first, hint in (("rs1,rs3,rs2,rs4", "into the order of the table"), ("rs1,rs2,rs3,rs9", "table's variants")):
        with pytest.raises(SchemaError, match=hint):
            run(ld=f"{first}\n{LD}")


def test_resolve_methods__all_is_what_the_data_can_feed():
    several = {name for name, entry in ESTIMATORS.items() if entry.max_variants != 1} - set(DECLARED_ONLY)
    assert set(resolve_methods("all", n_variants=4, has_ld=True, has_positions=True)) == several
    assert set(resolve_methods(" all ", n_variants=4, has_ld=False)) == {
        n for n in several if not ESTIMATORS[n].needs_ld and not ESTIMATORS[n].needs_positions
    }
    assert "wald_ratio" in resolve_methods("all", n_variants=1, has_ld=False)
    # beyond the limit of a method its status says so; it is not left out in silence
    assert "mrmix" in resolve_methods("all", n_variants=10**6, has_ld=False)


def test_resolve_methods__a_list_keeps_its_order_and_loses_repeats():
    assert resolve_methods("egger, ivw,,egger ", n_variants=4, has_ld=False) == ("egger", "ivw")


def test_resolve_methods__forgives_case_quotes_and_names_beside_all():
    assert resolve_methods("IVW, 'Egger'", n_variants=4, has_ld=False) == ("ivw", "egger")
    everything = resolve_methods("all", n_variants=4, has_ld=False)
    assert "three_sample_ivw" not in everything
    assert resolve_methods("ALL,ivw", n_variants=4, has_ld=False) == everything
    assert "three_sample_ivw" in resolve_methods("all,three_sample_ivw", n_variants=4, has_ld=False)
    with pytest.raises(UnknownNameError, match="eger"):
        resolve_methods("all,eger", n_variants=4, has_ld=False)


def test_resolve_methods__unknown_and_empty():
    with pytest.raises(UnknownNameError, match=r"--methods: .*Did you mean 'egger'"):
        resolve_methods("ivw,eger", n_variants=4, has_ld=False)
    for text in ("", " , "):
        with pytest.raises(SchemaError, match="--methods"):
            resolve_methods(text, n_variants=4, has_ld=False)


def test_as_dict__is_json_with_every_number(run):
    data = json.loads(json.dumps(run(seed=7, methods="ivw,egger,ivw_fixed,weighted_median").as_dict(), allow_nan=False))
    assert (data["table"][-8:], data["seed"], data["version"]) == ("pair.csv", 7, version())
    assert (data["n_in"], data["n_kept"], data["n_dropped"]) == (4, 4, {})
    assert {"ivw", "ivw_fixed", "egger", "weighted_median"} <= {e["method"] for e in data["estimates"]}
    assert {"method", "name", "statistic", "p_value"} <= data["diagnostics"][0].keys()
    variant = data["variants"][2]
    assert variant["rsid"] == "rs3"
    assert variant["f_statistic"] == pytest.approx(900.0)
    assert variant["wald_ratio"] == pytest.approx(0.14 / 0.3)
    assert variant["wald_ratio_se"] == pytest.approx(0.02 / 0.3)
    assert variant["leverage"] == pytest.approx(0.3**2 / sum(PAIR.beta_exposure**2))  # errors are alike
    assert [row["left_out"] for row in data["leave_one_out"]] == ["rs1", "rs2", "rs3", "rs4"]
    keep = np.arange(4) != 2
    assert data["leave_one_out"][2]["beta"] == pytest.approx(mr.ivw(PAIR.subset(keep)).beta, rel=1e-12)
    assert {"name": "minimum_detectable_effect", "method": "power"}.items() <= data["diagnostics"][-1].items()


def test_seed__makes_the_random_numbers(run):
    first, again, other = (
        by_method(run(methods="weighted_median", seed=seed))["weighted_median"] for seed in (1, 1, 2)
    )
    assert first.se == again.se != other.se
    assert first.seed == 1
    assert first.beta == other.beta


def test_quantitative__tests_the_direction(run):
    header = HEADER + ",n_exposure,n_outcome"
    result = run(*(f"{line},10000,20000" for line in LINES), header=header, methods="ivw", quantitative=True)
    tests = {test.name: test for method, test in result.checks if method == "steiger"}
    assert tests["steiger_direction"].estimate > 0
    missing = run(methods="ivw", quantitative=True)
    assert any("sample size" in test.message for method, test in missing.checks if method == "steiger")


def test_as_dict__variant_without_exposure_effect_has_no_ratio(run):
    variant = run(*LINES, "rs5,A,0,0.01,0.1,0.02").as_dict()["variants"][4]
    assert (variant["wald_ratio"], variant["wald_ratio_se"], variant["f_statistic"]) == (None, None, 0.0)


def test_tables__for_a_terminal(run):
    result = run(*LINES[:2], methods="ivw,egger")
    header, rows = estimate_rows(result)
    assert header == ("method", "estimate", "se", "95 % interval", "p", "variants", "status")
    assert [row[0] for row in rows] == ["ivw", "egger"]
    assert rows[0][5:] == ("2", "ok")
    assert rows[1][1:] == ("–", "–", "–", "–", "2", "too few instruments")
    _, diagnostics = diagnostic_rows(result)
    names = [(row[0], *row[2:]) for row in diagnostics]
    assert len(names) == len(set(names))  # each quantity once, although both methods report it
    assert remarks(result) == [f"egger: {result.estimates[1].message}"]


def test_remarks__warn_of_methods_without_ld_beside_those_with_it(run):
    warned = "count them as independent"
    assert any(warned in line for line in remarks(run(ld=LD)))
    assert not any(warned in line for line in remarks(run(ld=LD, methods="ivw_ld")))
    assert not any(warned in line for line in remarks(run()))


def test_row_lines__say_what_was_left_out_kept_and_not_used(run):
    lines = [f"{line},{keep},{chromosome},0.5" for line, keep, chromosome in zip(LINES, "TTFT", "1X2?", strict=True)]
    result = run(*lines, header=HEADER + ",mr_keep,chromosome,pval")
    assert row_lines(result) == [
        "4 variants, 3 kept, 1 dropped",
        "  1 dropped: left out by the authors of the table (mr_keep is FALSE) (line 4)",
        "  1 kept: chromosome or position that cannot be read",
        "Columns that are not used: pval",
    ]
    plain = result.as_dict()
    assert (plain["notes"], plain["columns_not_used"]) == ({"unusable_position": 1}, ["pval"])


def test_diagnostic_rows__quantities_of_one_name_and_value_stay_apart(run):
    """Two methods may share name and value of a test and differ in its degrees of freedom or p."""
    result = run(methods="ivw,ivw_fixed")
    q = Test("cochran_q", 1.0, 3.0, 0.5)
    others = [replace(e, diagnostics=(replace(q, df=df),)) for e, df in zip(result.estimates, (3.0, 2.0), strict=True)]
    _, rows = diagnostic_rows(replace(result, estimates=tuple(others), checks=()))
    assert [(row[0], row[1], row[3]) for row in rows] == [("cochran_q", "ivw", "3"), ("cochran_q", "ivw_fixed", "2")]
    _, rows = diagnostic_rows(replace(result, estimates=tuple(replace(e, diagnostics=(q,)) for e in others), checks=()))
    assert [row[:2] for row in rows] == [("cochran_q", "ivw and 1 other")]


def test_diagnostic_rows__counts_are_whole_and_large_q_have_decimals(run):
    result = run(methods="ivw")
    tests = (
        Test("sample_size", 12_345.0), Test("n_selected", 12.5), Test("cochran_q", 1234.567, 3.0, 0.5),
        Test("rucker_q", 1234.321, 2.0, 0.5), Test("cochran_q", 2e9, 3.0, 0.5), Test("egger_intercept", None),
    )  # fmt: skip
    _, rows = diagnostic_rows(replace(result, estimates=(replace(result.estimates[0], diagnostics=tests),), checks=()))
    assert [row[2] for row in rows] == ["12,345", "12.5", "1234.57", "1234.32", "2.000 × 10⁹"]


def test_hints__are_those_of_the_command(run):
    said = " ".join(remarks(run(methods="ivw_ld,ivw_lead,cml_bic")))
    assert "--ld FILE" in said
    assert "columns chromosome and position" in said
    assert "[ld]" not in said


def test_estimate_rows__of_any_size_are_readable(run):
    tiny = [f"rs{i},A,{x * 1e3},{0.01 * 1e3},{y * 1e-9},{0.02e-9}" for i, x, y in ((1, 1, 5), (2, 2, 9), (3, 3, 16))]
    row = estimate_rows(run(*tiny, methods="ivw"))[1][0]
    assert all("10⁻" in cell for cell in row[1:4])
    assert "0.0000" not in " ".join(row)


def test_estimate_rows__share_of_no_draw_is_below_one(run):
    strong = [f"rs{i},A,{x},0.001,{0.5 * x + 0.01},0.001" for i, x in enumerate((0.1, 0.2, 0.3, 0.4, 0.5))]
    result = run(*strong, methods="mr_egger_regression_bootstrap", profile="twosamplemr")
    assert estimate_rows(result)[1][0][4] == "< 0.001"


def test_narrowed__drops_what_says_nothing_and_only_if_the_table_is_too_wide(run):
    table = estimate_rows(run(*LINES[:2], methods="ivw,ivw_fixed,egger"))
    assert narrowed(table, 10_000) == (table[0], table[1][:2])
    header, rows = narrowed(table, 60)
    assert header == ("method", "estimate", "se", "95 % interval", "p")
    assert [row[0] for row in rows] == ["ivw", "ivw_fixed"]
    nothing = estimate_rows(run(*LINES[:2], methods="egger"))
    assert narrowed(nothing, 10) == nothing
    other = (table[0], [table[1][0], (*table[1][1][:5], "1", "ok")])
    assert "variants" in narrowed(other, 10)[0]


def test_remarks__say_once_what_holds_for_several(run):
    lines = remarks(run(*LINES[:2], methods="egger,weighted_median"))
    assert len(lines) == 1
    assert lines[0].startswith("egger, weighted_median: Not estimable")


def test_remarks__say_where_sample_sizes_are_given(run):
    missing = run(methods="ivw", quantitative=True)
    for line, side in zip(remarks(missing), ("exposure", "outcome"), strict=True):
        assert line.endswith(f"(a column n_{side}, or the option --n-{side}).")
    (lacking,) = remarks(run(methods="cml_bic"))
    assert lacking.endswith("Give a column n_exposure or n_outcome, or the option --n-exposure or --n-outcome.")
    one = run(methods="cml_bic", n_exposure=None, n_outcome=10_000)
    assert not any("--n-outcome" in line for line in remarks(one))
    known = run(methods="ivw", quantitative=True, n_exposure=10_000, n_outcome=20_000)
    assert not any("--n-" in line for line in remarks(known))
    with_columns = run(*(f"{line},10000,20000" for line in LINES), header=HEADER + ",n_exposure,n_outcome")
    named = {e.method: e for e in run(n_exposure=10_000, n_outcome=20_000).estimates}
    assert named["cml_bic"] == by_method(with_columns)["cml_bic"]
    assert named["cml_bic"].status == "ok"


def test_all__keeps_methods_with_a_limit_beyond_it_and_one_variant_method_out():
    names = resolve_methods("all", n_variants=20_000, has_ld=False)
    assert {"cml_bic", "mrmix"} <= set(names)
    assert "wald_ratio" not in names


def test_progress__is_told_of_every_method_and_check(run):
    told = []

    class Listener(NoProgress):
        def start(self, total):
            told.append(total)

        def advance(self, label, outcome):
            told.append((label, outcome))

    run(methods="ivw,egger", progress=Listener(), with_sensitivity=True)
    assert told[:3] == [5, ("ivw", "ok"), ("egger", "ok")]
    assert len(told) == 6
    told.clear()
    run(LINES[0], methods="ivw,egger", progress=Listener())
    assert told[:2] == [3, ("wald_ratio", "ok")]
    assert len(told) == 4


# --- profiles and further checks ---------------------------------------------------------------------------------


def test_profile__calls_with_brackets_are_told_apart(run):
    result = run(methods="mr_ivw(robust=TRUE, penalized=TRUE), mr_egger,mr_egger", profile="mendelianrandomization")
    assert [e.method for e in result.estimates] == ["mr_ivw(robust=TRUE, penalized=TRUE)", "mr_egger"]
    assert result.differences == {}
    loose = run(methods="MR_IVW( robust = TRUE,penalized=TRUE ), mr_egger()", profile="mendelianrandomization")
    assert [e.method for e in loose.estimates] == [e.method for e in result.estimates]
    quoted = run(methods="mr_ivw(model='fixed')", profile="mendelianrandomization")
    assert quoted.estimates[0].method == 'mr_ivw(model="fixed")'


def test_profile__says_where_it_differs_on_purpose_once_per_reason(run):
    result = run(profile="twosamplemr")
    assert {e.method for e in result.estimates} >= {"mr_ivw", "mr_two_sample_ml", "mr_uwr"}
    assert result.differences["mr_two_sample_ml"].startswith("the package's optimiser stops")
    assert "mr_ivw" not in result.differences
    lines = [line for line in remarks(result) if "from draws on both sides" in line]
    assert len(lines) == 1
    assert lines[0].startswith("mr_simple_median, mr_weighted_median")
    assert result.as_dict()["differences"] == result.differences


def test_profile__warns_of_correlated_variants_too(run):
    result = run(profile="mendelianrandomization", methods="mr_ivw", ld=LD)
    assert any("correlated" in line for line in remarks(result))
    assert not any(
        "correlated" in line
        for line in remarks(run(profile="mendelianrandomization", methods="mr_ivw(correl=TRUE)", ld=LD))
    )


def test_profile__unknown_calls_and_our_names_are_refused(run):
    for methods in ("ivw", "mr_hetpen", "ivvw"):
        with pytest.raises(UnknownNameError):
            run(methods=methods, profile="mendelianrandomization")
    with pytest.raises(UnknownNameError, match=r"its own calls are asked for: mr_ivw, mr_ivw_mre, mr_ivw_fe"):
        run(methods="ivw", profile="twosamplemr")
    with pytest.raises(UnknownNameError, match="Did you mean 'twosamplemr'"):
        run(profile="twosamplmr")


@pytest.mark.parametrize(
    ("name", "ours"), [("mr_ivw", "ivw"), ("mr_egger", "egger"), ("mr_weighted_mode", "weighted_mode")]
)
def test_methods__of_a_package_are_translated(run, name, ours):
    with pytest.raises(UnknownNameError, match=f"Did you mean '{ours}'. As the R package has it: --as "):
        run(methods=name)


def test_profile__direction_is_tested_as_in_the_package(run):
    """TwoSampleMR sums what variants explain and takes nothing off for chance."""
    options = {"methods": "mr_ivw", "quantitative": True, "n_exposure": 20_000, "n_outcome": 9_000}
    shares = {}
    for profile in ("twosamplemr", "mendelianrandomization"):
        result = run(profile=profile, **options)
        shares[profile] = next(test for _, test in result.checks if test.name == "r2_exposure").statistic
    plain = steiger(result.pair, TraitFacts(), TraitFacts(), take_off_chance=False)
    assert shares["twosamplemr"] == plain[0].statistic
    assert shares["twosamplemr"] > shares["mendelianrandomization"]


def test_sensitivity__is_worked_out_only_when_asked_for(run):
    assert run().sensitivity == ""
    assert "sensitivity" not in run().as_dict()


def test_sensitivity__holds_every_check(run):
    plain = run(with_sensitivity=True).as_dict()["sensitivity"]
    assert set(plain) == {"rucker", "simex", "confidence_sets", "thresholds", "clusters", "sign_concordance"}
    assert plain["rucker"]["choice"] == "A"
    assert plain["rucker"]["estimates"][0]["model"] == plain["rucker"]["model"] == "ivw_fixed_effect"
    assert plain["rucker"]["estimates"][0]["beta"] == mr.ivw(PAIR).beta
    likelihood = plain["confidence_sets"][2]
    assert likelihood["statistic"] == "conditional_likelihood_ratio"
    assert likelihood["is_bounded"]
    low, high = likelihood["ci_set"][0]
    assert low < mr.ivw(PAIR).beta < high
    members = [name for cluster in plain["clusters"]["clusters"] for name in cluster["rsid"]]
    assert sorted(members) == ["rs1", "rs2", "rs3", "rs4"]
    assert plain["sign_concordance"]["estimate"] == 1.0


def test_sensitivity__correlated_variants_have_a_reason_instead(run):
    result = run(with_sensitivity=True, ld=LD)
    assert "independent" in result.as_dict()["sensitivity"]["message"]
    independent = "1,0.05,0,0\n0.05,1,0,0\n0,0,1,0\n0,0,0,1\n"
    assert "rucker" in run(with_sensitivity=True, ld=independent).as_dict()["sensitivity"]


def test_sensitivity__of_one_variant_says_why_there_is_little(run):
    result = run(LINES[0], with_sensitivity=True)
    plain = result.as_dict()["sensitivity"]
    assert plain["rucker"]["choice"] is None
    assert "three" in plain["rucker"]["message"] or "variants" in plain["rucker"]["message"]
    json.dumps(plain)
    for section in sensitivity_sections(result.sensitivity):
        assert section.rows or section.notes, section.title


def test_sensitivity__tables_are_full(run):
    sections = sensitivity_sections(run(with_sensitivity=True).sensitivity)
    assert len(sections) == 5
    for section in sections:
        assert all(len(row) == len(section.header) for row in section.rows)
        assert section.rows


def test_sensitivity__sets_without_an_end_say_so(tmp_path):
    path = tmp_path / "weak.csv"
    path.write_text(HEADER + "\nrs1,A,0.001,0.01,0.06,0.02\nrs2,A,0.002,0.01,-0.06,0.02\nrs3,A,-0.001,0.01,0.01,0.02\n")
    result = estimate_table(path, methods="ivw", with_sensitivity=True)
    sets = next(s for s in sensitivity_sections(result.sensitivity) if "weak" in s.title)
    assert any("∞" in row[1] for row in sets.rows)


def test_sensitivity__a_set_that_cannot_be_worked_out_is_a_dash_and_not_empty():
    pair = Instruments.from_arrays([0.1, 0.2, 0.3, 1e300], [0.01] * 4, [0.05, 0.1, 0.16, 0.2], [0.02] * 4)
    found = sensitivity(pair)
    plain = found.as_dict()["confidence_sets"]
    assert [(item["status"], item["ci_set"]) for item in plain] == [("not_finite", [])] * 3
    section = next(s for s in sensitivity_sections(found) if "weak instruments" in s.title)
    assert [row[1] for row in section.rows] == ["–"] * 3
    assert "Check the units" in section.notes[0]


def test_sensitivity__ends_of_sets_are_written_to_their_own_width(run):
    found = run(with_sensitivity=True).sensitivity
    parts = ((-2e-4, -1.999e-4), (4.5e-7, 5.5e-7), (3.0, float("inf")))
    sets = (replace(found.confidence_sets[0], ci_set=parts), replace(found.confidence_sets[1], ci_set=()))
    section = next(s for s in sensitivity_sections(replace(found, confidence_sets=sets)) if "weak" in s.title)
    shown = section.rows[0][1].split(" or ")
    assert shown[1:] == ["4.500 × 10⁻⁷ to 5.500 × 10⁻⁷", "3.000 to ∞"]
    assert len(set(shown[0].split(" to "))) == 2
    assert section.rows[1][1] == "empty"
