"""XLSX, read by an independent reader: the ZIP and its XML."""

from __future__ import annotations

import sys
import xml.etree.ElementTree as ET
import zipfile

import pytest

from osteobiome.core.errors import StoreWriteError
from osteobiome.sumstats.writing import TraitFacts, write_sumstats

pytest.importorskip("xlsxwriter")
NAMESPACE = {"m": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}


def sheet(path, number):
    """Return the cells of a sheet by name: (kind, value, number format)."""
    with zipfile.ZipFile(path) as book:
        assert book.testzip() is None
        root = ET.fromstring(book.read(f"xl/worksheets/sheet{number}.xml"))
        styles = ET.fromstring(book.read("xl/styles.xml"))
    formats = [int(style.get("numFmtId")) for style in styles.findall("m:cellXfs/m:xf", NAMESPACE)]
    cells = {}
    for cell in root.iterfind(".//m:c", NAMESPACE):
        kind = cell.get("t", "n")
        text = "".join(cell.itertext())
        assert cell.find("m:f", NAMESPACE) is None, "a formula"
        value = float(text) if kind == "n" else text == "1" if kind == "b" else text
        cells[cell.get("r")] = (kind, value, formats[int(cell.get("s", 0))])
    return cells


def test_xlsx__holds_each_value_exactly(write, variants):
    cells = sheet(write("a.xlsx", to="xlsx"), 1)
    header = {cells[f"{letter}1"][1]: letter for letter in "ABCDEFGHIJKLMN"}
    for line, want in enumerate(variants().iter_rows(named=True), start=2):
        for column, letter in header.items():
            value = cells.get(f"{letter}{line}", ("", None, 0))[1]
            assert value == want[column], (column, want["rsid"])


def test_xlsx__names_are_text_cells(write):
    cells = sheet(write("a.xlsx", to="xlsx"), 1)
    names = [cells[f"A{line}"] for line in range(2, 8)]
    assert [value for _, value, _ in names] == ["rs1", "MARCH1", "=cmd()", "rs4", "rs5", "1:100:A:G;x"]
    text = 49  # ECMA-376 part 1, 18.8.30: number format "@"
    assert {(kind, style) for kind, _, style in names} == {("inlineStr", text)}


def test_xlsx__tells_about_itself(write):
    facts = TraitFacts("bmd", "=Bone density", "GRCh37", 1000, is_simulated=True)
    cells = sheet(write("a.xlsx", to="xlsx", facts=facts), 2)
    about = {cells[f"A{line}"][1]: cells[f"B{line}"][1] for line in range(1, 7)}
    assert cells["A1"][1] == "data"
    assert about["data"].startswith("SIMULATED data")
    assert about["label"] == "=Bone density"
    assert about["genome_build"] == "GRCh37"


def test_xlsx__writes_infinity_as_text(write, variants):
    cells = sheet(write("a.xlsx", to="xlsx", frame=variants({"neg_log_10_p_value": float("inf")})), 1)
    assert cells["I2"][:2] == ("inlineStr", "inf")


def test_xlsx__of_too_many_rows_is_refused(tmp_path, variants, monkeypatch):
    monkeypatch.setattr("osteobiome.sumstats.writing.xlsx.MAX_ROWS", 7)
    facts = TraitFacts("bmd")
    write_sumstats(variants(), tmp_path / "six.xlsx", to="xlsx", facts=facts)
    frames = iter([variants(), variants({"rsid": "rs7"})])
    with pytest.raises(StoreWriteError, match="more than 6 rows") as caught:
        write_sumstats(frames, tmp_path / "seven.xlsx", to="xlsx", facts=facts)
    assert caught.value.faults[0].code == "too_many_rows_for_xlsx"
    assert [path.name for path in tmp_path.iterdir()] == ["six.xlsx"]


def test_xlsx__without_its_library_names_the_extra(write, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "xlsxwriter", None)
    with pytest.raises(StoreWriteError, match=r"pip install osteobiome\[xlsx\]") as caught:
        write("a.xlsx", to="xlsx")
    assert caught.value.faults[0].code == "missing_extra"
    assert list(tmp_path.iterdir()) == []
