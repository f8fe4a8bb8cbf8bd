"""What to cite for a finished study: software, methods that ran, data that were used; as text, BibTeX and CSL-JSON."""

from __future__ import annotations

import json
import re
import unicodedata
from functools import lru_cache
from hashlib import sha256
from importlib import resources
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from osteobiome.core.provenance import version
from osteobiome.core.text import join
from osteobiome.report.ran import methods_that_ran

if TYPE_CHECKING:
    from collections.abc import Iterable

    from osteobiome.report.content import Content

Csl = dict[str, Any]
"""One reference, keys and values as in CSL-JSON."""
RANDOM_NUMBERS = "10.1145/2063384.2063405"
"""Philox, the generator behind every random draw (Salmon et al. 2011)."""
CHECKLIST = "10.1001/jama.2021.18236"
"""STROBE-MR, the checklist behind the table of the report (Skrivankova et al. 2021)."""
ET_AL = {"literal": "et al."}
"""Stands for the authors of a consortium after the sixth."""

_DOI = re.compile(r"\b10\.\d{4,9}/[^\s\"<>{}|\\^`,;]+")
_PMID = re.compile(r"\bpmid:?\s*(\d{1,8})\b", re.IGNORECASE)
_URL = re.compile(r"https?://[^\s\"<>{}|\\^`]+")
_ACCENTS = {
    "\u0300": "`", "\u0301": "'", "\u0302": "^", "\u0303": "~", "\u0304": "=", "\u0306": "u ", "\u0307": ".",
    "\u0308": '"', "\u030a": "r ", "\u030b": "H ", "\u030c": "v ", "\u0327": "c ", "\u0328": "k ",
}  # fmt: skip
_LATEX = {
    "\\": r"\textbackslash{}", "{": r"\textbraceleft{}", "}": r"\textbraceright{}", "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}",
    "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "–": "--", "—": "---", "−": "$-$",
    "→": r"$\rightarrow$", "²": r"\textsuperscript{2}", "ø": r"{\o}", "Ø": r"{\O}", "ß": r"{\ss}", "æ": r"{\ae}",
    "Æ": r"{\AE}", "œ": r"{\oe}", "ł": r"{\l}", "Ł": r"{\L}", "\n": " ", "\r": " ", "\t": " ",
}  # fmt: skip


@lru_cache(maxsize=1)
def records() -> tuple[Csl, ...]:
    """Return the references that come with the package, ordered by key."""
    text = resources.files("osteobiome.report").joinpath("bibliography.json").read_text(encoding="utf-8")
    return tuple(json.loads(text))


@lru_cache(maxsize=1)
def _index() -> dict[str, Csl]:
    """Return the references by ``doi:...`` and ``pmid:...`` in lower case."""
    by_doi = {f"doi:{record['DOI'].lower()}": record for record in records() if "DOI" in record}
    return by_doi | {f"pmid:{record['PMID']}": record for record in records() if "PMID" in record}


def entries(content: Content) -> list[Csl]:
    """Return what to cite for a finished study, each source once.

    Parameters
    ----------
    content : Content
        Tables and facts of a finished study.

    Returns
    -------
    list of dict
        CSL-JSON items: the software, methods and checks that gave numbers, data, published numbers. ``note`` says what
        each is for; ``id`` is a citation key that stays the same from run to run.
    """
    cited: dict[str, tuple[Csl, list[str]]] = {"osteobiome": (_software(), ["software"])}
    for citation, use in _cited(content):
        for record in _sources(citation):
            cited.setdefault(record["id"], (record, []))[1].append(use)
    return [record | {"note": _note(uses)} for record, uses in cited.values()]


def _software() -> Csl:
    return {
        "id": "osteobiome",
        "type": "software",
        "title": "osteobiome",
        "author": [{"literal": "The Osteobiome developers"}],
        "version": version(),
    }


def _cited(content: Content) -> Iterable[tuple[str, str]]:
    """Yield what was used as its source and its purpose."""
    for row in methods_that_ran(content):
        yield row["doi"], f"method: {row['label']}"
    if content.estimates["n_draws"].is_not_null().any():
        yield RANDOM_NUMBERS, "method: random numbers"
    for row in content.traits.to_dicts():
        yield row["citation"] or "", f"data: {row['label']}"
    for row in content.published.to_dicts():
        yield row["source"], "published numbers"
    yield CHECKLIST, "checklist for reporting"


def _sources(citation: str) -> list[Csl]:
    """Return the references that a citation names; parts are separated by semicolons.

    One part with a DOI and a PMID is one source. Text without either is a source of its own.
    """
    found: list[Csl] = []
    for part in citation.split(";"):
        dois = [_trimmed(doi) for doi in _DOI.findall(part)]
        pmids = _PMID.findall(part)
        if len(dois) == 1 and len(pmids) == 1:
            found.append(_record(dois[0], pmids[0]))
        elif dois or pmids:
            found += [_record(doi, "") for doi in dois] + [_record("", pmid) for pmid in pmids]
        elif part.strip():
            found.append(_other(part.strip()))
    return list({record["id"]: record for record in found}.values())


def _trimmed(doi: str) -> str:
    """Return a DOI without the punctuation of the sentence around it."""
    doi = doi.rstrip(".:'")
    while doi.endswith((")", "]")) and doi.count("(") + doi.count("[") < doi.count(")") + doi.count("]"):
        doi = doi[:-1].rstrip(".:'")
    return doi


def _record(doi: str, pmid: str) -> Csl:
    """Return a known reference, or the least that can be said of an unknown one."""
    known = _index().get(f"doi:{doi.lower()}") or _index().get(f"pmid:{pmid}")
    if known is not None:
        return known | {"URL": _url(known.get("DOI", ""), known.get("PMID", ""))}
    identifiers = {name: value for name, value in (("DOI", doi), ("PMID", pmid)) if value}
    return {
        "id": _key(f"doi {doi.lower()}" if doi else f"pmid {pmid}"),
        "type": "document",
        **identifiers,
        "URL": _url(doi, pmid),
    }


def _other(text: str) -> Csl:
    """Return a source that is known by its words alone."""
    address = _URL.search(text)
    return {
        "id": _key(f"source {text}"),
        "type": "document",
        "title": text,
        **({"URL": address.group().rstrip(".,)")} if address else {}),
    }


def _url(doi: str, pmid: str) -> str:
    return f"https://doi.org/{quote(doi, safe='/()')}" if doi else f"https://pubmed.ncbi.nlm.nih.gov/{pmid}/"


def _key(text: str) -> str:
    """Return a citation key of letters, digits and hyphens; the hash keeps apart what the letters do not."""
    letters = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    name = re.sub(r"[^a-z0-9]+", "-", letters.lower())[:50].strip("-")
    return f"{name}-{sha256(text.encode()).hexdigest()[:6]}"


def _note(uses: list[str]) -> str:
    """Return what a source is for, by kind: ``method: A and B; data: C``."""
    kinds: dict[str, list[str]] = {}
    for use in dict.fromkeys(uses):
        kind, _, label = use.partition(": ")
        kinds.setdefault(kind, []).append(label)
    return "; ".join(f"{kind}: {join(labels)}" if labels[0] else kind for kind, labels in kinds.items())


def reference_text(entry: Csl) -> str:
    """Return a reference as a line of a reference list.

    Parameters
    ----------
    entry : dict
        CSL-JSON item; parts that are missing are left out.

    Examples
    --------
    >>> reference_text(next(record for record in records() if record["id"] == "cook1977detection"))
    'Cook RD. Detection of influential observation in linear regression. Technometrics 1977;19:15-18. \
doi:10.1080/00401706.1977.10489493'
    """
    place = " ".join(part for part in (entry.get("container-title", ""), _year(entry)) if part)
    volume = entry.get("volume", "")
    if entry.get("page"):
        volume += f":{entry['page']}"
    place += f";{volume}" if place and volume else volume
    title = entry.get("title", "")
    if entry.get("version"):
        title += f", version {entry['version']}"
    sentences = [
        text if text.endswith((".", "?", "!")) else f"{text}." for text in (_people(entry), title, place) if text
    ]
    identifier = f"doi:{entry['DOI']}" if "DOI" in entry else f"pmid:{entry['PMID']}" if "PMID" in entry else ""
    return " ".join([*sentences, *([identifier] if identifier else [])])


def _people(entry: Csl) -> str:
    people = [
        name["literal"] if "literal" in name else f"{name['family']} {re.sub(r'[^A-Z]', '', name['given'])}"
        for name in entry.get("author", [])
    ]
    return ", ".join(people)


def _year(entry: Csl) -> str:
    return str(entry["issued"]["date-parts"][0][0]) if "issued" in entry else ""


def to_text(entries: Iterable[Csl]) -> str:
    r"""Return references as lines, each with what it is for.

    Parameters
    ----------
    entries : iterable of dict
        CSL-JSON items.

    Examples
    --------
    >>> to_text([{"id": "a", "type": "document", "DOI": "10.1000/x", "note": "data: X"}])
    'doi:10.1000/x  data: X\n'
    """
    return "".join(f"{reference_text(entry)}  {entry['note']}\n" for entry in entries)


def to_csl_json(entries: Iterable[Csl]) -> str:
    r"""Return references as CSL-JSON, which Zotero, Mendeley and Pandoc read.

    Parameters
    ----------
    entries : iterable of dict
        CSL-JSON items.

    Examples
    --------
    >>> to_csl_json([{"id": "a", "type": "document"}])
    '[\n {\n  "id": "a",\n  "type": "document"\n }\n]\n'
    """
    return json.dumps(list(entries), ensure_ascii=False, indent=1) + "\n"


def to_bibtex(entries: Iterable[Csl]) -> str:
    r"""Return references as BibTeX.

    Parameters
    ----------
    entries : iterable of dict
        CSL-JSON items.

    Notes
    -----
    Characters with a meaning in LaTeX and Latin letters with accents are written as commands, so the file reads the
    same in bibtex and biber; other scripts stay as UTF-8, which needs biber. Capitals in titles are protected by
    braces. What a known source is for stands in ``annote``, which styles do not print; of an unknown one it is printed
    (``note``), as there is little else.

    Examples
    --------
    >>> print(to_bibtex([{"id": "a2020b", "type": "document", "title": "Bone & DXA", "DOI": "10.1000/x_y"}]))
    @misc{a2020b,
      title = {Bone \& {DXA}},
      doi = {10.1000/x_y}
    }
    <BLANKLINE>
    """
    return "\n".join(_bibtex_entry(entry) for entry in entries)


def _bibtex_entry(entry: Csl) -> str:
    kind, container = {
        "article-journal": ("article", "journal"),
        "paper-conference": ("inproceedings", "booktitle"),
    }.get(entry["type"], ("misc", "howpublished"))
    is_known = "author" in entry
    fields = {
        "author": " and ".join(_bibtex_name(name) for name in entry.get("author", [])),
        "title": _protected(entry.get("title", "")),
        container: _latex(entry.get("container-title", "")),
        "year": _year(entry),
        "volume": _latex(entry.get("volume", "")),
        "number": _latex(entry.get("issue", "")),
        "pages": _latex(entry.get("page", "").replace("-", "--")),
        "version": _latex(entry.get("version", "")),
        # these are read verbatim, and hold no brace
        "doi": entry.get("DOI", ""),
        "eprint": entry.get("PMID", ""),
        "eprinttype": "pubmed" if "PMID" in entry else "",
        "url": entry.get("URL", ""),
        "annote" if is_known else "note": _latex(entry.get("note", "")),
    }
    lines = ",\n".join(f"  {name} = {{{value}}}" for name, value in fields.items() if value)
    return f"@{kind}{{{entry['id']},\n{lines}\n}}\n"


def _bibtex_name(name: dict[str, str]) -> str:
    if name == ET_AL:
        return "others"
    if "literal" in name:
        return f"{{{_latex(name['literal'])}}}"
    return f"{_latex(name['family'])}, {_latex(name['given'])}"


def _protected(title: str) -> str:
    """Return a title whose words with capitals are in braces, but for a plain first word."""
    words = re.split(r"(\s+)", title)
    return "".join(_protected_word(word, is_first=i == 0) for i, word in enumerate(words))


def _protected_word(word: str, *, is_first: bool) -> str:
    capitals = sum(letter.isupper() for letter in word)
    if not capitals or (is_first and capitals == 1 and word[0].isupper()):
        return _latex(word)
    start = next(i for i, letter in enumerate(word) if letter.isalnum())
    end = next(i for i in range(len(word), 0, -1) if word[i - 1].isalnum())
    return f"{_latex(word[:start])}{{{_latex(word[start:end])}}}{_latex(word[end:])}"


def _latex(text: str) -> str:
    """Return text in which nothing is a command by accident, accents as commands."""
    return "".join(_LATEX.get(letter) or _accented(letter) for letter in text)


def _accented(letter: str) -> str:
    parts = unicodedata.normalize("NFD", letter)
    if len(parts) == 2 and parts[0].isascii() and parts[1] in _ACCENTS:
        return f"{{\\{_ACCENTS[parts[1]]}{parts[0]}}}"
    return letter
