"""Policies: what must hold of an audited system before it may be released, as data in `data/policies/<name>.yaml`.

`rules` says what may be asked for, `load` reads a file, `judge` holds it against what was measured, `gate` gathers that from
the store and keeps the verdicts, `report` shows them. What cannot be judged is never a pass.
"""

from mcas_assets.policy.load import POLICIES, Policy, list_policies, load_policy
from mcas_assets.policy.rules import KINDS_OF_RULES, Rule

__all__ = ["KINDS_OF_RULES", "POLICIES", "Policy", "Rule", "list_policies", "load_policy"]
