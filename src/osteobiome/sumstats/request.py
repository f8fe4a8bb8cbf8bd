"""What a caller says about a file, checked: format, build, columns, trait, map."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast, get_args

from osteobiome.core.errors import ConfigError, Fault, nearest
from osteobiome.sumstats.formats import FORMATS, Side
from osteobiome.sumstats.maps import read_variant_map
from osteobiome.sumstats.options import IngestOptions
from osteobiome.sumstats.reference import BUILDS
from osteobiome.sumstats.sniffing import mapped_format

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_ALIASES = {"hg19": "GRCh37", "b37": "GRCh37", "37": "GRCh37", "hg38": "GRCh38", "b38": "GRCh38", "38": "GRCh38"}


@dataclass(frozen=True, slots=True)
class Request:
    """How a file is to be read.

    Parameters
    ----------
    file_format : str or None
        Registered format; None leaves it to the header.
    columns : dict or None
        Our names to those of the file.
    options : IngestOptions
        Everything else.
    """

    file_format: str | None
    columns: dict[str, str] | None
    options: IngestOptions


def request(
    file_format: str | None,
    build: str | None,
    columns: Sequence[str],
    *,
    trait: str | None = None,
    map_file: Path | None = None,
    lift_to: str = "",
    side: str = "outcome",
    ancestry: str = "",
) -> Request:
    """Check what was asked for, and return it.

    Parameters
    ----------
    file_format : str or None
        Name of a registered format.
    build : str or None
        GRCh37, GRCh38 or one of their other names.
    columns : sequence of str
        Pairs such as ``beta=EFFECT``.
    trait : str, optional
        Trait of a table that holds several.
    map_file : pathlib.Path, optional
        Variants to fill positions and alleles from.
    lift_to : str
        Build to bring the positions to.
    side : str
        exposure or outcome.
    ancestry : str
        Ancestry of the sample.

    Raises
    ------
    ConfigError
        A build, column or side that does not exist, or a format beside columns.
    UnknownNameError
        A format that is not registered.

    Examples
    --------
    >>> request(None, "hg19", ["beta=EFFECT"]).options.genome_build
    'GRCh37'
    """
    if file_format is not None:
        FORMATS[file_format]
    if side not in get_args(Side):
        raise ConfigError(Fault("unknown_side", "--side", f"'{side}'", "exposure or outcome"))
    mapping = _mapping(columns)
    if mapping and file_format:
        raise ConfigError(
            Fault("format_and_columns", "--column", "a format and columns", "one of them", "Leave one of the two out")
        )
    if mapping:
        mapped_format(mapping)
    options = IngestOptions(
        genome_build=_build(build, "--build"),
        side=cast("Side", side),
        trait=trait,
        lift_to=_build(lift_to, "--lift-to"),
        ancestry=ancestry,
        variant_map=read_variant_map(map_file) if map_file is not None else None,
    )
    return Request(file_format, mapping or None, options)


def _build(name: str | None, where: str) -> str:
    if not name:
        return ""
    known = {build.lower(): build for build in BUILDS} | _ALIASES
    if name.lower() not in known:
        raise ConfigError(
            Fault("unknown_build", where, f"'{name}'", "GRCh37 or GRCh38", nearest(name, [*BUILDS, *_ALIASES]))
        )
    return known[name.lower()]


def _mapping(pairs: Sequence[str]) -> dict[str, str]:
    mapping: dict[str, str] = {}
    for pair in pairs:
        ours, mark, theirs = pair.partition("=")
        if not mark or not ours or not theirs or ours in mapping:
            raise ConfigError(
                Fault("bad_column", "--column", f"'{pair}'", "OURS=THEIRS, each of ours once", "Such as beta=EFFECT")
            )
        mapping[ours] = theirs
    return mapping
