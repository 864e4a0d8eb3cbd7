"""The numerics of the audit: arrays in, numbers with their uncertainty out. No files, no database, no torch."""
