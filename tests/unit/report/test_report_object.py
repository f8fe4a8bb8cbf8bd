"""The report from Python: figures, files, notebook; the same numbers and words as the page."""

from __future__ import annotations

import pytest

from osteobiome.core.errors import OsteobiomeError, SchemaError
from osteobiome.report import open_report
from osteobiome.report.pair_view import sensitivity_cells, variant_rows
from osteobiome.report.sentences import study_sentences


@pytest.fixture(scope="module")
def report(finished_once):
    return open_report(finished_once.results)


def test_figures__have_names_that_can_be_files(report):
    figures = report.figures()
    assert list(figures) == [
        "forest-1", "main--x--y--scatter", "main--x--y--funnel", "main--x--y--leave_one_out",
        "main--x--y--single_variant",
    ]  # fmt: skip
    assert report.n_figures() == 5
    assert all(figure.name in name for name, figure in figures.items())


def test_save_figures__writes_each_in_each_format_and_tells(report, tmp_path):
    told = []
    written = report.save_figures(tmp_path / "figures", formats=("svg", "json"), told=told.append)
    assert [path.name for path in written[:2]] == ["forest-1.svg", "forest-1.json"]
    assert len(written) == 10
    assert sorted(written) == sorted((tmp_path / "figures").iterdir())
    assert told == list(report.figures())


@pytest.mark.parametrize("formats", [("jpg",), ()])
def test_save_figures__of_no_known_format_writes_nothing(report, formats, tmp_path):
    with pytest.raises(SchemaError, match="svg, pdf, png"):
        report.save_figures(tmp_path / "figures", formats=formats)
    assert not (tmp_path / "figures").exists()


def test_save__is_the_page(report, tmp_path):
    report.save(tmp_path / "page.html")
    assert (tmp_path / "page.html").read_text(encoding="utf-8").startswith("<!doctype html>")


def test_notebook__shows_words_cautions_and_estimates(report):
    shown = report._repr_html_()
    assert report.sentences() == study_sentences(report.content)
    assert report.sentences()[0].split(":")[0] in shown
    assert "<script" not in shown
    row = report.content.primary().row(0, named=True)
    assert f"<td>{row['n_variants']}</td>" in shown


def test_open_report__of_a_folder_without_results_says_so(tmp_path):
    with pytest.raises(OsteobiomeError, match="no results of a finished study"):
        open_report(str(tmp_path))


def test_leave_one_out__equals_the_table(report):
    rows = report.figures()["main--x--y--leave_one_out"].datasets["rows"]
    refits = report.content.leave_one_out.filter(kind="variant")
    assert sorted(row["beta"] for row in rows[:-1]) == sorted(refits["beta"])
    assert rows[-1]["beta"] == report.content.primary()["beta"][0]


def test_variant_rows__are_turned_and_keep_their_ratio(report):
    row = report.content.primary().row(0, named=True)
    rows = variant_rows(report.content, row)
    assert len(rows) == 40
    for variant in rows:
        assert variant["x"] > 0
        assert variant["y"] / variant["x"] == pytest.approx(variant["ratio"])
        assert {variant["raises"], variant["other"]} <= set("ACGT")
    assert sum(variant["q"] for variant in rows) == pytest.approx(
        report.content.diagnostic(row, "cochran_q")["statistic"]
    )


def test_sensitivity__counts_methods_of_the_same_sign(report):
    row = report.content.primary().row(0, named=True)
    estimates = report.content.of_pair("estimates", row).to_dicts()
    assert sensitivity_cells(report.content, row, estimates)["agree"] == "2 of 2"
    turned = [e | {"beta": -e["beta"]} if e["method"] == "egger" else e for e in estimates]
    cells = sensitivity_cells(report.content, row, turned)
    assert cells["agree"] == "1 of 2"
    assert cells["direction"] in {"as assumed", "reversed", "unclear", "not estimable"}
