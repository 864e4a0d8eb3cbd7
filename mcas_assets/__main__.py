"""`python -m mcas_assets` is the `mcas` command."""

from mcas_assets.cli.interrupts import listening


def main() -> None:
    """Entry point: from here on Ctrl+C is heard, also while the rest is imported."""
    with listening():
        from mcas_assets.cli.app import main as run

        run()


if __name__ == "__main__":
    main()
