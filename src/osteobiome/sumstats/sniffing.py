"""Which format a header is, and which tables are refused by name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from osteobiome.core.errors import ConfigError, Fault, InputFileError, nearest
from osteobiome.sumstats.formats import FORMATS, generic
from osteobiome.sumstats.formats.naming import bare, with_n_of_parts
from osteobiome.sumstats.formats.registry import OUR_NAMES, Columns, Format, Side

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SHOWN = 12
"""Names of a header that a message shows."""
EFFECTS = ("beta", "odds_ratio", "hazard_ratio", "z")


@dataclass(frozen=True, slots=True)
class Refused:
    """A kind of table that is refused by name: rows that are no associations of variants, or columns of two meanings.

    Parameters
    ----------
    signature : frozenset of str
        Column names that give it away.
    what : str
        What it is.
    hint : str
        Which file to use in its place.
    code, expectation : str
        Identifier of the fault, and what was expected.
    """

    signature: frozenset[str]
    what: str
    hint: str
    code: str = "not_per_variant"
    expectation: str = "one association of one variant in each row"


_SINGLE = "Use the file of the single-variant tests"
_FULL = "Use the full summary statistics of the study"
REFUSED = (
    Refused(frozenset({"Gene", "Pvalue", "markerIDs"}), "gene-based tests of SAIGE-GENE", _SINGLE),
    Refused(frozenset({"Region", "Group", "Pvalue"}), "gene-based tests of SAIGE-GENE", _SINGLE),
    Refused(frozenset({"GROUPNAME", "NUM_VAR", "VARs"}), "gene-based tests of RAREMETAL", _SINGLE),
    Refused(frozenset({"MARKER_ID", "FRAC_WITH_RARE", "PVALUE"}), "gene-based tests of EPACTS", _SINGLE),
    Refused(
        frozenset({"STRONGEST SNP-RISK ALLELE", "P-VALUE"}), "top hits of many studies from the GWAS Catalog", _FULL
    ),
    Refused(frozenset({"STUDY ACCESSION", "ASSOCIATION COUNT"}), "a list of studies of the GWAS Catalog", _FULL),
    Refused(frozenset({"cs_id", "pip", "cs_size"}), "credible sets of the eQTL Catalogue", _FULL),
    Refused(frozenset({"molecular_trait_id", "lbf_variable1"}), "Bayes factors of the eQTL Catalogue", _FULL),
    Refused(frozenset({"region", "cs", "cs_log10bf"}), "a summary of credible sets of FinnGen", _FULL),
    Refused(frozenset({"region", "prob", "cs", "lead_r2"}), "fine-mapping results of FinnGen (SuSiE)", _FULL),
    Refused(
        frozenset({"Cohort", "Model", "Effect", "LCI_Effect", "UCI_Effect"}),
        "a table of REGENIE with --htp, whose 'Effect' is an odds ratio for binary traits and beta otherwise",
        "Write the file without --htp, or map the columns: Effect as odds_ratio for a binary trait, else as beta",
        code="unknown_format",
        expectation="a column that is always an odds ratio or always beta",
    ),
)


def sniff(header: Sequence[str], *, where: str = "header") -> Format:
    """Return the format of a file, from the names of its columns.

    Parameters
    ----------
    header : sequence of str
        Column names of the file.
    where : str
        File, for messages.

    Returns
    -------
    Format
        The format of highest rank whose signature fits; ``generic`` where none does and the names are well known.

    Raises
    ------
    InputFileError
        ``not_per_variant``: rows are genes, credible sets or studies. ``unknown_format``: nothing
        fits, or a column means one thing or another.

    Examples
    --------
    >>> sniff(["SNP", "A1", "A2", "freq", "b", "se", "p", "N"]).name
    'gcta_ma'
    """
    names = frozenset(bare(header))
    for kind in REFUSED:
        if kind.signature <= names:
            raise InputFileError(Fault(kind.code, where, kind.what, kind.expectation, kind.hint))
    fitting = [fmt for _, fmt in FORMATS.items() if _fits(fmt, names)]
    if fitting:
        return max(fitting, key=lambda fmt: fmt.rank)
    missing = _missing(generic.columns(header, "outcome"))
    if missing:
        raise InputFileError(_unknown(header, missing, where))
    return FORMATS["generic"]


def _fits(fmt: Format, names: frozenset[str]) -> bool:
    return not fmt.refuses & names and any(signature <= names for signature in fmt.signature)


def _missing(found: Columns) -> list[str]:
    """Return in words what a table of well-known names lacks to be read at all."""
    missing = []
    if "rsid" not in found and not {"chromosome", "position"} <= found.keys():
        missing.append("an identifier or a position")
    if "effect_allele" not in found:
        missing.append("an effect allele")
    if not any(name in found for name in EFFECTS):
        missing.append("an effect (beta, odds ratio, hazard ratio or z)")
    return missing


def _unknown(header: Sequence[str], missing: list[str], where: str) -> Fault:
    shown = ", ".join(header[:SHOWN]) + (" ..." if len(header) > SHOWN else "")
    lacking = missing[0] if len(missing) == 1 else ", ".join(missing[:-1]) + " and " + missing[-1]
    return Fault(
        "unknown_format",
        where,
        f"a header of no known format: {shown}",
        f"the columns of one of {len(FORMATS)} formats, or well-known names; {lacking} was not found",
        "Name the columns in the study file",
    )


@dataclass(frozen=True, slots=True)
class _Mapping:
    """A mapping given by the user, as a format."""

    names: tuple[tuple[str, str], ...]

    def columns(self, header: Sequence[str], side: Side) -> Columns:
        """Return those of the mapped columns that the header has."""
        del side
        return with_n_of_parts({ours: theirs for ours, theirs in self.names if theirs in header})

    def expected(self, name: str, side: Side) -> str:
        """Return the column that one of our names was mapped to."""
        del side
        return dict(self.names).get(name, name)


def mapped_format(columns: Mapping[str, str], *, where: str = "columns") -> Format:
    """Return a format from a column mapping of the user.

    Parameters
    ----------
    columns : mapping of str to str
        Our name to the name in the file.
    where : str
        Place of the mapping in the study file, for messages.

    Returns
    -------
    Format
        Named ``columns``; not registered.

    Raises
    ------
    ConfigError
        A name that is not ours; every one is listed.

    Examples
    --------
    >>> mapped_format({"beta": "Wirkung"}).columns(["SNP", "Wirkung"], "outcome")
    {'beta': 'Wirkung'}
    """
    faults = [
        Fault(
            "unknown_column_name",
            f"{where}.{name}",
            f"'{name}' is no column that can be read",
            "one of " + ", ".join(OUR_NAMES),
            hint if (hint := nearest(name, OUR_NAMES)).startswith("Did") else "",
        )
        for name in columns
        if name not in OUR_NAMES
    ]
    if faults:
        raise ConfigError(*faults)
    mapping = _Mapping(tuple(columns.items()))
    return Format(
        "columns",
        "columns named in the study file",
        mapping.columns,
        mapping.expected,
        is_loose=True,
        effect="the column named as effect_allele",
        source="the study file",
    )


def columns_not_found(columns: Mapping[str, str], header: Sequence[str], *, where: str) -> tuple[Fault, ...]:
    """Return a fault for each mapped column that a header lacks, also for those that a file may lack.

    Parameters
    ----------
    columns : mapping of str to str
        Our name to the name in the file.
    header : sequence of str
        Column names of the file.
    where : str
        File, for messages.
    """
    return tuple(
        Fault(
            f"no_{ours}_column",
            where,
            f"no column '{theirs}'",
            f"the column that is named for {ours}",
            nearest(theirs, header),
        )
        for ours, theirs in columns.items()
        if theirs not in header
    )
