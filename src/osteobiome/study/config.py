"""The study file: every key, its type and its default; the JSON Schema is made from these classes."""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from osteobiome.core.errors import ConfigError, Fault, nearest
from osteobiome.core.thresholds import GENOME_WIDE_P
from osteobiome.sumstats.palindromes import PalindromeOptions, PalindromePolicy

if TYPE_CHECKING:
    from pathlib import Path

    from pydantic_core import ErrorDetails

Identifier = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=80)]
Build = Literal["GRCh37", "GRCh38"]
Layer = Literal["gut", "metabolite", "immune", "neuroendocrine", "bone", "other"]


class _Section(BaseModel):
    """A section of the study file: frozen, and an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True, allow_inf_nan=False)


class StudySection(_Section):
    """What the study is."""

    id: Identifier = Field(description="Short name; part of the source of every evidence record.")
    title: str = Field(min_length=1, description="The question, as a sentence; title of the report.")
    traits: str = Field(description="Path of the trait table (CSV), relative to the study file.")
    genome_build: Build = Field(description="Build of all positions.")
    seed: int = Field(default=1, ge=0, description="Seed of every random number; recorded in the manifest.")
    simulated: bool = Field(default=False, description="Inputs are simulated; every output is then labelled so.")


class Palindromic(_Section):
    """What to do with A/T and C/G variants when no reference settles the strand."""

    policy: PalindromePolicy = Field(
        default="frequency", description="frequency: compare allele frequencies; drop: drop all; keep_forward: trust."
    )
    drop_between: tuple[float, float] = Field(
        default=(0.42, 0.58), description="Open interval of frequencies in which policy 'frequency' drops."
    )

    @field_validator("drop_between")
    @classmethod
    def _ordered(cls, value: tuple[float, float]) -> tuple[float, float]:
        if not 0.0 <= value[0] < 0.5 < value[1] <= 1.0:
            msg = "an interval within 0 and 1 with 0.5 inside, as a frequency of one half decides nothing"
            raise ValueError(msg)
        return value

    def options(self) -> PalindromeOptions:
        """Return the section as the option object of :func:`osteobiome.sumstats.harmonise`."""
        return PalindromeOptions(self.policy, self.drop_between)


class Ingest(_Section):
    """How files are read."""

    max_bad_rows: float = Field(
        default=0.05, ge=0.0, le=1.0, description="Share of rows that one fault may take before it is fatal."
    )
    allow: tuple[str, ...] = Field(
        default=(), description="Faults that may take any share of rows, and faults of whole files that are accepted."
    )
    columns: dict[str, dict[str, str]] = Field(
        default_factory=dict,
        description="Tables of no known format: a name for `format` in the trait table, and our columns to theirs.",
    )
    map: str | None = Field(
        default=None,
        description="Variants (.bim, .pvar or table) that fill positions, alleles and frequencies that files lack.",
    )
    palindromic: Palindromic = Field(default_factory=Palindromic)


class LdFiles(_Section):
    """A signed LD matrix, and the alleles that it was counted in."""

    matrix: str = Field(
        description="Signed r: a table (first column rsid, then one per variant), .npz, or .ld of `plink --r square`."
    )
    variants: str | None = Field(
        default=None,
        description="Table with rsid, effect_allele (the allele r counts) and other_allele, or .bim; .npz may hold it.",
    )


class RelaxedSection(_Section):
    """A threshold above genome-wide significance, declared with its reason; results are then exploratory."""

    p_threshold: float = Field(gt=GENOME_WIDE_P, lt=1.0, description="Largest p value of an instrument.")
    reason: str = Field(min_length=1, description="Why 5e-8 does not do; printed in the report.")
    exposures: tuple[str, ...] = Field(default=(), description="Trait ids; left out, all that are not given.")
    primary: str | None = Field(
        default=None, description="Primary estimator of the families whose exposures are all selected so."
    )


class CisSection(_Section):
    """A gene or other stretch of the genome: instruments lie in it."""

    gene: str = Field(default="", description="For readers.")
    chromosome: int = Field(ge=1, le=25, description="1 to 22, 23 = X, 24 = Y, 25 = MT.")
    start: int = Field(ge=1, description="First position, base pairs on the study's build.")
    end: int = Field(ge=1, description="Last position, base pairs.")
    flank_kb: float = Field(default=0.0, ge=0.0, description="Reach beyond both ends, kilobases.")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.start > self.end:
            msg = f"start at most end, not {self.start} to {self.end}"
            raise ValueError(msg)
        return self


class ProxiesSection(_Section):
    """What may stand in for an instrument that an outcome lacks."""

    r2: float = Field(default=0.8, ge=0.5, le=1.0, description="Smallest r² with the instrument.")
    window_kb: float = Field(default=500.0, ge=0.0, description="Largest distance, kilobases.")


class InstrumentsSection(_Section):
    """Which variants become instruments."""

    p_threshold: float = Field(default=GENOME_WIDE_P, gt=0.0, lt=1.0, description="Largest p value of an instrument.")
    relaxed: RelaxedSection | None = Field(default=None, description="A looser threshold, and why.")
    given: dict[str, str] = Field(
        default_factory=dict,
        description="Exposures whose file is the list of instruments, with the reason; no threshold is applied.",
    )
    r2: float | None = Field(
        default=None,
        gt=0.0,
        lt=1.0,
        description="Largest r² of two instruments; needs LD of their ancestry.",
    )
    window_kb: float | None = Field(
        default=None, gt=0.0, description="Variants further apart (kb) are not clumped; needs r2."
    )
    clump_by: Literal["p", "f"] = Field(
        default="p", description="Of linked variants that of smallest p or of largest F stays; f needs a panel."
    )
    clump_mode: Literal["plink", "genotype"] = Field(
        default="plink", description="r² of haplotypes as PLINK counts it, or of copies; with a panel."
    )
    exclude_loci: tuple[str, ...] = Field(
        default=(), description="Known loci to leave out: `osteobiome instruments loci`."
    )
    exclude: str | None = Field(
        default=None, description="File of rsIDs and regions to leave out, one to a line (also BED)."
    )
    cis: dict[str, CisSection] = Field(default_factory=dict, description="Exposures whose instruments lie in a region.")
    three_sample: dict[str, str] = Field(
        default_factory=dict, description="Exposures, each with the trait whose study selects its instruments."
    )
    proxies: ProxiesSection | None = Field(
        default=None, description="Stand-ins for instruments that an outcome lacks; needs a genotype panel."
    )
    steiger_filter: bool = Field(
        default=False, description="Drop instruments that explain more of the outcome than of the exposure."
    )


class LayerChoice(_Section):
    """All traits of one layer."""

    layer: Layer


class MrFamily(_Section):
    """A family of tests with one primary estimator, declared before the run: exposures by outcomes, or listed pairs."""

    id: Identifier = Field(description="Name of the family.")
    exposures: tuple[str, ...] | LayerChoice = Field(default=(), description="Trait ids, or { layer = ... }.")
    outcomes: tuple[str, ...] | LayerChoice = Field(default=(), description="Trait ids, or { layer = ... }.")
    pairs: tuple[tuple[str, str], ...] = Field(
        default=(), description="[exposure, outcome] pairs, in place of exposures and outcomes."
    )
    direction: Literal["forward", "both"] = Field(default="forward", description="both adds the reverse pairs.")
    primary: str = Field(default="ivw", description="Estimator whose p values make the family's q-values.")
    sensitivity: tuple[str, ...] = Field(default=(), description="Further estimators.")
    exposure_direction: Literal["higher", "lower"] = Field(
        default="higher", description="State effects per unit higher, or per unit lower, exposure."
    )

    @model_validator(mode="after")
    def _one_way_to_name_pairs(self) -> Self:
        if bool(self.pairs) == bool(self.exposures or self.outcomes):
            msg = "give either exposures and outcomes, or pairs"
            raise ValueError(msg)
        if not self.pairs and not (self.exposures and self.outcomes):
            msg = "exposures and outcomes must both be given and not be empty"
            raise ValueError(msg)
        return self


class ControlSection(_Section):
    """A pair whose result is known beforehand: it tests the run, not the hypothesis."""

    kind: Literal["positive", "negative"] = Field(
        description="positive: an effect that must be found; negative: a pair for which none is plausible."
    )
    exposure: str = Field(description="Trait id; the pair must be in a family.")
    outcome: str = Field(description="Trait id.")
    family: str | None = Field(default=None, description="Family that judges it, if the pair is in several.")
    expected: Literal["increases", "decreases"] | None = Field(
        default=None, description="Positive controls: what a higher exposure does to the outcome."
    )
    reason: str = Field(min_length=1, description="Why the result is known; printed in the report.")

    @model_validator(mode="after")
    def _direction_of_positive(self) -> Self:
        if (self.kind == "positive") != (self.expected is not None):
            msg = "expected (increases or decreases) for a positive control, and for no other"
            raise ValueError(msg)
        return self


class LocusSection(_Section):
    """A region to be shown: associations of some traits, LD with the lead variant, genes."""

    id: Identifier = Field(description="Name of the region.")
    chromosome: int = Field(ge=1, le=25, description="1 to 22, 23 = X, 24 = Y, 25 = MT.")
    start: int = Field(ge=1, description="First position, base pairs on the study's build.")
    end: int = Field(ge=1, description="Last position, base pairs.")
    traits: tuple[str, ...] = Field(min_length=1, description="Trait ids; the first one is in every figure.")
    lead: str | None = Field(
        default=None, description="rsid of the lead variant; left out, that of smallest p in the first trait."
    )
    ld: str | None = Field(default=None, description="Name of the LD matrix; left out, the only one.")
    genes: str | None = Field(default=None, description="Table with gene, chromosome, start, end and strand.")


class ReportSection(_Section):
    """What the report shows besides the results."""

    published: str | None = Field(default=None, description="Table of published numbers to set beside ours.")


class StudyConfig(_Section):
    """A whole study file."""

    study: StudySection
    ingest: Ingest = Field(default_factory=Ingest)
    ld: dict[str, LdFiles | str] = Field(
        default_factory=dict, description="LD per ancestry: { matrix, variants }, or the path of a genotype panel."
    )
    instruments: InstrumentsSection = Field(default_factory=InstrumentsSection)
    mr: tuple[MrFamily, ...] = Field(min_length=1)
    locus: tuple[LocusSection, ...] = Field(default=())
    control: tuple[ControlSection, ...] = Field(default=(), description="Controls; the report opens with them.")
    report: ReportSection = Field(default_factory=ReportSection)


def json_schema() -> dict[str, object]:
    """Return the JSON Schema of the study file."""
    return StudyConfig.model_json_schema()


def read_config(path: Path) -> StudyConfig:
    """Read and check the study file itself, without looking at the files it names.

    Parameters
    ----------
    path : pathlib.Path
        TOML file.

    Raises
    ------
    ConfigError
        With every fault: no such file, no TOML, unknown key, wrong type or value.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise ConfigError(
            Fault("missing_file", str(path), "no such file", "a study file", "`osteobiome init DIR` writes one")
        ) from None
    except (OSError, ValueError) as error:
        raise ConfigError(
            Fault("unreadable_file", str(path), f"a file that cannot be read ({error})", "a text file")
        ) from None
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(
            Fault("bad_toml", str(path), f"text that is not TOML: {error}", "TOML", "Look at the line named here")
        ) from None
    if not data:
        raise ConfigError(
            Fault("empty_file", str(path), "an empty file", "a study file", "`osteobiome init DIR` writes one")
        )
    try:
        return StudyConfig.model_validate(data)
    except ValidationError as error:
        raise ConfigError(*_faults(path, error)) from None


_BRANCH = re.compile(r"^(LayerChoice|LdFiles|str|constrained-str|tuple\[.*)$")


_WORDS = {
    "String should have at least 1 character": "text that is not empty",
    " after validation": "",
    "Tuple": "the list",
    "valid tuple": "list",
    "tuple": "a list",
    "string": "text",
}
"""Words of the validator in words of the study file."""


def _faults(path: Path, error: ValidationError) -> list[Fault]:
    """Return one fault per place of the study file.

    Alternatives (a list of ids or a layer) each complain about the same place, and a list whose only entry is wrong is
    reported as empty on top: one mistake is one fault.
    """
    found: dict[str, Fault] = {}
    for detail in error.errors(include_url=False):
        fault = _fault(path, detail)
        found.setdefault(fault.where, fault)
    return [
        fault
        for where, fault in found.items()
        if not any(other != where and other.startswith((f"{where}[", f"{where}.")) for other in found)
    ]


def _fault(path: Path, detail: ErrorDetails) -> Fault:
    """Turn one complaint of pydantic into a fault with the place in the study file."""
    steps = [step for step in detail["loc"] if not (isinstance(step, str) and _BRANCH.match(step))]
    place = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps).lstrip(".")
    where = f"{path.name}: {place}"
    if detail["type"] == "extra_forbidden":
        section = _keys_at(steps[:-1])
        return Fault(
            "unknown_key",
            where,
            f"key '{steps[-1]}' is not known",
            f"one of {', '.join(sorted(section))}" if section else "a known key",
            nearest(str(steps[-1]), section),
        )
    if detail["type"] == "missing":
        return Fault("missing_key", where, f"key '{steps[-1]}' is missing", "a value for it")
    given = detail["input"]
    found = "a section" if isinstance(given, dict) else f"value {given!r}"
    expected = detail["msg"].removeprefix("Value error, ").removeprefix("Input should be ").removeprefix("a valid ")
    for theirs, ours in _WORDS.items():
        expected = expected.replace(theirs, ours)
    return Fault("bad_value", where, found, expected)


def _keys_at(steps: list[str | int]) -> set[str]:
    """Return the keys that the schema knows at a place of the study file."""
    model: type[BaseModel] | None = StudyConfig
    for before, step in zip(["", *steps], steps, strict=False):
        if isinstance(step, int) or model is None:
            continue
        if before in _NAMED:
            model = _NAMED[before]
        elif step not in model.model_fields:
            return set()
        elif step not in _NAMED:
            model = _SECTIONS.get(step)
    return set() if model is None else set(model.model_fields)


_NAMED: dict[str | int, type[BaseModel]] = {"ld": LdFiles, "cis": CisSection}
"""Sections whose keys are names that the user chose, and what stands behind each name."""
_SECTIONS: dict[str | int, type[BaseModel]] = {
    "study": StudySection,
    "ingest": Ingest,
    "palindromic": Palindromic,
    "instruments": InstrumentsSection,
    "relaxed": RelaxedSection,
    "proxies": ProxiesSection,
    "mr": MrFamily,
    "control": ControlSection,
    "exposures": LayerChoice,
    "outcomes": LayerChoice,
    "locus": LocusSection,
    "report": ReportSection,
}
