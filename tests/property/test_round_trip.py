"""Reading what was written: for each format that can be read back, the table is the same.

What a format cannot hold is stated in ``LOST``: it is missing afterwards, or computed again and marked as computed.
"""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from osteobiome.core.errors import StoreWriteError
from osteobiome.core.schema import table
from osteobiome.sumstats import read_sumstats
from osteobiome.sumstats.identity import add_keys, orient
from osteobiome.sumstats.table import IngestOptions, begin
from osteobiome.sumstats.writing import WRITERS, TraitFacts, write_sumstats

DATA = Path(__file__).parents[1] / "data" / "sumstats"
FAST = settings(deadline=None, max_examples=30, database=None, suppress_health_check=[HealthCheck.too_slow])
OPTIONS = IngestOptions(genome_build="GRCh37", compare=False)
READ_BACK = tuple(name for name in WRITERS if WRITERS[name].reads_back_as)
FLAGS = ("is_beta_derived", "is_se_derived")
LOST = {
    # name: (columns of no meaning afterwards, relative error of minus log10 p, whether rows without place are lost)
    "ssf": (FLAGS, 0.0, False),
    "vcf": (FLAGS, 0.0, True),
    "twosamplemr": (FLAGS, 1e-12, False),
    "parquet": (FLAGS, 0.0, False),
}
"""Which numbers were computed by whoever wrote the file is forgotten: our own Parquet has columns that say so, and
reading passes over them. The place is what makes a line of a VCF. TwoSampleMR has p, so minus log10 p goes through a
decimal number."""
FILES = {
    # name: trait, of those that hold several
    "gwasvcf/data.vcf.gz": None,
    "gentropy/gwas_ssf.h.tsv": None,
    "gentropy/finngen_r9.gz": None,
    "gentropy/ebi_harmonised.h.tsv": None,
    "mungesumstats/ieu-a-298.tsv": None,
    "saige/binary.txt": None,
    "twosamplemr/bmi.txt": None,
    "mrinstruments/mrbase_instruments.tsv": "980",
    "by_hand/plink.assoc": None,
}

number = st.floats(-1e6, 1e6).map(lambda x: float(f"{x:.7g}") + 0.0)
alleles = st.sampled_from([("A", "G"), ("T", "C"), ("A", "T"), ("C", "CAT"), ("GA", "TC"), ("C", "A")])


@st.composite
def row(draw, index):
    effect, other = draw(alleles)
    has_place = draw(st.booleans())
    beta = draw(number)
    return {
        "rsid": f"rs{index}" if draw(st.booleans()) or not has_place else None,
        "chromosome": draw(st.integers(1, 25)) if has_place else None,
        "position": 1000 * (1 + index) if has_place else None,
        "effect_allele": effect,
        "other_allele": other,
        "beta": beta,
        "se": draw(st.floats(1e-6, 1e3)),
        "eaf": draw(st.one_of(st.none(), st.floats(0, 1))),
        "n": draw(st.one_of(st.none(), st.integers(1, 10**7).map(float))),
        "neg_log_10_p_value": draw(st.one_of(st.floats(0, 1e5), st.integers(0, 400).map(float))),
        "is_p_derived": False,
        "is_beta_derived": draw(st.booleans()),
        "is_se_derived": draw(st.booleans()),
        "line": index + 2,
    }


@st.composite
def tables(draw):
    """Rows as ingest leaves them: oriented, keyed, sorted; the place of every variant is its own."""
    rows = [draw(row(i)) for i in range(draw(st.integers(1, 10)))]
    frame = pl.DataFrame(rows, schema_overrides={"chromosome": pl.Int8, "position": pl.Int64, "rsid": pl.String,
                                                 "eaf": pl.Float64, "n": pl.Float64})  # fmt: skip
    keyed = add_keys(orient(frame)).sort("variant_key")
    return table("variants", keyed.iter_rows(named=True))


def there_and_back(frame, name, folder):
    path = Path(folder) / f"x{WRITERS[name].suffixes[0]}"
    write_sumstats(frame, path, to=name, facts=TraitFacts("x", genome_build="GRCh37"))
    assert begin(path, trait_id="x").fmt.name == WRITERS[name].reads_back_as  # as the header tells
    return read_sumstats(path, trait_id="x", options=OPTIONS)


def assert_same(before, stats, name):
    forgotten, error, needs_place = LOST[name]
    want = before.filter(pl.col("position").is_not_null()) if needs_place else before
    assert stats.rows.by_reason() == {}
    want, got = (frame.sort("variant_key", "id_key").drop("line", *forgotten) for frame in (want, stats.frame))
    logs = [frame["neg_log_10_p_value"].to_list() for frame in (got, want)]
    assert logs[0] == (pytest.approx(logs[1], rel=error, abs=1e-15) if error else logs[1])
    want, got = (frame.drop("neg_log_10_p_value") for frame in (want, got))
    for column in want.columns:
        assert got[column].to_list() == want[column].to_list(), column


def test_every_writer__that_is_read_is_tested():
    assert set(LOST) == set(READ_BACK)


@pytest.mark.parametrize("name", READ_BACK)
@pytest.mark.parametrize("path", FILES)
def test_real_file__comes_back_from_every_format(tmp_path, path, name):
    before = read_sumstats(DATA / path, trait_id="x", options=replace(OPTIONS, trait=FILES[path]))
    if name == "vcf" and before.frame["position"].null_count() == before.frame.height:
        with pytest.raises(StoreWriteError, match="can be written as GWAS-VCF"):
            there_and_back(before.frame, name, tmp_path)
        return
    after = there_and_back(before.frame, name, tmp_path)
    assert not before.frame["is_p_derived"].any()
    assert_same(before.frame, after, name)


@pytest.mark.parametrize("name", READ_BACK)
@FAST
@given(frame=tables())
def test_table__comes_back_from_every_format(name, frame):
    if name == "vcf" and frame["position"].null_count() == frame.height:
        return
    with tempfile.TemporaryDirectory() as folder:
        assert_same(frame, there_and_back(frame, name, folder), name)


@pytest.mark.parametrize("name", READ_BACK)
def test_computed_p__is_marked_again_or_stands_as_written(tmp_path, name):
    """GWAS-SSF and TwoSampleMR leave out a p that nobody printed; it is computed to the same number again."""
    rows = [{"rsid": f"rs{i}", "chromosome": 1, "position": 10 * i, "effect_allele": "A", "other_allele": "G",
             "beta": 0.1 * i, "se": 0.05, "eaf": 0.3, "n": 100.0} for i in range(1, 4)]  # fmt: skip
    source = tmp_path / "source.tsv"
    pl.DataFrame(rows).write_csv(source, separator="\t")
    before = read_sumstats(source, trait_id="x", options=OPTIONS).frame
    assert before["is_p_derived"].all()
    after = there_and_back(before, name, tmp_path).frame
    assert after["neg_log_10_p_value"].to_list() == pytest.approx(before["neg_log_10_p_value"].to_list(), rel=1e-12)
