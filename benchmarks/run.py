"""Run every timed case."""

from __future__ import annotations

from benchmarks import grid


def main() -> None:
    """Run them one after the other."""
    grid.main()


if __name__ == "__main__":
    main()
