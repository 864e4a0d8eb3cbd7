"""`python -m mcas_assets` is the `mcas` command."""

import gc

from mcas_assets.cli.interrupts import listening

FULL_COLLECTIONS = 1000
"""How many collections of young garbage go before one of all there is, which by default are ten. Each of all looks through a
million objects of which torch, Dagster and Great Expectations are made, and took a fifth of the time of importing them."""


def main() -> None:
    """Entry point: from here on Ctrl+C is heard, also while the rest is imported."""
    with listening():
        gc.set_threshold(*gc.get_threshold()[:2], FULL_COLLECTIONS)
        from mcas_assets.cli.app import main as run

        run()


if __name__ == "__main__":
    main()
