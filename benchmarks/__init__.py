"""Timed cases, measured as ratios in one run."""
