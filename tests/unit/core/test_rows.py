"""Row reports: no row may go missing, and a single bad row never condemns a file."""

import pytest

from osteobiome.core.columns import ROW_REPORT
from osteobiome.core.rows import MAX_LINES, DroppedRows, RowLedger, RowReport


def ledger_with(**drops):
    ledger = RowLedger("bmi", "ingest", 100)
    for reason, count in drops.items():
        ledger.drop(reason, count, lines=list(range(2, 2 + count)), examples=["x"] * count)
    return ledger


def test_ledger__closes_when_the_sum_is_right():
    report = ledger_with(missing_beta=3, bad_allele=2).close(95)
    assert report.n_dropped == 5
    assert report.by_reason() == {"missing_beta": 3, "bad_allele": 2}


@pytest.mark.parametrize("n_kept", [94, 96, 0])
def test_ledger__refuses_to_close_when_a_row_is_missing(n_kept):
    with pytest.raises(AssertionError, match="100 rows in"):
        ledger_with(missing_beta=5).close(n_kept)


def test_report__direct_construction_is_checked_too():
    with pytest.raises(AssertionError, match="bmi/ingest: 10 rows in, 9 kept, 0 accounted for"):
        RowReport("bmi", "ingest", 10, 9)


def test_ledger__zero_rows_are_not_recorded():
    ledger = RowLedger("bmi", "ingest", 4)
    ledger.drop("missing_beta", 0)
    ledger.note("palindromic", 0)
    report = ledger.close(4)
    assert report.dropped == ()
    assert report.notes == ()


def test_ledger__keeps_the_first_lines_only():
    report = ledger_with(missing_beta=50).close(50)
    assert report.dropped[0].count == 50
    assert report.dropped[0].lines == tuple(range(2, 2 + MAX_LINES))
    assert len(report.dropped[0].examples) == MAX_LINES


def test_ledger__lines_are_optional():
    ledger = RowLedger("bmi", "ingest", 1)
    ledger.drop("palindromic", 1, kind="policy")
    assert ledger.close(0).dropped == (DroppedRows("palindromic", 1, kind="policy"),)


def test_records__one_per_reason_and_note():
    ledger = ledger_with(missing_beta=1)
    ledger.note("palindromic", 7)
    records = ledger.close(99).records()
    assert [set(record) for record in records] == [set(ROW_REPORT)] * 2
    assert [(r["kind"], r["reason"], r["count"], r["lines"]) for r in records] == [
        ("fault", "missing_beta", 1, [2]),
        ("note", "palindromic", 7, []),
    ]


def test_records__a_clean_step_still_has_a_record():
    (record,) = RowLedger("bmi", "ingest", 5).close(5).records()
    assert (record["n_in"], record["n_kept"], record["kind"], record["reason"], record["count"]) == (
        5,
        5,
        "note",
        "",
        0,
    )


def test_excess__counts_each_reason_by_itself():
    report = ledger_with(missing_beta=6, bad_allele=5).close(89)
    (fault,) = report.excess(max_bad_rows=0.05)
    assert fault.code == "missing_beta"
    assert fault.where == "bmi"
    assert "6 of 100 rows (6.0 %)" in fault.found
    assert "line 2, 3, 4, 5, 6" in fault.found
    assert fault.expected == "at most 5 % of rows with one fault"
    assert '"missing_beta"' in fault.hint


def test_excess__allowed_reasons_and_policies_are_not_faults():
    ledger = RowLedger("bmi", "ingest", 10)
    ledger.drop("missing_beta", 5)
    ledger.drop("excluded_by_authors", 5, kind="policy")
    report = ledger.close(0)
    assert report.excess(max_bad_rows=0.05, allow=frozenset({"missing_beta"})) == ()
    (fault,) = report.excess(max_bad_rows=0.05)
    assert "first at line" not in fault.found  # no line numbers were given


@pytest.mark.parametrize(("n_in", "bad", "faults"), [(1, 1, 0), (5, 1, 0), (5, 2, 1), (100, 5, 0), (100, 6, 1)])
def test_excess__one_bad_row_is_never_enough(n_in, bad, faults):
    ledger = RowLedger("bmi", "ingest", n_in)
    ledger.drop("missing_beta", bad, lines=[2])
    assert len(ledger.close(n_in - bad).excess(max_bad_rows=0.05)) == faults
