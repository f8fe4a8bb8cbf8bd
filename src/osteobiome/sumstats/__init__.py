"""Summary statistics: reading, row checks, variant identity and harmonisation of two traits."""

from osteobiome.sumstats.formats import FORMATS
from osteobiome.sumstats.harmonisation import HarmonisedPair, PalindromeOptions, harmonise
from osteobiome.sumstats.table import SumStats, read_sumstats

__all__ = ["FORMATS", "HarmonisedPair", "PalindromeOptions", "SumStats", "harmonise", "read_sumstats"]
