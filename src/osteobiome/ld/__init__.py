"""Linkage disequilibrium: reading a signed matrix with its alleles, and clumping with it."""

from osteobiome.ld.clumping import ClumpOptions, clump, clump_with_matrix
from osteobiome.ld.matrix import LdMatrix, check_correlation, read_ld_matrix

__all__ = ["ClumpOptions", "LdMatrix", "check_correlation", "clump", "clump_with_matrix", "read_ld_matrix"]
