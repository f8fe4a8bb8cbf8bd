"""Linkage disequilibrium: for now, reading a signed matrix with its alleles."""

from osteobiome.ld.matrix import LdMatrix, read_ld_matrix

__all__ = ["LdMatrix", "read_ld_matrix"]
