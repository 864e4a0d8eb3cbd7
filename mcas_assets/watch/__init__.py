"""What became of the declared systems, and what is to be audited for it; the canary of hosted ones."""
