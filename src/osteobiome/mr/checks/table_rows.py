"""Rows of a declared table as plain columns, cheap to make by the thousand."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from osteobiome.core.columns import SCHEMAS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import polars as pl
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class TableRows:
    """Rows of one table, or the reason why there are none.

    Parameters
    ----------
    schema : str
        Key of ``core.columns.SCHEMAS``.
    columns : mapping of str to sequence
        One list per column, all of one length; None where a value does not exist. Columns left out are null.
    message : str
        Why there are no rows, with what to do; empty if there are some.
    """

    schema: str
    columns: Mapping[str, Sequence[object]] = field(default_factory=dict, repr=False)
    message: str = ""

    def __post_init__(self) -> None:
        """Refuse columns that the schema does not have, or of different length."""
        assert set(self.columns) <= set(SCHEMAS[self.schema])
        assert len({len(values) for values in self.columns.values()}) <= 1

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(next(iter(self.columns.values()), ()))

    def rows(self) -> list[dict[str, object]]:
        """Return one record per row, with the columns that are there."""
        return [dict(zip(self.columns, values, strict=True)) for values in zip(*self.columns.values(), strict=True)]

    def to_frame(self) -> pl.DataFrame:
        """Return a table of the declared schema."""
        return stack(self.schema, [self])


def stack(schema: str, parts: Sequence[TableRows]) -> pl.DataFrame:
    """Return the rows of many results as one table.

    Parameters
    ----------
    schema : str
        Key of ``core.columns.SCHEMAS``.
    parts : sequence of TableRows
        Results of this schema; those without rows add none.
    """
    import polars as pl

    from osteobiome.core.schema import polars_schema

    assert all(part.schema == schema for part in parts)
    data: dict[str, list[object]] = {name: [] for name in SCHEMAS[schema]}
    for part in parts:
        for name, values in data.items():
            values.extend(part.columns.get(name, (None,) * len(part)))
    return pl.DataFrame(data, schema=polars_schema(schema))


def values_or_none(values: NDArray[np.float64]) -> list[float | None]:
    """Return an array as a list, NaN as None."""
    return [None if value != value else value for value in np.asarray(values).tolist()]
