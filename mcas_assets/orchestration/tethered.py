"""`python -m mcas_assets.orchestration.tethered MODULE ...`: a command of Dagster's that ends with the process that started it."""

import runpy
import sys

from mcas_assets.core.tether import follow


def main() -> None:
    """Run a module as `python -m` does, held by whoever started this process."""
    follow()
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
