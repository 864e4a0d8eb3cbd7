"""MCAS Assets: the standing audit of text-to-image models.

What is listed here is public; everything else may change between releases. See docs/how-to/use-from-python.md.
"""

from mcas_assets.api.project import Project, open_project
from mcas_assets.core.errors import BadInput, CheckFailed, McasError, StoreError
from mcas_assets.core.progress import TerminalProgress

__all__ = ["BadInput", "CheckFailed", "McasError", "Project", "StoreError", "TerminalProgress", "open_project"]
