"""The front door that workspace.yaml names. Importing it loads neither torch nor great_expectations."""

from mcas_assets.orchestration.definitions import build_definitions, declared_audits

__all__ = ["build_definitions", "declared_audits", "defs"]

defs = build_definitions()
