"""Writing summary statistics: one file per format; importing this package registers them all."""

from osteobiome.sumstats.writing import csv, parquet, ssf, twosamplemr, vcf, xlsx
from osteobiome.sumstats.writing.output import write_sumstats
from osteobiome.sumstats.writing.registry import WRITERS, TraitFacts, Writer, Written

__all__ = [
    "WRITERS",
    "TraitFacts",
    "Writer",
    "Written",
    "csv",
    "parquet",
    "ssf",
    "twosamplemr",
    "vcf",
    "write_sumstats",
    "xlsx",
]
