"""Policies: what must hold of an audited system before it may be released. What cannot be judged is never a pass."""
