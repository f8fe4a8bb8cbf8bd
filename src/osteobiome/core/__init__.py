"""No domain knowledge: columns, errors, estimates, evidence, row reports, registries, text."""
