"""Metadata beside a table: the YAML file of GWAS-SSF (Hayhurst et al. 2022, doi:10.1101/2022.07.15.500230)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import yaml

from osteobiome.core.errors import Fault, InputFileError
from osteobiome.core.findings import Example
from osteobiome.core.provenance import version
from osteobiome.sumstats.qc.checks import finding

if TYPE_CHECKING:
    import datetime
    from pathlib import Path

    from osteobiome.core.findings import Finding
    from osteobiome.sumstats.writing.registry import TraitFacts

SIMULATED = "SIMULATED data: they describe no person and no population"
"""The label that every file with simulated data carries, in the place that its format has for it."""
MAX_BYTES = 1_000_000
FILE_TYPE = "GWAS-SSF v1.0"
_BUILDS = {
    "grch37": "GRCh37", "hg19": "GRCh37", "b37": "GRCh37", "ncbi37": "GRCh37", "build37": "GRCh37", "37": "GRCh37",
    "grch38": "GRCh38", "hg38": "GRCh38", "b38": "GRCh38", "ncbi38": "GRCh38", "build38": "GRCh38", "38": "GRCh38",
}  # fmt: skip
_SYSTEMS = ("1-based", "0-based")
_UNKNOWN = {"", "NR", "NA", "#NA", "N/A"}
_SEXES = {"m": "M", "male": "M", "males": "M", "men": "M", "f": "F", "female": "F", "females": "F", "women": "F",
          "both": "combined", "combined": "combined", "mixed": "combined"}  # fmt: skip
_COMPRESSED = (".gz", ".bgz", ".zst", ".xz", ".zip")
_TABLE = (".tsv", ".txt", ".csv")
_KEYS = frozenset(
    {
        "genome_assembly", "coordinate_system", "data_file_md5sum", "data_file_name", "file_type", "is_harmonised",
        "is_sorted", "samples", "trait_description",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Metadata:
    """What a metadata file says of its table; what it does not say is empty or None.

    Parameters
    ----------
    where : str
        The metadata file.
    genome_build : str
        ``GRCh37``, ``GRCh38``, or empty: unknown or another one.
    coordinate_system : str
        ``1-based``, ``0-based`` or empty.
    md5 : str
        MD5 of the table's file, as hexadecimal text.
    is_harmonised, is_sorted : bool or None
        Harmonised by the GWAS Catalog; sorted by position.
    sample_size, n_cases : int or None
        People, and cases among them; sums over all samples.
    ancestry, sex, trait : str
        As written; several are joined by semicolons.
    effect_statistic : str
        ``beta``, ``odds_ratio`` ... as written.
    """

    where: str
    genome_build: str = ""
    coordinate_system: str = ""
    md5: str = ""
    is_harmonised: bool | None = None
    is_sorted: bool | None = None
    sample_size: int | None = None
    n_cases: int | None = None
    ancestry: str = ""
    sex: str = ""
    trait: str = ""
    effect_statistic: str = ""


def metadata_file(path: Path) -> Path | None:
    """Return the metadata file of a table: ``<file>-meta.yaml``, or ``<stem>.yaml``; None if there is none.

    Parameters
    ----------
    path : pathlib.Path
        The table. For ``a.tsv.gz`` the names are ``a.tsv.gz-meta.yaml``, ``a.tsv-meta.yaml`` and ``a.yaml``.
    """
    unpacked = path.name.removesuffix(next((s for s in _COMPRESSED if path.name.endswith(s)), ""))
    stem = unpacked.removesuffix(next((s for s in _TABLE if unpacked.endswith(s)), ""))
    names = dict.fromkeys((f"{path.name}-meta.yaml", f"{unpacked}-meta.yaml", f"{stem}.yaml"))
    return next((file for file in (path.parent / name for name in names) if _is_file(file)), None)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # a name that is too long, or that no file can have
        return False


def read_metadata(path: Path) -> Metadata | None:
    """Read the metadata file of a table.

    Parameters
    ----------
    path : pathlib.Path
        The table, not the metadata file.

    Returns
    -------
    Metadata or None
        None if there is no such file, or if ``<stem>.yaml`` is about something else. Keys that are not known are
        ignored.

    Raises
    ------
    InputFileError
        The file is larger than 1 MB, cannot be read or is no YAML, or values have the wrong type; all are named.
    """
    file = metadata_file(path)
    if file is None:
        return None
    content = _content(file)
    if not isinstance(content, Mapping):
        raise _bad(file, "no list of keys and values", "lines such as 'genome_assembly: GRCh38'")
    if not file.name.endswith("-meta.yaml") and not _KEYS & content.keys():
        return None  # some other YAML file that has the name of the table
    values = _Values(file, content)
    metadata = Metadata(
        where=str(file),
        genome_build=_build(values.text("genome_assembly")),
        coordinate_system=values.text("coordinate_system", allowed=_SYSTEMS),
        md5=values.md5("data_file_md5sum"),
        is_harmonised=values.truth("is_harmonised"),
        is_sorted=values.truth("is_sorted"),
        sample_size=values.total("sample_size"),
        n_cases=values.total("case_count"),
        ancestry=values.of_samples("sample_ancestry") or values.of_samples("sample_ancestry_category"),
        sex=values.text("sex"),
        trait=values.text("trait_description"),
        effect_statistic=values.text("effect_statistic"),
    )
    if values.faults:
        raise InputFileError(*values.faults)
    return metadata


def _content(file: Path) -> object:
    try:
        with file.open("rb") as handle:
            raw = handle.read(MAX_BYTES + 1)
    except OSError as error:
        raise _bad(file, f"it cannot be read ({error.strerror})", "a readable file") from None
    if len(raw) > MAX_BYTES:
        raise _bad(file, f"more than {MAX_BYTES} bytes", "a short YAML file")
    try:
        return yaml.safe_load(raw.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise _bad(file, f"bytes that are not UTF-8 text (first at byte {error.start})", "UTF-8 text") from None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else None
        raise _bad(file, f"no valid YAML ({error.problem})", "YAML", line=line) from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # a date such as 2024-13-45 is a ValueError
        found = "nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise _bad(file, f"no valid YAML ({found})", "YAML") from None


def _fault(file: Path, found: str, expected: str, *, line: int | None = None) -> Fault:
    hint = "Correct the metadata file, or move it away to go on without"
    return Fault("bad_metadata", str(file), found, expected, hint, line=line)


def _bad(file: Path, found: str, expected: str, *, line: int | None = None) -> InputFileError:
    return InputFileError(_fault(file, found, expected, line=line))


class _Values:
    """Takes values of declared types out of a mapping and keeps a fault for each that has another type."""

    def __init__(self, file: Path, content: Mapping[object, object]) -> None:
        self.file = file
        self.content = content
        self.faults: list[Fault] = []
        samples = content.get("samples")
        is_fine = isinstance(samples, list) and all(isinstance(sample, Mapping) for sample in samples)
        if samples is not None and not is_fine:
            self._wrong("samples", samples, "a list of samples")
        self.samples: list[Mapping[object, object]] = list(samples) if is_fine and isinstance(samples, list) else []

    def _wrong(self, key: str, value: object, expected: str) -> None:
        kind = {dict: "keys and values", list: "a list", bool: "true or false", str: "text"}.get(type(value), "")
        shown = repr(value) if isinstance(value, str | int | float) else kind or type(value).__name__
        self.faults.append(_fault(self.file, f"'{key}' is {shown[:80]}", expected))

    def _texts(self, key: str, value: object) -> list[str]:
        items = value if isinstance(value, list) else [value]
        texts = []
        for item in items:
            if isinstance(item, bool) or not isinstance(item, str | int | float | None):
                self._wrong(key, item, "text, or a list of texts")
            elif item is not None and str(item).strip() not in _UNKNOWN:
                texts.append(" ".join(str(item).split()))
        return texts

    def text(self, key: str, *, allowed: tuple[str, ...] = ()) -> str:
        """Return text; several are joined; null, 'NR' and 'NA' are empty."""
        text = "; ".join(self._texts(key, self.content.get(key)))
        if allowed and text and text not in allowed:
            self._wrong(key, text, " or ".join(allowed))
            return ""
        return text

    def of_samples(self, key: str) -> str:
        """Return the distinct texts of a key over all samples; or of the same key at the top, as older files have."""
        values = [sample.get(key) for sample in self.samples] or [self.content.get(key)]
        return "; ".join(dict.fromkeys(text for value in values for text in self._texts(key, value)))

    def total(self, key: str) -> int | None:
        """Return the sum of a whole number over all samples, or the number at the top, as older files have it."""
        values = [sample.get(key) for sample in self.samples] or [self.content.get(key)]
        numbers = []
        for value in values:
            if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
                numbers.append(value)
            elif value is not None and not (isinstance(value, str) and value.strip() in _UNKNOWN):
                self._wrong(key, value, "a whole number of people")
        return sum(numbers) if numbers else None

    def truth(self, key: str) -> bool | None:
        """Return true, false or None."""
        value = self.content.get(key)
        if value is None or isinstance(value, bool):
            return value
        self._wrong(key, value, "true or false")
        return None

    def md5(self, key: str) -> str:
        """Return 32 hexadecimal digits, or nothing."""
        value = self.content.get(key)
        if isinstance(value, int) and not isinstance(value, bool):
            value = f"{value:032d}"  # YAML takes digits without a letter for a number
        text = value.strip().lower() if isinstance(value, str) else value
        if text is None or (isinstance(text, str) and text.upper() in _UNKNOWN):
            return ""
        if isinstance(text, str) and re.fullmatch(r"[0-9a-f]{32}", text):
            return text
        self._wrong(key, value, "an MD5 sum: 32 hexadecimal digits")
        return ""


def _build(text: str) -> str:
    """Return our name of an assembly; a patch such as GRCh38.p14 is the same build.

    Examples
    --------
    >>> _build("hg19"), _build("GRCh38.p13"), _build("NCBI36")
    ('GRCh37', 'GRCh38', '')
    """
    return _BUILDS.get(re.sub(r"\.p\d+$", "", text.strip().lower()), "")


def metadata_findings(metadata: Metadata, *, path: Path, declared_build: str = "") -> list[Finding]:
    """Compare metadata with what was declared and with the table's file.

    Parameters
    ----------
    metadata : Metadata
        As read.
    path : pathlib.Path
        The table; its MD5 is computed if the metadata state one.
    declared_build : str
        Build that the user declared; empty if none.

    Returns
    -------
    list of Finding
        ``metadata_build_differs``, ``zero_based_positions`` and ``md5_differs``, as far as they are the case.

    Raises
    ------
    InputFileError
        The table cannot be read.
    """
    findings = []
    build = metadata.genome_build
    if build and declared_build and build != declared_build:
        said = f"{metadata.where} says {build}, declared is {declared_build}"
        findings.append(finding("metadata_build_differs", 1, said, examples=(Example(None, "genome_assembly", build),)))
    if metadata.coordinate_system == "0-based":
        said = f"{metadata.where} says that positions count from 0"
        findings.append(
            finding("zero_based_positions", 1, said, examples=(Example(None, "coordinate_system", "0-based"),))
        )
    if metadata.md5:
        real = file_md5(path)
        if real != metadata.md5:
            said = f"the file has MD5 {real}, {metadata.where} says {metadata.md5}"
            findings.append(
                finding("md5_differs", 1, said, examples=(Example(None, "data_file_md5sum", metadata.md5),))
            )
    return findings


def file_md5(path: Path) -> str:
    """Return the MD5 of a file's content, read piece by piece.

    Raises
    ------
    InputFileError
        The file cannot be read.
    """
    try:
        with path.open("rb") as handle:
            return hashlib.file_digest(handle, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
    except OSError as error:
        found = f"it cannot be read ({error.strerror})"
        raise InputFileError(Fault("unreadable_file", str(path), found, "a readable file")) from None


def metadata_yaml(
    facts: TraitFacts, *, data_file_name: str, md5: str, is_sorted: bool, date: datetime.date | None = None
) -> str:
    """Return the metadata of a GWAS-SSF table as YAML; what is not known is left out, or ``NR`` where it must not be.

    Parameters
    ----------
    facts : TraitFacts
        What is known about the trait.
    data_file_name, md5 : str
        Name of the table and MD5 of its file.
    is_sorted : bool
        The table is sorted by chromosome and position.
    date : datetime.date, optional
        Day of the last change.
    """
    content: dict[str, object] = {
        "gwas_id": facts.gwas_id,
        "author_notes": _notes(facts),
        "date_metadata_last_modified": date,
        "trait_description": [facts.name],
        "genome_assembly": facts.genome_build or "NR",
        "coordinate_system": "1-based",
        "samples": [_sample(facts)],
        "sex": _SEXES.get(facts.sex.strip().lower(), "NR"),
        "data_file_name": data_file_name,
        "file_type": FILE_TYPE,
        "data_file_md5sum": md5,
        "effect_statistic": "beta",
        "adjusted_covariates": [part.strip() for part in re.split("[,;]", facts.adjusted_for) if part.strip()],
        "is_harmonised": False,
        "is_sorted": is_sorted,
    }
    known = {key: value for key, value in content.items() if value is not None and value not in ("", [], [{}])}
    head = f"# {SIMULATED}\n" if facts.is_simulated else ""
    return head + yaml.safe_dump(known, sort_keys=False, allow_unicode=True, width=1000)


def _notes(facts: TraitFacts) -> str:
    """Return in words what the standard has no key for."""
    parts = [
        SIMULATED if facts.is_simulated else "",
        f"beta is in units of: {facts.unit}" if facts.unit else "",
        f"read from {facts.source}" if facts.source else "",
        f"SHA-256 of that file {facts.source_sha256}" if facts.source_sha256 else "",
        f"written by osteobiome {version()}",
    ]
    return "; ".join(part for part in parts if part)


def _sample(facts: TraitFacts) -> dict[str, object]:
    sample: dict[str, object] = {}
    if facts.ancestry:
        sample["sample_ancestry"] = [facts.ancestry]
    if facts.n is not None:
        sample["sample_size"] = facts.n
    if facts.n_cases is not None:
        sample["case_control_study"] = True
        sample["case_count"] = facts.n_cases
        if facts.n is not None:
            sample["control_count"] = facts.n - facts.n_cases
    return sample
