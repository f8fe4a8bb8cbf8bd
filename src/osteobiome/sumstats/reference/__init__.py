"""Bundled reference tables: chromosome lengths, the chain between two builds, markers with frequencies.

Where each file comes from, and under which terms, stands in ``ORIGIN.toml`` beside it.
"""

from osteobiome.sumstats.reference.chromosomes import ASSEMBLIES, BUILDS, Build, chromosome_lengths
from osteobiome.sumstats.reference.tables import MARKER_ANCESTRY, chain_blocks, markers

__all__ = ["ASSEMBLIES", "BUILDS", "MARKER_ANCESTRY", "Build", "chain_blocks", "chromosome_lengths", "markers"]
