"""Statistics that know nothing of audits: intervals, resampling, permutation, power, multiplicity, divergence."""
