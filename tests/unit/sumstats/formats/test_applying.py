"""A chunk in our columns."""

import polars as pl

from osteobiome.sumstats.formats import FORMATS, our_columns


def chunk(**columns):
    return pl.DataFrame(columns).with_columns(pl.int_range(2, pl.len() + 2, dtype=pl.Int64).alias("__line__"))


def test_our_columns__private_columns_are_gone_and_lines_stay():
    fmt = FORMATS["regenie"]
    frame = chunk(ID=["rs1", "rs2"], TEST=["ADD", "DOM"], CHISQ=["1", "2"])
    frame = our_columns(frame, fmt, fmt.columns(["ID", "TEST", "CHISQ"], "outcome"))
    assert frame.columns == ["rsid", "__line__", "_drop"]
    assert frame["__line__"].to_list() == [2, 3]
    assert frame.schema["__line__"] == pl.Int64


def test_our_columns__numbers_become_text():
    fmt = FORMATS["gwas_ssf"]
    frame = our_columns(chunk(beta=[0.1, None]), fmt, {"beta": "beta"})
    assert frame["beta"].to_list() == ["0.1", None]


def test_our_columns__n_from_cases_and_controls_needs_both():
    fmt = FORMATS["gwas_ssf"]
    frame = chunk(n_cases=["10", "10", "x"], n_controls=["20", None, "20"])
    frame = our_columns(frame, fmt, fmt.columns(["n_cases", "n_controls"], "outcome"))
    assert frame["n"].to_list() == ["30.0", None, None]


def test_our_columns__empty_chunk():
    for name in ("gwas_vcf", "neale_lab", "epacts", "plink2"):
        fmt = FORMATS[name]
        header = [*sorted(min(fmt.signature, key=len)), "trait"]
        frame = pl.DataFrame(schema=dict.fromkeys(header, pl.String) | {"__line__": pl.Int64})
        found = fmt.columns(header, "outcome")
        out = our_columns(frame, fmt, found)
        assert out.height == 0
        assert {ours for ours in found if not ours.startswith("_")} <= set(out.columns)
