"""A panel of genotypes: what is known of its variants, and the genotypes of those that are asked for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from osteobiome.core.errors import Fault, InputFileError
from osteobiome.core.paths import is_folder, is_there
from osteobiome.ld.sources.bed import joined, open_bed
from osteobiome.ld.sources.pgen import open_pgen

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from osteobiome.ld.genotypes import Genotypes
    from osteobiome.ld.sources.source import Source

_BED_ENDINGS = (".bim.gz", ".bed", ".bim", ".fam")
_PGEN_ENDINGS = (".pvar.zst", ".pgen", ".pvar", ".psam")
_GENOTYPE_ENDINGS = (".bed", ".pgen")
_PANEL_FILES = "prefix.bed, .bim and .fam, or prefix.pgen"
_VCF_ENDINGS = (".vcf", ".vcf.gz", ".vcf.bgz", ".bcf")
_HINT = "Give what the names of the files have in common, such as reference/EUR for reference/EUR.bed"
_CHROMOSOMES = (*map(str, range(1, 27)), "X", "Y", "XY", "PAR1", "PAR2", "MT")
"""Names that stand for ``{chromosome}`` or ``@``, in the order of parts."""
ROWS_AT_ONCE = 20_000
"""Variants that are read together for their frequencies."""


@dataclass(frozen=True, slots=True)
class Panel:
    """Genotypes of many people at many variants, read row by row from disk.

    Parameters
    ----------
    path : str
        As it was given; several parts are separated by a comma and a blank.
    ancestry : str
        Of the people; empty if unknown.
    genome_build : str
        ``GRCh37`` or ``GRCh38``; empty if unknown.
    variants : polars.DataFrame, shape (n_variants, 5)
        rsid (String), chromosome (Int8, X 23, Y 24, MT 25), position (Int64, 1-based), counted and other (String,
        upper-case), in the order of the files. Null where the file gives no name or no place. ``counted`` is the
        allele that genotypes count: A1 of a ``.bim`` file, ALT of a ``.pvar`` file.
    n_people : int
        Founders: people whose parents are not given. Others play no part, as in PLINK's LD.
    n_left_out : int
        People who are no founders.
    n_variants_left_out : int
        Variants of the files that are no row, as they have more than two alleles.
    sources : tuple of Source
        Files, in the order of rows.

    Examples
    --------
    >>> from osteobiome.ld.panel import open_panel
    >>> panel = open_panel("reference/EUR.chr{chromosome}", ancestry="EUR")  # doctest: +SKIP
    >>> panel.genotypes(np.array([0, 7_000_000])).frequency()  # doctest: +SKIP
    array([0.31, 0.02])
    """

    path: str
    ancestry: str
    genome_build: str
    variants: pl.DataFrame
    n_people: int
    n_left_out: int
    n_variants_left_out: int
    sources: tuple[Source, ...]

    @property
    def n_variants(self) -> int:
        """Number of variants."""
        return self.variants.height

    @property
    def noise_floor(self) -> float:
        """Expected r² of two unlinked variants, ``1 / n_people``; a threshold below it merges variants at random.

        Notes
        -----
        For independent variants r² of n people has mean ``1 / (n - 1)``, as the squared sample correlation.

        References
        ----------
        Hill WG, Weir BS (1988), doi:10.1016/0040-5809(88)90004-4.
        """
        return 1.0 / self.n_people

    def frequency(self, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the frequency of the counted allele for some variants; genotypes are read in pieces.

        Parameters
        ----------
        rows : numpy.ndarray of int, shape (n,)
            Rows of ``variants``, in any order.

        Returns
        -------
        numpy.ndarray, shape (n,)
            NaN where nobody was called.
        """
        pieces = [self.genotypes(rows[k : k + ROWS_AT_ONCE]).frequency() for k in range(0, rows.size, ROWS_AT_ONCE)]
        return np.concatenate([np.empty(0), *pieces])

    def genotypes(self, rows: NDArray[np.int64]) -> Genotypes:
        """Return the genotypes of some variants; nothing else is read.

        Parameters
        ----------
        rows : numpy.ndarray of int64, shape (n,)
            Rows of ``variants``, from 0, in any order; a row may come several times.

        Returns
        -------
        Genotypes
            In the order of ``rows``.

        Raises
        ------
        IndexError
            A row that the panel does not have; -1 ("not in the panel") is no row.
        """
        rows = np.asarray(rows, dtype=np.int64)
        if rows.size and (rows.min() < 0 or rows.max() >= self.n_variants):
            msg = f"{self.path}: rows must lie between 0 and {self.n_variants - 1}"
            raise IndexError(msg)
        if len(self.sources) == 1:
            return self.sources[0].read(rows)
        ends = np.cumsum([source.variants.height for source in self.sources])
        part = np.searchsorted(ends, rows, side="right")
        pieces: list[Genotypes] = []
        order: list[NDArray[np.int64]] = []
        for index in np.unique(part).tolist() or [0]:
            where = np.flatnonzero(part == index)
            begin = ends[index] - self.sources[index].variants.height
            pieces.append(self.sources[index].read(rows[where] - begin))
            order.append(where)
        return joined(pieces).take(np.argsort(np.concatenate(order), kind="stable"))


def open_panel(path: str | Path | Sequence[str | Path], *, ancestry: str = "", genome_build: str = "") -> Panel:
    """Open a genotype panel; variants are read, genotypes stay on disk.

    Parameters
    ----------
    path : str, pathlib.Path or sequence of them
        A prefix of PLINK 1 files (``.bed``, ``.bim`` or ``.bim.gz``, ``.fam``) or PLINK 2 files (``.pgen``, ``.pvar``
        or ``.pvar.zst``, ``.psam``), or one of these files. Several parts of the same people: a list, or a prefix in
        which ``{chromosome}`` or ``@`` stands for 1 to 26, X, Y, XY, PAR1, PAR2, MT; those that exist are taken. Where
        both kinds exist, the PLINK 1 files are.
    ancestry, genome_build : str
        As declared; empty if unknown.

    Raises
    ------
    InputFileError
        No path, a folder, nothing there, damaged, files that do not belong together, or parts of different people.
    """
    given = [path] if isinstance(path, str | Path) else list(path)
    prefixes = [prefix for item in given for prefix in _parts(str(item))]
    if not prefixes:
        raise InputFileError(Fault("panel_without_files", "panel", "an empty list of files", "at least one", _HINT))
    sources = tuple(_open(prefix) for prefix in prefixes)
    for source in sources[1:]:
        if not source.people.equals(sources[0].people):
            hint = "Parts must have the same people in the same order; merge them with PLINK, or open them apart"
            found = f"other people, or another order, than {sources[0].where}"
            raise InputFileError(Fault("panel_people_differ", source.where, found, "the same people", hint))
    variants = pl.concat([source.variants for source in sources])
    if not variants.height:
        raise InputFileError(Fault("panel_without_variants", sources[0].where, "no variants", "at least one"))
    n_founders = int(sources[0].people["is_founder"].sum())
    return Panel(
        path=", ".join(str(item) for item in given),
        ancestry=ancestry,
        genome_build=genome_build,
        variants=variants,
        n_people=n_founders,
        n_left_out=sources[0].people.height - n_founders,
        n_variants_left_out=sum(source.n_variants_left_out for source in sources),
        sources=sources,
    )


def panel_files(path: str | Path) -> tuple[Path, ...]:
    """Return the files of a panel, as :func:`open_panel` finds them, without reading them.

    Parameters
    ----------
    path : str or pathlib.Path
        As in :func:`open_panel`.

    Raises
    ------
    InputFileError
        No path, a folder, or nothing is there.
    """
    found = [
        file
        for part in _parts(str(path))
        for ending in (*_BED_ENDINGS, *_PGEN_ENDINGS)
        if is_there(file := Path(f"{_without_ending(part)}{ending}"))
    ]
    if not found:
        raise _missing(str(path), "no such panel")
    return tuple(found)


def _parts(path: str) -> list[str]:
    """Return the prefixes that a path stands for."""
    if not path.strip():
        raise InputFileError(Fault("panel_without_path", "panel", "an empty path", _PANEL_FILES, _HINT))
    prefix = _without_ending(path)
    if "{chromosome}" not in prefix and ("@" not in prefix or _exists(prefix)):
        return [path]
    mark = "{chromosome}" if "{chromosome}" in prefix else "@"
    found = [part for name in _CHROMOSOMES if _exists(part := prefix.replace(mark, name))]
    if not found:
        raise _missing(path, f"no file for any of {_CHROMOSOMES[0]} to {_CHROMOSOMES[-1]} in place of {mark}")
    return found


def _without_ending(path: str) -> str:
    """Return the prefix that the files of a panel share."""
    for ending in (*_BED_ENDINGS, *_PGEN_ENDINGS):
        if path.endswith(ending):
            return path.removesuffix(ending)
    return path


def _exists(prefix: str) -> bool:
    return any(is_there(f"{prefix}{ending}") for ending in _GENOTYPE_ENDINGS)


def _open(path: str) -> Source:
    """Open one part."""
    prefix = _without_ending(path)
    if path.endswith(_VCF_ENDINGS):
        hint = "Convert it once with `osteobiome ld convert FILE PREFIX`, then use that prefix"
        raise InputFileError(Fault("panel_is_vcf", path, "a VCF or BCF file", "PLINK 1 or PLINK 2 files", hint))
    is_named_pgen = path.endswith(_PGEN_ENDINGS)
    if is_named_pgen or (not path.endswith(_BED_ENDINGS) and not is_there(f"{prefix}.bed")):
        if is_named_pgen or is_there(f"{prefix}.pgen"):
            return open_pgen(prefix)
        raise _missing(path, "no such panel")
    return open_bed(prefix)


def _missing(path: str, found: str) -> InputFileError:
    """Return the error of a path at which there are no files of a panel; a folder is told apart."""
    prefix = Path(_without_ending(path))
    near = [file.name for file in _within(prefix.parent) if file.name.startswith(prefix.name)]
    if not is_folder(path):
        hint = f"There are {', '.join(near[:3])}" if near else "Check the path"
        return InputFileError(Fault("missing_file", path, found, _PANEL_FILES, hint))
    found = "the current folder, as which an empty path is read, too" if Path(path) == Path() else "a folder"
    inside = [str(Path(_without_ending(str(file)))) for file in _within(Path(path)) if file.suffix in _GENOTYPE_ENDINGS]
    hint = f"Give the prefix of the files in it: {' or '.join(inside[:3])}" if inside else _HINT
    return InputFileError(Fault("panel_is_folder", path, found, _PANEL_FILES, hint))


def _within(folder: Path) -> list[Path]:
    """Return what a folder holds, as far as it can be looked into: it is only for a hint."""
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []
