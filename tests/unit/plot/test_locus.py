"""The locus plot: every variant once in its panel, LD classes that read without colour, genes that do not collide."""

from __future__ import annotations

import json
from itertools import pairwise

import polars as pl
import pytest

from osteobiome.core.errors import SchemaError
from osteobiome.plot import locus
from osteobiome.plot.locus import (
    BIN_COLOURS,
    BIN_SIZES,
    BINS,
    CHARACTER_PIXELS,
    GENE_COLUMNS,
    NARROWEST_PIXELS,
    VARIANT_COLUMNS,
)
from osteobiome.plot.style import VEGA_LITE

START, END = 41_731_101, 41_961_051
GENES = pl.DataFrame(
    {
        "gene": ["MEOX1", "SOST", "DUSP3", "CD300LG", "MPP2", "FAR", "UNKNOWN"],
        "start": [41_717_756, 41_831_099, 41_843_489, 41_924_516, 41_952_725, 50_000_000, 41_834_000],
        "end": [41_739_322, 41_836_156, 41_856_356, 41_940_997, 41_987_068, 50_100_000, 41_834_100],
        "strand": [-1, -1, -1, 1, -1, 1, None],
    }
)
NO_GENES = GENES.clear()


def _trait(trait_id, label, *, shift=0.0):
    return pl.DataFrame(
        {
            "trait_id": trait_id,
            "label": label,
            "rsid": ["rs1", "rs2", "rs3", "rs4", "rs5"],
            "chromosome": 17,
            "position": [START, 41_800_000, 41_831_000, 41_900_000, END],
            "neg_log_10_p_value": [0.5 + shift, 17.0 + shift, 12.0 + shift, 3.0 + shift, 0.0],
            "ld_r2": [0.01, 1.0, 0.85, 0.2, None],
            "is_lead": [False, True, False, False, False],
        }
    )


TWO = pl.concat([_trait("x", "Circulating sclerostin"), _trait("y", "Heel bone mineral density", shift=40.0)])


def _locus(frame=TWO, genes=GENES, **options):
    return locus(frame, genes, title="SOST", **options)


FIGURES = {
    "two_traits": _locus,
    "one_trait": lambda: _locus(_trait("x", "Sclerostin")),
    "no_genes": lambda: _locus(genes=NO_GENES),
    "no_lead": lambda: _locus(TWO.with_columns(pl.lit(value=False).alias("is_lead"))),
    "no_ld": lambda: _locus(TWO.with_columns(pl.lit(None, dtype=pl.Float64).alias("ld_r2"))),
    "one_variant": lambda: _locus(_trait("x", "Sclerostin")[1:2]),
    "no_variant": lambda: _locus(TWO.clear()),
    "nothing": lambda: _locus(TWO.clear(), NO_GENES),
    "no_name": lambda: _locus(TWO.with_columns(pl.lit(None, dtype=pl.String).alias("rsid"))),
    "long_label": lambda: _locus(_trait("x", "Heel bone mineral density " * 5)),
}


@pytest.mark.parametrize("name", FIGURES)
def test_locus__is_json_that_compiles_and_loads_nothing(name):
    import vl_convert

    figure = FIGURES[name]()
    spec = figure.spec
    assert json.loads(json.dumps(spec, allow_nan=False)) == spec
    assert spec["width"] == "container"
    assert spec["height"] > 0
    assert spec["title"]["text"] == ["SOST"]
    vega = vl_convert.vegalite_to_vega(figure.fixed(), vl_version=VEGA_LITE)
    assert vega["marks"] or name == "nothing"
    assert '"url"' not in json.dumps(vega)


@pytest.mark.parametrize("name", FIGURES)
def test_locus__takes_all_data_from_named_datasets(name):
    """The page packs the datasets; rows anywhere else would swell it."""
    spec = FIGURES[name]().spec

    def names(part):
        for layer in part.get("layer", ()):
            yield from names(layer)
        if "mark" in part:
            yield part["data"]["name"]

    assert set(names(spec)) <= set(spec["datasets"]) == {"variants", "leads", "panels", "genes"}
    assert '"values": [{' not in json.dumps({key: value for key, value in spec.items() if key != "datasets"})


def test_locus__draws_every_variant_once_in_its_panel_high_ld_last():
    rows = _locus().datasets["variants"]
    assert sorted((row["panel"], row["rsid"]) for row in rows) == sorted(
        (p, f"rs{i}") for p in (0, 1) for i in range(1, 6)
    )
    by_name = {(row["panel"], row["rsid"]): row for row in rows}
    assert by_name[1, "rs2"]["neg_log_10_p_value"] == 57.0
    assert by_name[0, "rs2"]["p"] == "1.0 × 10⁻¹⁷"
    assert by_name[0, "rs3"]["position"] == 41_831_000
    r2 = [row["r2"] for row in rows]
    assert r2[:2] == [None, None]
    assert r2[2:] == sorted(r2[2:])


def test_locus__panels_follow_the_order_of_the_table_even_with_one_label():
    """Two studies of one trait have one name; they are two panels all the same."""
    frame = pl.concat([_trait("b", "BMD"), _trait("a", "BMD", shift=1.0)])
    data = _locus(frame).datasets
    assert [(row["panel"], row["trait"]) for row in data["panels"]] == [(0, "BMD"), (1, "BMD")]
    assert [row["neg_log_10_p_value"] for row in data["leads"]] == [17.0, 18.0]


@pytest.mark.parametrize(
    ("r2", "name"),
    [(0.0, "0–0.2"), (0.1999, "0–0.2"), (0.2, "0.2–0.4"), (0.6, "0.6–0.8"), (0.8, "0.8–1"), (1.0, "0.8–1"),
     (None, "not known")],
)  # fmt: skip
def test_locus__puts_r2_in_its_class(r2, name):
    frame = _trait("x", "X").with_columns(pl.lit(r2, dtype=pl.Float64).alias("ld_r2"))
    assert {row["bin"] for row in _locus(frame).datasets["variants"]} == {name}


def _luminance(colour):
    """Relative luminance, WCAG 2.2."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_ld_classes__keep_their_order_in_grey_print_and_are_seen_on_both_pages():
    light = [_luminance(colour) for colour in BIN_COLOURS]
    assert len(light) == len(BINS) == len(BIN_SIZES)
    lightness = [116 * y ** (1 / 3) - 16 for y in light]  # CIE L*
    assert all(a - b >= 5 for a, b in pairwise(lightness)), lightness
    assert list(BIN_SIZES) == sorted(set(BIN_SIZES))
    for y in light:
        assert 1.05 / (y + 0.05) >= 2.0, "too pale on white"
        assert (y + 0.05) / (_luminance("#14181c") + 0.05) >= 2.0, "too dark on a dark page"


def test_locus__shows_genome_wide_significance_also_where_nothing_comes_near_it():
    figure = _locus(_trait("x", "X").with_columns(pl.col("neg_log_10_p_value") / 10))
    (row,) = figure.datasets["panels"]
    assert row["line"] == pytest.approx(7.30103, abs=1e-5)
    (top,) = {
        layer["encoding"]["y"]["scale"]["domain"][1]
        for layer in figure.spec["layer"][0]["layer"]
        if "scale" in layer["encoding"]["y"]
    }
    assert top > 7.5


def test_locus__panels_and_genes_share_no_pixel():
    bands = []
    for part in _locus().spec["layer"]:
        (band,) = {tuple(sorted(unit["encoding"]["y"]["scale"]["range"]))
                   for unit in part["layer"] if "scale" in unit["encoding"]["y"]}  # fmt: skip
        bands.append(band)
    assert len(bands) == 3
    assert all(a[1] < b[0] for a, b in pairwise(bands))
    assert bands[-1][1] <= _locus().spec["height"]


@pytest.mark.parametrize(("first_has_it", "panel"), [(True, 0), (False, 1)])
def test_lead__is_named_once_where_it_first_stands(first_has_it, panel):
    """In every panel a diamond marks it."""
    frame = TWO if first_has_it else TWO.filter((pl.col("trait_id") == "y") | (pl.col("rsid") != "rs2"))
    figure = _locus(frame)
    named = [i for i, part in enumerate(figure.spec["layer"]) for unit in part["layer"]
             if unit["mark"]["type"] == "text" and unit["data"]["name"] == "leads"]  # fmt: skip
    assert named == [panel]
    assert [row["panel"] for row in figure.datasets["leads"]] == ([0, 1] if first_has_it else [1])


def test_legend__is_one_and_names_the_lead():
    """Fill, stroke and size of one field are one legend; the compiler says nothing if it drops one."""
    import vl_convert

    vega = vl_convert.vegalite_to_vega(_locus().fixed(), vl_version=VEGA_LITE)
    (legend,) = vega["legends"]
    assert legend["title"] == "r² with the lead variant (diamond)"
    assert {"fill", "stroke", "size"} <= legend.keys()


def test_genes__show_strand_and_lie_within_the_region():
    rows = {row["gene"]: row for row in _locus().datasets["genes"]}
    assert set(rows) == {"MEOX1", "SOST", "DUSP3", "CD300LG", "MPP2", "UNKNOWN"}
    assert rows["SOST"]["name"] == "← SOST"
    assert rows["CD300LG"]["name"] == "CD300LG →"
    assert rows["UNKNOWN"]["name"] == "UNKNOWN"
    assert (rows["MEOX1"]["start"], rows["MEOX1"]["align"], rows["MEOX1"]["at"]) == (START, "left", START)
    assert (rows["MPP2"]["end"], rows["MPP2"]["align"], rows["MPP2"]["at"]) == (END, "right", END)
    assert rows["SOST"]["row"] != rows["UNKNOWN"]["row"] != rows["DUSP3"]["row"]


@pytest.mark.parametrize("n_genes", [1, 7, 60])
def test_genes__neither_bars_nor_names_overlap_on_a_narrow_page(n_genes):
    width = END - START
    genes = pl.DataFrame(
        {
            "gene": [f"GENE{i}" for i in range(n_genes)],
            "start": [START + (i * 7919 * 31) % width for i in range(n_genes)],
            "end": [START + (i * 7919 * 31) % width + 500 + 997 * (i % 30) for i in range(n_genes)],
            "strand": [1 if i % 2 else -1 for i in range(n_genes)],
        }
    )
    rows = _locus(genes=genes).datasets["genes"]
    assert len(rows) == n_genes
    per_pixel = width / NARROWEST_PIXELS
    taken = []
    for row in rows:
        text = len(row["name"]) * CHARACTER_PIXELS * per_pixel
        left = {"left": row["at"], "center": row["at"] - text / 2, "right": row["at"] - text}[row["align"]]
        assert left >= START - 1
        assert left + text <= END + 1
        taken.append((row["row"], min(left, row["start"]), max(left + text, row["end"])))
    for i, (row, low, high) in enumerate(taken):
        assert all(r != row or high < a or b < low for r, a, b in taken[:i])


def test_locus__takes_the_region_that_is_asked_for():
    figure = _locus(start=41_790_000, end=41_850_000)
    assert {row["rsid"] for row in figure.datasets["variants"]} == {"rs2", "rs3"}
    assert {row["gene"] for row in figure.datasets["genes"]} == {"SOST", "DUSP3", "UNKNOWN"}


@pytest.mark.parametrize(("chromosome", "name"), [(17, "chromosome 17"), (23, "chromosome X"), (None, "Position, Mb")])
def test_locus__names_the_chromosome(chromosome, name):
    frame = TWO.with_columns(pl.lit(chromosome, dtype=pl.Int8).alias("chromosome"))
    assert name in json.dumps(_locus(frame).spec["layer"])


def test_locus__describes_itself():
    figure = locus(TWO, GENES, title="SOST", caption="Look here.")
    assert (figure.name, figure.caption) == ("locus", "Look here.")
    assert "5 variants" in figure.spec["description"]
    assert "lead variant rs2" in figure.spec["description"]
    assert "6 genes" in figure.spec["description"]


@pytest.mark.parametrize("column", VARIANT_COLUMNS)
def test_locus__names_a_missing_column(column):
    with pytest.raises(SchemaError, match=f"no column '{column}'"):
        _locus(TWO.drop(column))


@pytest.mark.parametrize("column", GENE_COLUMNS)
def test_locus__names_a_missing_column_of_the_genes(column):
    with pytest.raises(SchemaError, match=f"no column '{column}'"):
        _locus(genes=GENES.drop(column))


@pytest.mark.slow
def test_locus__of_many_variants_stays_small_as_a_file():
    """A crowded figure becomes an image under its axes; labels stay text."""
    many = pl.concat([_trait("x", "Sclerostin")] * 500).with_columns(
        position=pl.int_range(pl.len()) * 90 + START, is_lead=pl.int_range(pl.len()) == 1
    )
    svg = _locus(many).svg()
    assert svg.count("<image") == 1
    assert ">rs2<" in svg
    assert ">← SOST<" in svg
