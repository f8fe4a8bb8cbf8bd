"""One file per step; importing this package registers them all."""

from osteobiome.study.steps import clumping, ingest, instruments, locus, mr, report, sharing

__all__ = ["clumping", "ingest", "instruments", "locus", "mr", "report", "sharing"]
