"""`python -m mcas_assets` is the `mcas` command."""

from mcas_assets.cli.app import main

main()
