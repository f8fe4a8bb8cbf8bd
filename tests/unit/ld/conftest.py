"""Small panels on disk, written byte by byte from the description of the format."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from osteobiome.ld.genotypes import Genotypes
from osteobiome.ld.panel import Panel

CODES = {2: 0b00, -9: 0b01, 1: 0b10, 0: 0b11}
ALLELES = (("A", "G"), ("C", "T"), ("A", "C"), ("G", "T"))


def bed_bytes(dosages) -> bytes:
    """Pack copies of A1 as PLINK 1 does, person by person in plain Python."""
    out = bytearray(b"\x6c\x1b\x01")
    for row in dosages.tolist():
        for at in range(0, len(row), 4):
            out.append(sum(CODES[copies] << (2 * i) for i, copies in enumerate(row[at : at + 4])))
    return bytes(out)


@pytest.fixture
def write_panel(tmp_path):
    """Write copies of A1, shape (n_variants, n_people), as PLINK 1 files and return the prefix."""

    def write(dosages, name="panel", *, alleles=None, positions=None, chromosome=1, names=None, people=None):
        dosages = np.asarray(dosages)
        n_variants, n_people = dosages.shape
        alleles = alleles or [ALLELES[i % 4] for i in range(n_variants)]
        positions = positions if positions is not None else range(1000, 1000 + 100 * n_variants, 100)
        names = names or [f"rs{i + 1}" for i in range(n_variants)]
        rows = zip(names, positions, alleles, strict=True)
        bim = "".join(f"{chromosome}\t{rsid}\t0\t{position}\t{a1}\t{a2}\n" for rsid, position, (a1, a2) in rows)
        people = people or [f"f{i} i{i} 0 0 0 -9" for i in range(n_people)]
        prefix = tmp_path / name
        Path(f"{prefix}.bed").write_bytes(bed_bytes(dosages))
        Path(f"{prefix}.bim").write_text(bim)
        Path(f"{prefix}.fam").write_text("\n".join(people) + "\n")
        return prefix

    return write


@pytest.fixture
def random_dosages():
    """Return copies of A1 with missing calls; the frequencies are drawn between 0.05 and 0.95."""

    def draw(n_variants, n_people, *, seed=1, missing=0.05):
        rng = np.random.default_rng(seed)
        frequency = rng.uniform(0.05, 0.95, n_variants)
        dosages = rng.binomial(2, frequency[:, None], (n_variants, n_people))
        dosages[rng.random(dosages.shape) < missing] = -9
        return dosages.astype(np.int8)

    return draw


class InMemory:
    """A source without a file, which remembers which rows were read."""

    where = "memory"
    n_variants_left_out = 0

    def __init__(self, copies, variants):
        self.copies = np.asarray(copies, dtype=np.int8)
        self.variants = variants
        self.people = pl.DataFrame({"is_founder": [True] * self.copies.shape[1]})
        self.read_rows = []

    def read(self, rows):
        self.read_rows.append(np.asarray(rows))
        return Genotypes.from_dosages(self.copies[rows])


@pytest.fixture(scope="session")
def panel_of():
    """Make a panel of copies of the first allele, shape (n_variants, n_people), without files."""

    def make(copies, *, alleles, positions, chromosome=1, names=None):
        n = len(copies)
        variants = pl.DataFrame(
            {
                "rsid": names or [f"rs{i}" for i in range(n)],
                "chromosome": [chromosome] * n if isinstance(chromosome, int) else [int(c) for c in chromosome],
                "position": [int(position) for position in positions],
                "counted": [pair[0] for pair in alleles],
                "other": [pair[1] for pair in alleles],
            },
            schema_overrides={"chromosome": pl.Int8},
        )
        source = InMemory(copies, variants)
        return Panel("memory", "", "", variants, source.copies.shape[1], 0, 0, (source,))

    return make
