"""The trait table: each fault with its line and column, and what traits say about themselves."""

from __future__ import annotations

import pytest

from osteobiome.core.errors import ConfigError
from osteobiome.study.traits import REQUIRED, read_traits

HEADER = "trait_id,label,layer,type,unit,n,prevalence,adjusted_for,genome_build,format,file"
FIRST = "a,Butyrate,metabolite,quantitative,sd,1000,,age; sex,GRCh37,gwas_ssf,a.tsv"
SECOND = "b,Fracture,bone,binary,log_odds,,0.1,unknown,,gwas_ssf,b.tsv"


@pytest.fixture
def read(tmp_path):
    def from_lines(*lines, encoding="utf-8"):
        path = tmp_path / "traits.csv"
        path.write_text("\n".join(lines) + "\n", encoding=encoding)
        return read_traits(path)

    return from_lines


@pytest.fixture
def faults(read):
    def of(*lines):
        with pytest.raises(ConfigError) as caught:
            read(*lines)
        return caught.value.faults

    return of


def test_traits__come_in_order_with_their_types(read):
    first, second = read(HEADER, FIRST, SECOND)
    assert (first.trait_id, first.n, first.prevalence) == ("a", 1000, None)
    assert (second.trait_id, second.n, second.prevalence) == ("b", None, 0.1)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_traits__may_come_from_a_spreadsheet(encoding, read):
    assert [t.label for t in read(HEADER, "", FIRST.replace("Butyrate", "β-alanine"), "", encoding=encoding)] == [
        "β-alanine"
    ]


COLUMN_OF = {name: i for i, name in enumerate(HEADER.split(","))}
BAD = {
    # name: (column, value, a word of what is expected)
    "trait_id_blank": ("trait_id", "my trait", "letters"),
    "trait_id_empty": ("trait_id", "", "letters"),
    "label_empty": ("label", " ", "name"),
    "layer": ("layer", "metabolit", "metabolite"),
    "type": ("type", "continuous", "quantitative"),
    "unit": ("unit", "SD", "log_odds"),
    "unit_empty": ("unit", "", "native:<unit>"),
    "unit_native_of_nothing": ("unit", "native:", "native:<unit>"),
    "n_word": ("n", "many", "whole number"),
    "n_zero": ("n", "0", "whole number"),
    "n_negative": ("n", "-5", "whole number"),
    "n_fraction": ("n", "10.5", "whole number"),
    "prevalence_word": ("prevalence", "rare", "number"),
    "prevalence_above_1": ("prevalence", "2", "number"),
    "prevalence_infinite": ("prevalence", "inf", "number"),
    "build": ("genome_build", "hg19", "GRCh37"),
    "format": ("format", "gwas_sff", "gwas_ssf"),
    "file_empty": ("file", "", "path"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_cell__is_one_fault_with_line_and_column(name, faults):
    column, value, word = BAD[name]
    cells = FIRST.split(",")
    cells[COLUMN_OF[column]] = value
    (fault,) = faults(HEADER, SECOND, ",".join(cells))
    assert fault.where == f"traits.csv, line 3, {column}"
    assert value in fault.found
    assert word in fault.expected


def test_bad_cell__counts_lines_as_an_editor_does(faults):
    """Blank lines and line breaks inside quotes are lines, too."""
    (fault,) = faults(HEADER, "", FIRST.replace("Butyrate", '"Butyrate\n(serum)"'), "", SECOND.replace("bone", "bon"))
    assert fault.where == "traits.csv, line 6, layer"


def test_unknown_column__names_the_nearest_match(faults):
    (fault,) = faults(HEADER.replace("adjusted_for", "adjustd_for"), FIRST)
    assert (fault.code, fault.where) == ("unknown_column", "traits.csv, header")
    assert fault.hint == "Did you mean 'adjusted_for'?"


@pytest.mark.parametrize("column", REQUIRED)
def test_missing_column__is_named(column, faults):
    (fault,) = faults(HEADER.replace(column, "curie", 1), FIRST)
    assert (fault.code, fault.where) == ("missing_column", "traits.csv, header")
    assert f"'{column}'" in fault.found


def test_duplicate_column__is_named(faults):
    """Which of the two was meant cannot be known."""
    (fault,) = faults(HEADER + ",label", FIRST + ",Acetate")
    assert "label" in fault.found
    assert fault.where == "traits.csv, header"


def test_duplicate_trait__is_named(faults):
    (fault,) = faults(HEADER, FIRST, SECOND, FIRST)
    assert (fault.code, fault.where) == ("duplicate_trait", "traits.csv, line 4")


def test_row_with_too_many_fields__is_named(faults):
    (fault,) = faults(HEADER, FIRST.replace("age; sex", "age, sex"))
    assert (fault.code, fault.where) == ("ragged_row", "traits.csv, line 2")
    assert "Quote" in fault.hint


def test_row_with_too_few_fields__is_named(faults):
    assert "traits.csv, line 2" in faults(HEADER, "a,Butyrate,metabolite,quantitative,sd")[0].where


def test_every_fault__is_listed(faults):
    found = faults(HEADER, FIRST.replace("metabolite", "metabolit").replace("1000", "0"), SECOND.replace("bone", "b"))
    assert [fault.where for fault in found] == [
        "traits.csv, line 2, layer",
        "traits.csv, line 2, n",
        "traits.csv, line 3, layer",
    ]


def test_empty_table__is_one_fault(tmp_path):
    path = tmp_path / "traits.csv"
    for content, code in (("", "empty_file"), (HEADER + "\n", "no_rows")):
        path.write_text(content)
        with pytest.raises(ConfigError) as caught:
            read_traits(path)
        (fault,) = caught.value.faults
        assert fault.code == code


def test_unreadable_table__is_named(tmp_path):
    (tmp_path / "latin.csv").write_bytes(b"trait_id\n\xe9\n")
    for name, code in (("none.csv", "missing_file"), (".", "unreadable_file"), ("latin.csv", "unreadable_file")):
        with pytest.raises(ConfigError) as caught:
            read_traits(tmp_path / name)
        assert caught.value.faults[0].code == code


@pytest.fixture
def trait(read):
    def with_cell(column, value):
        cells = FIRST.split(",")
        cells[COLUMN_OF[column]] = value
        return read(HEADER, ",".join(cells))[0]

    return with_cell


@pytest.mark.parametrize(
    ("unit", "label"), [("sd", "SD"), ("log_odds", "log odds"), ("native:% body fat", "% body fat")]
)
def test_unit_label__is_for_readers(unit, label, trait):
    assert trait("unit", unit).unit_label == label


@pytest.mark.parametrize(
    ("text", "covariates", "body_size"),
    [
        ("age; sex", ("age", "sex"), ()),
        ("age;weight | BMI", ("age", "weight", "BMI"), ("weight", "BMI")),
        ("height; fat mass", ("height", "fat mass"), ("fat mass",)),
        ("none", (), ()),
        ("unknown", (), ()),
        ("", (), ()),
    ],
)
def test_adjustment__is_a_list_and_knows_what_is_about_body_size(text, covariates, body_size, trait):
    found = trait("adjusted_for", text)
    assert found.adjustment == covariates
    assert found.adjusted_for_body_size == body_size


def test_identifier__is_the_curie_or_says_that_there_is_none(read):
    header = HEADER + ",curie"
    first, second = read(header, FIRST + ",CHEBI:17968", SECOND + ",")
    assert (first.identifier, second.identifier) == ("CHEBI:17968", "trait:b")
