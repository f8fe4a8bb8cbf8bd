"""The two studies that come with the package reproduce published numbers, and their reports say what they must."""

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


# --- what a user types -------------------------------------------------------------------------------------------


def test_demo__prints_the_table_and_the_path_of_the_report(shell, tmp_path, sclerostin_results, table_bytes):
    """As in the README, in an empty folder; the tables are those of the library call."""
    ran = shell("demo", cwd=tmp_path)
    assert ran.code == 0, ran.err
    assert "Does lowering sclerostin raise bone mass" in ran.out
    assert "Myocardial infarction" in ran.out
    assert "0.2966" in ran.out
    assert "Report: osteobiome-demo/report.html" in ran.out
    assert "[25/25] report sclerostin-bone: done" in ran.err
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
