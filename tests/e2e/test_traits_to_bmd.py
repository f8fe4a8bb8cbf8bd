"""Many traits against bone density: most have too few instruments, and the study says so instead of hiding it."""

from __future__ import annotations

import csv
import tomllib
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from scipy.stats import norm

from osteobiome.store import read_table

pytestmark = pytest.mark.slow

REPOSITORY = Path(__file__).parents[2]
FOLDER = REPOSITORY / "examples" / "traits-to-bmd"
LAYERS = ("adiposity", "metabolite", "immune", "neuroendocrine")
SITES = ("bmd_fn", "bmd_ls", "bmd_fa")
NAMES = {
    # file: (trait, p, effect allele, other allele, frequency, effect, standard error, sample size)
    "mrbase_instruments.tsv.gz": ("id.exposure", "pval.exposure", "effect_allele.exposure", "other_allele.exposure",
                                  "eaf.exposure", "beta.exposure", "se.exposure", "samplesize.exposure"),
    "metab_qtls.tsv.gz": ("phenotype", "pval", "effect_allele", "other_allele", "eaf", "beta", "se", "n"),
    "proteomic_qtls.tsv.gz": ("analyte", "pval", "effect_allele", "other_allele", "eaf", "beta", "se", None),
}  # fmt: skip
PALINDROMES = {frozenset("AT"), frozenset("CG")}


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    from osteobiome.study import run_study

    folder = tmp_path_factory.mktemp("traits") / "results"
    assert run_study(FOLDER / "study.toml", out=folder, workers=1).n_failed == 0
    return folder


@pytest.fixture(scope="module")
def primary(results):
    return _table(results, "estimates").filter("is_primary")


@pytest.fixture(scope="module")
def traits():
    with (FOLDER / "traits.csv").open(encoding="utf-8", newline="") as handle:
        return {row["trait_id"]: row for row in csv.DictReader(handle)}


def _table(results, name):
    return read_table(results / "tables" / f"{name}.parquet", schema=name)


def _text_table(name):
    return pl.read_csv(FOLDER / "data" / name, separator="\t", infer_schema_length=0, null_values=["NA"])


def _instruments(trait):
    """Return the rows of one trait, read without our readers."""
    file = trait["file"].removeprefix("data/")
    wanted = ("trait", "p", "effect_allele", "other_allele", "eaf", "beta", "se", "n")
    found = {ours: theirs for ours, theirs in zip(wanted, NAMES[file], strict=True) if theirs}
    numbers = [pl.col(name).cast(pl.Float64) for name in ("p", "eaf", "beta", "se", "n") if name in found]
    table = _text_table(file).select("SNP", **{ours: pl.col(theirs) for ours, theirs in found.items()})
    alleles = pl.col("effect_allele", "other_allele").str.to_uppercase()  # a few traits have small letters
    return table.filter(pl.col("trait") == trait["trait_in_file"]).with_columns(alleles, *numbers)


def _look_ups(trait):
    columns = [f"{name}.outcome" for name in ("effect_allele", "other_allele", "eaf", "beta", "se")]
    return _text_table(trait["file"].removeprefix("data/")).select(
        "SNP", *columns[:2], *(pl.col(name).cast(pl.Float64) for name in columns[2:])
    )


def _exposures(primary, layer):
    return set(primary.filter(family=f"{layer}-to-bone")["exposure"])


def test_study__declares_more_than_thirty_exposures_of_four_layers(primary):
    by_layer = {layer: _exposures(primary, layer) for layer in LAYERS}
    assert {layer: len(names) for layer, names in by_layer.items()} == {
        "adiposity": 16, "metabolite": 18, "immune": 10, "neuroendocrine": 12,
    }  # fmt: skip
    assert len(set().union(*by_layer.values())) == 56
    for layer, names in by_layer.items():  # every exposure at every site, estimable or not
        pairs = set(primary.filter(family=f"{layer}-to-bone").select("exposure", "outcome").rows())
        assert pairs == {(name, site) for name in names for site in SITES}


def test_every_pair__uses_the_variants_that_the_files_share(primary, results, traits):
    """Counted from the files alone; what is common is used, or dropped as a palindrome that frequency cannot settle."""
    rows = _table(results, "row_report").filter(step="harmonise", reason="palindromic_ambiguous_frequency")
    dropped = dict(rows.select("subject", "count").rows())
    assert sum(dropped.values()) > 0
    checked = set()
    for row in primary.filter(pl.col("outcome") != "body_fat_bland").to_dicts():
        strong = _instruments(traits[row["exposure"]]).filter(pl.col("p") <= 5e-8)
        both = strong.join(_look_ups(traits[row["outcome"]]), on="SNP")
        lost = dropped.get(f"{row['exposure']} -> {row['outcome']}", 0)
        palindromes = [
            pair for pair in both.select("effect_allele", "other_allele").rows() if frozenset(pair) in PALINDROMES
        ]
        assert lost <= len(palindromes)
        assert row["n_variants"] == both.height - lost, (row["exposure"], row["outcome"])
        checked.add(row["status"])
    assert checked == {"ok", "no_common_variants"}


def test_pair_without_a_variant__has_a_reason_and_no_number(primary):
    """111 of 188: a count that the README prints."""
    empty = primary.filter(pl.col("n_variants") == 0)
    assert (primary.height, empty.height) == (188, 111)
    assert empty["status"].unique().to_list() == ["no_common_variants"]
    for name in ("beta", "se", "ci_low", "ci_high", "neg_log_10_p_value", "q_value"):
        assert empty[name].null_count() == 111
    assert empty["message"].str.starts_with("Not estimable: no instrument of the exposure was found").all()
    assert set(primary.filter(family="immune-to-bone")["status"]) == {"no_common_variants"}


def test_method_with_too_few_variants__says_so(results):
    """Two variants are enough for IVW and not for MR-Egger; with one, the Wald ratio stands in for the primary."""
    estimates = _table(results, "estimates")
    two = estimates.filter(exposure="hdl", outcome="bmd_fn")
    assert dict(two.select("method", "status").rows())["ivw"] == "ok"
    assert dict(two.select("method", "status").rows())["egger"] == "too_few_instruments"
    assert two.filter(method="egger")["beta"].to_list() == [None]
    one = estimates.filter(exposure="menarche", outcome="bmd_fn", is_primary=True).row(0, named=True)
    assert (one["method"], one["n_variants"], one["status"]) == ("wald_ratio", 1, "ok")


def test_q_values__are_benjamini_hochberg_within_each_family(primary):
    for (_,), family in primary.group_by("family"):
        tested = family.filter(pl.col("status") == "ok")
        p = 10.0 ** -tested["neg_log_10_p_value"].to_numpy()
        # the definition, not the algorithm: the smallest level at which the step-up procedure rejects the hypothesis
        levels = [min(len(p) * bound / np.count_nonzero(p <= bound) for bound in p[p >= own]) for own in p]
        np.testing.assert_allclose(tested["q_value"].to_numpy(), np.minimum(levels, 1.0), rtol=1e-9)


def test_no_trait__is_a_finding(primary):
    """Only the control has q below 0.05; the smallest p of the grid, 0.026, is one test of 135."""
    assert primary.filter(pl.col("q_value") < 0.05).select("exposure", "outcome").rows() == [
        ("giant_bmi", "body_fat_bland")
    ]
    grid = primary.filter(~pl.col("family").str.starts_with("control"))
    smallest = grid.sort("neg_log_10_p_value", descending=True, nulls_last=True).row(0, named=True)
    assert (smallest["exposure"], smallest["outcome"], smallest["n_variants"]) == ("childhood_obesity", "bmd_fa", 1)
    assert 10 ** -smallest["neg_log_10_p_value"] == pytest.approx(0.026, abs=5e-4)
    assert smallest["q_value"] > 0.5


@pytest.mark.parametrize(
    ("exposure", "outcome", "expected"),
    [("giant_bmi", "bmd_fn", -0.08874), ("giant_bmi", "bmd_fa", -0.05136), ("hdl", "bmd_ls", -0.3326)],
)
def test_estimate__equals_the_textbook_formula(exposure, outcome, expected, primary, traits):
    """From the raw tables; no palindrome among these variants, so alleles alone orient them."""
    both = _instruments(traits[exposure]).join(_look_ups(traits[outcome]), on="SNP")
    rows = both.to_dicts()
    assert not {frozenset((r["effect_allele"], r["other_allele"])) for r in rows} & PALINDROMES
    for r in rows:
        assert {r["effect_allele"], r["other_allele"]} == {r["effect_allele.outcome"], r["other_allele.outcome"]}
    sign = np.array([1.0 if r["effect_allele"] == r["effect_allele.outcome"] else -1.0 for r in rows])
    x, y, se = (both[name].to_numpy() for name in ("beta", "beta.outcome", "se.outcome"))
    weight = x**2 / se**2
    ratio = sign * y / x
    beta = np.average(ratio, weights=weight)
    scatter = np.sum(weight * (ratio - beta) ** 2) / (len(rows) - 1)
    error = np.sqrt(max(1.0, scatter) / weight.sum())
    ours = primary.filter(exposure=exposure, outcome=outcome).row(0, named=True)
    assert ours["beta"] == pytest.approx(beta, rel=1e-9)
    assert ours["beta"] == pytest.approx(expected, rel=1e-3)  # as printed in the README
    assert ours["se"] == pytest.approx(error, rel=1e-9)
    assert 10 ** -ours["neg_log_10_p_value"] == pytest.approx(2 * norm.sf(abs(beta) / error), rel=1e-7)


def test_controls__one_passed_one_unclear(results):
    controls = {row["exposure"]: row for row in _table(results, "controls").to_dicts()}
    assert controls["giant_bmi"]["verdict"] == "passed"
    assert controls["ukb_heel_bmd"]["verdict"] == "unclear"
    assert "Not estimable" in controls["ukb_heel_bmd"]["message"]


def test_control_of_sign__has_the_sign_in_every_variant(results):
    """Rows of the outcome are selected by p, which says nothing about their sign."""
    rows = _table(results, "harmonised").filter(exposure="giant_bmi", outcome="body_fat_bland")
    assert rows.height == 6
    assert (rows["wald_ratio"] > 0).all()


def test_report__opens_with_the_controls_and_counts_what_is_missing(results):
    page = (results / "report.html").read_text(encoding="utf-8")
    assert "Of 186 pairs in 6 families, 76 could be estimated" in page
    assert "111 pairs could not be estimated" in page
    assert "Positive control: passed" in page
    assert "Positive control: unclear" in page


# --- the trait table ----------------------------------------------------------------------------------------------


def test_units__are_those_of_the_files(traits):
    """MR-Base names the unit, UK Biobank apart: there, standard errors tell a standardised trait from a raw one.

    A raw body mass index has a standard deviation near 4.7, a body fat percentage near 8.
    """
    stated = dict(_text_table("mrbase_instruments.tsv.gz").select("id.exposure", "units.exposure").unique().rows())
    seen = 0
    for trait in traits.values():
        if trait["file"] != "data/mrbase_instruments.tsv.gz":
            continue
        unit, ours = stated[trait["trait_in_file"]], trait["unit"]
        if unit is None:
            rows = _instruments(trait)
            eaf = rows["eaf"]
            spread = (rows["se"] * (2 * eaf * (1 - eaf) * rows["n"]).sqrt()).median()
            assert ours == ("sd" if trait["trait_id"] != "sleep_duration" else "native:(unit not stated)")
            assert ours != "sd" or 0.6 < spread < 1.0, trait["trait_id"]
            seen += 1
        elif unit == "log odds":
            assert (ours, trait["type"]) == ("log_odds", "binary")
            assert int(trait["n_cases"]) < int(trait["n"])
        elif unit.startswith("SD"):
            assert ours == "sd"
        else:
            assert ours in {f"native:{unit}", f"native:{unit.removesuffix('s')}", "native:log(ng/mL)"}
    assert seen == 12


def test_every_trait__has_source_licence_and_stated_ignorance(traits):
    for trait in traits.values():
        assert trait["citation"].startswith("doi:10.")
        assert trait["adjusted_for"] == "unknown"
        assert trait["licence"] == ("CC0-1.0" if trait["trait_in_file"] else "none stated")


def test_data__hold_the_declared_traits_only(traits):
    for file, names in NAMES.items():
        declared = {t["trait_in_file"] for t in traits.values() if t["file"] == f"data/{file}"}
        assert set(_text_table(file)[names[0]]) == declared
    size = sum(path.stat().st_size for path in (FOLDER / "data").iterdir())
    assert size < 2_000_000


def test_archives__do_not_pack_the_examples():
    """The bone tables have no stated licence: a clone has them, wheel and source archive do not."""
    build = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]["build"][
        "targets"
    ]
    assert build["wheel"]["packages"] == ["src/osteobiome"]
    assert "examples" not in build["sdist"]["only-include"]
    assert not (REPOSITORY / "src" / "osteobiome" / "examples" / "traits-to-bmd").exists()
