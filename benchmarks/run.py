"""Run every timed case."""

from __future__ import annotations

from benchmarks import clumping, grid, ld, sumstats


def main() -> None:
    """Run them one after the other."""
    grid.main()
    sumstats.main([])
    ld.main([])
    clumping.main([])


if __name__ == "__main__":
    main()
