"""What an installation keeps: facts, ledger and tables in one DuckDB file, image files, a published copy."""
