"""Linkage disequilibrium: for now, reading a signed matrix with its alleles."""

from osteobiome.ld.matrix import LdMatrix, check_correlation, read_ld_matrix

__all__ = ["LdMatrix", "check_correlation", "read_ld_matrix"]
