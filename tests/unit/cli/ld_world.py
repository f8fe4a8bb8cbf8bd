"""A small world of linked variants, and files of it, for the tests of `osteobiome ld`."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

HEADER = (
    "rsid", "chromosome", "base_pair_location", "effect_allele", "other_allele", "beta", "standard_error",
    "effect_allele_frequency", "p_value",
)  # fmt: skip
ALLELES = (("A", "G"), ("C", "T"), ("A", "C"), ("G", "T"))  # no palindromes
PEOPLE, BLOCKS = 343, 10
KEPT = (1.0, 0.9, 0.95, 0.85, 0.5, 0.35)
"""Share of the alleles of a block's first variant that each variant of it has kept; the others are drawn anew."""
IN_BLOCK = len(KEPT)


class World:
    """Two chromosomes of linked blocks, as dosages of the effect allele, and a trait with a signal in every other one.

    Row ``i`` is variant ``rs{i}``.
    """

    def __init__(self, seed=5):
        rng = np.random.default_rng(seed)
        haplotypes, places, z = [], [], []
        for chromosome in (21, 22):
            for block in range(BLOCKS):
                f = 0.1 + 0.08 * block
                first = rng.random(2 * PEOPLE) < f
                rows = [np.where(rng.random(2 * PEOPLE) < kept, first, rng.random(2 * PEOPLE) < f) for kept in KEPT]
                strongest = 9.0 + 0.1 * block if block % 2 else 0.5
                z += [strongest * (1.0 if i == 2 else np.corrcoef(rows[i], rows[2])[0, 1]) for i in range(IN_BLOCK)]
                haplotypes += rows
                start = 20_000_000 + 100_000 * block
                places += [(chromosome, start + 5_000 * i) for i in range(IN_BLOCK)]
        bits = np.array(haplotypes)
        self.dosages = (bits[:, :PEOPLE].astype(np.int8) + bits[:, PEOPLE:]).astype(np.int8)
        self.places = places
        self.z = np.array(z)
        self.alleles = [ALLELES[i % len(ALLELES)] for i in range(len(places))]
        self.names = [f"rs{i}" for i in range(len(places))]

    def rows(self, shift=0, *, z=None):
        """The trait, or one with other z-scores, as rows of a table, its positions moved."""
        scores = self.z if z is None else z
        frequency = self.dosages.mean(axis=1) / 2
        wiggle = 0.03 * np.sin(np.arange(len(frequency)))
        return [
            (name, chromosome, position + shift, *pair, f"{0.01 * z:.6f}", 0.01, f"{f:.4f}",
             f"{math.erfc(abs(z) / math.sqrt(2)):.6g}")
            for name, (chromosome, position), pair, z, f in zip(
                self.names, self.places, self.alleles, scores, frequency + wiggle, strict=True)
        ]  # fmt: skip

    def of(self, chromosome):
        """Rows on a chromosome."""
        return [i for i, place in enumerate(self.places) if place[0] == chromosome]

    def candidates(self, p1=5e-8):
        return [i for i, z in enumerate(self.z) if math.erfc(abs(z) / math.sqrt(2)) <= p1]

    def vcf(self, rows):
        """A VCF whose ALT is the effect allele."""
        people = "\t".join(f"p{i}" for i in range(PEOPLE))
        lines = ["##fileformat=VCFv4.2", f"#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\t{people}"]
        call = {0: "0/0", 1: "0/1", 2: "1/1"}
        for i in rows:
            (chromosome, position), (effect, other) = self.places[i], self.alleles[i]
            calls = "\t".join(call[copies] for copies in self.dosages[i].tolist())
            lines.append(f"{chromosome}\t{position}\t{self.names[i]}\t{other}\t{effect}\t.\tPASS\t.\tGT\t{calls}")
        return "\n".join(lines) + "\n"


def write_panel(prefix, dosages, bim, people=None):
    """Write PLINK 1 files from the description of the format; bim has chromosome, name, position, A1, A2."""
    code = {2: 0b00, -9: 0b01, 1: 0b10, 0: 0b11}
    data = bytearray(b"\x6c\x1b\x01")
    for row in np.asarray(dosages).tolist():
        for at in range(0, len(row), 4):
            data.append(sum(code[copies] << (2 * k) for k, copies in enumerate(row[at : at + 4])))
    prefix.parent.mkdir(parents=True, exist_ok=True)
    Path(f"{prefix}.bed").write_bytes(bytes(data))
    lines = [f"{c}\t{name}\t0\t{position}\t{a1}\t{a2}" for c, name, position, a1, a2 in bim]
    Path(f"{prefix}.bim").write_text("\n".join(lines) + "\n")
    people = people or [f"f{i} p{i} 0 0 0 -9" for i in range(np.shape(dosages)[1])]
    Path(f"{prefix}.fam").write_text("\n".join(people) + "\n")
    return prefix


def write_table(path, rows, header=HEADER):
    path.write_text("\n".join("\t".join(map(str, row)) for row in [header, *rows]) + "\n")
    return path
