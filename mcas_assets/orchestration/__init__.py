"""All that knows of Dagster: assets, their checks, partitions, jobs and resources. The work itself lives beside this package."""
