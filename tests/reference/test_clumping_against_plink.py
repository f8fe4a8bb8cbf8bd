"""Clumps equal those of PLINK 1.9: index variants, members and their order, on dense loci with ties and missing calls.

The frozen cases run everywhere; the random ones where plink1.9 is installed. ``freeze`` writes the frozen ones anew.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pytest

from osteobiome.core.thresholds import neg_log10
from osteobiome.ld.genotypes import Genotypes
from osteobiome.ld.panel_clumping import Candidates, PanelClumpOptions, clump_panel

PLINK = shutil.which("plink1.9")
FROZEN = Path(__file__).parents[1] / "data" / "ld" / "clump_plink"
FROZEN_SEEDS = (28, 31, 34, 51, 62, 71)
N_RANDOM = 80
CODES = np.array([3, 2, 0, 1], dtype=np.uint8)  # of 0, 1, 2 copies of A1, and of no call (-1)


@dataclass(frozen=True)
class Case:
    """A panel, summary statistics and options."""

    bed: list[str]
    n_people: int
    chromosome: list[int]
    position: list[int]
    name: list[str]
    p: list[str]
    p1: str
    p2: str
    r2: str
    kb: str

    def options(self) -> PanelClumpOptions:
        return PanelClumpOptions(p1=float(self.p1), p2=float(self.p2), r2=float(self.r2), kb=float(self.kb))

    def clumps(self) -> dict[str, list[str]]:
        """Return the members of each index variant, by name."""
        rows = np.array([list(bytes.fromhex(row)) for row in self.bed], dtype=np.uint8)
        row_of = {f"rs{i}": i for i in range(len(rows))}
        candidates = Candidates(
            np.array([row_of.get(name, -1) for name in self.name]),
            np.array([np.nan if p == "NA" else neg_log10(float(p)) for p in self.p]),
        )
        found = clump_panel(
            Genotypes.from_bed(rows, n_people=self.n_people),
            candidates,
            chromosome=self.chromosome,
            position=self.position,
            options=self.options(),
        )
        assert np.all(found.reason[candidates.row < 0] == "not_in_panel")
        return {self.name[i]: sorted(self.name[j] for j in found.members(int(i))) for i in np.flatnonzero(found.stays)}

    def plink(self, folder: Path) -> dict[str, list[str]]:
        """Return what plink1.9 finds."""
        prefix = folder / "case"
        rows = b"".join(bytes.fromhex(row) for row in self.bed)
        prefix.with_suffix(".bed").write_bytes(b"\x6c\x1b\x01" + rows)
        places = zip(self.chromosome, self.position, strict=True)
        prefix.with_suffix(".bim").write_text("".join(f"{c}\trs{i}\t0\t{b}\tA\tG\n" for i, (c, b) in enumerate(places)))
        prefix.with_suffix(".fam").write_text("".join(f"f{i} i{i} 0 0 2 -9\n" for i in range(self.n_people)))
        lines = [f"{name} {p}\n" for name, p in zip(self.name, self.p, strict=True)]
        prefix.with_suffix(".p").write_text("SNP P\n" + "".join(lines))
        command = [PLINK, "--bfile", prefix, "--clump", prefix.with_suffix(".p"), "--out", prefix]
        for key in ("p1", "p2", "r2", "kb"):
            command += [f"--clump-{key}", getattr(self, key)]
        subprocess.run([str(part) for part in command], check=True, capture_output=True)
        table = prefix.with_suffix(".clumped")
        if not table.exists():  # nothing passes p1
            return {}
        lines = [line.split() for line in table.read_text().splitlines()[1:] if line.strip()]
        return {
            line[2]: [] if line[11] == "NONE" else sorted(name.removesuffix("(1)") for name in line[11].split(","))
            for line in lines
        }


def mosaic(rng: np.random.Generator, n_variants: int, n_people: int) -> np.ndarray:
    """Return copies at variants in strong disequilibrium: people are patchworks of a few ancestral haplotypes."""
    n_ancestors = int(rng.integers(2, 9))
    ancestors = rng.random((n_variants, n_ancestors)) < rng.uniform(0.02, 0.98, (n_variants, 1))
    switch = rng.random((n_variants, 2 * n_people)) < rng.choice([0.005, 0.05, 0.3])
    switch[0] = True
    source = rng.integers(0, n_ancestors, switch.shape)
    at = np.maximum.accumulate(np.where(switch, np.arange(n_variants)[:, None], 0), axis=0)
    chosen = np.take_along_axis(source, at, axis=0)
    haplotypes = np.take_along_axis(ancestors, chosen, axis=1) ^ (rng.random(switch.shape) < rng.choice([0, 0.01, 0.1]))
    return haplotypes[:, ::2].astype(int) + haplotypes[:, 1::2]


def random_case(seed: int) -> Case:
    """Draw a panel with ties, missing calls, equal places and variants without variation, and options to match."""
    rng = np.random.default_rng(seed)
    n_people = int(rng.choice([7, 20, 64, 65, 150]))
    span = int(rng.choice([2_000, 100_000, 2_000_000]))
    blocks, chromosome, position = [], [], []
    for c in range(1, int(rng.integers(2, 5))):
        n_variants = int(rng.integers(1, 60))
        blocks.append(mosaic(rng, n_variants, n_people))
        chromosome += [c] * n_variants
        position += sorted(rng.integers(1, span, n_variants).tolist())
    copies = np.vstack(blocks)
    copies[rng.random(len(copies)) < 0.05] = rng.choice([0, 2])
    copies[rng.random(copies.shape) < rng.choice([0.0, 0.02, 0.2])] = -1
    padded = np.full((len(copies), -(-n_people // 4) * 4), 0, dtype=np.uint8)
    padded[:, :n_people] = CODES[copies]
    four = padded.reshape(len(copies), -1, 4) << np.array([0, 2, 4, 6], dtype=np.uint8)
    names = [f"rs{i}" for i in range(len(copies))] + [f"absent{i}" for i in range(3)]
    p = [f"{10 ** -rng.uniform(0, 12):.{rng.integers(0, 3)}e}" for _ in names]
    given = rng.permutation(len(names))[: max(1, int(len(names) * rng.choice([0.5, 0.9, 1.0])))]
    p1, p2 = sorted(rng.choice(["5e-8", "1e-4", "0.01", "0.6", "1"], 2), key=float)
    for at in rng.permutation(len(names))[:4]:
        p[at] = str(rng.choice(["0", "NA", p1, p2]))
    return Case(
        bed=[row.tobytes().hex() for row in four.sum(axis=2, dtype=np.uint8)],
        n_people=n_people,
        chromosome=chromosome,
        position=position,
        name=[names[i] for i in given],
        p=[p[i] for i in given],
        p1=str(p1),
        p2=str(p2),
        r2=str(rng.choice(["0", "0.001", "0.01", "0.1", "0.2", "0.25", "0.5", "0.8", "0.97"])),
        kb=str(rng.choice(["0.5", "1", "10", "50.0005", "250", "10000"])),
    )


@pytest.mark.skipif(PLINK is None, reason="plink1.9 is not installed")
@pytest.mark.parametrize("seed", range(N_RANDOM))
def test_clump_panel__equals_plink(seed, tmp_path):
    case = random_case(seed)
    assert case.clumps() == case.plink(tmp_path)


@pytest.mark.skipif(PLINK is None, reason="plink1.9 is not installed")
def test_random_cases__are_worth_comparing(tmp_path):
    """Half of the cases or more have clumps of several members, ties among leaders, and missing calls."""
    many, ties, missing = 0, 0, 0
    for seed in range(N_RANDOM):
        case = random_case(seed)
        many += sum(len(members) > 2 for members in case.clumps().values()) > 0
        small = [float(p) for p in case.p if p != "NA" and float(p) <= float(case.p1)]
        ties += len(small) > len(set(small))
        rows = np.array([list(bytes.fromhex(row)) for row in case.bed], dtype=np.uint8)
        missing += Genotypes.from_bed(rows, n_people=case.n_people).n_called().min() < case.n_people
    assert min(many, ties, missing) >= N_RANDOM // 3, (many, ties, missing)


def frozen() -> list[tuple[Case, dict[str, list[str]]]]:
    cases = json.loads((FROZEN / "cases.json").read_text(encoding="utf-8"))
    return [(Case(**case["input"]), case["clumps"]) for case in cases]


@pytest.mark.parametrize("at", range(len(FROZEN_SEEDS)))
def test_clump_panel__equals_frozen_plink(at):
    case, expected = frozen()[at]
    assert len(expected) > 1
    assert case.clumps() == expected


def freeze(folder: Path) -> None:
    """Write the frozen cases anew."""
    cases = [{"input": asdict(random_case(seed)), "clumps": random_case(seed).plink(folder)} for seed in FROZEN_SEEDS]
    (FROZEN / "cases.json").write_text(json.dumps(cases) + "\n", encoding="utf-8")
