"""All of an installation put together: the assets of each audit, checks, jobs, the sensor and the schedule."""

import logging
from collections.abc import Sequence

import dagster as dg

from mcas_assets.core.errors import BadInput
from mcas_assets.declare.audit import Audit, list_audits, load_audit
from mcas_assets.orchestration.assets import build_assets, build_publication, systems
from mcas_assets.orchestration.calibration import AUDIT as CALIBRATED_BY
from mcas_assets.orchestration.calibration import build_calibration
from mcas_assets.orchestration.canary import build_canary, build_canary_job, build_canary_schedule
from mcas_assets.orchestration.checks import build_checks
from mcas_assets.orchestration.jobs import build_comparison_job, build_job, build_publish_job
from mcas_assets.orchestration.policies import build_policy_checks, declared_policies
from mcas_assets.orchestration.resources import workplace_resource
from mcas_assets.orchestration.sensor import build_watch
from mcas_assets.stages.workplace import Workplace

log = logging.getLogger(__name__)


def declared_audits() -> list[Audit]:
    """The audits of `data/audits`. One that cannot be read is reported and left out: a draft must not stop the others."""
    audits = []
    for name, path in list_audits().items():
        try:
            audits.append(load_audit(name))
        except BadInput as problem:
            log.error("audit %s is left out: %s", path.name, problem)
    return audits


def build_definitions(audits: Sequence[Audit] | None = None, workplace: Workplace | None = None) -> dg.Definitions:
    """All assets, checks, jobs, the sensor and the schedule.

    Args:
        audits: The audits to offer; by default those of `data/audits`.
        workplace: Where they work; by default MCAS_HOME and the declared systems and embedders.
    """
    audits = declared_audits() if audits is None else list(audits)
    workplace = workplace or Workplace()
    policies = declared_policies(workplace)
    jobs = [*(build_job(audit) for audit in audits), build_publish_job()]
    names, canary_job = [audit.audit for audit in audits], build_canary_job()
    return dg.Definitions(
        assets=[
            systems,
            *(asset for audit in audits for asset in build_assets(audit, workplace)),
            build_calibration(
                next((one for one in audits if one.audit == CALIBRATED_BY), None), declared=workplace.declared
            ),
            build_canary(),
            build_publication(audits),
        ],
        asset_checks=[
            check for audit in audits for check in (*build_checks(audit), *build_policy_checks(audit, policies))
        ],
        jobs=[*jobs, *(build_comparison_job(audit) for audit in audits), canary_job],
        sensors=[build_watch(jobs, names)],
        schedules=[build_canary_schedule(canary_job, names)],
        resources={"workplace": workplace_resource(workplace)},
        # The UI's own "Materialize" takes this one: DuckDB has one writer, and models load once a run.
        executor=dg.in_process_executor,
    )
