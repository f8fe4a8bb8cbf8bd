"""One file per format; importing this package registers them all."""

from osteobiome.sumstats.formats import gwas_ssf, twosamplemr, twosamplemr_harmonised
from osteobiome.sumstats.formats.registry import FORMATS, Format, Side

__all__ = ["FORMATS", "Format", "Side", "gwas_ssf", "twosamplemr", "twosamplemr_harmonised"]
