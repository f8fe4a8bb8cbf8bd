"""The report in a real browser: no error, no request, figures drawn, numbers equal the store, phone width."""

from __future__ import annotations

import re
import shutil

import polars as pl
import pytest
from playwright.sync_api import sync_playwright

from osteobiome.core.text import decimals_for, fixed
from osteobiome.study import run_study
from osteobiome.study.bundled import bundled_study

pytestmark = [pytest.mark.browser, pytest.mark.slow]
ARGUMENTS = ["--no-sandbox", "--disable-background-networking", "--disable-gpu"]


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    return run_study(bundled_study("sclerostin-bone"), out=tmp_path_factory.mktemp("report") / "out", workers=1)


@pytest.fixture(scope="module")
def browser():
    path = shutil.which("chromium")
    if path is None:
        pytest.skip("no chromium on this machine: install it (Debian: apt-get install chromium) to run browser tests")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield chromium
        chromium.close()


def open_report(browser, result, *, width, scheme="light"):
    page = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme).new_page()
    page.messages, page.requests = [], []
    page.on("console", lambda message: page.messages.append(message.text))
    page.on("pageerror", lambda error: page.messages.append(str(error)))
    page.on("request", lambda request: page.requests.append(request.url))
    page.goto(result.report.as_uri())
    page.wait_for_selector("html[data-ready]")
    page.wait_for_selector("[data-figure=forest-0] svg")
    return page


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (375, "light"), (1280, "dark")])
def test_page__loads_without_error_or_request(browser, result, width, scheme):
    page = open_report(browser, result, width=width, scheme=scheme)
    assert page.messages == []
    assert [url for url in page.requests if not url.startswith(("file:", "data:", "blob:"))] == []
    assert page.evaluate("document.documentElement.scrollWidth") == width
    page.close()


def test_table__shows_the_numbers_of_the_store(browser, result):
    page = open_report(browser, result, width=1280)
    primary = pl.read_parquet(result.tables["estimates"]).filter(pl.col("is_primary")).to_dicts()
    shown = page.locator("#results tbody tr").all()
    assert len(shown) == len(primary) == 20
    for row, estimate in zip(shown, primary, strict=True):
        cell = row.locator("td").first
        assert cell.inner_text() == fixed(estimate["beta"], decimals_for(estimate["se"]))
        assert repr(estimate["beta"]) in cell.get_attribute("title")
    page.close()


def test_pair__opens_from_the_table_and_draws_its_figure(browser, result):
    page = open_report(browser, result, width=1280)
    link = page.locator("#results tbody tr th a").nth(2)
    target = link.get_attribute("href").lstrip("#")
    link.click()
    page.wait_for_selector(f"#{target}[open] .chart svg")
    assert "genetically predicted" in page.locator(f"#{target} p").first.inner_text()
    assert page.messages == []
    page.close()


def test_page__is_reachable_by_keyboard_and_named(browser, result):
    page = open_report(browser, result, width=1280)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.tagName") == "A"
    for table in page.locator(".table").all():
        assert table.get_attribute("aria-label")
        assert table.get_attribute("tabindex") == "0"
    assert page.locator("h1").count() == 1
    assert page.evaluate("document.documentElement.lang") == "en"
    page.close()


def test_file__is_self_contained_and_small(result):
    text = result.report.read_text(encoding="utf-8")
    page = re.sub(r"<script.*?</script>", "", text, flags=re.DOTALL)
    assert "http://" not in page
    assert "https://" not in page
    assert re.search(r"<(script|img|iframe|link)[^>]+(src|href)=\"(?!data:|#)", page) is None
    assert len(text) < 3_000_000
