"""Checks that need the whole file: what a column seems to hold, whether numbers fit each other and a reference.

Chunks are looked at once. What needs a distribution uses a scattered part of the rows, chosen by their line numbers,
that thins out as the file grows, so the answer does not depend on how the file was cut into chunks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from osteobiome.core.findings import MAX_EXAMPLES, Example, Finding
from osteobiome.core.text import count, significant
from osteobiome.stats.tails import neg_log10_p_normal
from osteobiome.sumstats.identity import chromosome
from osteobiome.sumstats.numbers import MISSING
from osteobiome.sumstats.qc.checks import finding

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_SAMPLE = 400_000
"""Rows kept for checks of distributions."""
_SAMPLED = ("chromosome", "beta", "odds_ratio", "se", "eaf", "n", "p", "neg_log_10_p_value", "beta_", "se_")
MOST = 0.99
"""Share of rows that is 'all of them': single rows may be anything."""
ENOUGH = 100
"""Rows below which nothing is said about a whole column."""
ENOUGH_FOR_SIGNS, ENOUGH_FOR_MINOR = 20, 50
"""Fewer do where a fault shows in every row: that 20 signs are alike by accident, or 50 frequencies of which four in
five lie below one half, happens in one file of 50,000 or more."""
ENOUGH_FOR_LAMBDA = 1_000
MEDIAN_CHI2 = 0.4549364231195736
"""Median of the chi-squared distribution with one degree of freedom."""
LAMBDA_LOW, LAMBDA_HIGH = 0.9, 2.0
"""Outside these the median statistic is called unusual (our choice: large polygenic studies reach 1.5)."""
LAMBDA_ERROR = 2.334
"""Standard error of lambda from n independent rows, times the root of n: 1 / (2 f(m) m), where f is the density of
chi-squared with one degree of freedom at its median m. A lambda counts as unusual when it is so by three of them."""
ZEROS, Z_OF_0 = 0.01, 8.0
"""Share of p values of 0 above which a file is doubted, and the Z below which p is no smaller than 1e-15, which any
program can print (our choice)."""
P_CONTRADICTS = 0.02
"""Share of rows whose p must contradict beta / se before the file is doubted (our choice)."""
N_LOW = 0.5
"""A row with less than this share of the largest sample is counted as small (our choice)."""
PERCENT = 0.2
"""Share of frequencies above 1 that makes per cent of them, if none is above 100 (our choice)."""
_MONTH = "(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)"
_EXCEL_DATE = rf"^(?i:\d{{1,2}}-{_MONTH}(-\d{{2,4}})?|{_MONTH}-\d{{1,4}}|\d{{4}}-\d{{2}}-\d{{2}}( 00:00:00)?)$"


@dataclass(slots=True)
class Places:
    """Rows of one kind: how many, and the first of them."""

    count: int = 0
    shown: tuple[Example, ...] = ()

    def add(self, count: int, examples: tuple[Example, ...]) -> None:
        """Take the rows of a further chunk, in the order of the file."""
        self.count += count
        if len(self.shown) < MAX_EXAMPLES:
            self.shown = (*self.shown, *examples)[:MAX_EXAMPLES]


def _chosen(stride: int) -> pl.Expr:
    """Return which rows are looked at: about one in ``stride``, scattered, by their line alone.

    Lines are multiplied by a constant of Knuth (The Art of Computer Programming 3, section 6.4) modulo 2^32, so that
    no regular pattern of a file, such as two traits in turn, meets that of the sample.
    """
    return (pl.col("__line__") * 2_654_435_761) % (1 << 32) < (1 << 32) // stride


def places(frame: pl.DataFrame, condition: pl.Expr, *, column: str, shown: str) -> tuple[int, tuple[Example, ...]]:
    """Return how many rows meet a condition, and the first of them as examples.

    Parameters
    ----------
    frame : polars.DataFrame
        Rows with ``__line__``.
    condition : polars.Expr
        Which rows.
    column : str
        Column of the frame whose value is shown.
    shown : str
        Its name in the file.
    """
    rows = frame.filter(condition.fill_null(value=False))
    head = rows.head(MAX_EXAMPLES)
    values = head[column].cast(pl.String).fill_null("")
    examples = tuple(Example(line, shown, value) for line, value in zip(head["__line__"], values, strict=True))
    return rows.height, examples


class WholeFile:
    """Collects what whole-file checks need, chunk by chunk.

    Parameters
    ----------
    names : mapping of str
        Our names to those of the file.
    """

    def __init__(self, names: Mapping[str, str]) -> None:
        self._names = names
        self._stride = 1
        self._sample: list[pl.DataFrame] = []
        self._n_sampled = 0
        self._n_rows = 0
        self._places: dict[str, Places] = {}

    def add(self, raw: pl.DataFrame) -> None:
        """Take the parsed rows of a chunk, good and bad ones."""
        self._n_rows += raw.height
        rows = raw.select("__line__", *[name for name in _SAMPLED if name in raw.columns])
        self._sample.append(rows.filter(_chosen(self._stride)) if self._stride > 1 else rows)
        self._n_sampled += self._sample[-1].height
        while self._n_sampled > MAX_SAMPLE:
            self._stride *= 2
            self._sample = [rows.filter(_chosen(self._stride)) for rows in self._sample]
            self._n_sampled = sum(rows.height for rows in self._sample)
        if "rsid__text" in raw.columns:
            others = raw.filter(~pl.col("rsid").str.starts_with("rs"))
            is_date = pl.col("rsid__text").str.contains(_EXCEL_DATE)
            self.count("excel_mangled_name", places(others, is_date, column="rsid__text", shown=self._shown("rsid")))
        if "position__text" in raw.columns:
            self._add_positions(raw)

    def _add_positions(self, raw: pl.DataFrame) -> None:
        """Count positions that were rounded by a spreadsheet, and those that cannot be used."""
        shown, text = self._shown("position"), pl.col("position__text")
        if "position__odd" in raw.columns:
            is_rounded = pl.col("position__odd") & pl.col("position").is_not_null() & text.str.contains(r"[eE]")
            self.count("position_in_scientific_notation", places(raw, is_rounded, column="position__text", shown=shown))
        if raw["position"].null_count():
            self._unusable_positions(raw)

    def _unusable_positions(self, raw: pl.DataFrame) -> None:
        """Count rows with a place that cannot be; the chromosome is shown where that is what is wrong."""
        names = {name: self._shown(name) for name in ("position", "chromosome")}
        text = pl.col("position__text")
        is_header = text.str.to_lowercase() == names["position"].lower()
        is_lost = pl.col("position").is_null() & ~text.str.strip_chars().is_in(MISSING) & ~is_header
        lost = raw.filter(is_lost.fill_null(value=False))
        if lost.is_empty():
            return
        known = chromosome("chromosome__text").is_not_null()
        head = lost.head(MAX_EXAMPLES).with_columns(known.alias("__known__"))
        shown = tuple(
            Example(row["__line__"], names["position"], row["position__text"])
            if row["__known__"]
            else Example(row["__line__"], names["chromosome"], row["chromosome__text"] or "")
            for row in head.iter_rows(named=True)
        )
        self.count("unusable_position", (lost.height, shown))

    def count(self, name: str, found: tuple[int, tuple[Example, ...]]) -> None:
        """Add rows to a check that counts them."""
        if found[0]:
            self._places.setdefault(name, Places()).add(*found)

    def _shown(self, name: str) -> str:
        return self._names.get(name, name)

    def findings(self, *, n_kept: int) -> list[Finding]:
        """Return what was found; call it after the last chunk.

        Parameters
        ----------
        n_kept : int
            Rows that were kept, for shares.
        """
        sample = pl.concat(self._sample, how="diagonal") if self._sample else pl.DataFrame()
        found = [
            check(sample)
            for check in (
                self._swapped,
                self._percent,
                self._ratio_as_beta,
                self._p_as_log,
                self._log_as_p,
                self._minor,
                self._one_sign,
                self._zeros,
                self._small_n,
            )
        ]
        counted = [self._counted(name, seen, n_kept) for name, seen in self._places.items()]
        return [one for one in (*found, *counted, *self._lambda(sample)) if one is not None]

    def _counted(self, name: str, seen: Places, n_kept: int) -> Finding | None:
        share = seen.count / max(n_kept, 1)
        if name == "p_value_contradicts_beta_and_se" and share < P_CONTRADICTS and n_kept >= ENOUGH:
            return None
        return finding(name, seen.count, f"{_COUNTED[name]} in {count(seen.count, 'row')}", examples=seen.shown)

    def _swapped(self, sample: pl.DataFrame) -> Finding | None:
        """Negative standard errors beside effects that are never negative."""
        if not {"beta", "se"} <= set(sample.columns) or sample.height < 10:
            return None
        both = sample.drop_nulls(["beta", "se"])
        negative = float((both["se"] < 0).mean() or 0.0)  # type: ignore[arg-type]
        if both.height < 10 or negative < 0.1 or float((both["beta"] > 0).mean() or 0.0) < MOST:  # type: ignore[arg-type]
            return None
        text = f"{100 * negative:.0f} % of the standard errors are negative and no effect is"
        rows = both.filter(pl.col("se") < 0).head(MAX_EXAMPLES)
        return finding("beta_se_swapped", self._about(negative), text, examples=self._examples(rows, "se"))

    def _percent(self, sample: pl.DataFrame) -> Finding | None:
        if "eaf" not in sample.columns or sample["eaf"].count() < 10:
            return None
        eaf = sample["eaf"].drop_nulls()
        above = float((eaf > 1).mean() or 0.0)  # type: ignore[arg-type]
        if above < PERCENT or not ((eaf >= 0) & (eaf <= 100)).all():
            return None
        rows = sample.filter(pl.col("eaf") > 1).head(MAX_EXAMPLES)
        text = f"{100 * above:.0f} % of the frequencies are above 1 and none is above 100"
        return finding("eaf_in_percent", self._about(above), text, examples=self._examples(rows, "eaf"))

    def _ratio_as_beta(self, sample: pl.DataFrame) -> Finding | None:
        """Effects that are never negative and lie around 1."""
        if "beta" not in sample.columns or sample["beta"].count() < ENOUGH_FOR_SIGNS:
            return None
        beta = sample["beta"].drop_nulls()
        middle = float(np.median(beta.to_numpy()))
        if float((beta > 0).mean() or 0.0) < MOST or not 0.8 < middle < 1.25:  # type: ignore[arg-type]
            return None
        has_p = "p" in sample.columns or "neg_log_10_p_value" in sample.columns
        narrow = float(((beta > 0.5) & (beta < 2.0)).mean() or 0.0) >= MOST  # type: ignore[arg-type]
        if not (_log_fits_p_better(sample) if has_p else narrow and len(beta) >= ENOUGH):
            return None
        text = f"no effect is negative and their median is {significant(middle)}, as odds ratios are"
        return finding(
            "beta_is_odds_ratio", self._n_rows, text, examples=self._examples(sample.head(MAX_EXAMPLES), "beta")
        )

    def _p_as_log(self, sample: pl.DataFrame) -> Finding | None:
        """P values above 1; minus log10 of p above 1 is negative here."""
        if "p" not in sample.columns or sample["p"].count() < 10:
            return None
        is_above = (pl.col("p") < 0) & pl.col("p").is_finite()  # a negative p is no logarithm; it is infinite here
        above = sample.filter(is_above).height / sample["p"].count()
        if above < 0.05:
            return None
        rows = sample.filter(is_above).head(MAX_EXAMPLES)
        text = f"{100 * above:.0f} % of the p values are above 1, as minus log10 of p is"
        shown = rows.with_columns((10.0 ** -pl.col("p")).alias("p"))
        return finding("p_is_neg_log_10", self._about(above), text, examples=self._examples(shown, "p"))

    def _log_as_p(self, sample: pl.DataFrame) -> Finding | None:
        name = "neg_log_10_p_value"
        if not {name, "beta_", "se_"} <= set(sample.columns) or sample[name].count() < ENOUGH_FOR_SIGNS:
            return None
        rows = sample.drop_nulls([name, "beta_", "se_"]).filter(pl.col("se_") > 0)
        if rows.height < ENOUGH_FOR_SIGNS or not ((rows[name] >= 0) & (rows[name] <= 1)).all():
            return None
        size = (rows["beta_"] / rows["se_"]).abs().to_numpy()
        # among a hundred tests some have p below 0.1, that is minus log10 above 1; and a p falls as the statistic rises
        falls = _rank_correlation(size, rows[name].to_numpy()) < -0.5
        if not falls:
            return None
        return finding("neg_log_10_p_is_p", self._n_rows, "no value is above 1 and they fall as the effects rise")

    def _zeros(self, sample: pl.DataFrame) -> Finding | None:
        """Many p values of 0, or some beside effects that are nothing special."""
        if not {"p", "beta_", "se_"} <= set(sample.columns):
            return None
        zeros = sample.filter(pl.col("p").is_infinite() & (pl.col("p") > 0))
        usual = zeros.filter((pl.col("beta_") / pl.col("se_")).abs() < Z_OF_0)
        rows = zeros if zeros.height > ZEROS * sample.height and sample.height >= ENOUGH else usual
        if rows.is_empty():
            return None
        text = f"{self._about(rows.height / sample.height):,} of {self._n_rows:,} p values are 0"
        if rows is usual or usual.height:
            text += ", also where effect and standard error say otherwise"
        shown = rows.head(MAX_EXAMPLES).with_columns(pl.lit(0.0).alias("p"))
        return finding(
            "many_p_values_of_0", self._about(rows.height / sample.height), text, examples=self._examples(shown, "p")
        )

    def _minor(self, sample: pl.DataFrame) -> Finding | None:
        if "eaf" not in sample.columns or sample["eaf"].count() < ENOUGH_FOR_MINOR:
            return None
        eaf = sample["eaf"].drop_nulls()
        largest = float(eaf.max() or 0.0)  # type: ignore[arg-type]
        if largest > 0.5 or float((eaf > 0.4).mean() or 0.0) == 0.0:  # type: ignore[arg-type]
            return None
        if _is_one_region(sample):  # variants in linkage share their frequencies
            return None
        return finding("eaf_is_maf", self._n_rows, f"the largest of {len(eaf):,} frequencies is {largest:g}")

    def _one_sign(self, sample: pl.DataFrame) -> Finding | None:
        """No effect below 0 in a file that is no list of hits turned to the raising allele."""
        if not {"beta_", "se_"} <= set(sample.columns):
            return None
        rows = sample.filter((pl.col("se_") > 0) & pl.col("beta_").is_finite())
        if rows.height < ENOUGH or (rows["beta_"] < 0).any() or not (rows["beta_"] > 0).any():
            return None
        if float(np.median((rows["beta_"] / rows["se_"]).to_numpy())) > 1.96:
            return None
        return finding("no_negative_effect", self._n_rows, f"none of {self._n_rows:,} effects is negative")

    def _small_n(self, sample: pl.DataFrame) -> Finding | None:
        if "n" not in sample.columns or sample["n"].count() < ENOUGH:
            return None
        n = sample["n"].drop_nulls().filter(sample["n"].drop_nulls() > 0)
        largest = float(n.max() or 0.0)  # type: ignore[arg-type]
        small = float((n < N_LOW * largest).mean() or 0.0)  # type: ignore[arg-type]
        if small == 0.0:
            return None
        text = f"sample sizes run from {float(n.min() or 0):,.0f} to {largest:,.0f} people"  # type: ignore[arg-type]
        rows = sample.filter(pl.col("n") < N_LOW * largest).head(MAX_EXAMPLES)
        return finding("n_varies", self._about(small), text, examples=self._examples(rows, "n"))

    def _lambda(self, sample: pl.DataFrame) -> list[Finding]:
        """Median of the squared statistics over that of chance."""
        if not {"beta_", "se_"} <= set(sample.columns):
            return []
        rows = sample.filter((pl.col("se_") > 0) & pl.col("beta_").is_finite())
        if rows.height < ENOUGH:
            return []
        squared = np.square((rows["beta_"] / rows["se_"]).to_numpy())
        logs = [name for name in ("neg_log_10_p_value", "p") if name in rows.columns]
        printed = rows.select(pl.coalesce(logs)).to_series() if logs else pl.Series([None], dtype=pl.Float64)
        if float(np.min(squared)) > 3.84 and float(str(printed.min() or 2.0)) > 1.301:  # p of 0.05, either way
            text = f"every one of {self._n_rows:,} rows has p below 0.05"
            return [finding("only_significant_rows", self._n_rows, text)]
        if rows.height < ENOUGH_FOR_LAMBDA or _is_one_region(sample):  # a locus is inflated by what it is about
            return []
        value = float(np.median(squared)) / MEDIAN_CHI2
        error = LAMBDA_ERROR / np.sqrt(rows.height)
        is_low, is_high = value + 3 * error < LAMBDA_LOW, value - 3 * error > LAMBDA_HIGH
        name = "lambda_low" if is_low else "lambda_high" if is_high else "lambda"
        about = "" if self._stride == 1 else f", from {rows.height:,} of the rows"
        return [finding(name, 1, f"genomic inflation lambda is {value:.3f}{about}")]

    def _about(self, share: float) -> int:
        """Return the number of rows that a share of the sample stands for."""
        return round(share * self._n_rows)

    def _examples(self, rows: pl.DataFrame, name: str) -> tuple[Example, ...]:
        shown = self._shown("p_value" if name == "p" else name)
        return tuple(
            Example(line, shown, f"{value:g}") for line, value in zip(rows["__line__"], rows[name], strict=True)
        )


_COUNTED = {
    "excel_mangled_name": "names that a spreadsheet has made dates of",
    "position_in_scientific_notation": "positions written with an exponent",
    "unusable_position": "a position or chromosome that does not exist",
    "p_value_contradicts_beta_and_se": "p values that contradict effect and standard error",
    "p_value_printed_as_0": "p values printed as 0",
}


def _log_fits_p_better(sample: pl.DataFrame) -> bool:
    """Tell whether p belongs to the logarithm of the effect rather than to the effect."""
    if not {"p", "beta", "se"} <= set(sample.columns):
        return False
    rows = sample.drop_nulls(["p", "beta", "se"]).filter((pl.col("se") > 0) & pl.col("p").is_finite())
    if rows.height < ENOUGH_FOR_SIGNS:
        return False
    beta, se, p = (rows[name].to_numpy() for name in ("beta", "se", "p"))
    off = [np.median(np.abs(neg_log10_p_normal(effect / se) - p)) for effect in (np.log(beta), beta)]
    return bool(off[0] < off[1])


def _is_one_region(sample: pl.DataFrame) -> bool:
    """Tell whether all rows with a place are on one chromosome, as in a file cut to a locus."""
    return "chromosome" in sample.columns and sample["chromosome"].drop_nulls().n_unique() == 1


def _rank_correlation(x: np.ndarray, y: np.ndarray) -> float:
    """Return Spearman's rank correlation; ties are broken by place, which is enough to tell a sign."""
    ranks = [np.argsort(np.argsort(values)).astype(np.float64) for values in (x, y)]
    return float(np.corrcoef(ranks[0], ranks[1])[0, 1])
