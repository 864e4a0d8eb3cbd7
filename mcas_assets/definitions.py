"""The front door that workspace.yaml names. Importing it loads neither torch nor great_expectations.

Dagster imports it in its code server and in the process of every run: both end with the server of ours that they work for.
"""

from mcas_assets.core.tether import follow
from mcas_assets.orchestration.definitions import build_definitions, declared_audits

__all__ = ["build_definitions", "declared_audits", "defs"]

follow()
defs = build_definitions()
