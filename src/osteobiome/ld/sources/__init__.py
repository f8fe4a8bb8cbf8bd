"""Containers of genotype panels, one file each: PLINK 1 bed, PLINK 2 pgen; VCF and BCF are converted once to bed."""
