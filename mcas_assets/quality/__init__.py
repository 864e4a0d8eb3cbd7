"""The rules of each table, and what holds them against it: rules.py, frames.py, adapter.py."""
