"""Small summary statistics written by a test and read back."""

import gzip

import pytest

from osteobiome.sumstats import read_sumstats

HEADER = (
    "rsid",
    "chromosome",
    "base_pair_location",
    "effect_allele",
    "other_allele",
    "beta",
    "standard_error",
    "effect_allele_frequency",
    "p_value",
)
DEFAULTS = {
    "rsid": "rs1",
    "chromosome": "1",
    "base_pair_location": "100",
    "effect_allele": "A",
    "other_allele": "G",
    "beta": "0.1",
    "standard_error": "0.05",
    "effect_allele_frequency": "0.3",
    "p_value": "0.0455",
}


@pytest.fixture
def write(tmp_path):
    """Write bytes or text under a name, and return the path."""

    def to_file(content, name="table.tsv", *, compress=False):
        data = content.encode() if isinstance(content, str) else content
        path = tmp_path / name
        path.write_bytes(gzip.compress(data) if compress else data)
        return path

    return to_file


@pytest.fixture
def gwas(write):
    """Read a GWAS-SSF table given as rows of changes to a default row; ``drop`` leaves columns out."""
    count = 0

    def build(*rows, drop=(), trait_id="trait", side="outcome", genome_build="GRCh37", header=HEADER, **more):
        nonlocal count
        count += 1
        names = [name for name in header if name not in drop]
        lines = ["\t".join(names)]
        lines += ["\t".join(str((DEFAULTS | row).get(name, "NA")) for name in names) for row in rows]
        path = write("\n".join(lines) + "\n", f"{trait_id}{count}.tsv")
        return read_sumstats(
            path, file_format="gwas_ssf", trait_id=trait_id, side=side, genome_build=genome_build, **more
        )

    return build
