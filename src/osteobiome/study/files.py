"""How the file of a trait is read: what study file and trait table say about it together."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast

from osteobiome.sumstats.formats import FORMATS, Format, Side
from osteobiome.sumstats.ingest import Ingest
from osteobiome.sumstats.maps import read_variant_map
from osteobiome.sumstats.options import IngestOptions
from osteobiome.sumstats.reading import open_table
from osteobiome.sumstats.sniffing import mapped_format, sniff
from osteobiome.sumstats.table import begin

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from osteobiome.study.config import Ingest as IngestSection
    from osteobiome.study.traits import Trait
    from osteobiome.sumstats.maps import VariantMap


@dataclass(frozen=True, slots=True)
class FileReading:
    """How one file is read.

    Parameters
    ----------
    format : str
        Registered format, name of a mapping in the study file, or empty: the header tells.
    columns : dict of str, or None
        Our names to those of the file, if ``format`` is a mapping of the study file.
    side : {"exposure", "outcome"}
        Role of the trait.
    trait_in_file : str
        Which trait of a table that holds several; empty if it holds one.
    genome_build : str
        Build of the file.
    lift_to : str
        Build of the study, if it is another one; else empty.
    ancestry : str
        Ancestry as declared.
    """

    format: str
    columns: dict[str, str] | None
    side: Side
    trait_in_file: str
    genome_build: str
    lift_to: str
    ancestry: str = ""

    def params(self) -> dict[str, object]:
        """Return it as plain data, for the key of a task."""
        return asdict(self)

    def resolved(self, path: Path) -> Format:
        """Return the format, looking at the header if nothing is declared."""
        if self.columns is not None:
            return mapped_format(self.columns)
        return FORMATS[self.format] if self.format else sniff(open_table(path).header)

    def begin(self, path: Path, *, trait_id: str, variant_map: Path | None = None) -> Ingest:
        """Open the file.

        Parameters
        ----------
        path : pathlib.Path
            File.
        trait_id : str
            Name of the trait.
        variant_map : pathlib.Path, optional
            File of variants to fill positions, alleles and frequencies from.
        """
        options = IngestOptions(
            genome_build=self.genome_build,
            side=self.side,
            trait=self.trait_in_file or None,
            lift_to=self.lift_to,
            ancestry=self.ancestry,
            variant_map=known_variants(variant_map) if variant_map is not None else None,
        )
        named = None if self.columns is not None else self.format or None
        return begin(path, trait_id=trait_id, file_format=named, columns=self.columns, options=options)


def known_variants(path: Path) -> VariantMap:
    """Return a list of variants; the check of a study looks into every file with the same one, read once.

    Parameters
    ----------
    path : pathlib.Path
        Map of variants (``sumstats.maps``).

    Raises
    ------
    InputFileError, SchemaError
        It is missing or cannot be read.
    """
    try:
        status = path.stat()
    except OSError:
        return read_variant_map(path)  # says what is wrong
    return _read_once(path, status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=1)
def _read_once(path: Path, changed: int, size: int) -> VariantMap:
    """Read a map; one that was changed since is read again."""
    del changed, size
    return read_variant_map(path)


def reading_of(trait: Trait, section: IngestSection, *, side: Side, genome_build: str) -> FileReading:
    """Return how a trait's file is read.

    Parameters
    ----------
    trait : Trait
        Row of the trait table.
    section : Ingest
        Section ``[ingest]`` of the study file.
    side : {"exposure", "outcome"}
        Role of the trait.
    genome_build : str
        Build of the study.
    """
    own = trait.genome_build or genome_build
    columns = section.columns.get(trait.format)
    return FileReading(
        format=trait.format,
        columns=dict(columns) if columns is not None else None,
        side=side,
        trait_in_file=trait.trait_in_file,
        genome_build=own,
        lift_to=genome_build if own != genome_build else "",
        ancestry=trait.ancestry,
    )


def reading_from(params: Mapping[str, object]) -> FileReading:
    """Return the reading that :meth:`FileReading.params` wrote into the parameters of a task."""
    return FileReading(**cast("dict[str, Any]", params["reading"]))
