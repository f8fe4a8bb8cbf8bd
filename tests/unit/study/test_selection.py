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
    (note,) = load_study(tiny.file).notes
    assert (note.code, "'y' share second" in note.found) == ("three_sample_overlap", True)
    assert not run(tiny)["estimates"]["selection_corrected"].any()


def test_three_sample__the_steiger_filter_selects_by_the_pair_itself(tiny):
    add_selector(tiny)
    tiny.set("y", 5, beta="0.2", p_value="0")
    declare(tiny, 'three_sample = { x = "z" }', "steiger_filter = true")
    tables = run(tiny)
    assert lost(tables, "x -> y", "steiger") == {"explains_more_of_the_outcome": 1}
    assert not tables["estimates"]["selection_corrected"].any()


def test_three_sample__leads_by_chance_are_lost_as_others_are(tiny):
    """Half of what was selected is not in the study that estimates: of what is left, half as many are by chance."""
    add_selector(tiny)
    tiny.write("x", tiny.rows("x")[:20])
    declare(tiny, 'three_sample = { x = "z" }', 'relaxed = { p_threshold = 1e-2, reason = "a test" }')
    declared = run(tiny)["thresholds"].filter("is_declared").row(0, named=True)
    assert declared["n_variants"] == 17  # of 37 selected ones
    assert declared["expected_null_leads"] == pytest.approx(40 * 1e-2 * 17 / 37)


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


def test_known_loci__the_estimate_without_them_stands_beside(tiny):
    rows = tiny.rows("x")
    outcome = tiny.rows("y")
    for table in (rows, outcome):
        for i in range(3):  # the lactase locus on GRCh37
            table[i]["chromosome"], table[i]["base_pair_location"] = "2", str(136_600_000 + 1000 * i)
    tiny.write("x", rows)
    tiny.write("y", outcome)
    tables = run(tiny)
    row = tables["diagnostics"].filter(name="estimate_without_known_loci").row(0, named=True)
    tiny.write("x", rows[3:])
    without = run(tiny)["estimates"].filter("is_primary").row(0, named=True)
    assert (row["estimate"], row["se"]) == pytest.approx((without["beta"], without["se"]), rel=1e-12)
    assert tables["diagnostics"].filter(name="estimate_without_known_loci").height == 1
    assert run(tiny)["diagnostics"].filter(name="estimate_without_known_loci").height == 0


def test_steiger_filter__that_leaves_nothing_says_so(tiny):
    for i in range(40):
        tiny.set("y", i, beta="0.5", p_value="0")
    declare(tiny, "steiger_filter = true")
    row = run(tiny)["estimates"].filter("is_primary").row(0, named=True)
    assert row["status"] == "no_valid_variant"
    assert "40 instruments explain more of the outcome" in row["message"]


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


def test_null_leads__what_is_left_out_yields_none(tiny):
    (tiny.folder / "out.txt").write_text("".join(f"rs{i + 1}\n" for i in range(30)))
    declare(tiny, 'exclude = "out.txt"')
    tables = run(tiny)
    found = tables["thresholds"]
    np.testing.assert_allclose(found["expected_null_leads"], [10 * p for p in found["p_threshold"]])


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


def test_sharing__traits_of_one_taxon(tiny):
    """x and y are two traits of a genus; one lineage has an empty rank more."""
    lineages = {"x": "k__B;f__F;g__G;s__", "y": "k__B|f__F|g__g"}
    header, *rows = (tiny.folder / "traits.csv").read_text().splitlines()
    rows = [f"{row},{lineages[row[0]]}" for row in rows]
    (tiny.folder / "traits.csv").write_text("\n".join([f"{header},lineage", *rows]) + "\n")
    tiny.replace("study.toml", 'outcomes = ["y"]\n', 'outcomes = ["y"]\ndirection = "both"\n')
    shared = run(tiny)["shared_instruments"]
    assert set(shared.select("trait_id", "relation").rows()) == {("x", "same"), ("y", "same")}


@pytest.fixture
def panelled(tiny):
    """The tiny study with a panel of its variants, and one more beside the first that is linked with it."""
    rng = np.random.default_rng(8)
    dosages = rng.binomial(2, 0.4, (40, 300)).astype(np.int8)
    tiny.add_panel(dosages.tolist())
    return tiny, dosages


PANEL = '[ld]\nEUR = "panel/eur"\n\n'


def test_null_leads__of_a_panel_are_fewer_by_what_is_left_out(panelled):
    tiny, _ = panelled
    declare(tiny, "r2 = 0.9", before=PANEL)
    before = run(tiny)["thresholds"]["expected_null_leads"].to_numpy()
    (tiny.folder / "out.txt").write_text("".join(f"rs{i + 1}\n" for i in range(30)))
    tiny.replace("study.toml", "r2 = 0.9", 'r2 = 0.9\nexclude = "out.txt"')
    np.testing.assert_allclose(run(tiny)["thresholds"]["expected_null_leads"], before / 4.0)


def test_panel__files_of_chromosomes_may_be_namesakes(panelled):
    """A panel of folders: a change in any of its files chooses instruments anew."""
    tiny, dosages = panelled
    chromosomes = np.array([int(row["chromosome"]) for row in tiny.rows("x")])

    def write():
        tiny.add_panel(dosages.tolist())
        stem = tiny.folder / "panel" / "eur"
        data, lines = stem.with_suffix(".bed").read_bytes(), stem.with_suffix(".bim").read_text().splitlines()
        size = (len(data) - 3) // len(lines)
        for number in np.unique(chromosomes):
            part = tiny.folder / "parts" / f"chr{number}"
            part.mkdir(parents=True, exist_ok=True)
            rows = np.flatnonzero(chromosomes == number)
            body = b"".join(data[3 + size * i : 3 + size * (i + 1)] for i in rows)
            (part / "eur.bed").write_bytes(data[:3] + body)
            (part / "eur.bim").write_text("".join(lines[i] + "\n" for i in rows))
            (part / "eur.fam").write_bytes(stem.with_suffix(".fam").read_bytes())

    write()
    declare(tiny, "r2 = 0.2", before='[ld]\nEUR = "parts/chr{chromosome}/eur"\n\n')
    assert "no_variation_in_panel" not in lost(run(tiny), "x", "instruments")
    dosages[chromosomes == 1] = 2
    write()
    assert lost(run(tiny), "x", "instruments")["no_variation_in_panel"] == int((chromosomes == 1).sum())


def test_panel__names_the_index_variant_by_place_where_there_is_no_name(panelled):
    tiny, dosages = panelled
    dosages[1] = dosages[0]
    rows = tiny.rows("x")
    rows[1]["chromosome"], rows[1]["base_pair_location"] = (
        rows[0]["chromosome"],
        str(int(rows[0]["base_pair_location"]) + 10),
    )
    for row in rows[:2]:
        row["rsid"] = "NA"
    tiny.write("x", rows)
    tiny.add_panel(dosages.tolist())
    declare(tiny, "r2 = 0.2", before=PANEL)
    tables = run(tiny)
    clumped = tables["clumps"].filter(reason="clumped")
    assert clumped["index_variant"].null_count() == 0


@pytest.mark.parametrize("ancestry", ["EUR", ""])
def test_panel__of_a_trait_without_declared_ancestry_is_doubted(panelled, ancestry):
    """Without frequencies only what is declared says that trait and panel are of one ancestry."""
    tiny, _ = panelled
    declare(tiny, "r2 = 0.2", before=PANEL)
    tiny.replace("traits.csv", "none,EUR,first", f"none,{ancestry},first")
    found = run(tiny)["findings"].filter(check="panel_frequencies_not_compared")
    assert found["casts_doubt"].to_list() == [not ancestry]


@pytest.mark.parametrize("most", [3000, 10])
def test_null_leads__with_a_matrix_are_counted_or_bounded(tiny, monkeypatch, most):
    """Unlinked variants: as many leads as pass. A matrix too large to count with has a bound that condemns nothing."""
    monkeypatch.setattr("osteobiome.study.leads_by_chance.MOST_IN_MATRIX", most)
    rows = tiny.rows("x")
    for row in rows[1:]:
        row["p_value"], row["beta"] = "0.5", "0.003"
    tiny.write("x", rows)
    names = [(row["rsid"], row["effect_allele"], row["other_allele"]) for row in rows]
    rsid, counted, other = (np.array(column) for column in zip(*names, strict=True))
    r = np.eye(40)
    r[0, 1] = r[1, 0] = -0.01
    np.savez(tiny.folder / "ld.npz", r=r, rsid=rsid, counted=counted, other=other)
    declare(tiny, "p_threshold = 0.02", "r2 = 0.5", before='[ld]\nEUR = { matrix = "ld.npz" }\n\n')
    found = run(tiny)["thresholds"]
    declared = found.filter("is_declared").row(0, named=True)
    if most == 10:
        assert (declared["n_variants"], declared["expected_null_leads"], declared["is_exploratory"]) == (1, None, None)
        assert "0.8 variants pass by chance" in declared["message"]
    else:
        assert declared["expected_null_leads"] == pytest.approx(0.8, rel=0.01)
        assert declared["is_exploratory"]
    strict = found.filter(p_threshold=5e-8).row(0, named=True)
    assert strict["expected_null_leads"] == pytest.approx(40 * 5e-8, rel=0.01)  # a bound that clears
    assert strict["is_exploratory"] is False


def test_null_leads__of_one_locus_are_one(tiny):
    """All variants of a matrix or window in complete LD are one test."""
    rows = tiny.rows("x")
    names = [(row["rsid"], row["effect_allele"], row["other_allele"]) for row in rows]
    rsid, counted, other = (np.array(column) for column in zip(*names, strict=True))
    r = np.full((40, 40), 1.0 - 1e-9)
    r[::2, 1::2] = r[1::2, ::2] = -1.0 + 1e-9
    np.fill_diagonal(r, 1.0)
    np.savez(tiny.folder / "ld.npz", r=r, rsid=rsid, counted=counted, other=other)
    declare(tiny, "r2 = 0.5", before='[ld]\nEUR = { matrix = "ld.npz" }\n\n')
    found = run(tiny)["thresholds"]
    np.testing.assert_allclose(found["expected_null_leads"], found["p_threshold"], rtol=0.2)


def test_null_leads__of_a_cis_window_are_counted_with_the_panel(panelled):
    tiny, dosages = panelled
    rows = tiny.rows("x")
    for i, row in enumerate(rows):
        row["chromosome"], row["base_pair_location"] = "2", str(1000 + 10 * i)
    tiny.write("x", rows)
    dosages[:20] = dosages[0]  # half of the window is one locus
    tiny.add_panel(dosages.tolist())
    declare(tiny, "r2 = 0.5", "cis.x = { chromosome = 2, start = 1000, end = 1295 }", before=PANEL)
    found = run(tiny)["thresholds"]
    np.testing.assert_allclose(found["expected_null_leads"], 11 * found["p_threshold"], rtol=0.15)


def test_proxies__another_variant_at_the_place_of_an_instrument_is_not_it(tiny):
    rng = np.random.default_rng(8)
    dosages = rng.binomial(2, 0.4, (40, 300)).astype(np.int8)
    dosages[1] = dosages[0]
    rows = tiny.rows("x")
    rows[1]["chromosome"] = rows[0]["chromosome"]
    rows[1]["base_pair_location"] = str(int(rows[0]["base_pair_location"]) + 700)
    rows[1]["p_value"], rows[1]["beta"] = "0.5", "0.003"
    tiny.write("x", rows)
    outcome = tiny.rows("y")
    for key in ("chromosome", "base_pair_location"):
        outcome[1][key] = rows[1][key]
        outcome[0][key] = rows[0][key]
    outcome[0] |= {"rsid": "rs999", "effect_allele": "AT", "other_allele": "A"}
    tiny.write("y", outcome)
    tiny.add_panel(dosages.tolist())
    declare(tiny, "r2 = 0.5", "window_kb = 1000", "proxies = { r2 = 0.8, window_kb = 10 }", before=PANEL)
    (row,) = run(tiny)["proxies"].to_dicts()
    assert (row["rsid"], row["proxy"], row["reason"]) == ("rs1", "rs2", "")


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
    case = ["exposure", "outcome", "rsid", "chromosome", "position", "effect_allele", "other_allele"]
    assert {name: used[name] for name in case} == {name: row[name] for name in case}  # the report joins the two by it
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


@pytest.mark.parametrize(("line", "kept"), [("", 1), ('clump_by = "f"', 0)])
def test_panel__the_strongest_by_p_or_by_f_leads(panelled, line, kept):
    """The first two are one variant for clumping; the second has the smaller p, the first the larger F."""
    tiny, dosages = panelled
    dosages[1] = dosages[0]
    rows = tiny.rows("x")
    rows[1]["chromosome"] = rows[0]["chromosome"]
    rows[1]["base_pair_location"] = str(int(rows[0]["base_pair_location"]) + 10)
    rows[0] |= {"beta": "0.05", "standard_error": "0.005", "p_value": "1e-12"}
    rows[1] |= {"beta": "0.05", "standard_error": "0.008", "p_value": "1e-15"}
    tiny.write("x", rows)
    tiny.add_panel(dosages.tolist())
    declare(tiny, "r2 = 0.2", *([line] if line else []), before=PANEL)
    tables = run(tiny)
    names = [row["rsid"] for row in rows[:2]]
    assert [name in tables["instruments"]["rsid"].to_list() for name in names] == [kept == 0, kept == 1]
    if line:
        assert tables["thresholds"]["p_threshold"].to_list() == [5e-8]


@pytest.mark.parametrize(("line", "n_clumped"), [("", 1), ('clump_mode = "genotype"', 0)])
def test_panel__clumps_by_haplotypes_or_by_genotypes(panelled, line, n_clumped):
    """Two variants whose heterozygotes exclude each other: r² of haplotypes is far above that of copies."""
    tiny, dosages = panelled
    people = dosages.shape[1]
    one, two = np.zeros(people, dtype=np.int8), np.zeros(people, dtype=np.int8)
    one[: people // 4], two[: people // 4] = 2, 2
    one[people // 4 : people // 2], two[people // 4 : people // 2] = 1, 1
    one[people // 2 : people // 2 + 12] = 2
    dosages[0], dosages[1] = one, two
    tiny.add_panel(dosages.tolist())
    rows = tiny.rows("x")
    rows[1]["chromosome"] = rows[0]["chromosome"]
    rows[1]["base_pair_location"] = str(int(rows[0]["base_pair_location"]) + 10)
    tiny.write("x", rows)
    tiny.add_panel(dosages.tolist())
    r2_copies = np.corrcoef(one, two)[0, 1] ** 2
    r2_haplotypes = _haplotype_r2(one, two)
    threshold = (r2_copies + r2_haplotypes) / 2
    assert abs(r2_copies - r2_haplotypes) > 0.01
    first = r2_haplotypes > r2_copies
    declare(tiny, f"r2 = {threshold}", *([line] if line else []), before=PANEL)
    found = lost(run(tiny), "x", "instruments").get("clumped", 0)
    assert found == (n_clumped if first else 1 - n_clumped)


def _haplotype_r2(one, two):
    """Return r² of haplotypes of highest likelihood by a fine grid."""
    n = one.size
    p, q = one.mean() / 2, two.mean() / 2
    counts = {(i, j): int(((one == i) & (two == j)).sum()) for i in range(3) for j in range(3)}
    best, where = -np.inf, 0.0
    for d in np.linspace(-min(p * q, (1 - p) * (1 - q)), min(p * (1 - q), q * (1 - p)), 20_001)[1:-1]:
        f11, f10, f01, f00 = p * q + d, p * (1 - q) - d, (1 - p) * q - d, (1 - p) * (1 - q) + d
        chance = {
            (2, 2): f11**2, (2, 1): 2 * f11 * f10, (2, 0): f10**2, (1, 2): 2 * f11 * f01,
            (1, 1): 2 * (f11 * f00 + f10 * f01), (1, 0): 2 * f10 * f00, (0, 2): f01**2, (0, 1): 2 * f01 * f00,
            (0, 0): f00**2,
        }  # fmt: skip
        score = sum(k * np.log(chance[cell]) for cell, k in counts.items() if k)
        if score > best:
            best, where = score, d
    assert n
    return where**2 / (p * (1 - p) * q * (1 - q))


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


@pytest.mark.parametrize("method", ["rivw", "simss"])
def test_methods__that_select_by_themselves_are_refused(tiny, method):
    tiny.replace("study.toml", 'primary = "ivw"', f'primary = "{method}"')
    assert codes(tiny) == ["needs_candidates"]


def test_three_sample__ivw_knows_that_another_study_selected(tiny):
    add_selector(tiny)
    tiny.replace("study.toml", 'primary = "ivw"', 'primary = "three_sample_ivw"')
    declare(tiny, 'three_sample = { x = "z" }')
    row = run(tiny)["estimates"].filter("is_primary").row(0, named=True)
    assert (row["method"], row["selection_corrected"], row["message"]) == ("three_sample_ivw", True, "")


def test_three_sample__an_unknown_member_of_the_cohorts_corrects_nothing(tiny):
    add_selector(tiny, cohorts="third; unknown")
    declare(tiny, 'three_sample = { x = "z" }')
    assert not run(tiny)["estimates"]["selection_corrected"].any()


def test_clump_by__of_a_matrix_is_refused_even_beside_a_panel(panelled):
    tiny, _ = panelled
    tiny.add_ld(np.eye(3).tolist())
    text = (tiny.folder / "study.toml").read_text()
    block = text.split("[ld]")[1].split("[instruments]")[0].strip()
    tiny.replace("study.toml", block, block + '\nAFR = "panel/eur"')
    declare(tiny, "r2 = 0.2", 'clump_by = "f"')
    assert "no_panel" in codes(tiny)


def test_proxies__without_a_panel_of_the_ancestry_are_noted(panelled):
    tiny, _ = panelled
    tiny.add_panel([[0, 1, 2] * 20] * 4, ancestry="AFR")
    tiny.add_panel([[0, 1, 2] * 20] * 4, ancestry="EAS")
    before = '[ld]\nAFR = "panel/afr"\nEAS = "panel/eas"\n\n'
    declare(tiny, "proxies = { r2 = 0.8 }", before=before)
    assert "no_panel_for_proxies" in [note.code for note in load_study(tiny.file).notes]


def test_proxies__of_a_palindrome_keep_the_sign_that_the_panel_gives(tiny):
    """The proxy's frequency is near one half, which says nothing of the instrument's strand."""
    rng = np.random.default_rng(3)
    dosages = rng.binomial(2, 0.4, (40, 400)).astype(np.int8)
    one = rng.binomial(1, 0.35, (2, 400))
    two = one | rng.binomial(1, 0.17, (2, 400))  # frequency about 0.46, r² about 0.6
    dosages[0], dosages[1] = one.sum(axis=0), two.sum(axis=0)
    rows, outcome = tiny.rows("x"), tiny.rows("y")
    rows[0] |= {"effect_allele": "A", "other_allele": "T", "effect_allele_frequency": f"{dosages[0].mean() / 2:.4f}"}
    rows[1] |= {"chromosome": rows[0]["chromosome"], "base_pair_location": str(int(rows[0]["base_pair_location"]) + 70)}
    rows[1] |= {"p_value": "0.5", "beta": "0.003"}
    outcome[1] |= {"chromosome": rows[1]["chromosome"], "base_pair_location": rows[1]["base_pair_location"]}
    outcome[1] |= {"effect_allele_frequency": f"{dosages[1].mean() / 2:.4f}"}
    for table in (rows, outcome):
        for row in table:
            row.setdefault("effect_allele_frequency", "NA")
    tiny.write("x", rows)
    tiny.write("y", outcome[1:])
    tiny.add_panel(dosages.tolist())
    declare(tiny, "r2 = 0.4", "window_kb = 1000", "proxies = { r2 = 0.5 }", before=PANEL)
    tables = run(tiny)
    (listed,) = tables["proxies"].to_dicts()
    assert listed["reason"] == ""
    used = tables["harmonised"].filter(rsid="rs1").row(0, named=True)
    same = used["effect_allele"] == listed["effect_allele"]
    assert used["beta_outcome"] == pytest.approx(listed["beta"] if same else -listed["beta"])
