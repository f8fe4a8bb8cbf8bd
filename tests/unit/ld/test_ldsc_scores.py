import gzip

import pytest

from osteobiome.core.errors import SchemaError
from osteobiome.ld.ldsc_scores import read_ldsc_scores


def code(raised):
    return raised.value.faults[0].code


def score_file(folder, name, rows, *, m="3", m_common="2"):
    text = "CHR\tSNP\tBP\tCM\tMAF\tL2\n" + "".join(rows)
    (folder / f"{name}.l2.ldscore.gz").write_bytes(gzip.compress(text.encode()))
    (folder / f"{name}.l2.M").write_text(m + "\n")
    (folder / f"{name}.l2.M_5_50").write_text(m_common + "\n")
    return folder / f"{name}.l2.ldscore.gz"


def test_ldsc__files_are_joined_and_their_numbers_summed(tmp_path):
    one = score_file(tmp_path, "1", ["1\trs1\t10\t0.1\t0.2\t1.5\n"], m="10", m_common="7.0")
    two = score_file(tmp_path, "2", ["2\trs2\t20\t0.1\t0.2\t2.5\n"], m="20", m_common="8")
    read = read_ldsc_scores([one, two])
    assert read.scores.rows() == [("1", "rs1", 10, 1.5), ("2", "rs2", 20, 2.5)]
    assert (read.m, read.m_common) == ((30.0,), (15.0,))
    (tmp_path / "2.l2.M").unlink()
    assert read_ldsc_scores([one, two]).m is None


def test_ldsc__every_row_is_accounted_for(tmp_path):
    rows = ["1\trs1\t10\t0\t0.2\t1.5\n", "1\trs2\t11\t0\t0.2\tNA\n", "1\t\t12\t0\t0.2\t1\n", "1\trs1\t13\t0\t0.2\t9\n",
            "1\trs5\t14\t0\t0.2\tinf\n"]  # fmt: skip
    read = read_ldsc_scores([score_file(tmp_path, "1", rows)])
    assert read.scores.rows() == [("1", "rs1", 10, 1.5)]
    dropped = {d.reason: (d.count, d.lines, d.examples) for d in read.report.dropped}
    assert dropped == {
        "no_place": (1, (4,), ()),
        "missing_score": (2, (3, 6), ()),
        "duplicate_variant": (1, (), ("rs1",)),
    }


def test_ldsc__refuses_other_tables_and_numbers(tmp_path):
    good = score_file(tmp_path, "1", ["1\trs1\t10\t0\t0.2\t1.5\n"])
    bad = score_file(tmp_path, "2", ["2\trs2\t20\t0\t0.2\t2.5\n"], m="1 2")
    with pytest.raises(SchemaError) as raised:
        read_ldsc_scores([good, bad])
    assert code(raised) == "bad_counts"
    (tmp_path / "3.l2.ldscore").write_text("CHR\tSNP\tBP\tbase\n1\trs3\t5\t1\n")
    with pytest.raises(SchemaError) as raised:
        read_ldsc_scores([good, tmp_path / "3.l2.ldscore"])
    assert code(raised) == "other_scores"
    (tmp_path / "4.l2.ldscore").write_text("CHR\tSNP\tBP\n1\trs3\t5\n")
    with pytest.raises(SchemaError) as raised:
        read_ldsc_scores([tmp_path / "4.l2.ldscore"])
    assert code(raised) == "no_score_column"
    with pytest.raises(SchemaError):
        read_ldsc_scores([])
