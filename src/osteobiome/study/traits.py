"""The trait table: one row per trait; empty means unknown and is printed as such."""

from __future__ import annotations

import csv
import io
import re
from typing import TYPE_CHECKING, Annotated, Literal, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from osteobiome.core.body_size import is_body_size
from osteobiome.core.errors import ConfigError, Fault, nearest
from osteobiome.study.config import Build, Identifier, Layer
from osteobiome.sumstats.formats import FORMATS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_UNIT = re.compile(r"^(sd|log_odds|native:.+)$")


def _unit(value: str) -> str:
    if not _UNIT.match(value):
        msg = "a unit must be sd, log_odds or native:<unit>"
        raise ValueError(msg)
    return value


def _optional_number(value: object) -> object:
    return None if isinstance(value, str) and value.strip() in {"", "NA"} else value


Share = Annotated[Annotated[float, Field(gt=0, lt=1)] | None, BeforeValidator(_optional_number)]
Count = Annotated[Annotated[int, Field(gt=0)] | None, BeforeValidator(_optional_number)]


class Trait(BaseModel):
    """One trait of a study.

    An empty optional field means unknown: it is printed as such, and what would need it is not estimable.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)

    trait_id: Identifier
    label: Annotated[str, Field(min_length=1)]
    layer: Layer
    lineage: str = ""
    curie: str = ""
    type: Literal["quantitative", "binary", "presence"]
    unit: Annotated[str, BeforeValidator(lambda v: _unit(str(v)))]
    n: Count = None
    n_cases: Count = None
    prevalence: Share = None
    case_definition: str = ""
    transformation: str = ""
    adjusted_for: str = ""
    ancestry: str = ""
    sex: str = ""
    age_range: str = ""
    cohorts: str = ""
    genome_build: Literal["", "GRCh37", "GRCh38"] = ""
    format: str = ""
    trait_in_file: str = ""
    file: Annotated[str, Field(min_length=1)]
    licence: str = ""
    citation: str = ""

    @property
    def identifier(self) -> str:
        """CURIE, or ``trait:<trait_id>`` where none is known."""
        return self.curie or f"trait:{self.trait_id}"

    @property
    def unit_label(self) -> str:
        """Unit for readers: SD, log odds, or the native unit."""
        if self.unit.startswith("native:"):
            return self.unit.removeprefix("native:")
        return {"sd": "SD", "log_odds": "log odds"}[self.unit]

    @property
    def adjustment(self) -> tuple[str, ...]:
        """Covariates as a list; empty if unknown or none."""
        parts = [part.strip() for part in re.split(r"[;,|]", self.adjusted_for)]
        return tuple(part for part in parts if part and part.lower() not in {"unknown", "none"})

    @property
    def adjusted_for_body_size(self) -> tuple[str, ...]:
        """Covariates about body weight or fat: heritable, so adjusting for them can open a collider."""
        return tuple(part for part in self.adjustment if is_body_size(part))


REQUIRED = ("trait_id", "label", "layer", "type", "unit", "file")


def read_traits(path: Path, *, mapped: frozenset[str] = frozenset()) -> tuple[Trait, ...]:
    """Read the trait table.

    Parameters
    ----------
    path : pathlib.Path
        CSV with a header; see :class:`Trait` for the columns.
    mapped : frozenset of str
        Formats that the study file makes by mapping columns.

    Raises
    ------
    ConfigError
        With every fault of every row.
    """
    where = path.name
    reader = csv.DictReader(io.StringIO(_read_text(path)))
    header = [name.strip() for name in reader.fieldnames or []]
    reader.fieldnames = header
    if not any(header):
        raise ConfigError(Fault("empty_file", where, "an empty file", "a header and one row per trait"))
    faults = _header_faults(header, where=where)
    if faults:
        raise ConfigError(*faults)
    traits: dict[str, Trait] = {}
    for row in reader:
        line = f"{where}, line {reader.line_num}"
        trait = _read_row(row, faults, line=line, mapped=mapped)
        if trait is None:
            continue
        if trait.trait_id in traits:
            faults.append(Fault("duplicate_trait", line, f"trait '{trait.trait_id}' twice", "one row per trait"))
        traits[trait.trait_id] = trait
    if not traits and not faults:
        faults.append(Fault("no_rows", where, "no traits", "one row per trait"))
    if faults:
        raise ConfigError(*faults)
    return tuple(traits.values())


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise ConfigError(
            Fault("missing_file", str(path), "no such file", "the trait table", "Check [study] traits")
        ) from None
    except (OSError, ValueError) as error:
        raise ConfigError(
            Fault("unreadable_file", str(path), f"a file that cannot be read ({error})", "a CSV file")
        ) from None


def _header_faults(header: list[str], *, where: str) -> list[Fault]:
    """Return unknown and missing columns."""
    faults = [
        Fault(
            "unknown_column",
            f"{where}, header",
            f"column '{name}' is not known",
            "a column of the trait table",
            nearest(name, Trait.model_fields),
        )
        for name in header
        if name not in Trait.model_fields
    ]
    faults += [
        Fault("duplicate_column", f"{where}, header", f"column '{name}' twice", "each column once")
        for name in dict.fromkeys(header)
        if header.count(name) > 1
    ]
    return faults + [
        Fault("missing_column", f"{where}, header", f"no column '{name}'", "columns " + ", ".join(REQUIRED))
        for name in REQUIRED
        if name not in header
    ]


def _read_row(
    row: Mapping[str | None, str | list[str] | None], faults: list[Fault], *, line: str, mapped: frozenset[str]
) -> Trait | None:
    """Return the trait of one row, or add what is wrong with it to the faults."""
    if None in row:
        faults.append(
            Fault(
                "ragged_row",
                line,
                "more fields than the header",
                "one field per column",
                "Quote fields that hold a comma",
            )
        )
        return None
    try:
        trait = Trait.model_validate({str(key): value or "" for key, value in row.items()})
    except ValidationError as error:
        faults += [
            Fault(
                "bad_value",
                f"{line}, {detail['loc'][0]}",
                f"value {detail['input']!r}",
                _expected(str(detail["loc"][0])) or detail["msg"],
            )
            for detail in error.errors(include_url=False)
        ]
        return None
    if trait.format and trait.format not in mapped and trait.format not in FORMATS:
        faults.append(FORMATS.fault(trait.format, where=f"{line}, format"))
    return trait


def _expected(column: str) -> str:
    """Return what a column of the trait table takes, in words."""
    return {
        "layer": "one of " + ", ".join(get_args(Layer)),
        "type": "quantitative, binary or presence",
        "unit": "sd, log_odds or native:<unit>",
        "genome_build": "empty or one of " + ", ".join(get_args(Build)),
        "n": "a whole number above 0, or empty",
        "n_cases": "a whole number above 0, or empty",
        "prevalence": "a number between 0 and 1, or empty",
        "trait_id": "letters, digits, dot, dash and underscore",
        "label": "a name",
        "file": "a path",
    }.get(column, "")
