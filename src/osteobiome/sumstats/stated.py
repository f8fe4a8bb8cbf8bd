"""What a file says about itself besides its rows: metadata beside it, and the lines above its header."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from osteobiome.core.findings import Example, Finding
from osteobiome.sumstats.metadata import Metadata, metadata_findings, read_metadata
from osteobiome.sumstats.qc.checks import finding
from osteobiome.sumstats.reference import BUILDS, chromosome_lengths

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from osteobiome.sumstats.reading import TextTable

_CONTIG = re.compile(r"^##contig=<.*?ID=(?:chr)?([0-9]+)\b.*?length=([0-9]+)")


@dataclass(frozen=True, slots=True)
class Stated:
    """What a file says about itself.

    Parameters
    ----------
    path : pathlib.Path
        The table.
    metadata : Metadata or None
        From the YAML file beside it.
    preamble_build : str
        Build that the lengths of contigs above the header belong to; empty if there are none.
    """

    path: Path
    metadata: Metadata | None
    preamble_build: str

    @property
    def genome_build(self) -> str:
        """Build as the metadata, or else the preamble, state it; empty if neither does."""
        return (self.metadata.genome_build if self.metadata is not None else "") or self.preamble_build

    def findings(self, *, declared_build: str) -> list[Finding]:
        """Return where it contradicts what was declared, or the file itself.

        Parameters
        ----------
        declared_build : str
            Build that the user declared; empty if none.
        """
        found = []
        if self.metadata is not None:
            found += metadata_findings(self.metadata, path=self.path, declared_build=declared_build)
        if self.preamble_build and declared_build and self.preamble_build != declared_build:
            text = f"the contigs above the header are those of {self.preamble_build}, declared is {declared_build}"
            found.append(
                finding("metadata_build_differs", 1, text, examples=(Example(None, "contig", self.preamble_build),))
            )
        return found


def stated_by(table: TextTable) -> Stated:
    """Read what a file says about itself.

    Parameters
    ----------
    table : TextTable
        Opened file.

    Raises
    ------
    InputFileError
        There are metadata, and they cannot be read.
    """
    return Stated(table.path, read_metadata(table.path), build_of_contigs(table.preamble))


def build_of_contigs(preamble: Sequence[str]) -> str:
    """Return the build whose chromosomes have the lengths that the lines above a header give; empty if none does.

    Parameters
    ----------
    preamble : sequence of str
        Lines such as ``##contig=<ID=1,length=249250621,assembly=GRCh37>``.

    Examples
    --------
    >>> build_of_contigs(["##contig=<ID=1,length=249250621>", "##contig=<ID=2,length=243199373>"])
    'GRCh37'
    """
    lengths = {int(met[1]): int(met[2]) for line in preamble if (met := _CONTIG.match(line)) is not None}
    autosomes = {number: length for number, length in lengths.items() if 1 <= number <= 22}
    if not autosomes:
        return ""
    for build in BUILDS:
        known = chromosome_lengths(build)
        if all(known[number] == length for number, length in autosomes.items()):
            return build
    return ""
