"""What `import mcas_assets` gives: projects, and what was measured in them, as polars frames. Nothing else is public."""
