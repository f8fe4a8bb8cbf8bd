"""What every registered file format must do: read a small file, and miss columns in its own spelling."""

import gzip

import pytest

from osteobiome.core.errors import SchemaError
from osteobiome.core.schema import polars_schema
from osteobiome.sumstats import FORMATS, harmonise, read_sumstats

NAMES = tuple(FORMATS)
SIDES = ("exposure", "outcome")
OUR_COLUMNS = ("rsid", "chromosome", "position", "effect_allele", "other_allele", "beta", "se", "eaf", "p_value", "n")
REQUIRED = ("effect_allele", "other_allele", "beta", "se")
ROWS = (
    ("rs1", "1", "100", "A", "G", "0.1", "0.05", "0.3", "0.0455", "1000"),
    ("rs2", "X", "200", "T", "C", "-0.2", "0.05", "0.4", "6.3e-5", "1000"),
    ("rs3", "3", "300", "CAT", "C", "0.3", "0.05", "NA", "NA", "NA"),
)


def content(name, *, without=(), sides=("exposure", "outcome"), separator="\t"):
    """Return a table in a format's own spelling; two-trait formats get both halves, others one."""
    fmt = FORMATS[name]
    columns = {}
    for side in sides if fmt.is_prealigned else sides[-1:]:
        for i, ours in enumerate(OUR_COLUMNS):
            theirs = fmt.expected(ours, side)
            if ours not in without:
                columns.setdefault(theirs, [row[i] for row in ROWS])
    lines = [separator.join(columns), *(separator.join(cells) for cells in zip(*columns.values(), strict=True))]
    return "\n".join(lines) + "\n"


def read(path, name, side, **options):
    return read_sumstats(path, file_format=name, trait_id="trait", side=side, **options)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize(("separator", "compress"), [("\t", False), (",", False), ("\t", True)])
def test_format__reads_a_small_file(tmp_path, name, side, separator, compress):
    path = tmp_path / "trait.txt"
    data = content(name, sides=("exposure", side), separator=separator).encode()
    path.write_bytes(gzip.compress(data) if compress else data)
    stats = read(path, name, side, genome_build="GRCh38")
    assert dict(stats.frame.schema) == polars_schema("variants")
    frame = stats.frame.sort("rsid")
    assert frame["rsid"].to_list() == ["rs1", "rs2", "rs3"]
    assert frame["chromosome"].to_list() == [1, 23, 3]
    assert frame["position"].to_list() == [100, 200, 300]
    assert frame["effect_allele"].to_list() == ["A", "T", "C"]
    assert frame["beta"].to_list() == [0.1, -0.2, -0.3]
    assert frame["eaf"].to_list() == [0.3, 0.4, None]
    assert frame["n"].to_list() == [1000.0, 1000.0, None]
    assert frame["is_p_derived"].to_list() == [False, False, True]
    assert frame["neg_log_10_p_value"].to_list() == pytest.approx([1.34199, 4.20066, 8.7048], abs=1e-3)
    assert stats.genome_build == "GRCh38"
    assert stats.rows.dropped == ()
    assert bool(stats.alignment) == FORMATS[name].is_prealigned


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("missing", REQUIRED)
def test_format__missing_column_is_named_in_its_own_spelling(tmp_path, name, side, missing):
    path = tmp_path / "trait.tsv"
    path.write_text(content(name, without=(missing,), sides=("exposure", side)), encoding="utf-8")
    with pytest.raises(SchemaError) as caught:
        read(path, name, side)
    (fault,) = caught.value.faults
    assert fault.code == f"no_{missing}_column"
    assert fault.where == str(path)
    assert fault.found == f"no column '{FORMATS[name].expected(missing, side)}'"
    assert name in fault.expected


@pytest.mark.parametrize("name", NAMES)
def test_format__nothing_to_know_a_variant_by(tmp_path, name):
    path = tmp_path / "trait.tsv"
    path.write_text(content(name, without=("rsid", "position")), encoding="utf-8")
    with pytest.raises(SchemaError) as caught:
        read(path, name, "outcome")
    assert [fault.code for fault in caught.value.faults] == ["no_rsid_column"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "without", [("rsid",), ("chromosome", "position"), ("eaf",), ("p_value",), ("n",), ("eaf", "p_value", "n")]
)
def test_format__columns_that_may_be_missing(tmp_path, name, without):
    path = tmp_path / "trait.tsv"
    path.write_text(content(name, without=without), encoding="utf-8")
    stats = read(path, name, "outcome")
    assert stats.frame.height == 3
    for column in without:
        ours = "is_p_derived" if column == "p_value" else column
        assert stats.frame[ours].to_list() == ([True] * 3 if column == "p_value" else [None] * 3)


@pytest.mark.parametrize("name", NAMES)
def test_format__two_traits_meet(tmp_path, name):
    paths = {}
    for side in SIDES:
        paths[side] = tmp_path / ("both.tsv" if FORMATS[name].is_prealigned else f"{side}.tsv")
        paths[side].write_text(
            content(name, sides=("outcome", side) if side == "exposure" else SIDES), encoding="utf-8"
        )
    exposure, outcome = (read(paths[side], name, side, genome_build="GRCh37") for side in SIDES)
    pair = harmonise(exposure, outcome)
    assert pair.frame.height == 3
    assert (pair.frame["beta_exposure"] == pair.frame["beta_outcome"]).all()


@pytest.mark.parametrize("name", NAMES)
def test_format__entry_is_filled_in(name):
    fmt = FORMATS[name]
    assert fmt.name == name
    assert fmt.label
    for side in SIDES:
        assert fmt.expected("effect_allele", side)
        assert fmt.columns(["nothing", "known"], side) == {}
