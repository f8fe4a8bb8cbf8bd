"""One file per step; importing this package registers them all."""

from osteobiome.study.steps import ingest, instruments, locus, mr, report

__all__ = ["ingest", "instruments", "locus", "mr", "report"]
