"""The report: what it says about good and bad runs, what it never says, and that it loads nothing."""

from __future__ import annotations

import base64
import copy
import gzip
import html
import json
import re
from dataclasses import replace

import polars as pl
import pytest

from osteobiome.core.estimate import DOUBT, Status
from osteobiome.report import render
from osteobiome.report.cells import test_cells as cells_of
from osteobiome.report.content import read_content
from osteobiome.report.figures import pair_figures
from osteobiome.report.flags import flags
from osteobiome.report.methods_text import methods_paragraph, references
from osteobiome.report.sentences import effect_text, pair_sentence, q_text, study_sentences
from osteobiome.study import run_study


@pytest.fixture(scope="module")
def content(finished_once):
    """Return the content of a good run: one pair, three methods."""
    return read_content(finished_once.results)


def _set(frame, **values):
    """Return a table in which columns have one value in all rows."""
    return frame.with_columns(pl.lit(value, dtype=frame.schema[name]).alias(name) for name, value in values.items())


def _trait(content, trait_id, **values):
    """Return the content with other facts about one trait."""
    traits = content.traits
    for name, value in values.items():
        new = pl.when(pl.col("trait_id") == trait_id).then(pl.lit(value, dtype=traits.schema[name]))
        traits = traits.with_columns(new.otherwise(name).alias(name))
    return replace(content, traits=traits)


def _failed(content, status=Status.NO_COMMON_VARIANTS):
    """Return the content of a run in which nothing could be estimated."""
    empty = ("beta", "se", "ci_low", "ci_high", "neg_log_10_p_value", "q_value", "neg_log_10_q_value")
    nothing = dict.fromkeys(empty)
    estimates = _set(content.estimates, **nothing, status=str(status), message=status.message, n_variants=0)
    diagnostics = _set(content.diagnostics, statistic=None, estimate=None, se=None, neg_log_10_p_value=None)
    gone = {name: getattr(content, name).clear() for name in ("harmonised", "influence", "leave_one_out")}
    return replace(content, estimates=estimates, diagnostics=diagnostics, **gone)


def _many(content, count):
    """Return the content of a run of several pairs: outcomes y0, y1, ... in one family."""
    names = [f"y{i}" for i in range(count)]
    traits = [content.traits.filter(trait_id="x")]
    tables = {name: [] for name in ("estimates", "diagnostics", "harmonised", "influence", "leave_one_out")}
    for i, name in enumerate(names):
        trait = _set(content.traits.filter(trait_id="y"), trait_id=name, label=f"Outcome {i}")
        traits.append(trait)
        for table, parts in tables.items():
            parts.append(_set(getattr(content, table), outcome=name))
    rows = content.row_report.filter(pl.col("subject") == "x")
    joined = {table: pl.concat(parts) for table, parts in tables.items()}
    return replace(content, traits=pl.concat(traits), row_report=rows, **joined)


def _payload(page):
    """Return what the page carries packed, as the browser inflates it."""
    (block,) = re.findall(r'<script type="text/plain" id="packed-data">(.*?)</script>', page, flags=re.DOTALL)
    return json.loads(gzip.decompress(base64.b64decode(block)))


def _whole(page):
    """Return the page with everything that is shown on demand."""
    payload = _payload(page)
    return page + "".join(pair["html"] for pair in payload["pairs"]) + "".join(payload["rows"].values())


def _full(frame, like):
    """Return a table with the columns of another, null where it has none."""
    return pl.concat([like.clear(), frame], how="diagonal").select(like.columns).cast(dict(like.schema))


def _text(page):
    """Return what a reader sees, on one line, all parts opened."""
    page = _whole(page)
    body = re.sub(r"<(script|style)\b.*?</\1>", " ", page, flags=re.DOTALL)
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", body)))


def _flag(content, title):
    found = [flag for flag in flags(content) if flag.title == title]
    return found[0] if found else None


# --- the page ----------------------------------------------------------------------------------------------------

ORDER = (
    "trust", "results", "pairs", "sensitivity", "data", "instruments", "flow", "methods", "strobe", "references",
    "provenance",
)  # fmt: skip


def test_page__has_its_sections_in_reading_order(content):
    page = render(content)
    places = [page.index(f'<section id="{name}"') for name in ORDER]
    assert places == sorted(places)
    assert page.index("<h1>") < places[0]
    for name in ORDER:
        assert f'href="#{name}"' in page


def test_page__links_lead_somewhere(content):
    page = _whole(render(content))
    targets = set(re.findall(r'\bid="([^"]+)"', page))
    assert set(re.findall(r'href="#([^"]+)"', page)) <= targets
    assert set(re.findall(r'aria-labelledby="([^"]+)"', page)) <= targets


def test_page__loads_nothing(content):
    """One file that opens anywhere, without a request."""
    page = render(content)
    assert not re.search(r"<script[^>]*\bsrc\s*=", page, flags=re.IGNORECASE)
    body = re.sub(r"<script\b.*?</script>", "", page, flags=re.DOTALL)
    assert not re.search(r"<(img|iframe|object|embed|video|audio|source)\b", body, flags=re.IGNORECASE)
    links = re.findall(r"<link\b[^>]*>", page, flags=re.IGNORECASE)
    assert all('href="data:' in link for link in links)
    styles = "".join(re.findall(r"<style>(.*?)</style>", page, flags=re.DOTALL))
    assert styles
    assert "@import" not in styles
    assert "url(" not in styles
    assert "default-src 'none'" in page


def test_page__has_figures_as_data(content):
    page = render(content)
    payload = _payload(page)
    assert [figure["kind"] for figure in payload["study"]["figures"]] == ["forest"]
    (pair,) = payload["pairs"]
    kinds = [figure["kind"] for figure in pair["figures"]]
    assert kinds == ["scatter", "funnel", "leave_one_out", "single_variant"]
    places = re.findall(r'data-figure="([^"]+)"', page + pair["html"])
    assert places == ["study/0", "0/0", "0/1", "0/2", "0/3"]
    variants = pair["figures"][0]["datasets"]["variants"]
    assert len(pair["columns"][variants["x"]]) == 40


def test_page__figures_unpack_to_what_was_drawn(content):
    """Skeleton, differences and columns give back each specification; numbers are rounded to six digits."""
    payload = _payload(render(content))
    row = content.primary().row(0, named=True)
    for packed, figure in zip(payload["pairs"][0]["figures"], pair_figures(content, row), strict=True):
        spec = copy.deepcopy(payload["skeletons"][packed["kind"]])
        for path, value in packed["changes"]:
            node = spec
            for key in path[:-1]:
                node = node[key]
            node[path[-1]] = value
        assert spec == {key: value for key, value in figure.spec.items() if key != "datasets"}
        for name, rows in figure.datasets.items():
            for key, place in packed["datasets"][name].items():
                values = payload["pairs"][0]["columns"][place]
                exact = [r[key] for r in rows]
                is_text = any(isinstance(value, str) for value in exact)
                assert values == (exact if is_text else pytest.approx(exact, rel=5e-5))


def test_page__says_what_made_it(content):
    text = _text(render(content))
    section = text[text.rindex("Provenance") :]
    assert "osteobiome" in section
    assert "polars" in section
    sha = content.traits["sha256"][0]
    assert sha in render(content)


def test_page__shows_every_row_of_the_flow(content):
    text = _text(render(content))
    section = text[text.index("Flow of variants", text.index("Rows in, rows kept") - 60) :]
    for name in ("file read Exposure X 40 40", "file read Outcome Y 40 40", "instruments Exposure X 40 40"):
        assert name in section
    assert "met in outcome Exposure X → Outcome Y 40 40" in section


def test_page__prints_unknown_where_nothing_is_known(content):
    text = _text(render(_trait(content, "y", licence="", cohorts="", ancestry="")))
    row = text[text.index("Outcome Y bone") :][:200]
    assert row.count("unknown") == 3


def test_page__keeps_letters_of_any_script(content):
    page = render(_trait(content, "x", label="β-υδροξυβουτυρικό → “quoted” & more"))
    assert "β-υδροξυβουτυρικό" in page
    assert "β-υδροξυβουτυρικό → “quoted” & more → Outcome Y" in _text(page)


HOSTILE = '<script>alert(1)</script><img src=x onerror="alert(2)">'


@pytest.mark.parametrize("field", ["label", "citation", "licence", "ancestry", "cohorts", "adjusted_for", "file"])
def test_page__never_runs_what_a_trait_table_says(field, content):
    page = render(_trait(content, "y", **{field: HOSTILE}))
    assert "<script>alert(1)" not in page
    assert "<img src=x" not in page
    assert "</script><img" not in page


def test_page__never_runs_what_a_study_says(content):
    study = content.study | {"title": HOSTILE, "given": {"x": HOSTILE}}
    page = render(replace(content, study=study))
    assert "<script>alert(1)" not in page
    assert "<img src=x" not in page


def test_page__never_runs_what_a_file_says(content):
    """Variant names come from files of others."""
    page = render(replace(content, harmonised=_set(content.harmonised, rsid=HOSTILE)))
    assert "<script>alert(1)" not in page
    assert "<img src=x" not in page
    assert page.count("</script>") == render(content).count("</script>")


def test_page__carries_all_variants_of_a_pair(content):
    """The browser shows the strongest first and the others when asked."""
    (pair,) = _payload(render(content))["pairs"]
    shown = {name: pair["columns"][place] for name, place in pair["variants"].items()}
    assert set(shown) == {"rsid", "raises", "other", "x", "sx", "y", "sy", "ratio", "se", "q", "cook"}
    assert all(len(values) == 40 for values in shown.values())
    assert min(shown["x"]) > 0
    assert shown["ratio"] == pytest.approx(content.harmonised["wald_ratio"].to_list(), rel=5e-5)


def test_page__gives_numbers_in_full_on_hover(content):
    beta = content.primary()["beta"][0]
    assert f'title="estimate {beta!r}, standard error' in render(content)


def test_page__never_writes_a_hyphen_for_a_minus(content):
    estimates = content.estimates.with_columns(-pl.col("beta"), -pl.col("ci_low"), -pl.col("ci_high"))
    text = _text(render(replace(content, estimates=estimates)))
    assert "−0.2989" in text
    assert not re.search(r"[ (]-\d", text)


def test_page__never_calls_an_effect_causal(content):
    text = _text(render(content))
    for word in ("proves", "is causal", "causal effect of", "causes "):
        assert word not in text
    assert "consistent with causation if the assumptions below hold" in text


# --- one pair that failed ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [status for status in Status if status is not Status.OK])
def test_failed_pair__is_said_everywhere_and_has_no_number(status, content):
    failed = _failed(content, status)
    text = _text(render(failed))
    assert status.message in text
    assert str(status).replace("_", " ") in text
    assert not re.search(r"\b(None|nan)\b", text)
    flag = _flag(failed, "Not estimable")
    assert flag.level == "caution"
    assert "1 pair could not be estimated: Exposure X → Outcome Y" in flag.text
    assert 'data-figure="forest' not in render(failed)


def test_failed_pair__opens_the_report_with_the_reason(content):
    (sentence,) = study_sentences(_failed(content))
    assert sentence.startswith("Exposure X and Outcome Y: Not estimable: no instrument")


def test_many_failed_pairs__are_counted(content):
    failed = _failed(_many(content, 7))
    assert "7 pairs could not be estimated" in _flag(failed, "Not estimable").text
    opening = study_sentences(failed)[0]
    assert opening == "Of 7 pairs in 1 family, 0 could be estimated; none has q below 0.05 within its family."
    render(failed)


# --- sentences ---------------------------------------------------------------------------------------------------


def _primary(content, **values):
    return content.primary().row(0, named=True) | values


def test_sentence__of_a_finding_has_direction_effect_and_caveat(content):
    sentence = pair_sentence(content, _primary(content))
    assert sentence.startswith("Higher genetically predicted exposure X goes with higher outcome Y: 0.2989 ")
    assert "SD per SD (95 % interval " in sentence
    assert ", 40 variants; consistent with causation" in sentence
    assert "q =" not in sentence  # one test: q is p


def test_sentence__of_a_negative_effect_says_lower(content):
    sentence = pair_sentence(content, _primary(content, beta=-0.3, ci_low=-0.4, ci_high=-0.2))
    assert "goes with lower outcome Y: −0.3000" in sentence


def test_sentence__of_a_binary_outcome_speaks_of_odds(content):
    binary = _trait(content, "y", type="binary", unit="log_odds", label="Fracture")
    assert "goes with higher odds of fracture" in pair_sentence(binary, _primary(content))
    linear = _trait(content, "y", type="binary", unit="native:probability", label="Fracture")
    assert "goes with higher frequency of fracture" in pair_sentence(linear, _primary(content))


def test_sentence__of_correlated_variants_counted_as_independent_is_no_finding(content):
    row = _primary(content)
    assert content.is_finding(row)
    doubt = {"family": "main", "exposure": "x", "outcome": "y", "method": "independence", "name": DOUBT,
             "message": "592 variants in 1 locus are counted as independent"}  # fmt: skip
    more = pl.concat([content.diagnostics, pl.DataFrame([doubt]).pipe(_full, content.diagnostics)])
    doubtful = replace(content, diagnostics=more)
    assert not doubtful.is_finding(row)
    sentence = pair_sentence(doubtful, row)
    assert "no finding whatever its p, as 592 variants in 1 locus are counted as independent" in sentence
    assert "consistent with causation" not in sentence


def test_sentence__of_a_lowered_exposure_says_so(content):
    families = [family | {"exposure_direction": "lower"} for family in content.study["families"]]
    lowered = replace(content, study=content.study | {"families": families})
    assert pair_sentence(lowered, _primary(content)).startswith("Lower genetically predicted")
    assert "per unit lower exposure" in methods_paragraph(lowered)


def test_sentence__of_no_finding_claims_nothing(content):
    row = _primary(content, q_value=0.2, neg_log_10_p_value=0.7, ci_low=-0.1)
    sentence = pair_sentence(content, row)
    assert "is not clearly related to" in sentence
    assert "consistent with no effect" in sentence
    assert not content.is_finding(row)


def test_sentence__of_an_interval_without_zero_does_not_speak_of_no_effect(content):
    """Many tests explain it, but "no effect" would be too much."""
    many = _many(content, 3)
    sentence = pair_sentence(many, _primary(many, q_value=0.06))
    assert "is not clearly related to" in sentence
    assert "no finding once 3 tests of the family are counted" in sentence
    assert "no effect" not in sentence


def test_sentence__of_several_tests_has_q(content):
    many = _many(content, 3)
    assert "over 3 tests" in pair_sentence(many, many.primary().row(0, named=True))


@pytest.mark.parametrize(("label", "shown"), [("Body fat", "body fat"), ("BMD", "BMD"), ("IL-6", "IL-6"), ("X", "X")])
def test_sentence__keeps_abbreviations(label, shown, content):
    assert f"goes with higher {shown}:" in pair_sentence(_trait(content, "y", label=label), _primary(content))


def test_opening__of_a_large_study_gives_the_essentials(content):
    many = _many(content, 12)
    opening, *rest = study_sentences(many)
    assert opening.startswith("Of 12 pairs in 1 family, 12 could be estimated; 12 have q below 0.05")
    assert len(rest) == 9
    assert rest[-1] == "4 further pairs with q below 0.05 in the table."


def test_opening__of_a_large_study_without_finding_shows_the_smallest_p(content):
    many = _many(content, 6)
    quiet = replace(many, estimates=_set(many.estimates, q_value=0.6, neg_log_10_p_value=0.5))
    opening, *rest = study_sentences(quiet)
    assert "none has q below 0.05" in opening
    assert rest[0].startswith("The smallest p value: ")


@pytest.mark.parametrize(
    ("score", "shown"), [(None, "–"), (1.91, "0.012"), (0.0, "1.0"), (12.0, "1.0 × 10⁻¹²"), (400.0, "1.0 × 10⁻⁴⁰⁰")]
)
def test_q_text__is_readable_at_any_size(score, shown):
    """A q below the smallest double is shown as what it is, not as 0."""
    assert q_text({"neg_log_10_q_value": score}) == shown


def test_effect_text__has_digits_of_the_standard_error():
    row = {"beta": -0.03061, "se": 0.0132, "unit": "SD", "level": 0.95, "ci_low": -0.05656, "ci_high": -0.00466}
    assert effect_text(row) == "−0.0306 SD (95 % interval −0.0566 to −0.0047)"


# --- flags -------------------------------------------------------------------------------------------------------


def test_flags__come_with_cautions_first(content):
    order = [flag.level for flag in flags(_failed(content))]
    assert order == sorted(order, key=("caution", "note", "good").index)


def test_flags__lead_to_sections_that_exist(content):
    assert {flag.anchor for flag in flags(content)} <= {*ORDER, ""}


def test_simulated_study__says_so_everywhere(content):
    simulated = replace(content, study=content.study | {"simulated": True})
    assert _flag(content, "Simulated data") is None
    assert _flag(simulated, "Simulated data").level == "caution"
    page = render(simulated)
    header = page[page.index("<header>") : page.index("</header>")]
    assert "Simulated data" in header
    assert "Simulated" not in _text(render(content))


@pytest.mark.parametrize("text", ["", "unknown", None])
def test_unknown_adjustment__is_a_note(text, content):
    flag = _flag(_trait(content, "y", adjusted_for=text), "Adjustment unknown")
    assert flag.level == "note"
    assert "Outcome Y" in flag.text
    assert _flag(content, "Adjustment unknown") is None  # "none" is known


def test_adjustment_for_weight__is_a_caution_and_worse_for_an_exposure_about_weight(content):
    adjusted = _trait(content, "y", adjusted_for="age; weight", body_size_covariates=["weight"])
    flag = _flag(adjusted, "Collider bias by adjustment")
    assert flag.level == "caution"
    assert "Outcome Y was adjusted for weight" in flag.text
    assert "If the exposure affects it" in flag.text
    fat = _trait(adjusted, "x", label="Body fat percentage")
    assert "The exposure is itself about body size" in _flag(fat, "Collider bias by adjustment").text
    assert "Collider bias" in _text(render(adjusted))


def test_same_cohort__is_a_caution(content):
    same = _trait(_trait(content, "x", cohorts="UKB; FinnGen"), "y", cohorts="UKB")
    flag = _flag(same, "Samples overlap")
    assert flag.level == "caution"
    assert "(UKB)" in flag.text
    assert _flag(content, "Samples overlap") is None
    assert _flag(content, "No declared overlap").level == "good"


@pytest.mark.parametrize("cohorts", ["", "unknown", None])
def test_unknown_cohort__is_a_note(cohorts, content):
    flag = _flag(_trait(content, "y", cohorts=cohorts), "Overlap unknown")
    assert flag.level == "note"
    assert _flag(_trait(content, "y", cohorts=cohorts), "No declared overlap") is None


def test_other_ancestry__is_a_caution(content):
    assert "Outcome Y" in _flag(_trait(content, "y", ancestry="EAS"), "Ancestries differ").text
    assert _flag(content, "Ancestries differ") is None


def test_weak_instruments__are_a_caution(content):
    weak = content.diagnostics.with_columns(
        pl.when(pl.col("name") == "mean_f").then(4.0).otherwise("statistic").alias("statistic")
    )
    flag = _flag(replace(content, diagnostics=weak), "Weak instruments")
    assert flag.level == "caution"
    assert "Exposure X → Outcome Y" in flag.text
    assert _flag(content, "Instrument strength").level == "good"


def _p(content, name, score):
    is_test = pl.col("name") == name
    changed = content.diagnostics.with_columns(
        pl.when(is_test).then(score).otherwise("neg_log_10_p_value").alias("neg_log_10_p_value")
    )
    return replace(content, diagnostics=changed)


def test_heterogeneity__is_a_caution(content):
    flag = _flag(_p(content, "cochran_q", 5.0), "Variants disagree")
    assert flag.level == "caution"
    assert "In 1 pair" in flag.text
    assert "p = 1.0 × 10⁻⁵" in flag.text
    assert _flag(_p(content, "cochran_q", 1.0), "Variants disagree") is None


def test_intercept__is_a_caution_or_a_comfort(content):
    assert _flag(_p(content, "egger_intercept", 3.0), "Directional pleiotropy").level == "caution"
    assert _flag(_p(content, "egger_intercept", 0.3), "Directional pleiotropy").level == "note"


def test_broken_rows__are_listed_with_lines(content):
    broken = content.row_report.filter(subject="x", step="ingest").head(1)
    broken = _set(broken, kind="fault", reason="missing_beta", count=3).with_columns(
        pl.lit([4, 7, 9], dtype=pl.List(pl.Int64)).alias("lines")
    )
    flag = _flag(replace(content, row_report=pl.concat([content.row_report, broken])), "Broken rows dropped")
    assert "Exposure X: 3 of 40 rows" in flag.text
    assert "line 4, 7, 9" in flag.text
    assert _flag(content, "Clean files").level == "good"


def test_given_instruments__are_named_with_their_source(content):
    given = replace(content, study=content.study | {"given": {"x": "Table 2 of the paper"}})
    flag = _flag(given, "Instruments given")
    assert "Table 2 of the paper" in flag.text
    assert flag.level == "note"
    assert "Table 2 of the paper" in methods_paragraph(given)
    assert "Instruments were variants with p <" not in methods_paragraph(given)


def test_no_panel__is_a_note_about_independence(content):
    assert "nothing was clumped" in _flag(content, "Independence not checked").text


def test_no_control__is_a_note(content):
    assert "no positive and no negative control" in _flag(content, "Controls").text


def test_controls__come_before_all_flags(content):
    row = _primary(content)
    control = {
        "kind": "positive", "family": row["family"], "exposure": "x", "outcome": "y", "method": "ivw",
        "expected": "increases", "verdict": "failed", "message": "it was not found.", "note": "Known since 1990.",
    }  # fmt: skip
    declared = replace(content, controls=pl.DataFrame([control], schema=content.controls.schema))
    assert _flag(declared, "Controls") is None
    text = _text(render(declared))
    trust = text[text.index("Can you trust this run?", text.index("Provenance")) :]
    assert trust.index("Positive control: failed") < trust.index("good to know")
    assert "Known since 1990." in trust


# --- methods -----------------------------------------------------------------------------------------------------


def test_methods__name_what_ran_and_nothing_else(content):
    text = methods_paragraph(content)
    assert "Primary estimator, declared before the run: Inverse-variance weighted" in text
    assert "Sensitivity analyses: " in text
    assert "MR-Egger" in text
    assert "5 × 10⁻⁸" in text
    assert "GRCh37" in text
    for absent in ("LD matrix", "Wald ratio", "lower exposure", "were given"):
        assert absent not in text
    alone = replace(content, methods=content.methods.filter(pl.col("used_for") != "sensitivity"))
    assert "Sensitivity" not in methods_paragraph(alone)
    assert "MR-Egger" not in methods_paragraph(alone)


@pytest.mark.parametrize(
    ("policy", "words"),
    [
        ("frequency", "between 0.42 and 0.58"),
        ("drop", "were dropped."),
        ("keep_forward", "declared to be on the forward strand"),
    ],
)
def test_methods__state_the_policy_for_palindromes(policy, words, content):
    study = content.study | {"palindromic": {"policy": policy, "drop_between": [0.42, 0.58]}}
    assert words in methods_paragraph(replace(content, study=study))


def test_methods__of_a_stand_in_call_it_primary(tiny):
    """One variant is left: the Wald ratio stands in for the primary estimator and is no sensitivity analysis."""
    tiny.write("y", tiny.rows("y")[4:5])
    run_study(tiny.file, workers=1)
    text = methods_paragraph(read_content(tiny.results))
    assert "Wald ratio" in text
    assert "Sensitivity analyses: Wald ratio" not in text
    assert "MR-Egger" not in text


def test_methods__do_not_name_what_never_gave_a_number(tiny):
    """A method that was declared and could not run for any pair is no part of what was done."""
    tiny.replace("study.toml", '"egger"', '"ivw_ld"')
    run_study(tiny.file, workers=1)
    content = read_content(tiny.results)
    assert "LD matrix" not in methods_paragraph(content)
    assert "missing ld" in _text(render(content)) or "needs the LD matrix" in _text(render(content))


def test_references__list_each_source_once(content):
    found = references(content)
    sources = [line.split(" (")[0] for line in found]
    assert len(set(sources)) == len(sources)
    assert "doi:10.1000/x (data: Exposure X)" in found
    assert any("MR-Egger" in line for line in found)


# --- published numbers -------------------------------------------------------------------------------------------


def _published(content, **values):
    row = {
        "exposure": "x", "outcome": "y", "method": "ivw", "published_beta": 0.25, "published_se": 0.02,
        "published_n_variants": 41, "published_q": 30.0, "decimals": 2, "source": "doi:10.1000/z", "note": "a note",
    }  # fmt: skip
    frame = pl.DataFrame([row | values], schema=content.published.schema)
    return _text(render(replace(content, published=frame)))


def test_published__stand_beside_ours_with_the_difference(content):
    text = _published(content)
    section = text[text.index("Beside the published numbers") :][:900]
    assert "41 / 40" in section
    assert "0.25" in section
    assert "doi:10.1000/z" in section
    assert "a note" in section
    assert "Beside the published numbers" not in _text(render(content))


def test_published__that_we_did_not_estimate_are_said_so(content):
    assert "not estimated" in _published(content, method="ivw_ld")


def test_published__with_gaps_have_dashes(content):
    text = _published(content, published_se=None, published_n_variants=None, published_q=None, note=None)
    section = text[text.index("Beside the published numbers") :][:900]
    assert "– / 40" in section
    assert "None" not in section


def test_sentence__of_a_finding_that_one_variant_carries_says_so(content):
    row = _primary(content)
    assert content.decided_by(row) == ""
    refits = content.leave_one_out.with_columns(
        ci_low=pl.when(pl.col("left_out") == "rs7").then(-0.1).otherwise(pl.col("ci_low"))
    )
    carried = replace(content, leave_one_out=refits)
    assert "without rs7 the interval includes no effect" in pair_sentence(carried, row)
    assert "(without rs7)" in _flag(carried, "One variant decides").text
    assert carried.decided_by(row | {"q_value": 0.5}) == ""


def test_tests_of_a_pair__name_the_method_where_several_have_one(built):
    add = {
        "methods": [built.method("egger_robust", "MR-Egger, robust", "sensitivity", "10.1/x")],
        "diagnostics": [
            built.diagnostic(built.PAIR, "egger", "i2", 0.58),
            built.diagnostic(built.PAIR, "egger", "mean_f", 120.0),
            built.diagnostic(built.PAIR, "egger_robust", "egger_intercept", 1.1, neg_log_10_p_value=0.5),
        ],
    }
    content = built.build(add=add)
    names = [cell["name"] for cell in cells_of(content, content.of_pair("diagnostics", built.PAIR).to_dicts())]
    assert names.count("Mean F statistic") == 1
    for name in ("I², share of scatter beyond chance", "MR-Egger intercept"):
        assert f"{name}, MR-Egger" in names
    assert "I², share of scatter beyond chance, Inverse-variance weighted" in names
    assert "MR-Egger intercept, MR-Egger, robust" in names


def test_intercept_of_a_pair__is_that_of_egger_and_counted_once(built):
    add = {
        "methods": [built.method("egger_robust", "MR-Egger, robust", "sensitivity", "10.1/x")],
        "estimates": [built.estimate(built.PAIR, "egger_robust", 0.2, 0.1)],
        "diagnostics": [built.diagnostic(built.PAIR, "egger_robust", "egger_intercept", 9.0, neg_log_10_p_value=9.0)],
    }
    content = built.build(add=add)
    assert content.intercept(content.primary().row(0, named=True))["method"] == "egger"
    (flag,) = [flag for flag in flags(content) if flag.title == "Directional pleiotropy"]
    assert "no directional pleiotropy in 1 pair " in flag.text


def test_scatter__draws_no_line_for_methods_that_have_none_and_keeps_names_apart(built):
    names = {"egger_robust": "MR-Egger, robust", "grip": "MR-GRIP", "egger_bootstrap": "MR-Egger, errors by bootstrap"}
    add = {
        "methods": [built.method(name, label, "sensitivity", "10.1/x") for name, label in names.items()],
        "estimates": [built.estimate(built.PAIR, name, 0.21 + k / 100, 0.1) for k, name in enumerate(names)],
        "diagnostics": [
            built.diagnostic(built.PAIR, "egger_robust", "egger_intercept", 1.0, estimate=0.01, se=0.01),
            built.diagnostic(built.PAIR, "egger_bootstrap", "egger_intercept", None),
        ],
    }
    content = built.build(add=add)
    row = content.primary().row(0, named=True)
    (scatter,) = [figure for figure in pair_figures(content, row) if figure.name == "scatter"]
    assert "slopes of Inverse-variance weighted; MR-Egger; MR-Egger, robust" in scatter.spec["description"]
    assert "GRIP" not in scatter.spec["description"]
    assert "bootstrap" not in scatter.spec["description"]
