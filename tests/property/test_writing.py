"""Writing and reading back: whatever the numbers and names, each format gives back what it says it can hold."""

from __future__ import annotations

import csv
import gzip
import io
import math
import tempfile
from itertools import pairwise
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from osteobiome.core.schema import table
from osteobiome.sumstats.numbers import neg_log10_from_text
from osteobiome.sumstats.writing import TraitFacts, write_sumstats
from osteobiome.sumstats.writing.cells import p_text, spreadsheet_text
from osteobiome.sumstats.writing.files import Bgzf, bgzf_block

FAST = settings(deadline=None, max_examples=40, database=None, suppress_health_check=[HealthCheck.too_slow])
FACTS = TraitFacts("trait")
NUMBERS = ("beta", "se", "eaf", "neg_log_10_p_value", "n")
finite = st.floats(allow_nan=False, allow_infinity=False)
names = st.one_of(
    st.none(),
    st.from_regex(r"rs[1-9][0-9]{0,8}", fullmatch=True),
    st.text(
        st.characters(codec="utf-8", exclude_characters="\x00", exclude_categories=("Cs",)), min_size=1, max_size=8
    ),
    st.sampled_from(["MARCH1", "2-SEP", "=1+1", "'", "''x", "1e5", "NA", "a,b", 'a"b', "1:2:A:C", "%3B"]),
)


@st.composite
def variant(draw):
    has_place = draw(st.booleans())
    return {
        "rsid": draw(names),
        "chromosome": draw(st.integers(1, 25)) if has_place else None,
        "position": draw(st.integers(1, 2**32 - 1)) if has_place else None,
        "effect_allele": draw(st.sampled_from(["A", "CAT"])),
        "other_allele": draw(st.sampled_from(["G", "C"])),
        "beta": draw(finite),
        "se": draw(finite),
        "eaf": draw(st.one_of(st.none(), st.floats(0, 1))),
        "neg_log_10_p_value": draw(st.floats(0, 1e6)),
        "n": draw(st.one_of(st.none(), finite)),
        "is_palindromic": draw(st.booleans()),
        "is_p_derived": draw(st.booleans()),
        "is_beta_derived": False,
        "is_se_derived": False,
    }


@st.composite
def frames(draw):
    """A table, cut into pieces anywhere."""
    rows = draw(st.lists(variant(), min_size=1, max_size=12))
    whole = table("variants", ({"variant_key": i, "line": i + 2} | row for i, row in enumerate(rows)))
    cuts = sorted(draw(st.lists(st.integers(0, whole.height), max_size=3)))
    edges = [0, *cuts, whole.height]
    return whole, [whole[start:stop] for start, stop in pairwise(edges)]


def write(pieces, name, to):
    """Write the pieces and return the lines of the file, or the table that Parquet gives back."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        written = write_sumstats(iter(pieces), path, to=to, facts=FACTS)
        assert sorted(Path(folder).iterdir()) == sorted(written.paths)
        assert written.rows.n_in == sum(piece.height for piece in pieces)
        return pl.read_parquet(path) if to == "parquet" else path.read_bytes().decode()


def genome_order(frame):
    """Return the rows as a plain sort would have them: the slow twin of the writer's windows."""
    rows = list(frame.iter_rows(named=True))
    return sorted(rows, key=lambda row: (row["position"] is None, row["chromosome"] or 0, row["position"] or 0))


def value(cell, missing):
    return None if cell == missing else float(cell)


def same(one, two):
    """Equal, and of equal sign where both are zero."""
    return one == two and (not isinstance(one, float) or math.copysign(1, one) == math.copysign(1, two))


@FAST
@given(frames())
def test_ssf__holds_every_number_exactly(made):
    whole, pieces = made
    header, *lines = write(pieces, "a.tsv", "ssf").removesuffix("\n").split("\n")
    assert len(lines) == whole.height
    for line, want in zip(lines, genome_order(whole), strict=True):
        row = dict(zip(header.split("\t"), line.split("\t"), strict=True))
        assert value(row["base_pair_location"], "NA") == want["position"]
        assert row["effect_allele"] == want["effect_allele"]
        theirs = ("beta", "standard_error", "effect_allele_frequency", "neg_log_10_p_value", "n")
        for ours, column in zip(NUMBERS, theirs, strict=True):
            got = value(row[column], "NA")
            assert same(got, want[ours]) or (ours == "n" and got == want["n"] == 0)


@FAST
@given(frames())
def test_vcf__holds_every_number_exactly(made):
    whole, pieces = made
    kept = [row for row in genome_order(whole) if row["position"] is not None]
    if not kept:
        return
    lines = [line for line in write(pieces, "a.vcf", "vcf").removesuffix("\n").split("\n") if line[0] != "#"]
    for line, want in zip(lines, kept, strict=True):
        cells = line.split("\t")
        assert len(cells) == 10
        assert int(cells[1]) == want["position"]
        sample = dict(zip(cells[8].split(":"), cells[9].split(":"), strict=True))
        for ours, theirs in (("beta", "ES"), ("se", "SE"), ("eaf", "AF"), ("neg_log_10_p_value", "LP"), ("n", "SS")):
            assert value(sample[theirs], ".") == want[ours]


@FAST
@given(frames())
def test_csv__holds_every_cell_exactly(made):
    whole, pieces = made
    text = write(pieces, "a.csv", "csv")
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    for row, want in zip(rows, whole.iter_rows(named=True), strict=True):
        assert (row["rsid"].removeprefix("'") or None) == want["rsid"]
        for column in NUMBERS:
            assert value(row[column], "") == want[column]


@FAST
@given(frames())
def test_parquet__is_the_table(made):
    whole, pieces = made
    assert write(pieces, "a.parquet", "parquet").equals(whole)


@FAST
@given(st.lists(st.one_of(st.floats(0, 1e6), st.floats(0, 400), st.integers(0, 1000).map(float)), min_size=1))
def test_p_text__reads_back_to_twelve_digits(values):
    frame = pl.DataFrame({"x": values}, schema={"x": pl.Float64})
    back = frame.select(p_text("x")).select(neg_log10_from_text("x").alias("x"))["x"].to_list()
    for got, want in zip(back, values, strict=True):
        assert got == pytest.approx(want, rel=1e-12, abs=1e-15)


@FAST
@given(st.lists(names.filter(bool), min_size=1))
def test_spreadsheet_text__is_undone_by_taking_one_apostrophe_off(values):
    frame = pl.DataFrame({"x": values}, schema={"x": pl.String})
    for got, want in zip(frame.select(spreadsheet_text("x"))["x"], values, strict=True):
        assert got.removeprefix("'") == want
        assert got[0] not in "=+-@\t\r"


@FAST
@given(st.lists(st.binary(max_size=200_000), max_size=4))
def test_bgzf__is_the_same_however_it_is_given(pieces):
    sinks = io.BytesIO(), io.BytesIO()
    for sink, given_as in zip(sinks, (pieces, [b"".join(pieces)]), strict=True):
        bgzf = Bgzf(sink)
        for piece in given_as:
            bgzf.write(piece)
        bgzf.finish()
        bgzf.close()
    assert sinks[0].getvalue() == sinks[1].getvalue()
    assert gzip.decompress(sinks[0].getvalue()) == b"".join(pieces)
    assert gzip.decompress(bgzf_block(b"".join(pieces)[:65280])) == b"".join(pieces)[:65280]
