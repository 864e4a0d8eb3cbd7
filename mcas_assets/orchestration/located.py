"""Runs of commands as runs of the code that workspace.yaml names, so that the UI's timeline shows them."""

from typing import Any

import dagster as dg
from dagster._core.instance.ref import InstanceRef
from dagster._core.remote_origin import RegisteredCodeLocationOrigin, RemoteJobOrigin, RemoteRepositoryOrigin

LOCATION, REPOSITORY = "mcas_assets", "__repository__"
"""As workspace.yaml names the code, and as Dagster names what one module of definitions holds."""


class Located(dg.DagsterInstance):
    """The instance of an installation, named by its dagster.yaml: a run within a process belongs to the workspace's code too."""

    @classmethod
    def config_schema(cls) -> dict[str, dg.Field]:
        """Dagster asks every class of its own kind for the further keys of dagster.yaml: there are none."""
        return {}

    @classmethod
    def config_defaults(cls, base_dir: str) -> Any:
        """Dagster asks every such class for its storages: they are Dagster's own."""
        return InstanceRef.config_defaults(base_dir)

    def create_run_for_job(self, job_def: dg.JobDefinition, *words: Any, **options: Any) -> dg.DagsterRun:
        """See Dagster. Run in a process, a job has no origin, and the landing page passes over runs without one."""
        location = RegisteredCodeLocationOrigin(LOCATION)  # ty: ignore[abstract-class-instantiation]  # a field implements it
        repository = RemoteRepositoryOrigin(location, REPOSITORY)
        options["remote_job_origin"] = options.get("remote_job_origin") or RemoteJobOrigin(repository, job_def.name)
        return super().create_run_for_job(job_def, *words, **options)
