"""Instruments: selection, strength, and the harmonised pair that every estimator takes."""

from osteobiome.instruments.pair import Instruments
from osteobiome.instruments.strength import f_statistic, i2_gx

__all__ = ["Instruments", "f_statistic", "i2_gx"]
