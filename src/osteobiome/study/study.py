"""A study that has been checked whole: config, traits, files, methods and families fit together."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from osteobiome.core.errors import ConfigError, Fault, InputFileError, OsteobiomeError, nearest
from osteobiome.core.schema import table
from osteobiome.ld.fit import PANEL_CHECKS
from osteobiome.ld.reading import read_ld
from osteobiome.mr import ESTIMATORS
from osteobiome.study.config import LayerChoice, LdFiles, MrFamily, StudyConfig, read_config
from osteobiome.study.controls import control_faults
from osteobiome.study.files import FileReading, known_variants, reading_of
from osteobiome.study.loci import locus_faults
from osteobiome.study.panels import PanelFiles, noise_notes, panel_faults
from osteobiome.study.published import read_published
from osteobiome.study.selection import (
    Selection,
    families_at_thresholds,
    selection_faults,
    selection_notes,
    selection_of,
)
from osteobiome.study.traits import Trait, read_traits
from osteobiome.sumstats.formats import FORMATS
from osteobiome.sumstats.qc import FAULT_REASONS
from osteobiome.sumstats.sniffing import mapped_format

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    import polars as pl

    from osteobiome.sumstats.formats import Side

ACCEPTABLE = FAULT_REASONS | frozenset(PANEL_CHECKS)
"""What `allow` under [ingest] may name."""
FULL_CHECK_BYTES = 5_000_000
"""Files up to this size are read whole by the check; of larger ones the header now, the rows when they are ingested."""


@dataclass(frozen=True, slots=True)
class Family:
    """A family of tests with its pairs resolved.

    Parameters
    ----------
    id : str
        Name of the family; the reverse direction has its own, ending in ``-reverse``.
    pairs : tuple of (str, str)
        Trait ids of exposure and outcome.
    primary : str
        Primary estimator.
    sensitivity : tuple of str
        Further estimators.
    exposure_direction : str
        ``higher`` or ``lower``.
    """

    id: str
    pairs: tuple[tuple[str, str], ...]
    primary: str
    sensitivity: tuple[str, ...]
    exposure_direction: str

    @property
    def methods(self) -> tuple[str, ...]:
        """Primary estimator first, then the others, each once."""
        return tuple(dict.fromkeys((self.primary, *self.sensitivity)))


@dataclass(frozen=True, slots=True)
class Study:
    """A checked study.

    Parameters
    ----------
    path : pathlib.Path
        Study file.
    config : StudyConfig
        Its content.
    traits : dict of Trait
        Traits by id.
    families : tuple of Family
        Families with resolved pairs.
    published : polars.DataFrame
        Published numbers, schema ``PUBLISHED``; may be empty.
    notes : tuple of Fault
        Worth knowing, stops nothing.
    """

    path: Path
    config: StudyConfig
    traits: dict[str, Trait]
    families: tuple[Family, ...]
    published: pl.DataFrame = field(repr=False)
    notes: tuple[Fault, ...] = ()

    @property
    def folder(self) -> Path:
        """Folder that paths in the study file are relative to."""
        return self.path.parent

    def file_of(self, trait_id: str) -> Path:
        """Return the path of a trait's file."""
        return self.folder / self.traits[trait_id].file

    @property
    def variant_map(self) -> Path | None:
        """Path of the variants that fill what files lack, if there is one."""
        name = self.config.ingest.map
        return self.folder / name if name is not None else None

    def reading(self, trait_id: str) -> FileReading:
        """Return how a trait's file is read."""
        return reading_of(
            self.traits[trait_id],
            self.config.ingest,
            side=self.sides()[trait_id],
            genome_build=self.config.study.genome_build,
        )

    def sides(self) -> dict[str, Side]:
        """Return the traits in use, each as exposure or outcome; a trait that is both is read as exposure."""
        sides: dict[str, Side] = {}
        for family in self.families:
            for exposure, outcome in family.pairs:
                sides[exposure] = "exposure"
                sides.setdefault(outcome, "outcome")
        for exposure, selector in self.config.instruments.three_sample.items():
            if exposure in self.exposures and selector in self.traits:
                sides[selector] = "exposure"
        for block in self.config.locus:
            for trait_id in block.traits:
                if trait_id in self.traits:
                    sides.setdefault(trait_id, "outcome")
        return sides

    def ld_files(self) -> dict[str, LdFiles]:
        """Return the LD matrices per ancestry."""
        return {ancestry: files for ancestry, files in self.config.ld.items() if isinstance(files, LdFiles)}

    def panels(self) -> dict[str, PanelFiles]:
        """Return the genotype panels per ancestry."""
        named = {ancestry: name for ancestry, name in self.config.ld.items() if isinstance(name, str)}
        return {ancestry: PanelFiles.of(self.folder, name) for ancestry, name in named.items()}

    def panels_in_use(self) -> dict[str, tuple[str, ...]]:
        """Return the exposures that are clumped with each panel."""
        panels = {ancestry for ancestry, name in self.config.ld.items() if isinstance(name, str)}
        used: dict[str, list[str]] = {}
        for name in self.exposures:
            ancestry = self.selection(name).ld
            if ancestry in panels:
                used.setdefault(ancestry, []).append(name)
        return {ancestry: tuple(names) for ancestry, names in used.items()}

    def name_of(self, file: Path) -> str:
        """Return a file as the study file would name it."""
        return str(file.relative_to(self.folder)) if file.is_relative_to(self.folder) else str(file)

    @property
    def exposures(self) -> tuple[str, ...]:
        """Exposures of all families, each once."""
        return tuple(dict.fromkeys(x for family in self.families for x, _ in family.pairs))

    def selection(self, exposure: str) -> Selection:
        """Return how the instruments of an exposure are chosen."""
        return selection_of(self, exposure)

    def ld_name(self, family: Family) -> str:
        """Return the ancestry of the LD for a family's estimators: a matrix or a panel; empty if there is none.

        It is that of its exposures, or the only one. The report compares it with the ancestries of all traits.
        """
        return _one_of(self.ld_files(), self._ancestries(family)) or self.ld_panel(family)

    def ld_for(self, family: Family) -> LdFiles | None:
        """Return the LD matrix for a family, if it needs one and there is one."""
        return self.ld_files().get(_one_of(self.ld_files(), self._ancestries(family)))

    def ld_panel(self, family: Family) -> str:
        """Return the ancestry of the panel that gives a family's LD, if it needs LD and there is no matrix."""
        return "" if self.ld_for(family) is not None else _one_of(self._panel_names, self._ancestries(family))

    def panel_of(self, trait_id: str) -> str:
        """Return the ancestry of the panel that fits a trait, or of the only one; empty if there is none."""
        return _one_of(self._panel_names, {self.traits[trait_id].ancestry})

    @property
    def _panel_names(self) -> list[str]:
        return [ancestry for ancestry, name in self.config.ld.items() if isinstance(name, str)]

    def _ancestries(self, family: Family) -> set[str]:
        """Return the ancestries of the exposures of a family whose estimators need LD; empty if none does."""
        if not any(ESTIMATORS[name].needs_ld for name in family.methods):
            return set()
        return {self.traits[exposure].ancestry for exposure, _ in family.pairs}


def _one_of(names: Collection[str], ancestries: set[str]) -> str:
    """Return the one of some ancestries that is wanted, or the only one there is; empty if none is wanted."""
    if not ancestries:
        return ""
    if len(ancestries) == 1 and ancestries <= set(names):
        return next(iter(ancestries))
    return next(iter(names)) if len(names) == 1 else ""


def load_study(path: Path) -> Study:
    """Read a study and check everything that can be checked without running it.

    Parameters
    ----------
    path : pathlib.Path
        Study file (TOML).

    Returns
    -------
    Study
        Ready to be planned; ``notes`` holds what is worth knowing.

    Raises
    ------
    ConfigError
        With every fault of study file, trait table, summary statistics, LD and published numbers.
    """
    config = read_config(path)
    mapped = frozenset(config.ingest.columns)
    traits = {trait.trait_id: trait for trait in read_traits(path.parent / config.study.traits, mapped=mapped)}
    faults: list[Fault] = []
    families = _families(config, traits, faults, where=path.name)
    published = table("published")
    if config.report.published:
        try:
            published = read_published(path.parent / config.report.published, traits=traits)
        except OsteobiomeError as error:
            faults += error.faults
    study = Study(path, config, traits, families, published)
    study = replace(study, families=families_at_thresholds(study))
    faults += _ingest_faults(study)
    faults += _published_faults(study)
    faults += selection_faults(study)
    faults += control_faults(study)
    faults += locus_faults(study, max_bytes=FULL_CHECK_BYTES)
    faults += _file_faults(study)
    faults += _ld_faults(study)
    if faults:
        raise ConfigError(*faults)
    return replace(study, notes=_notes(study))


def _families(config: StudyConfig, traits: dict[str, Trait], faults: list[Fault], *, where: str) -> tuple[Family, ...]:
    families: list[Family] = []
    for index, block in enumerate(config.mr):
        place = f"{where}: mr[{index}]"
        forward = _forward_pairs(block, traits, faults, where=place)
        names = [("primary", block.primary), *[(f"sensitivity[{i}]", name) for i, name in enumerate(block.sensitivity)]]
        faults += [ESTIMATORS.fault(name, where=f"{place}.{key}") for key, name in names if name not in ESTIMATORS]
        for family in _both_directions(block, forward):
            if any(family.id == other.id for other in families):
                faults.append(Fault("duplicate_family", place, f"family '{family.id}' twice", "one name per family"))
            families.append(family)
    return tuple(families)


def _forward_pairs(
    block: MrFamily, traits: dict[str, Trait], faults: list[Fault], *, where: str
) -> tuple[tuple[str, str], ...]:
    """Return the pairs of a block as declared; a trait is never paired with itself."""
    n_faults = len(faults)
    if block.pairs:
        for i, pair in enumerate(block.pairs):
            _resolve(pair, traits, faults, where=f"{where}.pairs[{i}]")
        wanted = tuple((x, y) for x, y in block.pairs if x in traits and y in traits)
    else:
        exposures = _resolve(block.exposures, traits, faults, where=f"{where}.exposures")
        outcomes = _resolve(block.outcomes, traits, faults, where=f"{where}.outcomes")
        wanted = tuple((x, y) for x in exposures for y in outcomes)
    found = tuple(dict.fromkeys((x, y) for x, y in wanted if x != y))
    if not found and len(faults) == n_faults:
        faults.append(Fault("no_pairs", where, "a trait is paired with itself only", "two different traits"))
    return found


def _both_directions(block: MrFamily, forward: tuple[tuple[str, str], ...]) -> list[Family]:
    """Return the family, and the reverse one if it is asked for."""
    made = [Family(block.id, forward, block.primary, block.sensitivity, block.exposure_direction)]
    if block.direction == "both":
        known = set(forward)
        backward = tuple((y, x) for x, y in forward if (y, x) not in known)
        if backward:
            name = f"{block.id}-reverse"
            made.append(Family(name, backward, block.primary, block.sensitivity, block.exposure_direction))
    return made


def _resolve(
    choice: tuple[str, ...] | LayerChoice, traits: dict[str, Trait], faults: list[Fault], *, where: str
) -> tuple[str, ...]:
    if isinstance(choice, LayerChoice):
        members = tuple(trait_id for trait_id, trait in traits.items() if trait.layer == choice.layer)
        if not members:
            faults.append(
                Fault("empty_layer", where, f"no trait of layer '{choice.layer}'", "at least one in the trait table")
            )
        return members
    for i, name in enumerate(choice):
        if name not in traits:
            faults.append(
                Fault(
                    "unknown_trait",
                    f"{where}[{i}]",
                    f"trait '{name}' is not in the trait table",
                    "a trait_id",
                    nearest(name, traits),
                )
            )
    return tuple(name for name in dict.fromkeys(choice) if name in traits)


def _ingest_faults(study: Study) -> list[Fault]:
    where = f"{study.path.name}: ingest"
    faults: list[Fault] = []
    for name, columns in study.config.ingest.columns.items():
        place = f"{where}.columns.{name}"
        if name in FORMATS:
            faults.append(Fault("name_taken", place, f"'{name}' is a format already", "another name"))
        try:
            mapped_format(columns, where=place)
        except OsteobiomeError as error:
            faults += error.faults
    if study.variant_map is not None:
        try:
            known_variants(study.variant_map)
        except OsteobiomeError as error:
            place = f"{where}.map, '{study.config.ingest.map}'"
            faults += [replace(f, where=f.where.replace(str(study.variant_map), place)) for f in error.faults]
    return faults + [
        Fault(
            "unknown_reason",
            f"{study.path.name}: ingest.allow[{i}]",
            f"fault '{name}' is not known",
            "a fault that rows, files or panels can have",
            nearest(name, ACCEPTABLE),
        )
        for i, name in enumerate(study.config.ingest.allow)
        if name not in ACCEPTABLE
    ]


def _published_faults(study: Study) -> list[Fault]:
    pairs = {pair for family in study.families for pair in family.pairs}
    return [
        Fault(
            "unknown_pair",
            f"{study.config.report.published}, {row['exposure']} and {row['outcome']}",
            "a published number for a pair that no family has",
            "pairs of the study",
            "Remove the row or add the pair",
        )
        for row in study.published.unique(["exposure", "outcome"], maintain_order=True).to_dicts()
        if (row["exposure"], row["outcome"]) not in pairs
    ]


def _file_faults(study: Study) -> list[Fault]:
    """Look into every file that will be read: there, whole, with the columns of its format."""
    faults: list[Fault] = []
    known_map = study.variant_map
    for trait_id in study.sides():
        trait, path = study.traits[trait_id], study.file_of(trait_id)
        roles = {
            s
            for family in study.families
            for pair in family.pairs
            for s, t in zip(("exposure", "outcome"), pair, strict=True)
            if t == trait_id
        }
        try:
            reading = study.reading(trait_id)
            fmt = reading.resolved(path)
            if fmt.is_prealigned and len(roles) > 1:
                faults.append(_two_roles(trait, fmt.name))
            ingest = reading.begin(path, trait_id=trait_id, variant_map=known_map)
            if path.stat().st_size > FULL_CHECK_BYTES:
                continue
            deque(ingest.sorted_frames(), maxlen=0)
            section = study.config.ingest
            ingest.raise_if_unusable(max_bad_rows=section.max_bad_rows, allow=frozenset(section.allow))
        except OsteobiomeError as error:
            own = [
                f for f in error.faults if not f.where.startswith(str(study.variant_map))
            ]  # those of the map are told
            faults += [replace(f, where=_place(f.where, trait, path)) for f in own]
        except OSError as error:
            faults.append(Fault("unreadable_file", f"trait '{trait_id}', {trait.file}", str(error), "a readable file"))
    return faults


def _two_roles(trait: Trait, file_format: str) -> Fault:
    return Fault(
        "two_roles",
        f"trait '{trait.trait_id}'",
        f"exposure and outcome, but the file of format '{file_format}' is one pair",
        "summary statistics with all variants",
        "Give the trait a file of its own",
    )


def _place(where: str, trait: Trait, path: Path) -> str:
    """Return where a fault of a trait's file is, in the words of the trait table."""
    name = f"trait '{trait.trait_id}', {trait.file!r}"
    rest = where.removeprefix(str(path))
    return f"{name}{rest}" if rest != where else name


def _ld_faults(study: Study) -> list[Fault]:
    faults: list[Fault] = []
    for ancestry, files in study.config.ld.items():
        if isinstance(files, str):
            faults += panel_faults(study, ancestry)
            continue
        try:
            read_ld(study.folder / files.matrix, study.folder / files.variants if files.variants else None)
        except (InputFileError, OsteobiomeError) as error:
            faults += error.faults
    return faults


def _notes(study: Study) -> tuple[Fault, ...]:
    """Return what a user should know before running."""
    notes: list[Fault] = []
    section = study.config.instruments
    unclumped = [x for x in study.exposures if x not in section.given and not study.selection(x).ld]
    if unclumped and section.r2 is not None:
        notes.append(_no_clumping(study, f"r2, but no LD of its ancestry for {', '.join(unclumped[:3])}", "[ld]"))
    elif section.r2 is None and section.window_kb is not None:
        notes.append(_no_clumping(study, "window_kb without r2", "r2"))
    notes += selection_notes(study)
    notes += noise_notes(study)
    for family in study.families:
        missing = [name for name in family.methods if ESTIMATORS[name].needs_ld]
        if missing and not study.ld_name(family):
            notes.append(
                Fault(
                    "no_ld",
                    f"family '{family.id}'",
                    f"method '{missing[0]}' without [ld]",
                    "an LD matrix",
                    "Its estimates will have the status missing_ld",
                    severity="note",
                )
            )
    return tuple(notes)


def _no_clumping(study: Study, found: str, wanted: str) -> Fault:
    return Fault(
        "no_clumping",
        f"{study.path.name}: instruments",
        found,
        f"{wanted}, as instruments are clumped with a panel or a matrix",
        "Nothing is clumped there, and the report says so",
        severity="note",
    )
