"""What people write in YAML and CSV: audits, systems, embedders and populations, read and checked before anything is drawn."""
