"""Short names of the columns that cases change."""

from __future__ import annotations

A, X, B, S, F, P, N = (
    "effect_allele", "other_allele", "beta", "standard_error", "effect_allele_frequency", "p_value", "n",
)  # fmt: skip
C, L, R = "chromosome", "base_pair_location", "rsid"
ODDS = {B: "odds_ratio"}
LOG_P = {P: "neg_log_10_p_value"}
