"""One chunk of text cells to typed columns; what each cell was is kept beside its value.

Most cells of most files are plain numbers, so each column is first cast whole; only cells that this does not settle are
looked at one by one. For a numeric column ``x`` the result has ``x`` (Float64, null where there is no number),
``x__text`` (the cell as it stands in the file) and, if any cell is not a number, ``x__state``.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from osteobiome.sumstats.identity import MAX_POSITION
from osteobiome.sumstats.identity import chromosome as chromosome_number
from osteobiome.sumstats.numbers import MISSING, neg_log10_from_text

NUMERIC = (
    "beta", "odds_ratio", "hazard_ratio", "z", "se", "ci_low", "ci_high", "eaf", "neg_log_10_p_value", "n", "n_cases",
    "n_controls",
)  # fmt: skip
"""Columns read as numbers; ``position`` and ``p_value`` are read in their own way."""
FINE, ABSENT, DECIMAL_COMMA, UNICODE_MINUS, NOT_A_NUMBER, THOUSANDS = range(6)
"""States of a cell: a number, missing, a number with a comma or a typographic minus, other text, a number with commas
between thousands."""
_COUNTS = ("n", "n_cases", "n_controls")
"""Columns of whole numbers: one comma before three digits stands between thousands there, and for a point elsewhere."""
_ONE_MARK, _SEVERAL_MARKS = r"^[0-9]{1,3}(,[0-9]{3})+$", r"^[+-]?[0-9]{1,3}(,[0-9]{3}){2,}(\.[0-9]*)?$"
MINUS_SIGNS = "[\u2212\u2013\u2014\ufe63\uff0d]"
"""Minus sign, en dash, em dash and the wide forms that word processors put in place of a hyphen."""
_P_DIRECT = 1e-290
"""Below this p a double loses digits: minus log10 is then taken from the text."""
_NUCLEOTIDES = r"^[ACGT]+$"


def parsed(frame: pl.DataFrame) -> pl.DataFrame:
    """Turn the text columns of one chunk into typed ones.

    Parameters
    ----------
    frame : polars.DataFrame, shape (n_rows, n_columns)
        Text columns of our names, and ``__line__``.

    Returns
    -------
    polars.DataFrame
        The columns described at the top of this module; alleles upper-case, with ``effect_allele__text`` and
        ``other_allele__text``; ``rsid`` null where it is missing; ``chromosome`` Int8 and ``position`` Int64, both null
        unless both make sense; ``p`` (minus log10 of ``p_value``; infinite for 0). Alleles and position have a Boolean
        column ``x__odd`` if any of them is not plain: another letter than A, C, G, T; not a whole number in digits.
    """
    made: list[pl.Series] = [frame["__line__"]]
    for name in NUMERIC:
        if name in frame.columns:
            made += _numbers(frame[name], name)
    if "p_value" in frame.columns:
        made += _p_values(frame["p_value"])
    for name in ("effect_allele", "other_allele"):
        if name in frame.columns:
            made += _alleles(frame[name], name)
    rsid = frame["rsid"] if "rsid" in frame.columns else pl.Series([None] * frame.height, dtype=pl.String)
    made += [_without_missing(rsid).alias("rsid"), rsid.alias("rsid__text")]
    made += _place(frame)
    made += [frame[name] for name in ("keep", "proxy", "_drop", "_trait") if name in frame.columns]
    return pl.DataFrame(made)


def _numbers(text: pl.Series, name: str) -> list[pl.Series]:
    """Return value, text and, where any cell is not a number, the state of each cell."""
    value = text.cast(pl.Float64, strict=False)
    kept = [value.alias(name), text.alias(f"{name}__text")]
    odd = value.is_null() | value.is_nan()
    if not odd.any():
        return kept
    place = odd.to_numpy()
    cells = _cleaned(text.filter(odd))
    again = cells.cast(pl.Float64, strict=False)
    state = np.zeros(len(text), dtype=np.uint8)
    state[place] = _states(cells, again, thousands=_ONE_MARK if name in _COUNTS else _SEVERAL_MARKS)
    if again.null_count() < len(again):
        values = value.to_numpy(writable=True)
        values[place] = again.to_numpy()
        value = pl.Series(values).fill_nan(None)
    else:
        value = value.fill_nan(None)
    return [value.alias(name), kept[1], pl.Series(f"{name}__state", state)]


def _states(
    cells: pl.Series, values: pl.Series, *, thousands: str = _SEVERAL_MARKS
) -> np.ndarray[tuple[int], np.dtype[np.uint8]]:
    """Return what each of some odd cells is; ``cells`` is null where the cell says 'missing'."""
    table = pl.DataFrame({"cell": cells, "value": values})
    cell = pl.col("cell")
    state = (
        pl.when(cell.is_null())
        .then(ABSENT)
        .when(pl.col("value").is_not_null())
        .then(FINE)
        .when(cell.str.contains(thousands))
        .then(THOUSANDS)
        .when(cell.str.contains(r"^[+-]?[0-9]+,[0-9]+([eE][+-]?[0-9]+)?$"))
        .then(DECIMAL_COMMA)
        .when(cell.str.contains(MINUS_SIGNS))
        .then(UNICODE_MINUS)
        .otherwise(NOT_A_NUMBER)
    )
    return table.select(state.cast(pl.UInt8)).to_series().to_numpy()


def _cleaned(text: pl.Series) -> pl.Series:
    """Return text without blanks at its ends, null where it says 'missing'."""
    stripped = text.str.strip_chars()
    return stripped.set(stripped.is_in(list(MISSING)).fill_null(value=False), None)


def _without_missing(text: pl.Series) -> pl.Series:
    """Return names with every spelling of 'missing' as null; the longest such spelling has four characters."""
    short = (text.str.len_bytes() <= 6).fill_null(value=False)
    if not short.any():
        return text
    names = text.filter(short)
    missing = names.str.strip_chars().is_in(list(MISSING))
    if not missing.any():
        return text
    bad = np.zeros(len(text), dtype=bool)
    bad[short.to_numpy()] = missing.to_numpy()
    return text.set(pl.Series(bad), None)


def _p_values(text: pl.Series) -> list[pl.Series]:
    """Return minus log10 of p values, their text and state; negative p and text are told by the state and the value."""
    value = text.cast(pl.Float64, strict=False)
    with np.errstate(
        divide="ignore", invalid="ignore"
    ):  # p of 0 is infinite here, and a negative one is looked at below
        log = pl.Series(0.0 - np.log10(value.fill_null(np.nan).to_numpy()))
    kept = [text.alias("p_value__text")]
    odd = value.is_null() | value.is_nan() | (value <= _P_DIRECT)
    if not odd.any():
        return [log.alias("p"), *kept]
    place = odd.to_numpy()
    cells = _cleaned(text.filter(odd))
    table = pl.DataFrame({"cell": cells})
    exact = table.select(neg_log10_from_text("cell")).to_series()
    # a negative p is a number out of range, as one above 1 is, and no text
    is_negative = (cells.cast(pl.Float64, strict=False) < 0).fill_null(value=False)
    exact = exact.set(is_negative, float("-inf"))
    state = np.zeros(len(text), dtype=np.uint8)
    state[place] = _states(cells, exact)
    values = log.to_numpy(writable=True)
    values[place] = exact.fill_null(np.nan).to_numpy()
    return [pl.Series("p", values).fill_nan(None), *kept, pl.Series("p_value__state", state)]


def _alleles(text: pl.Series, name: str) -> list[pl.Series]:
    """Return alleles in upper case and their text; ``is_odd`` where one is not made of A, C, G and T, if any is.

    Many rows share few alleles, so each distinct one is looked at once.
    """
    distinct = text.unique()
    cleaned = _cleaned(distinct).str.to_uppercase()
    odd = ~cleaned.str.contains(_NUCLEOTIDES).fill_null(value=False)
    value = text
    if not distinct.equals(cleaned, null_equal=True):
        value = text.replace_strict(distinct, cleaned, return_dtype=pl.String)
    made = [value.alias(name), text.alias(f"{name}__text")]
    if odd.any():
        made.append(text.is_in(distinct.filter(odd).implode(), nulls_equal=True).alias(f"{name}__odd"))
    return made


def _place(frame: pl.DataFrame) -> list[pl.Series]:
    """Return chromosome and position, null unless both make sense, with their texts."""
    if not {"chromosome", "position"} <= set(frame.columns):
        nothing = pl.Series([None] * frame.height, dtype=pl.Int64)
        return [nothing.cast(pl.Int8).alias("chromosome"), nothing.alias("position")]
    names = frame["chromosome"].unique()
    numbers = names.to_frame().select(chromosome_number("chromosome")).to_series()
    if len(names) == 1:  # files are mostly sorted, so most chunks lie on one chromosome
        chromosome = numbers.new_from_index(0, frame.height)
    else:
        chromosome = frame["chromosome"].replace_strict(names, numbers, return_dtype=pl.Int8)
    text = frame["position"]
    position = text.cast(pl.Int64, strict=False)
    odd = position.is_null()
    if odd.any():
        where = odd.to_numpy()
        number = _cleaned(text.filter(odd)).cast(pl.Float64, strict=False).to_numpy()
        values = position.fill_null(0).to_numpy(writable=True)
        with np.errstate(invalid="ignore"):  # NaN compares as false
            whole = (number >= 1) & (number <= MAX_POSITION) & (number == np.floor(number))
        values[where] = np.where(whole, number, 0)
        position = pl.Series(values)
    usable = (position >= 1) & (position <= MAX_POSITION) & chromosome.is_not_null()
    if not usable.all():
        chromosome = chromosome.set(~usable, None)
        position = position.set(~usable, None)
    made = [
        chromosome.alias("chromosome"),
        position.alias("position"),
        frame["chromosome"].alias("chromosome__text"),
        text.alias("position__text"),
    ]
    return [*made, odd.alias("position__odd")] if odd.any() else made
