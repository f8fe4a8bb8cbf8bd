"""Figures: valid Vega-Lite, every number where it belongs, nothing loaded from anywhere."""

from __future__ import annotations

import json

import polars as pl
import pytest

from osteobiome.core.errors import SchemaError
from osteobiome.plot import forest, scatter
from osteobiome.plot.style import DASHES, PALETTE, VEGA_LITE, wrap

ROWS = pl.DataFrame(
    {
        "label": ["Heel bone mineral density, estimated by ultrasound", "Fracture", "Failed"],
        "beta": [0.86, -1.04, None],
        "ci_low": [0.5, -1.4, None],
        "ci_high": [1.2, -0.6, None],
    }
)
VARIANTS = pl.DataFrame(
    {
        "rsid": ["rs1", "rs2", None],
        "beta_exposure": [0.1, -0.2, 0.0],
        "se_exposure": [0.01, 0.02, 0.01],
        "beta_outcome": [0.05, -0.1, 0.02],
        "se_outcome": [0.02, 0.02, 0.02],
    }
)


def _forest(frame=ROWS):
    return forest(frame, title="Primary estimates", unit="SD per SD")


def _scatter(frame=VARIANTS, lines=(("IVW", 0.5, 0.0), ("MR-Egger", 0.4, 0.01))):
    return scatter(
        frame, lines, title="X → Y", exposure_axis="Effect on X, SD", outcome_axis="Effect on Y, SD"
    )  # fmt: skip


SPECS = {
    "forest": _forest,
    "scatter": _scatter,
    "forest_of_one": lambda: _forest(ROWS[:1]),
    "forest_of_none": lambda: _forest(ROWS[2:]),
    "scatter_of_one": lambda: _scatter(VARIANTS[:1]),
    "scatter_without_lines": lambda: _scatter(lines=()),
}


@pytest.mark.parametrize("name", SPECS)
def test_figure__is_json_with_title_description_and_data(name):
    spec = SPECS[name]()
    assert json.loads(json.dumps(spec, allow_nan=False)) == spec
    assert spec["$schema"].startswith("https://vega.github.io/schema/vega-lite/v")
    assert spec["description"]
    assert spec["title"]["text"]
    assert spec["width"] == "container"
    assert '"url"' not in json.dumps(spec)


@pytest.mark.parametrize("name", SPECS)
def test_figure__compiles(name):
    """The compiler that ships with us takes it, and finds nothing to load."""
    import vl_convert

    vega = vl_convert.vegalite_to_vega(SPECS[name](), vl_version=VEGA_LITE)
    assert vega["marks"]
    assert '"url"' not in json.dumps(vega)


def test_forest__shows_each_estimate_and_leaves_failures_out():
    spec = _forest()
    values = spec["data"]["values"]
    assert [(row["beta"], row["ci_low"], row["ci_high"]) for row in values] == [(0.86, 0.5, 1.2), (-1.04, -1.4, -0.6)]
    assert "2 estimates" in spec["description"]
    assert spec["layer"][0]["data"]["values"] == [{"zero": 0}]


def test_forest__keeps_the_order_of_rows():
    spec = _forest(ROWS[:2].reverse())
    labels = [row["label"] for row in spec["data"]["values"]]
    assert labels[0] == "Fracture"
    assert spec["layer"][1]["encoding"]["y"]["sort"] == labels


def test_forest__gives_long_labels_room():
    assert "\n" in _forest(ROWS[:1])["data"]["values"][0]["label"]
    assert _forest(ROWS[:2])["height"] > _forest(ROWS[1:2])["height"] > 0


def test_forest__of_two_rows_with_one_label_shows_both():
    """Two outcomes may have the same name; one line must not hide the other."""
    spec = _forest(ROWS[:2].with_columns(pl.lit("BMD").alias("label")))
    field = spec["layer"][1]["encoding"]["y"]["field"]
    assert len({row[field] for row in spec["data"]["values"]}) == 2


def test_scatter__turns_variants_to_a_positive_exposure_effect():
    first, second, third = _scatter()["data"]["values"]
    assert (first["x"], first["y"]) == (0.1, 0.05)
    assert (second["x"], second["y"]) == (0.2, 0.1)
    assert third["x"] == 0.0
    assert second["x0"] == pytest.approx(0.2 - 1.96 * 0.02)
    assert second["y1"] == pytest.approx(0.1 + 1.96 * 0.02)


def test_scatter__draws_each_line_from_its_intercept():
    lines = _scatter()["layer"][-1]["data"]["values"]
    assert [(row["method"], row["x"]) for row in lines][::2] == [("IVW", 0.0), ("MR-Egger", 0.0)]
    egger = [row for row in lines if row["method"] == "MR-Egger"]
    assert egger[0]["y"] == pytest.approx(0.01)
    assert (egger[1]["y"] - egger[0]["y"]) / egger[1]["x"] == pytest.approx(0.4)


@pytest.mark.parametrize(
    ("make", "frame", "columns"),
    [
        (_forest, ROWS, ("label", "beta", "ci_low", "ci_high")),
        (_scatter, VARIANTS, ("rsid", "beta_exposure", "se_exposure", "beta_outcome", "se_outcome")),
    ],
)
def test_figure__names_a_missing_column(make, frame, columns):
    for column in columns:
        with pytest.raises(SchemaError, match=f"no column '{column}'"):
            make(frame.drop(column))


def test_lines__differ_by_colour_and_dash():
    """Colour alone would leave some readers out."""
    assert len(set(PALETTE)) == len(PALETTE) == len(DASHES) == len(set(DASHES))


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("", 10, [""]),
        ("one", 10, ["one"]),
        ("one two three", 7, ["one two", "three"]),
        ("unbreakable-word", 5, ["unbreakable-word"]),
        ("  spaces   inside ", 20, ["spaces inside"]),
    ],
)
def test_wrap__breaks_at_spaces(text, width, lines):
    assert wrap(text, width) == lines
