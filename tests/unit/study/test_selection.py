"""How instruments are chosen, as the study file declares it: thresholds, places, studies, stand-ins, filters."""

import numpy as np
import polars as pl
import pytest

from osteobiome.core.errors import ConfigError, RunStoppedError
from osteobiome.instruments.winners_curse import conditional_effects, empirical_bayes_effects, fiqt_effects
from osteobiome.stats.steiger import r_from_effect
from osteobiome.study import load_study, run_study

SECTION = "[instruments]\np_threshold = 5e-8\n"
SELECTOR = "z,Exposure X again,metabolite,,quantitative,sd,12000,none,EUR,{cohorts},GRCh37,gwas_ssf,z.tsv,CC0,doi:1\n"


def declare(tiny, *lines, before=""):
    """Put keys into the section on instruments, and sections before it."""
    tiny.replace("study.toml", SECTION, f"{before}[instruments]\n" + "".join(f"{line}\n" for line in lines))


def run(tiny):
    """Run the study and return its tables."""
    result = run_study(tiny.file, workers=1)
    assert result.n_failed == 0, result.failures
    return {name: pl.read_parquet(path) for name, path in result.tables.items()}


def lost(tables, subject, step):
    """Return the counted reasons of a step."""
    rows = tables["row_report"].filter(subject=subject, step=step).filter(pl.col("kind") != "note")
    return dict(rows.select("reason", "count").rows())


def codes(tiny):
    """Return the codes of the faults of a study."""
    with pytest.raises(ConfigError) as caught:
        load_study(tiny.file)
    return [fault.code for fault in caught.value.faults]


def weaken(tiny, *numbers, p="1e-6"):
    """Give variants of the exposure a p value between 5e-8 and 1e-5."""
    for i in numbers:
        tiny.set("x", i, p_value=p, beta="0.0245")


def add_selector(tiny, *, cohorts="third"):
    """Add a second study of the exposure, with effects of its own; the first three variants are no hits there."""
    rows = tiny.rows("x")
    for i, row in enumerate(rows):
        row["beta"] = f"{float(row['beta']) * 1.1:.6f}"
        row["p_value"] = "0.5" if i < 3 else "1e-12"
    tiny.write("z", rows)
    path = tiny.folder / "traits.csv"
    path.write_text(path.read_text() + SELECTOR.format(cohorts=cohorts))


def test_relaxed__threshold_with_its_reason_and_primary(tiny):
    weaken(tiny, 38, 39)
    declare(tiny, 'relaxed = { p_threshold = 1e-5, reason = "few hits", primary = "egger" }')
    (family,) = load_study(tiny.file).families
    assert (family.primary, family.sensitivity) == ("egger", ("ivw", "ivw_fixed", "egger"))
    assert family.methods == ("egger", "ivw", "ivw_fixed")
    tables = run(tiny)
    assert lost(tables, "x", "instruments") == {}  # all pass 1e-5
    assert tables["evidence"]["grade"].to_list() == ["exploratory"]
    assert tables["estimates"].filter("is_primary")["method"].to_list() == ["egger"]
    page = (tiny.results / "report.html").read_text(encoding="utf-8")
    assert "few hits" in page


def test_relaxed__of_some_exposures_leaves_the_others_strict(tiny):
    weaken(tiny, 38, 39)
    declare(tiny, 'relaxed = { p_threshold = 1e-5, reason = "few hits", exposures = ["y"] }')
    assert codes(tiny) == ["unused_relaxed"]
    tiny.replace("study.toml", 'exposures = ["y"]', 'exposures = ["x"]')
    assert load_study(tiny.file).selection("x").p_threshold == 1e-5


def test_relaxed__p_threshold_without_a_reason_is_noted(tiny):
    declare(tiny, "p_threshold = 1e-5")
    (note,) = load_study(tiny.file).notes
    assert note.code == "undeclared_threshold"
    assert "exploratory" in note.hint


@pytest.mark.parametrize(
    ("line", "where"),
    [
        ('relaxed = { p_threshold = 1e-9, reason = "a" }', "relaxed.p_threshold"),
        ('relaxed = { p_threshold = 1e-5, reason = "" }', "relaxed.reason"),
        ('relaxed = { p_threshold = 1e-5, reason = "a", primari = "ivw" }', "relaxed.primari"),
        ('relaxed = { p_threshold = 1e-5, reason = "a", primary = "ivv" }', "relaxed.primary"),
        ("cis.x = { chromosome = 1, start = 20, end = 10 }", "cis.x"),
        ("cis.x = { chromosome = 1, start = 20, end = 30, flank = 1 }", "cis.x.flank"),
        ("cis.w = { chromosome = 1, start = 20, end = 30 }", "cis.w"),
        ('three_sample = { x = "w" }', "three_sample.x"),
        ('three_sample = { x = "x" }', "three_sample.x"),
        ('exclude = "none.txt"', "exclude"),
        ("proxies = { r2 = 0.9 }", "proxies"),
        ('clump_by = "f"', "clump_by"),
        ("window_kb = inf", "window_kb"),
        ("cis.x = { chromosome = 1, start = 20, end = 30, flank_kb = inf }", "cis.x.flank_kb"),
        ("p_threshold = 1.0", "p_threshold"),
        ('three_sample = { x = "y" }', "three_sample.x"),
        ('clump_mode = "genotype"', "clump_mode"),
    ],
)
def test_faults__name_the_place(tiny, line, where):
    declare(tiny, line)
    with pytest.raises(ConfigError) as caught:
        load_study(tiny.file)
    assert [f"instruments.{where}" in fault.where for fault in caught.value.faults] == [True]


def test_three_sample__one_study_selects_and_the_other_estimates(tiny):
    add_selector(tiny)
    declare(tiny, 'three_sample = { x = "z" }')
    tables = run(tiny)
    assert lost(tables, "x", "instruments") == {"above_p_threshold": 3}
    assert tables["harmonised"].height == 37
    known = {row["rsid"]: float(row["beta"]) for row in tiny.rows("x")}
    for row in tables["instruments"].to_dicts():
        assert row["selected_in"] == "z"
        assert abs(row["beta"]) == pytest.approx(abs(known[row["rsid"]]))  # not the effect that was selected
        assert row["correction_status"] == "three_sample"
        assert row["beta_conditional"] is None
    assert tables["estimates"]["selection_corrected"].all()
    assert tables["evidence"]["grade"].to_list() == ["moderate"]


@pytest.mark.parametrize(("cohorts", "noted"), [("first", ["three_sample_overlap"]), ("unknown", [])])
def test_three_sample__cohorts_that_overlap_or_are_unknown_correct_nothing(tiny, cohorts, noted):
    add_selector(tiny, cohorts=cohorts)
    declare(tiny, 'three_sample = { x = "z" }')
    assert [note.code for note in load_study(tiny.file).notes] == noted
    assert not run(tiny)["estimates"]["selection_corrected"].any()


def test_relaxed__must_be_looser_than_the_general_threshold(tiny):
    declare(tiny, "p_threshold = 1e-3", 'relaxed = { p_threshold = 1e-5, reason = "a", exposures = ["x"] }')
    assert codes(tiny) == ["relaxed_is_stricter"]


def test_three_sample__people_of_the_outcome_must_not_select(tiny):
    add_selector(tiny, cohorts="second")  # those of the outcome
    declare(tiny, 'three_sample = { x = "z" }')
    assert load_study(tiny.file).notes == ()
    assert not run(tiny)["estimates"]["selection_corrected"].any()


def test_three_sample__strength_is_that_of_the_study_that_estimates(tiny):
    add_selector(tiny)
    declare(tiny, 'three_sample = { x = "z" }')
    tables = run(tiny)
    declared = tables["thresholds"].filter("is_declared").row(0, named=True)
    assert declared["mean_f"] == pytest.approx(tables["instruments"]["f_statistic"].mean())
    assert tables["thresholds"].filter(~pl.col("is_declared"))["mean_f"][0] > declared["mean_f"]


def test_no_instruments__says_where_none_was_found(tiny):
    declare(tiny, "cis.x = { chromosome = 22, start = 900000, end = 900100 }")
    (message,) = run(tiny)["estimates"].filter("is_primary")["message"]
    assert "in the region that instruments are taken from" in message


def test_null_leads__unknown_at_a_relaxed_threshold_make_no_finding(make_study):
    """A list of hits does not say how many tests there were."""
    tiny = make_study(n_variants=120)
    rows = tiny.rows("x")
    for row in rows:
        row["p_value"] = "1e-9"
    tiny.write("x", rows)
    declare(tiny, 'relaxed = { p_threshold = 1e-5, reason = "a list" }')
    tables = run(tiny)
    assert tables["thresholds"].filter("is_declared")["expected_null_leads"][0] is None
    (message,) = tables["diagnostics"].filter(name="null_leads_in_doubt")["message"]
    assert "nobody can tell" in message
    assert tables["evidence"]["direction"].to_list() == ["unclear"]


def test_cis__instruments_lie_in_the_region(tiny):
    declare(tiny, 'cis.x = { gene = "G", chromosome = 2, start = 1500, end = 2500, flank_kb = 0.2 }')
    tables = run(tiny)
    assert tables["instruments"]["chromosome"].unique().to_list() == [2]
    assert lost(tables, "x", "instruments") == {"outside_cis_window": 39}
    assert tables["estimates"].filter("is_primary")["method"].to_list() == ["wald_ratio"]
    row = tables["thresholds"].filter("is_declared").row(0, named=True)
    assert row["expected_null_leads"] == pytest.approx(5e-8)  # one variant lies there
    assert row["message"] == ""


def test_exclude__list_of_names_and_regions(tiny):
    (tiny.folder / "out.txt").write_text("rs1\n2:1-5000\n")
    declare(tiny, 'exclude = "out.txt"')
    tables = run(tiny)
    assert lost(tables, "x", "instruments") == {"excluded_by_rsid": 1, "excluded_by_region": 1}
    assert "rs1" not in tables["harmonised"]["rsid"].to_list()
    (tiny.folder / "out.txt").write_text("rs1\n")
    assert lost(run(tiny), "x", "instruments") == {"excluded_by_rsid": 1}  # another list, other instruments
    (tiny.folder / "out.txt").write_text("rs1\nnonsense here\n")
    assert codes(tiny) == ["bad_exclusion"]


def test_steiger_filter__drops_what_explains_more_of_the_outcome(tiny):
    tiny.set("y", 5, beta="0.2", p_value="0")
    without = run(tiny)["estimates"].filter("is_primary")
    declare(tiny, "steiger_filter = true")
    tables = run(tiny)
    assert lost(tables, "x -> y", "steiger") == {"explains_more_of_the_outcome": 1}
    assert "rs6" not in tables["harmonised"]["rsid"].to_list()
    row = tables["diagnostics"].filter(name="estimate_without_steiger_filter").row(0, named=True)
    assert row["estimate"] == without["beta"][0]
    assert row["se"] == without["se"][0]


def test_steiger_filter__without_sample_sizes_says_why_nothing_was_dropped(tiny):
    for name in ("x", "y"):
        tiny.write(name, [{k: v for k, v in row.items() if k != "n"} for row in tiny.rows(name)])
    tiny.replace("traits.csv", "sd,10000", "sd,")
    declare(tiny, "steiger_filter = true")
    tables = run(tiny)
    (message,) = tables["diagnostics"].filter(name="steiger_filter")["message"]
    assert message.startswith("Not applied.")
    assert tables["harmonised"].height == 40


def test_instruments__corrected_effects_stand_beside_raw_ones(tiny):
    weaken(tiny, 0, 1, p="0.4")
    table = run(tiny)["instruments"]
    beta, se = table["beta"].to_numpy(), table["se"].to_numpy()
    corrected = conditional_effects(beta, se, p_threshold=5e-8)
    np.testing.assert_allclose(table["beta_conditional"].to_numpy(), corrected.beta)
    np.testing.assert_allclose(table["ci_low_conditional"].to_numpy(), corrected.ci_low)
    assert set(table["correction_status"]) <= {"ok", "not_selected"}
    rows = tiny.rows("x")
    every = fiqt_effects([abs(float(r["beta"])) for r in rows], [float(r["standard_error"]) for r in rows])
    known = {row["rsid"]: value for row, value in zip(rows, every.beta, strict=True)}
    for row in table.to_dicts():
        assert abs(row["beta_fiqt"]) == pytest.approx(known[row["rsid"]])
    rows = [row for row in rows if float(row["p_value"]) <= 1e-4]
    strong = empirical_bayes_effects([float(r["beta"]) for r in rows], [float(r["standard_error"]) for r in rows])
    known = {row["rsid"]: value for row, value in zip(rows, strong.beta, strict=True)}
    for row in table.to_dicts():
        assert abs(row["beta_empirical_bayes"]) == pytest.approx(abs(known[row["rsid"]]))


def test_thresholds__declared_one_and_the_usual_ones(tiny):
    weaken(tiny, 0, 1, p="1e-6")
    weaken(tiny, 2, p="0.4")
    table = run(tiny)["thresholds"]
    assert dict(table.select("p_threshold", "n_variants").rows()) == {5e-8: 37, 1e-7: 37, 1e-6: 39, 1e-5: 39}
    assert table.filter("is_declared")["p_threshold"].to_list() == [5e-8]
    np.testing.assert_allclose(table["expected_null_leads"], [40 * p for p in (5e-8, 1e-7, 1e-6, 1e-5)])
    strongest = table.filter(p_threshold=1e-5).row(0, named=True)
    rows = [row for i, row in enumerate(tiny.rows("x")) if i != 2]
    effects = ([float(row[name]) for row in rows] for name in ("beta", "standard_error"))
    shares = np.square(r_from_effect(*map(np.array, effects), np.full(39, 10_000.0)))
    assert strongest["variance_explained"] == pytest.approx(shares.sum())


def test_null_leads__too_many_make_a_result_exploratory(tiny):
    """Two hits at p ≤ 0.05 of 40 variants are what chance yields."""
    for i in range(38):
        tiny.set("x", i, p_value="0.5", beta="0.0034")
    for i in (38, 39):
        tiny.set("x", i, p_value="0.04", beta="0.0103")
    declare(tiny, 'relaxed = { p_threshold = 0.05, reason = "a test" }')
    tables = run(tiny)
    declared = tables["thresholds"].filter("is_declared").row(0, named=True)
    assert declared["n_variants"] == 2
    assert declared["expected_null_leads"] == pytest.approx(2.0)
    assert declared["is_exploratory"]
    (message,) = tables["diagnostics"].filter(name="null_leads_in_doubt")["message"]
    assert message == "2 of its 2 instruments are to be expected by chance alone"
    assert tables["evidence"].select("direction", "grade").row(0) == ("unclear", "exploratory")


LINEAGES = {"x": "k__B|f__F|g__G", "y": "k__B|f__F"}


def test_sharing__taxa_that_contain_each_other(tiny):
    header, *rows = (tiny.folder / "traits.csv").read_text().splitlines()
    rows = [f"{row},{LINEAGES[row[0]]}" for row in rows]
    (tiny.folder / "traits.csv").write_text("\n".join([f"{header},lineage", *rows]) + "\n")
    tiny.replace("study.toml", 'outcomes = ["y"]\n', 'outcomes = ["y"]\ndirection = "both"\n')
    tables = run(tiny)
    shared = tables["shared_instruments"].filter(shared_by="variant")
    in_both = {row["rsid"] for row in tiny.rows("y") if float(row["p_value"]) <= 5e-8} & {
        row["rsid"] for row in tiny.rows("x")
    }
    assert in_both
    assert set(shared.filter(trait_id="x")["rsid"]) == in_both == set(shared.filter(trait_id="y")["rsid"])
    assert set(shared.select("trait_id", "relation").rows()) == {("x", "parent"), ("y", "child")}


@pytest.fixture
def panelled(tiny):
    """The tiny study with a panel of its variants, and one more beside the first that is linked with it."""
    rng = np.random.default_rng(8)
    dosages = rng.binomial(2, 0.4, (40, 300)).astype(np.int8)
    tiny.add_panel(dosages.tolist())
    return tiny, dosages


PANEL = '[ld]\nEUR = "panel/eur"\n\n'


def test_proxies__stand_in_for_what_the_outcome_lacks(tiny):
    rng = np.random.default_rng(8)
    dosages = rng.binomial(2, 0.4, (40, 300)).astype(np.int8)
    rows = tiny.rows("x")
    for key in ("chromosome", "base_pair_location"):  # the second variant moves next to the first
        rows[1][key] = rows[0][key] if key == "chromosome" else str(int(rows[0][key]) + 700)
    rows[1]["p_value"], rows[1]["beta"] = "0.5", "0.003"
    tiny.write("x", rows)
    outcome = tiny.rows("y")
    for key in ("chromosome", "base_pair_location"):
        outcome[1][key] = rows[1][key]
    tiny.write("y", outcome[1:])  # the outcome lacks the first
    dosages[1] = 2 - dosages[0]
    dosages[1][:8] = 0
    tiny.add_panel(dosages.tolist())
    declare(tiny, "r2 = 0.5", "window_kb = 1000", "proxies = { r2 = 0.8, window_kb = 10 }", before=PANEL)
    tables = run(tiny)
    (row,) = tables["proxies"].to_dicts()
    assert (row["rsid"], row["proxy"], row["reason"]) == ("rs1", "rs2", "")
    assert abs(row["distance"]) == 700
    r = np.corrcoef(dosages[0], dosages[1])[0, 1]
    assert row["r2"] == pytest.approx(r * r)
    used = tables["harmonised"].filter(rsid="rs1").row(0, named=True)
    theirs = float(outcome[1]["beta"])
    same = used["effect_allele"] == tiny.rows("x")[0]["effect_allele"]
    assert used["beta_outcome"] == pytest.approx(-theirs if same else theirs)  # the alleles of the two go apart
    assert used["matched_by"] == "proxy"
    notes = tables["row_report"].filter(reason="stand_in_used")
    assert notes["count"].to_list() == [1]


def test_panel__gives_estimators_their_ld(panelled):
    tiny, dosages = panelled
    tiny.replace("study.toml", 'primary = "ivw"', 'primary = "ivw_ld"')
    declare(tiny, before=PANEL)
    tables = run(tiny)
    primary = tables["estimates"].filter("is_primary").row(0, named=True)
    assert (primary["method"], primary["status"], primary["n_variants"]) == ("ivw_ld", "ok", 40)
    test = tables["diagnostics"].filter(method="ivw_ld", name="max_abs_ld_r").row(0, named=True)
    r = np.abs(np.corrcoef(dosages)) - np.eye(40)
    assert test["statistic"] == pytest.approx(r.max())


def test_panel__what_does_not_vary_there_is_no_instrument(panelled):
    tiny, dosages = panelled
    dosages[[3, 4]] = 2
    tiny.add_panel(dosages.tolist())
    declare(tiny, "r2 = 0.2", before=PANEL)
    assert lost(run(tiny), "x", "instruments")["no_variation_in_panel"] == 2


def test_panel__in_which_nothing_varies_is_refused(panelled):
    tiny, dosages = panelled
    tiny.add_panel(np.full_like(dosages, 2).tolist())
    declare(tiny, "r2 = 0.2", before=PANEL)
    with pytest.raises(RunStoppedError, match="panel_monomorphic"):
        run_study(tiny.file, workers=1)


def test_panel__clumps_by_f(panelled):
    tiny, _ = panelled
    declare(tiny, "r2 = 0.2", 'clump_by = "f"', before=PANEL)
    tables = run(tiny)
    assert tables["thresholds"]["p_threshold"].to_list() == [5e-8]
    assert tables["thresholds"]["expected_null_leads"][0] == pytest.approx(0, abs=1e-5)


def test_npz__of_ld_is_read_without_a_table_of_alleles(tiny):
    rows = tiny.rows("x")[:3]
    r = np.array([[1.0, 0.9, 0.0], [0.9, 1.0, -0.1], [0.0, -0.1, 1.0]])
    np.savez(
        tiny.folder / "ld.npz",
        r=r,
        rsid=np.array([row["rsid"] for row in rows]),
        counted=np.array([row["effect_allele"] for row in rows]),
        other=np.array([row["other_allele"] for row in rows]),
    )
    declare(tiny, "r2 = 0.5", before='[ld]\nEUR = { matrix = "ld.npz" }\n\n')
    assert lost(run(tiny), "x", "instruments") == {"not_in_ld_matrix": 37, "clumped": 1}
