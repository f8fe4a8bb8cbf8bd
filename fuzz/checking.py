"""A file of summary statistics from the first byte to the verdict."""

from __future__ import annotations

import json

import atheris

from fuzz.harness import file_for, fuzz

with atheris.instrument_imports(include=["osteobiome"]):
    from osteobiome.sumstats.checking import check_sumstats

PATH = file_for("table.tsv")
HEADER = (
    b"chromosome\tbase_pair_location\teffect_allele\tother_allele\tbeta\tstandard_error\teffect_allele_frequency\t"
    b"p_value\trsid\tn\n"
)
SEEDS = [
    HEADER + b"1\t20000475\tC\tG\t0.1\t0.05\t0.3\t0.045\trs4912139\t1000\n",
    HEADER + b"X\t1e6\tACT\tA\t-0.1\t0\t30\t1e-400\t.\t1,000\n1\t1\tA\tA\tNA\tinf\t\t\trs1\t-\n",
    b"SNP A1 A2 freq b se p N\nrs1 A G 0.1 0.2 0.3 0.4 500\n",
    b"MarkerName,Allele1,Allele2,Effect,StdErr,P-value\n1:5:A:G,a,g,0.1,0.1,0.3\n",
    b"rsid;ea;nea;or;ci_lower;ci_upper\nrs1;A;G;1.1;1.0;1.2\n",
]


def one_input(data: bytes) -> None:
    """Check a file; nothing may be raised, and every row is accounted for."""
    PATH.write_bytes(data)
    result = check_sumstats(PATH)
    assert result.rows.n_in == result.rows.n_kept + result.rows.n_dropped
    json.dumps(result.as_dict(), allow_nan=False)
    assert len(result.summary().splitlines()) <= 10


if __name__ == "__main__":
    fuzz(one_input, SEEDS)
