"""Header, separator and preamble of tables as people write them."""

import pytest

from osteobiome.core.errors import InputFileError
from osteobiome.sumstats.reading import open_table

TABLE = "snp\tchr\tp\nrs1\t1\t0.5\nrs2\t2\t1e-9\n"
ROWS = [("rs1", "1", "0.5", 2), ("rs2", "2", "1e-9", 3)]


def notes(table):
    return [finding.id for finding in table.findings]


@pytest.mark.parametrize("mark", ["\t", ",", ";", " "])
@pytest.mark.parametrize("quote", [False, True])
def test_open_table__separators(write, mark, quote, rows_of):
    cells = [line.split("\t") for line in TABLE.splitlines()]
    text = "".join(mark.join(f'"{cell}"' if quote else cell for cell in row) + "\n" for row in cells)
    path = write(text)
    table = open_table(path)
    assert (table.separator, table.header, table.header_line) == (mark, ("snp", "chr", "p"), 1)
    assert notes(table) == []
    assert rows_of(path) == ROWS


def test_open_table__white_space_as_plink_writes_it(write, rows_of):
    """Columns aligned at the right, blanks at both ends of each line."""
    text = " CHR         SNP         BP   A1 \n   1   rs3131972     752721    A \n  23  rs1         1    G\n"
    path = write(text)
    assert open_table(path).separator == " "
    assert open_table(path).header == ("CHR", "SNP", "BP", "A1")
    assert rows_of(path) == [("1", "rs3131972", "752721", "A", 2), ("23", "rs1", "1", "G", 3)]
    assert rows_of(path, n_bytes=1) == rows_of(path)


def test_open_table__white_space_of_tabs_and_blanks_mixed(write, rows_of):
    path = write("snp\tchr\tp\nrs1 1 0.5\nrs2  2 \t1e-9 \n")
    assert open_table(path).separator == " "
    assert rows_of(path) == ROWS


def test_open_table__some_rows_with_blanks_instead_of_tabs(write, rows_of):
    """RAREMETAL writes genes with a single variant so."""
    path = write("##x\n#snp\tchr\tp\nrs1\t1\t0.5\nrs2 2 1e-9\n")
    assert open_table(path).separator == " "
    assert rows_of(path) == [("rs1", "1", "0.5", 3), ("rs2", "2", "1e-9", 4)]


@pytest.mark.parametrize(
    ("text", "separator"),
    [
        ("a1\tb1,c1\n1\t2,3\n", "\t"),
        ("a1;b1\n0,5;0,1\n", ";"),
        ("a1;b1,c1\n1;2,3\n", ";"),
        ("p value,beta\n0.1,0.5\n", ","),
        ("p value\tbeta\n0.1\t0.5\n", "\t"),
        ("a1\tb1\n1\t\n", "\t"),
        ("a1 b1,x\n1 2,3\n1 2,3\n", ","),
        ("a1 b1,x\n1 2\n1 2\n", " "),
        ("only\nrs1\n", "\t"),
        ("a1\tb1\n1\tx y\n", "\t"),
    ],
)
def test_open_table__which_separator(write, text, separator):
    assert open_table(write(text)).separator == separator


def test_open_table__a_broken_tab_table_is_not_read_as_blanks(write, fault_of):
    """By blanks every row has three cells, but the file has tabs, and a cell is missing."""
    fault = fault_of(write("a1\tb1\tc1\n1\t2\t3\n4\t5\t6\n1\tx y\n"))
    assert (fault.code, fault.line, fault.found) == ("ragged_row", 4, "2 fields")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a1|b1|c1\n1|2|3\n", "separated by a bar"),
        ("a1\\tb1\\tc1\n1\\t2\\t3\n", "separated by a backslash and a t"),
        ("a1~b1\n1~2\n", "separated by a tilde"),
        ("a1,b1\n1\t2\n3\t4\n", "split by commas, and rows that are split by tabs"),
        ("a1\tb1\n1,2\n3,4\n", "split by tabs, and rows that are split by commas"),
        ("p value\tbeta\n1 2\n3 4\n", "split by tabs, and rows that are split by blanks"),
        ("a1\n1 2 3\n3 4 5\n", "into one column, and rows that are split by blanks"),
    ],
)
def test_open_table__wrong_delimiter(write, text, found, fault_of):
    fault = fault_of(write(text))
    assert (fault.code, fault.line) == ("wrong_delimiter", 1)
    assert found in fault.found


def test_open_table__one_column_with_a_bar_in_it(write, rows_of):
    assert rows_of(write("gene|id\nBMP2\nSOST\n")) == [("BMP2", 2), ("SOST", 3)]


def test_open_table__vcf(write, rows_of):
    header = "#CHROM\tPOS\tID\tREF\tALT\tFORMAT\ttrait\n"
    text = f"##fileformat=VCFv4.2\n##contig=<ID=1>\n{header}1\t10\trs1\tA\tG\tES:SE\t1:2\n"
    path = write(text)
    table = open_table(path)
    assert table.preamble == ("##fileformat=VCFv4.2", "##contig=<ID=1>")
    assert table.header == ("CHROM", "POS", "ID", "REF", "ALT", "FORMAT", "trait")
    assert (table.header_line, table.separator, notes(table)) == (3, "\t", [])
    assert rows_of(path) == [("1", "10", "rs1", "A", "G", "ES:SE", "1:2", 4)]


@pytest.mark.slow
def test_open_table__vcf_header_of_many_megabytes(write, rows_of):
    lines = "".join(f"##contig=<ID=HLA{i},length=1>\n" for i in range(100_000))
    path = write(lines + "#CHROM\tPOS\n1\t10\n", "t.gz", compress=True)
    table = open_table(path)
    assert (len(table.preamble), table.header_line) == (100_000, 100_001)
    assert rows_of(path) == [("1", "10", 100_002)]


@pytest.mark.parametrize("first", ["#CHROM", "#chrom", "#CHR", "#chr"])
def test_open_table__usual_commented_header_is_no_note(write, first):
    table = open_table(write(f"{first}\tPOS\nX\tA\n"))
    assert table.header == (first[1:], "POS")
    assert table.findings == []


@pytest.mark.parametrize("text", ["#snp\tp\nrs1\t0.1\n", "# snp p\nrs1 0.1\n", "#snp,gene\nrs1,SOST\n"])
def test_open_table__other_commented_header_is_noted(write, text):
    table = open_table(write(text))
    assert table.header[0] == "snp"
    assert table.preamble == ()
    (finding,) = table.findings
    assert (finding.id, finding.severity, finding.examples[0].line) == ("commented_header", "note", 1)


@pytest.mark.parametrize(
    ("text", "preamble"),
    [
        ("# made by hand\nsnp\tp\nrs1\t0.1\n", ("# made by hand",)),
        ("#one two\n#three four\nsnp p\nrs1 0.1\n", ("#one two", "#three four")),
        ("# two words\n\nsnp\tp\nrs1\t0.1\n", ("# two words",)),
        ("##a=b\n# c\nsnp p\nx y\n", ("##a=b", "# c")),
        ("# a\n#snp\tp\nrs1\t0.1\n", ("# a",)),
    ],
)
def test_open_table__comments_above_the_header(write, text, preamble, rows_of):
    path = write(text)
    table = open_table(path)
    assert table.preamble == preamble
    assert table.header == ("snp", "p")
    assert table.header_line == text[: text.index("snp")].count("\n") + 1
    assert rows_of(path)[0][-1] == table.header_line + 1


def test_open_table__blank_lines_above_the_header(write, rows_of):
    path = write("\n \n" + TABLE)
    assert open_table(path).header_line == 3
    assert rows_of(path) == [("rs1", "1", "0.5", 4), ("rs2", "2", "1e-9", 5)]


@pytest.mark.parametrize("mark", ["\t", ",", " "])
def test_open_table__row_names_as_r_writes_them(write, mark, rows_of):
    """R's write.table: the header is one cell shorter than the rows."""
    text = '"snp"\t"p"\n"1"\t"rs1"\t0.1\n"2"\t"rs2"\t0.2\n'.replace("\t", mark)
    path = write(text)
    table = open_table(path)
    assert table.header == ("row_index", "snp", "p")
    assert notes(table) == ["header_without_row_names"]
    assert rows_of(path) == [("1", "rs1", "0.1", 2), ("2", "rs2", "0.2", 3)]


@pytest.mark.parametrize(
    "text",
    [",snp,p\n0,rs1,0.1\n", '""\tsnp\tp\n"0"\trs1\t0.1\n', "\tsnp\tp\n0\trs1\t0.1\n", '"" "snp" "p"\n"0" "rs1" 0.1\n'],
)
def test_open_table__index_as_pandas_writes_it(write, text, rows_of):
    path = write(text)
    assert open_table(path).header == ("row_index", "snp", "p")
    assert notes(open_table(path)) == ["unnamed_first_column"]
    assert rows_of(path) == [("0", "rs1", "0.1", 2)]


def test_open_table__index_beside_a_column_of_that_name(write):
    assert open_table(write(",row_index,p\n0,rs1,0.1\n")).header == ("row_index_2", "row_index", "p")


@pytest.mark.parametrize("mark", ["\t", ",", ";"])
@pytest.mark.parametrize("ends", [("\t", "\t"), ("", "\t"), ("\t", "")])
def test_open_table__separator_at_the_end_of_lines(write, mark, ends, rows_of):
    text = f"snp\tp{ends[0]}\nrs1\t0.1{ends[1]}\nrs2\t{ends[1]}\n".replace("\t", mark)
    path = write(text)
    table = open_table(path)
    assert table.header == ("snp", "p")
    assert notes(table) == ["trailing_delimiter"]
    assert rows_of(path) == [("rs1", "0.1", 2), ("rs2", None, 3)]
    assert rows_of(path, n_bytes=1) == rows_of(path)


def test_chunks__value_behind_the_last_separator(write, fault_of):
    rows = "rs1\t0.1\t\n" * 30
    fault = fault_of(write("snp\tp\t\n" + rows + "rs1\t0.1\tx\n"))
    assert (fault.code, fault.line) == ("empty_column_name", 32)
    assert "'x'" in fault.found


@pytest.mark.parametrize(
    ("text", "column"), [("snp\t\tp\nrs1\t1\t0.1\n", 2), ("snp,p,\nrs1,0.1,x\n", 3), ('a1;"";b\n1;2;3\n', 2)]
)
def test_open_table__column_without_a_name(write, text, column, fault_of):
    fault = fault_of(write(text))
    assert (fault.code, fault.line) == ("empty_column_name", 1)
    assert fault.found == f"column {column} of 3 has no name"


@pytest.mark.parametrize("text", ["##x\nbeta\tse\tbeta\n1\t2\t3\n", '##x\nbeta,se," beta "\n1,2,3\n'])
def test_open_table__column_twice(write, text, fault_of):
    fault = fault_of(write(text))
    assert (fault.code, fault.line, fault.found) == ("duplicate_column", 2, "column 'beta' twice")


def test_open_table__column_with_our_name_of_line_numbers(write, fault_of):
    assert fault_of(write("a1\t__line__\n1\t2\n")).code == "duplicate_column"


@pytest.mark.parametrize(
    "text",
    [
        "rs1\t1\t100\tA\tG\t0.1\nrs2\t1\t200\tC\tT\t0.2\n",
        "1 100 a g 1e-5 -.3\n1 200 c t 1e-5 +3.\n",
        '"1","1","A","0.5"\n"1","2","A","0.5"\n',
        "1\t1\t\n2\t2\t\n",
    ],
)
def test_open_table__no_header(write, text, fault_of):
    fault = fault_of(write(text))
    assert (fault.code, fault.line) == ("no_header", 1)


@pytest.mark.parametrize("text", ["a\tc\n1\t2\n", "A,C,G,T\n1,2,3,4\n", "snp\t1\nrs1\t0.5\n", "t0 t1 1 x\n1 2 3 4\n"])
def test_open_table__odd_headers_that_are_headers(write, text):
    assert open_table(write(text)).header_line == 1


@pytest.mark.parametrize("text", ["snp\tp\n", "snp\tp", "##x\n#CHROM\tPOS\n", "\n\n", "snp\tp\n\n \t\n", "##only\n"])
def test_open_table__no_rows(write, text):
    with pytest.raises(InputFileError) as caught:
        open_table(write(text))
    assert caught.value.faults[0].code == "no_rows"


@pytest.mark.parametrize("separator", ["\t", ",", " "])
def test_chunks__rows_of_separators_alone_are_no_rows(write, separator, fault_of):
    text = "snp\tchr\tp\n\t\t\n\t\t\n".replace("\t", separator)
    assert fault_of(write(text)).code == "no_rows"


def test_open_table__quoted_hash_before_the_first_name(write):
    assert open_table(write('"#snp"\t"p"\n"rs1"\t1\n')).header == ("snp", "p")


def test_open_table__separator_in_a_quoted_name(write, rows_of):
    path = write('"a,b",c1\n1,2\n')
    assert open_table(path).header == ("a,b", "c1")
    assert rows_of(path) == [("1", "2", 2)]


def test_open_table__name_that_looks_like_a_pattern(write, rows_of):
    """Polars takes names between ^ and $ for patterns."""
    assert rows_of(write('^.*$\tp\n"x"\t 1\n')) == [("x", "1", 2)]
