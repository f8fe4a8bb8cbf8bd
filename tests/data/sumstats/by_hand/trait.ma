SNP A1 A2 freq b se p N
rs1 A G 0.25 0.2 0.05 6.3e-05 900
