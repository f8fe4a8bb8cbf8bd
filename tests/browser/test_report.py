"""The report in a real browser: no error, no request, tables and figures work, numbers equal the store."""

from __future__ import annotations

import json
import re

import polars as pl
import pytest

from osteobiome.core.text import decimals_for, fixed

pytestmark = [pytest.mark.browser, pytest.mark.slow]
WIDTHS = [(1280, "light"), (375, "light"), (1280, "dark"), (375, "dark")]
MEGABYTE = 1_000_000
GREEK = "β-υδροξυβουτυρικό"


def _assert_quiet(page):
    assert page.messages == []
    assert [url for url in page.requests if not url.startswith(("file:", "data:", "blob:"))] == []


def _open_pair(page, index):
    page.evaluate(f"location.hash = 'pair-{index}'")
    page.wait_for_selector(f"#pair-{index}[open]")
    page.wait_for_function(
        f"[...document.querySelectorAll('#pair-{index} [data-figure]')].every((f) => f.dataset.drawn === 'yes')",
        timeout=60_000,
    )
    return page.locator(f"#pair-{index}")


@pytest.mark.parametrize(("width", "scheme"), WIDTHS)
def test_page__loads_without_error_or_request_at_any_width(open_page, demo, width, scheme):
    page = open_page(demo.report, width=width, scheme=scheme)
    assert page.locator("header [data-figure] svg").count() >= 1
    _open_pair(page, 0)
    _assert_quiet(page)
    assert page.evaluate("document.documentElement.scrollWidth") == width


def test_table__shows_the_numbers_of_the_store(open_page, demo):
    page = open_page(demo.report)
    primary = pl.read_parquet(demo.tables["estimates"]).filter(pl.col("is_primary")).to_dicts()
    shown = page.locator("#results tbody tr").all()
    assert len(shown) == len(primary)
    for row, estimate in zip(shown, primary, strict=True):
        cell = row.locator("td").first
        assert cell.inner_text() == fixed(estimate["beta"], decimals_for(estimate["se"]))
        assert repr(estimate["beta"]) in cell.get_attribute("title")


def test_table__sorts_by_exact_numbers_and_back(open_page, demo):
    page = open_page(demo.report)
    head = page.locator("#results thead button.sort", has_text="Estimate")
    numbers = "[...document.querySelectorAll('#results tbody tr')].map((r) => JSON.parse(r.dataset.values)[0])"
    before = page.evaluate(numbers)
    head.click()
    assert page.evaluate(numbers) == sorted(before)
    assert page.locator("#results th[aria-sort=ascending]").count() == 1
    head.click()
    assert page.evaluate(numbers) == sorted(before, reverse=True)
    page.locator("#results thead button.sort", has_text="Exposure").press("Enter")
    names = page.locator("#results tbody th").all_inner_texts()
    assert names == sorted(names, key=str.lower)


def test_sensitivity__sorts_by_the_smallest_detectable_effect(open_page, demo):
    page = open_page(demo.report)
    page.locator("#sensitivity thead button.sort", has_text="Smallest effect").click()
    shown = page.evaluate(
        "[...document.querySelectorAll('#sensitivity tbody tr')].map((r) => JSON.parse(r.dataset.values)[4])"
    )
    tests = pl.read_parquet(demo.tables["diagnostics"]).filter(name="minimum_detectable_effect_with_scatter")
    assert shown == sorted(tests["statistic"])


def test_table__finds_and_filters_and_says_how_many(open_page, demo):
    page = open_page(demo.report)
    primary = pl.read_parquet(demo.tables["estimates"]).filter(pl.col("is_primary"))
    page.fill("[data-tools=results] [data-find]", "fracture")
    rows = page.locator("#results tbody tr")
    assert 0 < rows.count() < primary.height
    assert all("fracture" in text.lower() for text in rows.all_inner_texts())
    assert page.inner_text("[data-tools=results] [data-count]") == f"{rows.count()} of {primary.height}"
    page.fill("[data-tools=results] [data-find]", "")
    page.select_option("[data-tools=results] [data-show]", "finding")
    assert rows.count() == primary.filter(pl.col("q_value") < 0.05).height


def test_pair__opens_from_the_table_and_draws_its_figures(open_page, demo):
    page = open_page(demo.report)
    link = page.locator("#results tbody tr th a").nth(1)
    index = int(re.search(r"\d+", link.get_attribute("href")).group())
    link.click()
    part = _open_pair(page, index)
    kinds = [figure.get_attribute("data-kind") for figure in part.locator("[data-figure]").all()]
    assert kinds == ["scatter", "funnel", "leave_one_out", "single_variant"]
    assert part.locator("[data-figure] svg").count() == 4
    assert "genetically predicted" in part.locator("p").first.inner_text()
    assert page.evaluate("document.activeElement.tagName") == "SUMMARY"
    _assert_quiet(page)


def test_pair__can_be_linked_to(open_page, demo):
    page = open_page(demo.report, fragment="#pair-2")
    assert page.locator("#pair-2[open] figure").count() == 4


@pytest.mark.parametrize(
    ("label", "start"), [("SVG", b"<svg"), ("PNG", b"\x89PNG"), ("CSV", b"rsid,"), ("Specification", b"{")]
)
def test_figure__can_be_saved(open_page, demo, label, start, tmp_path):
    page = open_page(demo.report)
    part = _open_pair(page, 0)
    with page.expect_download() as download:
        part.locator("[data-kind=scatter] .save button", has_text=label).click()
    path = tmp_path / download.value.suggested_filename
    download.value.save_as(path)
    content = path.read_bytes()
    assert content.startswith(start)
    if label == "CSV":
        row = pl.read_parquet(demo.tables["estimates"]).filter(pl.col("is_primary")).row(0, named=True)
        variants = pl.read_parquet(demo.tables["harmonised"]).filter(
            family=row["family"], exposure=row["exposure"], outcome=row["outcome"]
        )
        saved = pl.read_csv(path)
        assert saved.height == variants.height
        shown, stored = saved["sy"].to_list(), variants["se_outcome"].to_list()
        assert shown == pytest.approx(stored, rel=5e-5)
    if label == "Specification":
        assert json.loads(content)["datasets"]["variants"]
    _assert_quiet(page)


@pytest.mark.parametrize("label", ["BibTeX", "CSL-JSON"])
def test_references__can_be_saved(open_page, demo, label, tmp_path):
    page = open_page(demo.report)
    with page.expect_download() as download:
        page.locator("#references button", has_text=label).click()
    path = tmp_path / download.value.suggested_filename
    download.value.save_as(path)
    text = path.read_text(encoding="utf-8")
    assert "10.1002/sim.6835" in text
    assert text.startswith("@") if label == "BibTeX" else json.loads(text)


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (375, "dark")])
def test_axe__finds_nothing_serious(open_page, demo, axe, width, scheme):
    page = open_page(demo.report, width=width, scheme=scheme)
    _open_pair(page, 0)
    page.evaluate(axe)
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    serious = [v for v in found["violations"] if v["impact"] in {"serious", "critical"}]
    assert [(v["id"], [node["html"][:120] for node in v["nodes"][:3]]) for v in serious] == []


def test_page__is_reachable_by_keyboard_and_named(open_page, demo):
    page = open_page(demo.report)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.tagName") in {"A", "BUTTON"}
    for table in page.locator(".table").all():
        assert table.get_attribute("aria-label")
        assert table.get_attribute("tabindex") == "0"
    for figure in page.locator("[data-figure] .plot").all():
        assert figure.get_attribute("aria-label")
    assert page.locator("h1").count() == 1
    assert page.evaluate("document.documentElement.lang") == "en"


def test_print__fits_the_paper_and_holds_the_tables(open_page, demo, tmp_path):
    page = open_page(demo.report)
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 673, "height": 950})  # A4 less its margins, at 96 pixels an inch
    assert page.evaluate("document.documentElement.scrollWidth") <= 673
    assert page.locator(".tools").first.is_hidden()
    content = page.pdf(format="A4")
    assert content.startswith(b"%PDF-")
    _assert_quiet(page)


def test_odd_labels__are_shown_as_text_and_run_nothing(open_page, odd):
    page = open_page(odd.report)
    for index in (0, 1):
        page.evaluate(f"location.hash = 'pair-{index}'")
        page.wait_for_selector(f"#pair-{index}[open]")
    _open_pair(page, 0)
    assert page.evaluate("window.hacked") is None
    assert page.locator("img").count() == 0
    text = page.inner_text("body")
    assert GREEK in text
    assert "<script>window.hacked = 1</script>" in text
    _assert_quiet(page)


def test_failed_pair__says_why_everywhere(open_page, odd):
    page = open_page(odd.report)
    page.select_option("[data-tools=results] [data-show]", "failed")
    rows = page.locator("#results tbody tr")
    assert rows.count() == 1
    assert "no common variants" in rows.first.inner_text()
    page.evaluate("location.hash = 'pair-1'")
    page.wait_for_selector("#pair-1[open]")
    part = page.locator("#pair-1")
    assert "Not estimable" in part.inner_text()
    assert part.locator("figure").count() == 0


def test_one_pair_of_one_variant__has_what_can_be_shown(open_page, one):
    page = open_page(one.report)
    part = _open_pair(page, 0)
    kinds = [figure.get_attribute("data-kind") for figure in part.locator("[data-figure]").all()]
    assert kinds == ["scatter", "single_variant"]
    assert "Wald ratio" in part.inner_text()
    _assert_quiet(page)


@pytest.mark.parametrize("width", [1280, 375])
def test_two_thousand_pairs__are_found_sorted_and_opened(open_page, large, width):
    page = open_page(large.report, width=width)
    total = pl.read_parquet(large.tables["estimates"]).filter(pl.col("is_primary")).height
    assert total == 2000
    rows = page.locator("#results tbody tr")
    assert rows.count() == 100
    assert page.inner_text("[data-tools=results] [data-count]") == f"100 of {total} shown"
    page.fill("[data-tools=results] [data-find]", '"exposure number 7 → outcome number 31"')
    assert page.locator("#results tbody th").all_inner_texts() == ["Exposure number 7 → Outcome number 31"]
    page.fill("[data-tools=results] [data-find]", "")
    page.locator("#results thead button.sort", has_text="Variants").click()
    page.locator("#results .more").click()
    assert rows.count() == total
    _open_pair(page, 1234)
    assert page.locator("#pair-1234 figure").count() == 4
    assert page.evaluate("document.documentElement.scrollWidth") == width
    _assert_quiet(page)


def test_file__is_self_contained_and_small(demo, large):
    for result, limit in ((demo, 3 * MEGABYTE), (large, 5 * MEGABYTE)):
        text = result.report.read_text(encoding="utf-8")
        page = re.sub(r"<script.*?</script>", "", text, flags=re.DOTALL)
        assert re.search(r"<(script|img|iframe|link)[^>]+(src|href)=\"(?!data:|#)", page) is None
        assert len(text.encode()) < limit
