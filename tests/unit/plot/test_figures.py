"""Figures: valid Vega-Lite, every number where it belongs, nothing loaded from anywhere."""

from __future__ import annotations

import json

import polars as pl
import pytest

from osteobiome.core.errors import SchemaError
from osteobiome.plot import forest, funnel, leave_one_out, scatter, single_variant
from osteobiome.plot.intervals import MANY_ROWS, ROW
from osteobiome.plot.style import DASHES, PALETTE, VEGA_LITE, distinct, line_styles, wrap

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


RATIOS = pl.DataFrame(
    {"rsid": ["rs1", "rs2", None], "wald_ratio": [0.5, 0.4, None], "wald_ratio_se": [0.1, 0.2, None]},
)
REFITS = pl.DataFrame(
    {"left_out": ["rs1", "rs2", "rs3"], "beta": [0.5, 0.4, None], "ci_low": [0.1, 0.2, None]},
)


def _forest(frame=ROWS):
    return forest(frame, title="Primary estimates", unit="SD per SD")


def _scatter(frame=VARIANTS, lines=(("IVW", 0.5, 0.0), ("MR-Egger", 0.4, 0.01))):
    return scatter(
        frame, lines, title="X → Y", exposure_axis="Effect on X, SD", outcome_axis="Effect on Y, SD"
    )  # fmt: skip


def _funnel(frame=RATIOS, lines=(("IVW", 0.45), ("MR-Egger", 0.4))):
    return funnel(frame, lines, title="X → Y", unit="SD per SD")


def _leave_one_out(frame=REFITS):
    return leave_one_out(frame, {"beta": 0.45, "ci_low": 0.2}, title="X → Y", unit="SD per SD")


def _single_variant(frame=RATIOS, estimates=(("IVW", 0.45, 0.2),)):
    return single_variant(frame, estimates, title="X → Y", unit="SD per SD")


def _many(n):
    names = [f"rs{i}" for i in range(n)]
    return pl.DataFrame({"rsid": names, "wald_ratio": [0.1 * i for i in range(n)], "wald_ratio_se": [0.1] * n})


SPECS = {
    "forest": _forest,
    "scatter": _scatter,
    "funnel": _funnel,
    "leave_one_out": _leave_one_out,
    "single_variant": _single_variant,
    "forest_of_one": lambda: _forest(ROWS[:1]),
    "forest_of_none": lambda: _forest(ROWS[2:]),
    "scatter_of_one": lambda: _scatter(VARIANTS[:1]),
    "scatter_without_lines": lambda: _scatter(lines=()),
    "funnel_of_none": lambda: _funnel(RATIOS[2:], ()),
    "leave_one_out_of_none": lambda: _leave_one_out(REFITS[2:]),
    "single_variant_of_many": lambda: _single_variant(_many(MANY_ROWS + 1)),
}


@pytest.mark.parametrize("name", SPECS)
def test_figure__is_json_with_title_description_and_data(name):
    figure = SPECS[name]()
    spec = figure.spec
    assert json.loads(json.dumps(spec, allow_nan=False)) == spec
    assert spec["$schema"].startswith("https://vega.github.io/schema/vega-lite/v")
    assert spec["description"]
    assert spec["title"]["text"]
    assert spec["width"] == "container"
    assert '"url"' not in json.dumps(spec)
    assert {unit["data"]["name"] for unit in [spec, *spec["layer"]] if "data" in unit} <= set(figure.datasets)


@pytest.mark.parametrize("name", SPECS)
def test_figure__compiles(name):
    """The compiler that ships with us takes it, and finds nothing to load."""
    import vl_convert

    vega = vl_convert.vegalite_to_vega(SPECS[name]().spec, vl_version=VEGA_LITE)
    assert vega["marks"]
    assert '"url"' not in json.dumps(vega)


def test_forest__shows_each_estimate_and_leaves_failures_out():
    figure = _forest()
    spec, values = figure.spec, figure.datasets["estimates"]
    assert [(row["beta"], row["ci_low"], row["ci_high"]) for row in values] == [(0.86, 0.5, 1.2), (-1.04, -1.4, -0.6)]
    assert "2 estimates" in spec["description"]
    assert figure.datasets["zero"] == [{"zero": 0}]


def test_forest__keeps_the_order_of_rows():
    figure = _forest(ROWS[:2].reverse())
    assert figure.datasets["estimates"][0]["label"] == "Fracture"
    assert figure.spec["layer"][1]["encoding"]["y"]["sort"] is None  # the order of the data


def test_forest__gives_long_labels_room():
    assert "\n" in _forest(ROWS[:1]).datasets["estimates"][0]["label"]
    assert _forest(ROWS[:2]).spec["height"] > _forest(ROWS[1:2]).spec["height"] > 0


def test_forest__of_two_rows_with_one_label_shows_both():
    """Two outcomes may have the same name; one line must not hide the other."""
    figure = _forest(ROWS[:2].with_columns(pl.lit("BMD").alias("label")))
    assert len({row["label"] for row in figure.datasets["estimates"]}) == 2


def test_scatter__turns_variants_to_a_positive_exposure_effect():
    first, second, third = _scatter().datasets["variants"]
    assert (first["x"], first["y"]) == (0.1, 0.05)
    assert (second["x"], second["y"]) == (0.2, 0.1)
    assert third["x"] == 0.0
    assert (second["sx"], second["sy"]) == (0.02, 0.02)


def test_scatter__draws_each_line_from_its_intercept():
    lines = _scatter().datasets["lines"]
    assert [(row["method"], row["x"]) for row in lines][::2] == [("IVW", 0.0), ("MR-Egger", 0.0)]
    egger = [row for row in lines if row["method"] == "MR-Egger"]
    assert egger[0]["y"] == pytest.approx(0.01)
    assert (egger[1]["y"] - egger[0]["y"]) / egger[1]["x"] == pytest.approx(0.4)


def test_funnel__leaves_variants_without_a_ratio_out():
    assert [row["rsid"] for row in _funnel().datasets["variants"]] == ["rs1", "rs2"]


def test_leave_one_out__is_ordered_with_all_variants_last():
    rows = _leave_one_out().datasets["rows"]
    assert [row["label"] for row in rows] == ["rs2", "rs1", "none left out"]
    assert [row["beta"] for row in rows] == [0.4, 0.5, 0.45]
    assert rows[-1]["group"] == "summary"


def test_single_variant__has_the_interval_of_each_ratio_and_the_methods_last():
    rows = _single_variant().datasets["rows"]
    assert [row["label"] for row in rows] == ["rs2", "rs1", "IVW"]
    assert rows[0]["low"] == pytest.approx(0.4 - 1.959964 * 0.2)
    assert rows[-1]["low"] == 0.2


def test_rows__of_many_variants_are_thin_and_unnamed():
    few, many = _single_variant(_many(MANY_ROWS - 1)), _single_variant(_many(MANY_ROWS))
    assert few.spec["height"] == ROW * MANY_ROWS
    assert many.spec["height"] < few.spec["height"]
    places = [row["y"] for row in many.datasets["rows"]]
    assert places == sorted(set(places))
    assert places[-1] - places[-2] > places[1] - places[0]  # room for the name of the method


@pytest.mark.parametrize(
    ("make", "frame", "columns"),
    [
        (_forest, ROWS, ("label", "beta", "ci_low", "ci_high")),
        (_scatter, VARIANTS, ("rsid", "beta_exposure", "se_exposure", "beta_outcome", "se_outcome")),
        (_funnel, RATIOS, ("rsid", "wald_ratio", "wald_ratio_se")),
        (_leave_one_out, REFITS, ("left_out", "beta", "ci_low")),
        (_single_variant, RATIOS, ("rsid", "wald_ratio", "wald_ratio_se")),
    ],
)
def test_figure__names_a_missing_column(make, frame, columns):
    for column in columns:
        with pytest.raises(SchemaError, match=f"no column '{column}'"):
            make(frame.drop(column))


def test_lines__differ_by_colour_and_dash():
    """Colour alone would leave some readers out."""
    assert len(set(PALETTE)) == len(PALETTE) == len(DASHES) == len(set(DASHES))
    colours, dashes = line_styles(20)
    assert len({(colour, tuple(dash)) for colour, dash in zip(colours, dashes, strict=True)}) == 20


def test_distinct__keeps_what_is_read():
    labels = distinct(["a", "a", "b", "a"])
    assert len(set(labels)) == 4
    assert [label.replace("\u200b", "") for label in labels] == ["a", "a", "b", "a"]


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("", 10, [""]),
        ("one", 10, ["one"]),
        ("one two three", 7, ["one two", "three"]),
        ("unbreakable-word", 5, ["unbreakable-word"]),
        ("x" * 61, 40, ["x" * 40, "x" * 21]),
        ("  spaces   inside ", 20, ["spaces inside"]),
    ],
)
def test_wrap__breaks_at_spaces(text, width, lines):
    assert wrap(text, width) == lines
