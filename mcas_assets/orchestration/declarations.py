"""What is declared is put on record before images of a system version are drawn, so that it can be told from what came after."""

import logging
from collections.abc import Iterator

from mcas_assets.core.errors import BadInput
from mcas_assets.declare.audit import Audit, list_audits, load_audit
from mcas_assets.orchestration.policies import declared_policies
from mcas_assets.policy.load import Policy
from mcas_assets.stages.workplace import Workplace
from mcas_assets.store import declarations
from mcas_assets.store.declarations import Declaration
from mcas_assets.systems.protocol import is_given

log = logging.getLogger(__name__)


def note_all(workplace: Workplace, system_version: str, audit: Audit | None = None) -> None:
    """Put on record every audit and policy that is declared, before images of a version are asked for.

    All of them, since whatever is declared by then was declared without knowing the images, whoever draws the first.

    Args:
        workplace: Where.
        system_version: Whose images are about to be drawn.
        audit: One that may lie elsewhere than the others.
    """
    with workplace.store.open() as con:
        is_first = not declarations.count_images(con, system_version)
    found = [] if audit is None else [_of_audit(audit)]
    if is_first:  # what is not on record by the second time came after the first image, whoever asks for it
        found += map(_of_audit, _audits())
    found += map(_of_policy, declared_policies(workplace))
    system = workplace.system_of(system_version)
    try:
        given = is_given(system)
    finally:
        system.close()
    with workplace.store.open() as con:
        declarations.note(con, system_version, {one.digest: one for one in found}.values(), is_given=given)


def _audits() -> Iterator[Audit]:
    """The audits of the folder. One that cannot be read is reported and left out: a draft must not stop the others."""
    for name, path in list_audits().items():
        try:
            yield load_audit(name)
        except BadInput as problem:
            log.error("audit %s is not put on record: %s", path.name, problem)


def _of_audit(audit: Audit) -> Declaration:
    return Declaration("audit", audit.audit, audit.digest(), audit.document())


def _of_policy(policy: Policy) -> Declaration:
    return Declaration("policy", policy.policy, policy.digest(), policy.document())
