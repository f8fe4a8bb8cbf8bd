"""The whole pass over a file: any order of rows and any size of chunks give the same table and the same account."""

import polars as pl
import pytest

from osteobiome.core.errors import InputFileError
from osteobiome.sumstats import ingest as module
from osteobiome.sumstats.table import IngestOptions, begin

HEADER = "rsid\tchromosome\tbase_pair_location\teffect_allele\tother_allele\tbeta\tstandard_error\tp_value"


def lines():
    """Rows of three chromosomes with copies, contradictions, several alleles, indels, names only and faults."""
    made = []
    for i in range(1_200):
        chromosome, position = 1 + i // 400, 1_000 + 70_000 * (i % 400)
        alleles = ("A", "G") if i % 5 else ("CT", "C")
        made.append(
            [f"rs{i}", str(chromosome), str(position), *alleles, f"{0.001 * (i % 37) + 0.01:.4f}", "0.02", "0.3"]
        )
    made[10][6] = "0"  # standard error
    made[20] = made[21].copy()  # a copy
    made[30] = [*made[31][:5], "0.9", *made[31][6:]]  # a contradiction
    made[40] = [*made[41][:4], "T", *made[41][5:]]  # another allele of the same place
    made[50][1:3] = ["NA", "NA"]
    made[60][3] = "N"
    return ["\t".join(row) for row in made]


def orders():
    rows = lines()
    by_text = sorted(rows, key=lambda row: (row.split("\t")[1] != "3", rows.index(row)))  # chromosome 3 first
    return {
        "sorted": rows,
        "reversed": rows[::-1],
        "chromosome 3 first": by_text,
        "an early row at the end": [*rows[1:], rows[0]],
        "mixed": [rows[(i * 701) % len(rows)] for i in range(len(rows))],
    }


def stored(write, tmp_path, rows, *, chunk_bytes, name="x"):
    path = write("\n".join([HEADER, *rows]) + "\n", f"{name}.tsv")
    ingest = begin(path, trait_id="x", options=IngestOptions(genome_build="GRCh37", chunk_bytes=chunk_bytes))
    out = tmp_path / f"{name}.parquet"
    ingest.store(out, max_bad_rows=0.05)
    return ingest, out


@pytest.mark.parametrize("order", list(orders()))
@pytest.mark.parametrize("chunk_bytes", [3_000, 20_000, 10**9])
def test_store__order_and_chunks_do_not_matter(write, tmp_path, order, chunk_bytes):
    reference, expected = stored(write, tmp_path, lines(), chunk_bytes=10**9, name="reference")
    ingest, path = stored(write, tmp_path, orders()[order], chunk_bytes=chunk_bytes)
    frame, wanted = (pl.read_parquet(one).drop("line") for one in (path, expected))
    assert frame.equals(wanted, null_equal=True)
    assert ingest.report().by_reason() == reference.report().by_reason()
    assert ingest.report().by_reason() == {
        "non_positive_se": 1, "duplicate": 1, "duplicate_conflicting": 2, "bad_allele": 1,
    }  # fmt: skip
    assert dict(ingest.report().notes) == dict(reference.report().notes)
    assert dict(ingest.report().notes)["multi_allelic_sites"] == 1
    assert dict(ingest.report().notes)["identified_by_rsid_only"] == 1
    if order == "sorted":
        assert path.read_bytes() == expected.read_bytes()
    assert [one.name for one in tmp_path.iterdir() if one.name.startswith(".")] == []


def test_store__begins_again_when_a_file_only_seemed_sorted(write, tmp_path, monkeypatch):
    passes = []
    begin_again = module.Ingest._begin
    monkeypatch.setattr(module.Ingest, "_begin", lambda self: (passes.append(1), begin_again(self))[1])
    ingest, _ = stored(write, tmp_path, orders()["an early row at the end"], chunk_bytes=3_000)
    assert len(passes) == 3  # once when it was made, once in hope, once more
    assert ingest.report().n_in == 1_200


def test_store__rows_wait_on_disk_without_a_trace(write, tmp_path, monkeypatch):
    monkeypatch.setattr("osteobiome.sumstats.spool.MEMORY_ROWS", 100)
    monkeypatch.setattr(module.Spool.__init__, "__kwdefaults__", {"memory_rows": 100})
    _, path = stored(write, tmp_path, orders()["mixed"], chunk_bytes=3_000)
    _, expected = stored(write, tmp_path, orders()["mixed"], chunk_bytes=10**9, name="y")
    assert path.read_bytes() == expected.read_bytes()
    assert [one.name for one in tmp_path.iterdir() if one.name.startswith(".")] == []


def test_store__too_many_bad_rows_raise_after_the_last_one(write, tmp_path):
    rows = [row.replace("\t0.02\t", "\t0\t") if i % 2 else row for i, row in enumerate(lines())]
    with pytest.raises(InputFileError) as caught:
        stored(write, tmp_path, rows, chunk_bytes=3_000)
    assert [fault.code for fault in caught.value.faults] == ["non_positive_se"]


def test_preview__shows_rows_as_they_stand(write):
    path = write("\n".join([HEADER, *lines()]) + "\n")
    rows = begin(path, trait_id="x").preview(3)
    assert rows["rsid"].to_list() == ["rs0", "rs1", "rs2"]
    assert rows["effect_allele"].to_list() == ["CT", "A", "A"]
