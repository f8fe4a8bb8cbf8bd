"""Every check by name: how grave a finding is and what to do about it.

``fatal``: the file cannot be read as declared. ``row``: rows are dropped, counted and shown. ``note``: worth knowing;
some notes cast doubt on what the file says, and a verdict names them first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from osteobiome.core.findings import Example, Finding
from osteobiome.core.registry import Registry

CheckSeverity = Literal["fatal", "row", "note"]


@dataclass(frozen=True, slots=True)
class Check:
    """One check.

    Parameters
    ----------
    id : str
        Stable name.
    severity : {"fatal", "row", "note"}
        Kind of fault.
    hint : str
        What to do.
    casts_doubt : bool
        Of a note: whether results from this file may be wrong.
    """

    id: str
    severity: CheckSeverity
    hint: str
    casts_doubt: bool = False


CHECKS: Registry[Check] = Registry("check")

_AGAIN = "Download it again and compare its size or checksum with the source"
_TEXT = "Save it as UTF-8 text separated by tabs"
_FATAL = {
    "missing_file": "Check the path",
    "bad_path": "Check the path",
    "not_a_file": "Name the file inside the folder",
    "no_permission": "Make it readable, for example with chmod +r",
    "empty_file": _AGAIN,
    "truncated_gzip": _AGAIN,
    "bgzip_without_end_block": _AGAIN,
    "damaged_gzip": _AGAIN,
    "truncated_zstd": _AGAIN,
    "damaged_zstd": _AGAIN,
    "truncated_xz": _AGAIN,
    "damaged_xz": _AGAIN,
    "damaged_zip": _AGAIN,
    "damaged_parquet": _AGAIN,
    "nested_gzip": "Decompress it once",
    "zip_of_several": "Unpack it and name one of its files",
    "zip_encrypted": "Unpack it with its password",
    "compression_bomb": "Do not open it; no table of numbers shrinks that much",
    "tar_archive": "Unpack it with tar and name one of its files",
    "spreadsheet_file": _TEXT,
    "utf16": "Save it as UTF-8, for example with iconv -f UTF-16 -t UTF-8",
    "not_utf8": "Save it as UTF-8, for example with iconv -f LATIN1 -t UTF-8",
    "nul_bytes": _AGAIN,
    "binary_rubbish": "Name a text file, plain or compressed",
    "html_page": "The server sent a web page; open the address in a browser and download the file itself",
    "no_rows": _AGAIN,
    "no_header": "Put a line of column names on top, or map the columns in the study file",
    "duplicate_column": "Rename or remove one of them",
    "empty_column_name": "Give the column a name",
    "comment_among_rows": "Remove the line",
    "ragged_row": "The file is cut off here, or a cell holds the separator",
    "open_quote": 'Look for a " that is never closed',
    "wrong_delimiter": "Separate the columns by tab, comma, semicolon or blanks",
    "old_mac_line_ends": "Save it with Unix line ends",
    "unreadable_table": _TEXT,
    "unreadable_file": _AGAIN,
    "unknown_format": "Name the format, or map the columns",
    "not_per_variant": "Use the table of single-variant tests",
    "unknown_column_name": "Use one of our names of columns",
    "several_traits": "Name the one to be read",
    "no_such_trait": "Name one that the table has",
    "bad_metadata": "Mend or remove the YAML file beside the table",
    "metadata_build_differs": "Declare the build that the metadata state",
    "zero_based_positions": "Add 1 to the positions, or lift the file to 1-based coordinates",
    "builds_differ": "Declare the build that the positions show",
    "beta_se_swapped": "Swap the two columns, or map them in the study file",
    "eaf_in_percent": "Divide the frequencies by 100",
    "beta_is_odds_ratio": "Name the column odds_ratio",
    "p_is_neg_log_10": "Name the column neg_log_10_p_value",
    "neg_log_10_p_is_p": "Name the column p_value",
    "all_rows_dropped": "Look at the reasons above",
}
for _name in (
    "effect_allele", "other_allele", "beta", "se", "rsid", "chromosome", "position", "odds_ratio", "hazard_ratio", "z",
    "ci_low", "ci_high", "eaf", "p_value", "neg_log_10_p_value", "n", "n_cases", "n_controls", "info",
):  # fmt: skip
    _FATAL[f"no_{_name}_column"] = "Map the column in the study file, or add it"
_DROPPED = "These rows are dropped; if there are many, look at the lines named"
_ROWS = (
    "empty_id", "missing_allele", "multiple_alleles", "bad_allele", "same_allele", "position_beyond_chromosome",
    "odds_ratio_not_positive", "hazard_ratio_not_positive", "no_frequency_or_n_for_z", "non_positive_se",
    "eaf_out_of_range", "p_out_of_range", "n_not_positive",
    *[f"missing_{name}" for name in ("beta", "odds_ratio", "hazard_ratio", "z", "se")],
    *[f"non_numeric_{name}" for name in (
        "beta", "odds_ratio", "hazard_ratio", "z", "se", "eaf", "p_value", "neg_log_10_p_value", "n",
        "n_cases", "n_controls")],
    *[f"infinite_{name}" for name in (
        "beta", "odds_ratio", "hazard_ratio", "z", "se", "eaf", "neg_log_10_p_value", "n")],
)  # fmt: skip
_ROW_HINTS = dict.fromkeys(_ROWS, _DROPPED) | {
    "repeated_header": "Two files were put together with both headers; the second header is dropped",
    "decimal_comma": "Write numbers with a decimal point",
    "thousands_separator": "Write numbers without commas between thousands",
    "unicode_minus": "Write the minus sign as a hyphen; a word processor has changed it",
    "duplicate": "One of the copies is kept",
    "duplicate_conflicting": "None is kept, as which one is right cannot be known",
}
_DOUBTS = {
    "frequencies_are_of_the_other_allele": "Ask the authors which allele beta belongs to; it may be the other one",
    "frequencies_do_not_fit": "Check the ancestry, and that the frequency is that of the effect allele",
    "strand_flipped": "Alleles of these rows stand on the reverse strand; A/T and C/G rows cannot be trusted",
    "alleles_do_not_fit": "Identifiers or positions may be shifted against the alleles",
    "build_mixed": "Rows of two builds were put together; lift one part over",
    "build_not_known": "Positions fit neither GRCh37 nor GRCh38; match by rsID or lift them over",
    "p_value_contradicts_beta_and_se": "Check the columns; some programs print p of another test",
    "many_p_values_of_0": "The program that wrote the file rounds p to 0; check that the column is not damaged",
    "md5_differs": "The file is not the one that the metadata describe; packing it anew changes this too",
    "lambda_low": "Test statistics are smaller than chance: check the standard errors",
    "eaf_is_maf": "It may be the frequency of the minor allele, which need not be the effect allele",
    "excel_mangled_name": "A spreadsheet has made dates of names; use the original file",
    "position_in_scientific_notation": "A spreadsheet has rounded the positions; use the original file",
    "effect_allele_assumed": "Look up which allele the effect belongs to, and map the columns",
    "unusable_position": "These rows are known by their identifier only",
    "no_negative_effect": "Signs may have been lost; look the effects up at the source",
    "many_copies": "Two files may have been put together; one copy of each row is kept",
    "only_significant_rows": "The file holds selected rows; it cannot serve as outcome, nor for checks that need all",
}
_NOTES = {
    "byte_order_mark": "Nothing, it is skipped",
    "crlf_line_ends": "Nothing, they are read",
    "commented_header": "Nothing, the sign is taken off",
    "trailing_delimiter": "Nothing, the empty column is left out",
    "header_without_row_names": "Nothing, the row names are left out",
    "unnamed_first_column": "Nothing, it is left out",
    "lambda": "",
    "n_varies": "Rows with few people come from few cohorts; consider leaving them out",
    "unused_columns": "",
    "hash_collision": "",
    "selected_rows": "",
    "no_se_from_p_value": "",
    "lambda_high": "Large studies of polygenic traits reach such values; so does population structure",
    "not_tested": "",
    "beta_from_z_and_se": "",
    "build_inferred": "Declare the build",
    "build_not_estimable": "Declare the build, if the source states it",
    "frequencies_not_estimable": "",
    "frequencies_agree": "",
    "frequencies_of_another_ancestry": "",
    "palindromic": "",
    "eaf_missing": "A/T and C/G rows cannot be oriented without frequencies",
    "identified_by_rsid_only": "Give a map of identifiers to positions",
    "indel_matched_exactly": "",
    "multi_allelic_sites": "",
    "beta_from_odds_ratio": "", "beta_from_hazard_ratio": "", "beta_from_z": "",
    "se_from_interval": "", "se_from_z": "", "se_from_p_value": "",
    "p_value_from_beta_and_se": "",
    "p_value_printed_as_0": "Nothing, their p is computed from effect and standard error",
    "proxy_in_place_of_variant": "",
    "excluded_by_authors": "", "other_test": "", "low_confidence_variant": "", "plink_error_code": "",
    "not_harmonised": "",
    **dict.fromkeys(("liftover_unmapped", "liftover_other_chromosome", "liftover_split", "liftover_indel_turned",
                     "liftover_strand_changed", "liftover_without_position"), ""),
    **dict.fromkeys(("map_position_filled", "map_rsid_filled", "map_other_allele_filled", "map_eaf_filled",
                     "map_not_found", "map_alleles_differ", "map_ambiguous", "map_eaf_palindromic"), ""),
    "map_position_differs": "Check that map and file are on one genome build",
}  # fmt: skip


def _register() -> None:
    for name, hint in _FATAL.items():
        CHECKS.add(name, Check(name, "fatal", hint))
    for name, hint in _ROW_HINTS.items():
        CHECKS.add(name, Check(name, "row", hint))
    for name, hint in _DOUBTS.items():
        CHECKS.add(name, Check(name, "note", hint, casts_doubt=True))
    for name, hint in _NOTES.items():
        CHECKS.add(name, Check(name, "note", hint))


_register()


def finding(name: str, count: int, found: str, *, examples: tuple[Example, ...] = ()) -> Finding:
    """Return a finding with the severity and hint of its check.

    Parameters
    ----------
    name : str
        Registered check.
    count : int
        Rows or places concerned.
    found : str
        What was found, in words.
    examples : tuple of Example
        Where.
    """
    check = CHECKS[name]
    return Finding(check.id, check.severity, count, found, check.hint, examples)


def casts_doubt(found: Finding) -> bool:
    """Tell whether a finding makes results from the file doubtful."""
    return found.severity == "note" and found.id in CHECKS and CHECKS[found.id].casts_doubt
