"""What every server of ours stands behind. `guard.Guard` wraps the whole application, pages and Dagster's alike."""
