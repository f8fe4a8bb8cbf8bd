"""Lines of a GWAS-VCF, from the first byte to the verdict."""

from __future__ import annotations

import json

import atheris

from fuzz.harness import file_for, fuzz

with atheris.instrument_imports(include=["osteobiome"]):
    from osteobiome.sumstats.checking import check_sumstats

PATH = file_for("trait.vcf")
HEAD = b"##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\ttrait\n"
SEEDS = [
    b"1\t20000475\trs4912139\tC\tG\t.\tPASS\tAF=0.3\tES:SE:LP:AF:SS:ID\t0.1:0.05:1.3:0.3:1000:rs4912139\n",
    b"1\t5\t.\tC\tG,T,<DEL>\t.\t.\t.\tES:SE:LP\t0.1,0.2,.:0.05,.,0.1:1.3\nX\t6\trs2\tA\tACG\t.\t.\t.\tSE:ES\t.:.\n",
    b"1\t5\trs1\tC\tG\t.\t.\t.\t:\t:\n1\t6\trs2\tA\tG\t.\t.\t.\tES:ES\t1\n1\t7\trs3\tA\t,\t.\t.\t.\tES:SE:EZ:NC\t1:2:3:4:5\n",
]


def one_input(data: bytes) -> None:
    """Check the lines under the header of a VCF, or the whole file if it brings one of its own."""
    PATH.write_bytes(data if data.startswith(b"#") else HEAD + data)
    result = check_sumstats(PATH)
    assert result.rows.n_in == result.rows.n_kept + result.rows.n_dropped
    json.dumps(result.as_dict(), allow_nan=False)


if __name__ == "__main__":
    fuzz(one_input, [HEAD + SEEDS[0], *SEEDS])
