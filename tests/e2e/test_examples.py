"""The studies that come with the repository reproduce published numbers, and their reports say what they must."""

from __future__ import annotations

import html
import re

import polars as pl
import pytest

from osteobiome.store import read_table

pytestmark = pytest.mark.slow


def _estimate(results, exposure, outcome, method):
    frame = read_table(results / "tables" / "estimates.parquet", schema="estimates")
    return frame.row(
        by_predicate=(pl.col("exposure") == exposure) & (pl.col("outcome") == outcome) & (pl.col("method") == method),
        named=True,
    )


def _diagnostic(results, exposure, outcome, method, name):
    frame = read_table(results / "tables" / "diagnostics.parquet", schema="diagnostics")
    return frame.filter(exposure=exposure, outcome=outcome, method=method, name=name).row(0, named=True)


def _text(page):
    """Return what a reader sees of a report, on one line."""
    body = re.sub(r"<(script|style)\b.*?</\1>", " ", page, flags=re.DOTALL)
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", body)))


@pytest.fixture(scope="module")
def adiposity_page(adiposity_results):
    return _text((adiposity_results / "report.html").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def sclerostin_results(tmp_path_factory):
    from osteobiome.study import run_study
    from osteobiome.study.bundled import bundled_study

    folder = tmp_path_factory.mktemp("sclerostin") / "results"
    assert run_study(bundled_study("sclerostin-bone"), out=folder, workers=1).n_failed == 0
    return folder


@pytest.fixture(scope="module")
def sclerostin_page(sclerostin_results):
    return _text((sclerostin_results / "report.html").read_text(encoding="utf-8"))


# --- body fat and bone density (Bland et al. 2023, doi:10.1002/oby.23604) ----------------------------------------

ONE_SEX = {
    # outcome: (exposure, published beta, decimals in the text, variants, our own check in R of the same rows)
    "bmd_ls_men": ("body_fat_men_ls", -0.0306, 4, 142, -0.0306094),
    "bmd_ls_women": ("body_fat_women_ls", -0.00215, 5, 181, -0.00214941),
    "bmd_fn_men": ("body_fat_men_fn", -0.0156, 4, 142, -0.0155914),
}


@pytest.mark.parametrize("outcome", ONE_SEX)
def test_one_sex__reproduces_within_one_unit_of_the_last_digit(outcome, adiposity_results):
    exposure, published, decimals, n_variants, checked = ONE_SEX[outcome]
    ours = _estimate(adiposity_results, exposure, outcome, "ivw")
    assert abs(ours["beta"] - published) <= 10**-decimals
    assert ours["beta"] == pytest.approx(checked, rel=5e-6)
    assert ours["n_variants"] == n_variants
    assert ours["status"] == "ok"
    assert ours["is_primary"]
    assert ours["unit"] == "SD per % body fat"


def test_femoral_neck_of_women__keeps_182_variants(adiposity_results):
    """The publication prints 181; the file at hand keeps one more."""
    ours = _estimate(adiposity_results, "body_fat_women_fn", "bmd_fn_women", "ivw")
    assert ours["n_variants"] == 182
    assert ours["beta"] == pytest.approx(-0.00250612, rel=5e-6)


BOTH_SEXES = {
    # outcome: (beta, tolerance, Q as published, variants)
    "bmd_fn": (-0.0046, 0.0002, 548.1, 402),
    "bmd_fa": (-0.0144, 0.0002, 497.51, 404),
    "bmd_ls": (-0.0096, 5e-5, 583.72, 402),
}


@pytest.mark.parametrize("outcome", BOTH_SEXES)
def test_both_sexes__reproduce_with_our_own_harmonisation(outcome, adiposity_results):
    beta, tolerance, q, n_variants = BOTH_SEXES[outcome]
    ours = _estimate(adiposity_results, "body_fat", outcome, "ivw")
    assert ours["beta"] == pytest.approx(beta, abs=tolerance)
    assert ours["n_variants"] == n_variants
    cochran = _diagnostic(adiposity_results, "body_fat", outcome, "ivw", "cochran_q")
    assert cochran["statistic"] == pytest.approx(q, rel=0.01)
    assert cochran["df"] == n_variants - 1


def test_body_fat__loses_its_one_row_without_name(adiposity_results):
    """The first data row of the real exposure file has no identifier."""
    rows = read_table(adiposity_results / "tables" / "row_report.parquet", schema="row_report")
    (dropped,) = rows.filter(subject="body_fat", step="ingest", kind="fault").to_dicts()
    assert (dropped["reason"], dropped["count"], dropped["lines"]) == ("empty_id", 1, [2])
    assert (dropped["n_in"], dropped["n_kept"]) == (435, 434)
    assert rows.filter(step="ingest", kind="fault").height == 1


def test_adiposity__accounts_for_every_row(adiposity_results):
    rows = read_table(adiposity_results / "tables" / "row_report.parquet", schema="row_report")
    lost = pl.col("count").filter(pl.col("kind") != "note").sum().alias("lost")
    parts = rows.group_by("subject", "step").agg(pl.col("n_in").first(), pl.col("n_kept").first(), lost)
    assert parts.height == 24  # 12 files, 5 exposures, 7 pairs
    assert (parts["n_in"] == parts["n_kept"] + parts["lost"]).all()


def test_adiposity_report__warns_of_collider_bias_for_each_sex(adiposity_page):
    flag = adiposity_page[adiposity_page.index("Collider bias") :][:900]
    for name in ("Lumbar spine BMD (men)", "Femoral neck BMD (men)", "Lumbar spine BMD (women)", "(women)", "weight"):
        assert name in flag
    assert "Adjustment unknown" in adiposity_page  # the outcomes of both sexes: not stated in the trait table


def test_adiposity_report__shows_the_published_numbers_and_what_differs(adiposity_page):
    section = adiposity_page[adiposity_page.index("Beside the published numbers") :]
    assert "No cause is claimed" in section
    assert "Rounding" in section
    assert "402 / 402" in section
    assert "181 / 182" in section
    assert "Supplementary Table 8" in section


def test_adiposity_report__shows_the_dropped_row(adiposity_page):
    assert "Broken rows dropped" in adiposity_page
    assert "1 of 435 rows" in adiposity_page
    assert "(line 2)" in adiposity_page


# --- sclerostin (Staley et al. 2025, doi:10.1002/art.42751) ------------------------------------------------------

SCLEROSTIN = {
    # outcome: (beta per SD lower, standard error) as published for the fixed-effect model
    "GCST011365": (0.2966, 0.1446),
    "GCST005194": (0.1670, 0.1079),
}


@pytest.mark.parametrize("method", ["ivw_ld", "ivw_ld_fixed"])
@pytest.mark.parametrize("outcome", SCLEROSTIN)
def test_sclerostin__reproduces_the_published_effects(outcome, method, sclerostin_results):
    """Q is below its degrees of freedom, so both models have the same standard error."""
    beta, se = SCLEROSTIN[outcome]
    ours = _estimate(sclerostin_results, "sclerostin", outcome, method)
    assert abs(ours["beta"] - beta) <= 1e-4
    assert abs(ours["se"] - se) <= 1e-4
    assert ours["unit"] == "log odds per SD lower exposure"
    assert ours["n_variants"] == 5


@pytest.mark.parametrize(
    ("outcome", "beta", "se", "unit"),
    [
        ("GCST006979", 0.855, 0.034, "SD per SD lower exposure"),
        ("GCST006980", -1.038, 0.121, "log odds per SD lower exposure"),
    ],
)
def test_sclerostin__raises_bone_density_and_lowers_fracture(outcome, beta, se, unit, sclerostin_results):
    fixed = _estimate(sclerostin_results, "sclerostin", outcome, "ivw_ld_fixed")
    assert fixed["beta"] == pytest.approx(beta, abs=5e-4)
    assert fixed["se"] == pytest.approx(se, abs=5e-4)
    assert fixed["unit"] == unit
    assert _estimate(sclerostin_results, "sclerostin", outcome, "ivw_ld")["beta"] == pytest.approx(fixed["beta"])


def test_sclerostin__variants_disagree_about_bone_density(sclerostin_results):
    q = _diagnostic(sclerostin_results, "sclerostin", "GCST006979", "ivw_ld_fixed", "cochran_q")
    assert q["statistic"] == pytest.approx(93.1, abs=0.05)
    assert q["df"] == 4
    random = _estimate(sclerostin_results, "sclerostin", "GCST006979", "ivw_ld")
    fixed = _estimate(sclerostin_results, "sclerostin", "GCST006979", "ivw_ld_fixed")
    assert random["se"] / fixed["se"] == pytest.approx((q["statistic"] / q["df"]) ** 0.5, rel=1e-9)


def test_sclerostin__agrees_with_every_published_number(sclerostin_results):
    published = read_table(sclerostin_results / "tables" / "published.parquet", schema="published")
    assert published.height == 9
    for row in published.to_dicts():
        ours = _estimate(sclerostin_results, row["exposure"], row["outcome"], row["method"])
        # the LD matrix at hand has four decimals: good for a few ten-thousandths of a standard error
        assert ours["beta"] == pytest.approx(row["published_beta"], abs=5e-4 * row["published_se"])
        assert ours["se"] == pytest.approx(row["published_se"], rel=2e-5)
        assert ours["n_variants"] == row["published_n_variants"]


def test_sclerostin_report__says_that_exposure_is_lowered(sclerostin_page):
    assert "per SD lower exposure" in sclerostin_page
    assert "Lower genetically predicted circulating sclerostin" in sclerostin_page
    assert "Effects are stated per unit lower exposure" in sclerostin_page
    assert "consistent with causation" in sclerostin_page


def test_sclerostin_report__says_that_instruments_were_given(sclerostin_page):
    assert "Instruments given" in sclerostin_page
    assert "doi:10.1002/art.42538" in sclerostin_page
    assert "exploratory" in sclerostin_page


# --- the same with instruments from the whole region in UK Biobank ------------------------------------------------


def _table(results, name):
    return read_table(results / "tables" / f"{name}.parquet", schema=name)


def test_region__gives_the_three_instruments_that_the_authors_list(sclerostin_results):
    """Of 1,075 variants; every other one has its reason."""
    rows = _table(sclerostin_results, "row_report").filter(subject="sclerostin_ukb", step="instruments")
    assert dict(rows.select("reason", "count").rows()) == {
        "above_p_threshold": 948,
        "not_in_ld_matrix": 6,
        "palindromic_strand_unknown": 1,
        "clumped": 117,
    }
    assert rows.select("n_in", "n_kept").unique().rows() == [(1075, 3)]
    used = _table(sclerostin_results, "harmonised").filter(exposure="sclerostin_ukb", outcome="GCST006979")
    assert used["rsid"].to_list() == ["rs1513671", "rs80107551", "rs865429"]


@pytest.mark.parametrize(
    ("outcome", "beta", "fixed_se", "random_se"),
    [("GCST006979", 0.52397, 0.02410, 0.19254), ("GCST006980", -0.64902, 0.08531, 0.18054)],
)
def test_region__agrees_with_the_five_variants_about_bone(outcome, beta, fixed_se, random_se, sclerostin_results):
    """Numbers of the README; recomputed by inverting the covariance in numpy, from the files alone."""
    fixed = _estimate(sclerostin_results, "sclerostin_ukb", outcome, "ivw_ld_fixed")
    random = _estimate(sclerostin_results, "sclerostin_ukb", outcome, "ivw_ld")
    assert (fixed["beta"], fixed["se"]) == (pytest.approx(beta, abs=5e-5), pytest.approx(fixed_se, abs=5e-5))
    assert (random["beta"], random["se"]) == (pytest.approx(beta, abs=5e-5), pytest.approx(random_se, abs=5e-5))
    slow = _by_inversion(outcome)
    assert (fixed["beta"], fixed["se"]) == (pytest.approx(slow[0], rel=1e-9), pytest.approx(slow[1], rel=1e-9))
    assert random["q_value"] < 0.05


def _by_inversion(outcome):
    """Return estimate and standard error per unit lower sclerostin by the textbook formula, from the files."""
    import numpy as np

    from osteobiome.study.bundled import bundled_study

    folder = bundled_study("sclerostin-bone").parent / "data"
    names = ["rs1513671", "rs80107551", "rs865429"]

    def rows(file):
        frame = pl.read_csv(folder / file, separator="\t", infer_schema_length=0)
        return [frame.row(by_predicate=pl.col("rsid") == name, named=True) for name in names]

    counted = [row["effect_allele"] for row in rows("ld_variants.tsv.gz")]

    def effects(file):
        """Effects of the alleles that the matrix counts; the files are on one strand."""
        return np.array(
            [
                float(r["beta"]) * (1 if r["effect_allele"] == a else -1)
                for r, a in zip(rows(file), counted, strict=True)
            ]
        )

    r = np.array([[float(row[name]) for name in names] for row in rows("ld_r.tsv.gz")])
    se = np.array([float(row["standard_error"]) for row in rows(f"{outcome}.tsv.gz")])
    weight = np.linalg.inv(r * np.outer(se, se))
    x, y = -effects("sclerostin_ukb.tsv.gz"), effects(f"{outcome}.tsv.gz")
    return (x @ weight @ y) / (x @ weight @ x), (x @ weight @ x) ** -0.5


def test_region__finds_nothing_among_the_other_traits(sclerostin_results):
    others = _table(sclerostin_results, "estimates").filter(
        pl.col("family").str.ends_with("other-traits") & pl.col("is_primary")
    )
    assert others.height == 36
    assert (others["status"] == "ok").all()
    assert others["q_value"].min() > 0.05


def test_region__names_what_a_palindrome_without_frequency_costs(sclerostin_results):
    """Type 2 diabetes of Mahajan 2022 has no frequencies, and one of the three is C/G."""
    ours = _estimate(sclerostin_results, "sclerostin_ukb", "GCST90132183", "ivw_ld")
    assert ours["n_variants"] == 2
    rows = _table(sclerostin_results, "row_report").filter(subject="sclerostin_ukb -> GCST90132183")
    assert rows.filter(kind="policy").select("reason", "count").rows() == [("palindromic_without_frequency", 1)]


def test_region__is_drawn_with_its_genes(sclerostin_results):
    regional = _table(sclerostin_results, "regional")
    assert regional.group_by("trait_id", maintain_order=True).len().rows() == [
        ("sclerostin_ukb", 1075), ("GCST006979", 456), ("GCST006980", 465), ("GCST011365", 468),
    ]  # fmt: skip
    assert regional.filter("is_lead")["rsid"].to_list() == ["rs1513671"] * 4
    known = regional.filter(trait_id="sclerostin_ukb")["ld_r2"]
    assert (known.len() - known.null_count(), known.max()) == (532, 1.0)
    r2 = dict(regional.filter(trait_id="GCST006979").select("rsid", "ld_r2").rows())
    assert r2["rs80107551"] < 0.1
    genes = _table(sclerostin_results, "genes")
    assert genes.row(by_predicate=pl.col("gene") == "SOST") == ("SOST", "SOST", 17, 41831099, 41836156, -1)
    assert genes.height == 8


def test_bundled_data__stay_small():
    """They are in the wheel."""
    from osteobiome.study.bundled import bundled_study

    folder = bundled_study("sclerostin-bone").parent
    assert sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) < 2_000_000


# --- correlated eQTLs taken as independent: a negative example -----------------------------------------------------


@pytest.fixture(scope="module")
def eqtl_results(adiposity_file, tmp_path_factory):
    from osteobiome.study import run_study

    folder = tmp_path_factory.mktemp("eqtl") / "results"
    study = adiposity_file.parents[1] / "eqtl-osteoporosis" / "study.toml"
    assert run_study(study, out=folder, workers=1).n_failed == 0
    return folder


@pytest.mark.parametrize(
    ("method", "beta", "se", "q", "df"),
    [
        ("ivw", -0.000580515378499242, 0.000130849383008571, 252.017876220233, 591),
        ("egger", 0.00129177027360344, 0.000258208508410687, 181.272196824446, 590),
    ],
)
def test_eqtl__repeats_the_published_arithmetic(method, beta, se, q, df, eqtl_results):
    """The numbers of table.MRresult.csv and table.heterogeneity.csv, and what is wrong with them: the signs differ."""
    ours = _estimate(eqtl_results, "ythdf3", "osteoporosis", method)
    assert (ours["beta"], ours["se"]) == (pytest.approx(beta, rel=1e-10), pytest.approx(se, rel=1e-10))
    assert ours["n_variants"] == 592
    name = "cochran_q" if method == "ivw" else "rucker_q"
    test = _diagnostic(eqtl_results, "ythdf3", "osteoporosis", method, name)
    assert (test["statistic"], test["df"]) == (pytest.approx(q, rel=1e-10), df)


def test_eqtl__has_the_published_intercept(eqtl_results):
    test = _diagnostic(eqtl_results, "ythdf3", "osteoporosis", "egger", "egger_intercept")
    assert test["estimate"] == pytest.approx(-0.000294627101280338, rel=1e-10)
    assert test["se"] == pytest.approx(3.50285961325007e-05, rel=1e-10)
    assert 10 ** -test["neg_log_10_p_value"] == pytest.approx(3.06757913042087e-16, rel=1e-6)


def test_eqtl__knows_where_its_variants_lie_and_which_are_proxies(eqtl_results):
    """They are within 0.7 Mb of each other, which is what a warning can go by."""
    rows = _table(eqtl_results, "harmonised")
    assert (rows["chromosome"].unique().to_list(), rows["matched_by"].unique().to_list()) == ([8], ["position"])
    assert (rows["position"].min(), rows["position"].max()) == (63521815, 64211673)
    notes = _table(eqtl_results, "row_report").filter(kind="note", subject="osteoporosis")
    assert dict(notes.select("reason", "count").rows())["proxy_in_place_of_variant"] == 22


# --- what a user types -------------------------------------------------------------------------------------------


def test_demo__prints_the_table_and_the_path_of_the_report(shell, tmp_path, sclerostin_results, table_bytes):
    """As in the README, in an empty folder; the tables are those of the library call."""
    ran = shell("demo", cwd=tmp_path)
    assert ran.code == 0, ran.err
    assert "Does lowering sclerostin raise bone mass" in ran.out
    assert "Myocardial infarction" in ran.out
    assert "0.2966" in ran.out
    assert "Report: osteobiome-demo/report.html" in ran.out
    assert "[30/30] report sclerostin-bone: done" in ran.err
    assert table_bytes(tmp_path / "osteobiome-demo") == table_bytes(sclerostin_results)


def test_demo__gives_programs_one_document(shell, tmp_path):
    ran = shell("demo", "--out", tmp_path / "out", "--workers", 1, "--json")
    assert ran.code == 0
    assert {"study", "tables", "report", "seconds"} <= set(ran.json)
    assert ran.json["study"] == "sclerostin-bone"
    assert ran.json["report"] == str(tmp_path / "out" / "report.html")
    assert (tmp_path / "out" / "report.html").is_file()
    assert ran.json["tables"]["estimates"].endswith("tables/estimates.parquet")
    assert ran.err == ""
