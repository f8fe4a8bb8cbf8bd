"""Published numbers to set beside ours."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from osteobiome.core.errors import Fault, SchemaError, nearest
from osteobiome.core.schema import table
from osteobiome.mr import ESTIMATORS
from osteobiome.sumstats.reading import LINE, read_text_table

if TYPE_CHECKING:
    from collections.abc import Container, Iterable
    from pathlib import Path

    import polars as pl

COLUMNS = ("exposure", "outcome", "method", "beta", "se", "n_variants", "q", "source", "note")
MAX_VARIANTS = 10**9
REQUIRED = ("exposure", "outcome", "method", "beta", "source")


def read_published(path: Path, *, traits: Iterable[str]) -> pl.DataFrame:
    """Read the table of published numbers.

    Parameters
    ----------
    path : pathlib.Path
        CSV with columns exposure, outcome, method, beta, source, and if known se, n_variants, q, note. The number of
        decimals of ``beta`` is taken as printed.
    traits : iterable of str
        Known trait ids.

    Raises
    ------
    SchemaError
        Unknown column or trait, or a number that is none.
    """
    raw = read_text_table(path)
    header = [name for name in raw.columns if name != LINE]
    faults = [
        Fault(
            "unknown_column",
            f"{path.name}, header",
            f"column '{name}'",
            "one of " + ", ".join(COLUMNS),
            nearest(name, COLUMNS),
        )
        for name in header
        if name not in COLUMNS
    ]
    faults += [
        Fault("missing_column", f"{path.name}, header", f"no column '{name}'", "it")
        for name in REQUIRED
        if name not in header
    ]
    if faults:
        raise SchemaError(*faults)
    known = set(traits)
    rows = [_row(record, path.name, known, faults) for record in raw.iter_rows(named=True)]
    if faults:
        raise SchemaError(*faults)
    return table("published", rows)


SENSIBLE = {
    "beta": "a finite number",
    "se": "a finite number above 0",
    "n_variants": "a whole number above 0",
    "q": "a finite number, 0 or more",
}


def _is_sensible(name: str, number: Decimal) -> bool:
    if not number.is_finite():
        return False
    if name == "n_variants":
        return 0 < number <= MAX_VARIANTS and number == number.to_integral_value()
    return name == "beta" or number > 0 or (name == "q" and number == 0)


def _row(record: dict[str, object], where: str, known: Container[str], faults: list[Fault]) -> dict[str, object]:
    line = f"{where}, line {record[LINE]}"
    faults += [
        Fault("unknown_trait", line, f"{name} '{record[name]}'", "a trait_id of the trait table")
        for name in ("exposure", "outcome")
        if record[name] not in known
    ]
    if record["method"] not in ESTIMATORS:
        faults.append(ESTIMATORS.fault(str(record["method"]), where=f"{line}, method"))
    values: dict[str, float | None] = {}
    decimals = 0
    for name in ("beta", "se", "n_variants", "q"):
        text = record.get(name)
        if text is None or text == "":
            values[name] = None
            continue
        try:
            number = Decimal(str(text))
        except InvalidOperation:
            faults.append(Fault("bad_value", line, f"{name} {text!r}", "a number"))
            continue
        if not _is_sensible(name, number):
            faults.append(Fault("bad_value", line, f"{name} {text!r}", SENSIBLE[name]))
            continue
        values[name] = float(number)
        if name == "beta":
            exponent = number.as_tuple().exponent
            decimals = max(0, -exponent) if isinstance(exponent, int) else 0
    if values.get("beta") is None and "beta" in values:
        faults.append(Fault("bad_value", line, "no beta", "a number"))
    n_variants = values.get("n_variants")
    return {
        "exposure": record["exposure"],
        "outcome": record["outcome"],
        "method": record["method"],
        "published_beta": values.get("beta"),
        "published_se": values.get("se"),
        "published_n_variants": None if n_variants is None else int(n_variants),
        "published_q": values.get("q"),
        "decimals": decimals,
        "source": record["source"],
        "note": record.get("note") or "",
    }
