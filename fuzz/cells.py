"""Text cells: numbers, p values, alleles and positions, through the row checks."""

from __future__ import annotations

import atheris

from fuzz.harness import fuzz

with atheris.instrument_imports(include=["osteobiome"]):
    import polars as pl

    from osteobiome.core.errors import OsteobiomeError
    from osteobiome.core.rows import RowLedger
    from osteobiome.sumstats.effects import can_make_beta, can_make_se, with_effects
    from osteobiome.sumstats.identity import add_keys, orient
    from osteobiome.sumstats.parsing import parsed
    from osteobiome.sumstats.qc.rows import row_checks, split
    from osteobiome.sumstats.reference import chromosome_lengths

NAMES = (
    "rsid", "chromosome", "position", "effect_allele", "other_allele", "beta", "odds_ratio", "se", "z", "ci_low",
    "ci_high", "eaf", "p_value", "neg_log_10_p_value", "n", "n_cases", "info",
)  # fmt: skip
LENGTHS = chromosome_lengths("GRCh37")
SEEDS = [
    b"\xff\xffrs1\n1\n100\nA\nG\n0.1\n1.1\n0.05\n2\n0\n0.2\n0.3\n1e-400\n400\n1,000\n10\n1",
    b"\xff\xff.\nX\n1e5\na\nACGT\n-inf\nNaN\n0x1\n1d5\n-1\n,5\n5%\n0\n0\n1_0\n\xe2\x88\x925\n",
]


def one_input(data: bytes) -> None:
    """Read two bytes as the columns that there are, and lines of text as their cells."""
    chosen = int.from_bytes(data[:2].ljust(2, b"\xff"), "little") | int.from_bytes(data[2:3], "little") << 16
    names = [name for i, name in enumerate(NAMES) if chosen >> i & 1 or name in {"effect_allele", "other_allele"}]
    # a file without effect or standard error is refused at its header
    names += [] if can_make_beta(names) else ["beta"]
    names += [] if can_make_se(names) else ["se"]
    cells: list[str | None] = [cell or None for cell in data[2:].decode(errors="replace").split("\n")]
    cells += [None] * (-len(cells) % len(names))
    columns = {name: pl.Series(cells[i :: len(names)], dtype=pl.String) for i, name in enumerate(names)}
    frame = pl.DataFrame(columns).with_row_index("__line__", offset=2).with_columns(pl.col("__line__").cast(pl.Int64))
    ledger = RowLedger("fuzz", "ingest", frame.height)
    try:
        raw = with_effects(parsed(frame))
        kept = split(raw, row_checks(frozenset(raw.columns), names={}, lengths=LENGTHS), ledger)
        ledger.close(kept.height)
        for name in ("beta_", "se_"):
            assert kept[name].is_finite().all(), name
        if "eaf" in kept.columns:
            typed = kept.select(
                "rsid", "chromosome", "position", "effect_allele", "other_allele", "eaf", pl.col("beta_").alias("beta")
            )
            assert add_keys(orient(typed))["variant_key"].null_count() == 0
    except OsteobiomeError:
        pass


if __name__ == "__main__":
    fuzz(one_input, SEEDS)
