"""References: right records, valid BibTeX and CSL whatever a trait table says, and only what ran."""

from __future__ import annotations

import json
import re
import unicodedata

import pytest

from osteobiome.mr import ESTIMATORS
from osteobiome.report.bibliography import entries, records, reference_text, to_bibtex, to_csl_json
from osteobiome.report.methods_text import references

KEY = re.compile(r"^[a-z][a-z0-9-]*$")


def parse_bibtex(text):
    """Return entries of BibTeX as ``(kind, key, fields)``: a small reader of its own, that counts braces as BibTeX."""
    found, place = [], 0
    while (start := text.find("@", place)) >= 0:
        assert not text[place:start].strip(), f"text between entries: {text[place:start]!r}"
        head = re.compile(r"@(\w+)\{([^,{}\s]+),").match(text, start)
        assert head, text[start : start + 60]
        fields, place = {}, head.end()
        while True:
            field = re.compile(r"\s*(\w+) = \{").match(text, place)
            if not field:
                break
            depth, end = 1, field.end()
            while depth:
                assert end < len(text), f"braces of {head[2]} do not close"
                depth += {"{": 1, "}": -1}.get(text[end], 0)
                end += 1
            assert field[1] not in fields
            fields[field[1]] = text[field.end() : end - 1]
            place = end + 1 if text[end : end + 1] == "," else end
        closing = re.compile(r"\s*\}\s*").match(text, place)
        assert closing, text[place : place + 40]
        found.append((head[1], head[2], fields))
        place = closing.end()
    assert not text[place:].strip()
    return found


def plain(latex):
    """Return what LaTeX would print, for the commands that are written."""
    words = {
        "textbackslash": "\\", "textbraceleft": "{", "textbraceright": "}", "textasciitilde": "~",
        "textasciicircum": "^", "textless": "<", "textgreater": ">", "textbar": "|",
    }  # fmt: skip
    marks = {"'": "\u0301", '"': "\u0308", "c ": "\u0327", "v ": "\u030c", "`": "\u0300", "r ": "\u030a"}
    out, i = [], 0
    while i < len(latex):
        if latex.startswith("$\\rightarrow$", i):
            out.append("→")
            i += 13
        elif latex.startswith("$-$", i):
            out.append("−")
            i += 3
        elif latex.startswith("\\textsuperscript{2}", i):
            out.append("²")
            i += 19
        elif latex[i] == "\\":
            word = re.compile(r"\\([a-z]+)\{\}").match(latex, i)
            mark = next((m for m in marks if latex.startswith(m, i + 1)), None)
            if word:
                out.append(words[word[1]])
                i = word.end()
            elif latex[i + 1] in "&%$#_":
                out.append(latex[i + 1])
                i += 2
            else:
                out.append(latex[i + 1 + len(mark)] + marks[mark])
                i += 2 + len(mark)
        else:
            out.append("" if latex[i] in "{}" else latex[i])
            i += 1
    return unicodedata.normalize("NFC", "".join(out))


def by_doi(doi):
    return next(record for record in records() if record.get("DOI") == doi)


# --- the records -------------------------------------------------------------------------------------------------


def test_records__have_unique_keys_and_identifiers():
    for name in ("id", "DOI", "PMID"):
        values = [record[name].lower() for record in records() if name in record]
        assert len(set(values)) == len(values)
    assert [record["id"] for record in records()] == sorted(record["id"] for record in records())


@pytest.mark.parametrize("record", records(), ids=lambda record: record["id"])
def test_record__is_csl_of_known_form(record):
    assert KEY.match(record["id"])
    assert record["type"] in {"article-journal", "paper-conference", "article"}
    assert re.match(r"^10\.\d{4,9}/\S+$", record["DOI"])
    assert 1950 < record["issued"]["date-parts"][0][0] < 2027
    assert str(record["issued"]["date-parts"][0][0]) in record["id"]
    assert record["author"]
    for name in record["author"]:
        assert set(name) in ({"family", "given"}, {"literal"})
        if "given" in name:
            assert re.match(r"^([A-Z]\.[ -]?)+$", name["given"]), name
    first = record["author"][0]
    if "family" in first:
        assert record["id"].startswith(re.sub(r"[^a-z]", "", first["family"].lower()))
    assert {"literal": "et al."} not in record["author"][:-1]
    assert set(record) <= {
        "id", "type", "title", "author", "container-title", "issued", "volume", "issue", "page", "DOI", "PMID",
    }  # fmt: skip


def test_records__hold_every_doi_of_an_estimator():
    known = {record["DOI"].lower() for record in records()}
    missing = {name: entry.doi for name, entry in ESTIMATORS.items() if entry.doi.lower() not in known}
    assert not missing
    for _, entry in ESTIMATORS.items():
        assert {"title", "author", "issued", "container-title"} <= set(by_doi(entry.doi))


@pytest.mark.parametrize(
    ("doi", "line"),
    [
        (
            "10.1093/ije/dyv080",
            "Bowden J, Davey Smith G, Burgess S. Mendelian randomization with invalid instruments: effect estimation "
            "and bias detection through Egger regression. International Journal of Epidemiology 2015;44:512-525. "
            "doi:10.1093/ije/dyv080",
        ),
        (
            "10.1093/ije/dyt179",
            "Brion MJA, Shakhbazov K, Visscher PM. Calculating statistical power in Mendelian randomization studies. "
            "International Journal of Epidemiology 2013;42:1497-1501. doi:10.1093/ije/dyt179",
        ),
        ("10.1002/art.42751", "Staley JR, et al. Arthritis & Rheumatology 2025;77:1280-1282. doi:10.1002/art.42751"),
        (
            "10.1101/2022.07.15.500230",
            "Hayhurst J, Buniello A, Harris L, Mosaku A, Chang C, Gignoux CR, et al. A community driven GWAS summary "
            "statistics standard. bioRxiv 2022. doi:10.1101/2022.07.15.500230",
        ),
    ],
)
def test_reference_text__reads_as_in_a_paper(doi, line):
    assert reference_text(by_doi(doi)) == line


# --- what is cited -----------------------------------------------------------------------------------------------


def test_entries__are_software_methods_that_ran_and_data(built):
    found = {entry["id"]: entry["note"] for entry in entries(built.build())}
    assert next(iter(found)) == "osteobiome"
    assert found["burgess2013mendelian"] == "method: Inverse-variance weighted"
    assert found["bowden2015mendelian"] == "method: MR-Egger"
    assert found["bowden2016assessing"] == "method: F statistic"
    assert found["skrivankova2021strobe"] == "checklist for reporting"
    assert sorted(note for note in found.values() if note.startswith("data")) == [
        "data: Exposure X", "data: Outcome Y", "data: Outcome Z",
    ]  # fmt: skip
    assert len(found) == 11


def test_entries__leave_out_what_gave_no_number(built):
    failed = [row | {"beta": None, "status": "no_scatter"} if row["method"] == "egger" else row
              for row in built.ROWS["estimates"]]  # fmt: skip
    silent = [row | {"statistic": None, "neg_log_10_p_value": None} for row in built.ROWS["diagnostics"]]
    found = {entry["id"] for entry in entries(built.build(estimates=failed, diagnostics=silent))}
    assert "burgess2013mendelian" in found
    assert not found & {"bowden2015mendelian", "bowden2017framework", "higgins2002quantifying", "bowden2016assessing"}
    assert "salmon2011parallel" not in found


def test_entries__name_the_generator_if_there_were_draws(built):
    rows = [row | {"n_draws": 1000, "seed": 7} for row in built.ROWS["estimates"]]
    found = {entry["id"]: entry["note"] for entry in entries(built.build(estimates=rows))}
    assert found["salmon2011parallel"] == "method: random numbers"


def test_entries__of_one_source_for_several_things_stand_once(built):
    traits = [row | {"citation": "doi:10.1038/s41588-018-0302-x"} for row in built.ROWS["traits"]]
    notes = [entry["note"] for entry in entries(built.build(traits=traits)) if entry["id"] == "morris2019atlas"]
    assert notes == ["data: Exposure X, Outcome Y and Outcome Z"]


@pytest.mark.parametrize(
    ("citation", "wanted"),
    [
        ("PMID:33532862", ["hartiala2021genome"]),
        ("pmid 33532862", ["hartiala2021genome"]),
        ("https://doi.org/10.1002/OBY.23604", ["bland2023metabolically"]),
        ("doi:10.1002/oby.23604, Supplementary Table 8", ["bland2023metabolically"]),
        ("Bland et al. (doi:10.1002/oby.23604).", ["bland2023metabolically"]),
        ("doi:10.1002/oby.23604; doi:10.1038/ng.2249", ["bland2023metabolically", "estrada2012genome"]),
        ("doi:10.1002/oby.23604, pmid:36502291", ["bland2023metabolically"]),
    ],
)
def test_citation__finds_the_record_however_it_is_written(citation, wanted, built):
    traits = [built.ROWS["traits"][0] | {"citation": citation}, *built.ROWS["traits"][1:]]
    notes = {entry["id"]: entry["note"] for entry in entries(built.build(traits=traits))}
    assert [key for key, note in notes.items() if note == "data: Exposure X"] == wanted


@pytest.mark.parametrize(
    ("citation", "fields"),
    [
        ("doi:10.1000/abc.", {"DOI": "10.1000/abc", "URL": "https://doi.org/10.1000/abc"}),
        (
            "10.1016/S0140-6736(08)60599-9)",
            {"DOI": "10.1016/S0140-6736(08)60599-9", "URL": "https://doi.org/10.1016/S0140-6736(08)60599-9"},
        ),
        ("doi:10.1000/a%23#b", {"DOI": "10.1000/a%23#b", "URL": "https://doi.org/10.1000/a%2523%23b"}),
        ("PMID: 12345", {"PMID": "12345", "URL": "https://pubmed.ncbi.nlm.nih.gov/12345/"}),
        ("doi:10.1000/abc PMID:12345", {"DOI": "10.1000/abc", "PMID": "12345", "URL": "https://doi.org/10.1000/abc"}),
        ("our own GWAS, 2026", {"title": "our own GWAS, 2026"}),
        (
            "see https://example.org/gwas.",
            {"title": "see https://example.org/gwas.", "URL": "https://example.org/gwas"},
        ),
    ],
)
def test_citation__unknown_gives_the_least_that_can_be_said(citation, fields, built):
    traits = [built.ROWS["traits"][0] | {"citation": citation}, *built.ROWS["traits"][1:]]
    (entry,) = [entry for entry in entries(built.build(traits=traits)) if entry["note"] == "data: Exposure X"]
    assert {name: value for name, value in entry.items() if name not in {"id", "type", "note"}} == fields
    assert entry["type"] == "document"
    assert KEY.match(entry["id"])
    (parsed,) = parse_bibtex(to_bibtex([entry]))
    assert parsed[0] == "misc"
    assert parsed[2]["note"] == "data: Exposure X"


@pytest.mark.parametrize("citation", ["", None, " ; "])
def test_citation__that_is_empty_is_no_entry(citation, built):
    traits = [row | {"citation": citation} for row in built.ROWS["traits"]]
    assert not [entry for entry in entries(built.build(traits=traits)) if entry["note"].startswith("data")]


def test_keys__keep_apart_what_looks_alike_and_stay_the_same(built):
    looks_alike = ["doi:10.1000/a.b", "doi:10.1000/a-b", "πηγή", "πηγές"]
    traits = [built.trait(f"t{i}", f"T{i}", citation=text) for i, text in enumerate(looks_alike)]
    traits += built.ROWS["traits"]
    keys = [entry["id"] for entry in entries(built.build(traits=traits))]
    assert len(set(keys)) == len(keys)
    assert keys == [entry["id"] for entry in entries(built.build(traits=traits))]
    assert "doi-10-1000-a-b-" in " ".join(keys)


def test_published_numbers__are_cited(built):
    published = [built.PAIR | {"method": "ivw", "published_beta": 0.3, "decimals": 1,
                               "source": "doi:10.1002/art.42751"}]  # fmt: skip
    published[0].pop("family")
    notes = {entry["id"]: entry["note"] for entry in entries(built.build(published=published))}
    assert notes["staley2025sclerostin"] == "published numbers"


def test_references__are_lines_with_their_purpose(built):
    found = references(built.build())
    assert re.match(r"^The Osteobiome developers\. osteobiome, version \S+ \(software\)$", found[0])
    assert found[1].startswith("Burgess S, Butterworth A, Thompson SG. ")
    assert found[1].endswith("2013;37:658-665. doi:10.1002/gepi.21758 (method: Inverse-variance weighted)")
    assert "doi:10.1000/x (data: Exposure X)" in found
    assert len(set(found)) == len(found)


# --- BibTeX and CSL ----------------------------------------------------------------------------------------------


def test_bibtex__of_all_records_is_read_back():
    parsed = parse_bibtex(to_bibtex(records()))
    assert len(parsed) == len(records())
    assert len({key for _, key, _ in parsed}) == len(parsed)
    for (kind, key, fields), record in zip(parsed, records(), strict=True):
        assert key == record["id"]
        assert (
            kind
            == {"article-journal": "article", "paper-conference": "inproceedings", "article": "misc"}[record["type"]]
        )
        assert plain(fields.get("title", "")) == record.get("title", "")
        assert fields["doi"] == record["DOI"]
        assert fields["year"] == str(record["issued"]["date-parts"][0][0])
        place = fields[{"article": "journal", "inproceedings": "booktitle", "misc": "howpublished"}[kind]]
        assert plain(place) == record["container-title"]
        assert fields.get("pages", "").replace("--", "-") == record.get("page", "")
        names = fields["author"].split(" and ")
        assert len(names) == len(record["author"])
        for name, person in zip(names, record["author"], strict=True):
            if person == {"literal": "et al."}:
                assert name == "others"
            elif "literal" in person:
                assert name == f"{{{person['literal']}}}"
            else:
                assert plain(name) == f"{person['family']}, {person['given']}"


def test_bibtex__is_ascii_for_latin_letters():
    text = to_bibtex(records())
    assert not [letter for letter in text if not letter.isascii()]
    assert r"Vilhj{\'a}lmsson" in text
    assert r"J{\"u}rgenson" in text
    assert r"I\textsuperscript{2}" in text


def test_bibtex__protects_capitals_of_titles():
    text = to_bibtex([by_doi("10.1093/ije/dyv080"), by_doi("10.1038/s41588-019-0514-8"), by_doi("10.1093/ije/dyw220")])
    assert "title = {Mendelian randomization with invalid instruments: effect estimation" in text
    assert "through {Egger} regression}" in text
    assert "title = {{HDAC9} is implicated" in text
    assert "using {MR-Egger} regression: the role of the {I\\textsuperscript{2}} statistic" in text
    assert "({STROBE-MR}): explanation" in to_bibtex([by_doi("10.1136/bmj.n2233")])


HOSTILE = "100 % of {x}_1 & $y$ #2 ~ ^ \\end{document} <b> } @article{evil, Ωμέγα é"


@pytest.mark.parametrize("field", ["label", "citation"])
def test_bibtex__survives_anything_in_a_trait_table(field, built):
    traits = [built.ROWS["traits"][0] | {field: HOSTILE}, *built.ROWS["traits"][1:]]
    found = entries(built.build(traits=traits))
    parsed = parse_bibtex(to_bibtex(found))
    assert [key for _, key, _ in parsed] == [entry["id"] for entry in found]
    shown = {entry["id"]: fields for entry, (_, _, fields) in zip(found, parsed, strict=True)}
    key = next(entry["id"] for entry in found if HOSTILE in entry.get("title", "") + entry["note"])
    name = "note" if field == "label" else "title"
    assert plain(shown[key][name]) == (f"data: {HOSTILE}" if field == "label" else HOSTILE)
    for fields in shown.values():
        for name, value in fields.items():
            if name not in {"doi", "url", "eprint"}:
                assert not re.search(r"(?<!\\)[&%#_~^]", value.replace(r"\^", "")), value


def test_bibtex__tells_what_for_where_styles_do_not_print_it(built):
    fields = {key: fields for _, key, fields in parse_bibtex(to_bibtex(entries(built.build())))}
    assert fields["bowden2015mendelian"]["annote"] == "method: MR-Egger"
    assert "note" not in fields["bowden2015mendelian"]
    assert fields["osteobiome"]["version"]
    assert fields["osteobiome"]["author"] == "{The Osteobiome developers}"


def test_bibtex__gives_pubmed_numbers():
    text = to_bibtex([by_doi("10.1371/journal.pmed.1001779")])
    assert "eprint = {25826379}" in text
    assert "eprinttype = {pubmed}" in text


def test_csl__is_read_back(built):
    found = entries(built.build())
    text = to_csl_json(found)
    assert json.loads(text) == found
    assert text.endswith("]\n")
    assert all({"id", "type"} <= set(item) for item in json.loads(text))


def test_nothing_to_cite__is_an_empty_file():
    assert to_bibtex([]) == ""
    assert json.loads(to_csl_json([])) == []
