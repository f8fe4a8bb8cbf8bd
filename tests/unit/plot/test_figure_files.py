"""Figures as files and in notebooks: each format is what it says, crowded layers become an image, axes stay."""

from __future__ import annotations

import json
import re
import struct
import zlib

import numpy as np
import polars as pl
import pytest

from osteobiome.core.errors import SchemaError
from osteobiome.plot import scatter
from osteobiome.plot.figure import DENSE, FORMATS

STARTS = {"svg": b"<svg", "pdf": b"%PDF-", "png": b"\x89PNG\r\n", "html": b"<!doctype html>", "json": b"{"}


def _scatter(n, title="X → Y"):
    random = np.random.default_rng(7)
    x = random.normal(0.0, 0.1, n)
    frame = pl.DataFrame(
        {
            "rsid": [f"rs{i}" for i in range(n)],
            "beta_exposure": x,
            "se_exposure": np.full(n, 0.01),
            "beta_outcome": 0.4 * x + random.normal(0.0, 0.02, n),
            "se_outcome": np.full(n, 0.02),
        }
    )
    return scatter(
        frame, [("IVW", 0.4, 0.0)], title=title, exposure_axis="On X, SD", outcome_axis="On Y, SD", caption="<b>"
    )


@pytest.mark.parametrize("ending", FORMATS)
def test_save__writes_the_format_of_the_ending(ending, tmp_path):
    path = tmp_path / "new" / f"figure.{ending}"
    _scatter(5).save(path)
    assert path.read_bytes().startswith(STARTS[ending])
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def test_save__of_an_unknown_ending_names_the_known_ones(tmp_path):
    with pytest.raises(SchemaError, match=r"ending '\.jpg'.*\.svg"):
        _scatter(5).save(tmp_path / "figure.jpg")
    assert list(tmp_path.iterdir()) == []


def test_json__is_the_specification_with_its_data(tmp_path):
    figure = _scatter(5)
    figure.save(tmp_path / "f.json")
    assert json.loads((tmp_path / "f.json").read_text(encoding="utf-8")) == figure.spec


def test_notebook__gets_the_drawing_and_no_markup_of_others():
    shown = _scatter(3, title="<script>alert(1)</script>")._repr_html_()
    assert shown.startswith("<figure><svg")
    assert "<script" not in shown
    assert "<b>" not in shown
    assert "&lt;b&gt;" in shown


def test_svg__of_few_points_is_vectors():
    assert "<image" not in _scatter(50).svg()


@pytest.mark.slow
def test_svg__of_a_crowd_holds_one_image_and_the_same_axes():
    """The axis labels must be those of the figure drawn whole."""
    import vl_convert

    figure = _scatter(DENSE + 1)
    crowded = figure.svg()
    whole = vl_convert.vegalite_to_svg(figure.fixed(), vl_version="6.4")
    assert crowded.count("<image") == 1
    assert _axis_labels(crowded) == _axis_labels(whole)
    drawn = re.sub(r"<image[^>]*>", "", crowded)
    assert len(drawn) < len(whole) / 10
    assert figure.pdf().startswith(b"%PDF-")


@pytest.mark.slow
def test_svg__of_a_crowd_keeps_the_points_where_they_are():
    """Drawn to pixels, the vector file with its image fits the figure drawn whole best where it lies, to the pixel."""
    import vl_convert

    figure = _scatter(DENSE + 1)
    whole = _light(figure.png(scale=1.0))
    crowded = _light(bytes(vl_convert.svg_to_png(figure.svg(), scale=1.0)))
    assert whole.shape == crowded.shape
    assert (whole < 200).mean() > 0.01
    shifts = [(dx, dy) for dx in range(-2, 3) for dy in range(-2, 3)]
    fit = [np.corrcoef(whole.ravel(), np.roll(crowded, shift, axis=(1, 0)).ravel())[0, 1] for shift in shifts]
    assert shifts[int(np.argmax(fit))] == (0, 0)


def _light(png):
    """Return the lightness of a PNG of eight bits and four channels, 0 to 255, shape (height, width)."""
    width, height = struct.unpack(">II", png[16:24])
    assert png[24:26] == bytes([8, 6])
    at, packed = 8, b""
    while at < len(png):
        (size,) = struct.unpack(">I", png[at : at + 4])
        if png[at + 4 : at + 8] == b"IDAT":
            packed += png[at + 8 : at + 8 + size]
        at += size + 12
    raw = np.frombuffer(zlib.decompress(packed), np.uint8).reshape(height, 1 + 4 * width).astype(int)
    image = np.zeros((height + 1, width + 1, 4), dtype=int)
    for y in range(height):
        row = raw[y, 1:].reshape(width, 4)
        for x in range(width):
            left, up, corner = image[y + 1, x], image[y, x + 1], image[y, x]
            image[y + 1, x + 1] = (row[x] + _predicted(raw[y, 0], left, up, corner)) % 256
    return image[1:, 1:, :3].mean(axis=2)


def _predicted(kind, left, up, corner):
    """Return what the five filters of PNG take as known."""
    if kind == 4:
        nearest = np.abs(np.stack([up - corner, left - corner, left + up - 2 * corner])).argmin(axis=0)
        return np.choose(nearest, [left, up, corner])
    return (0, left, up, (left + up) // 2)[kind]


def _axis_labels(svg):
    return re.findall(r"<text[^>]*>([^<]*)</text>", svg)
