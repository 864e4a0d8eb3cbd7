"""`python -m tools.pictures` draws the pictures of the documents from a home: docs/pictures/pairs.png.

The home must hold the comparison of two versions of the phantom: `mcas audit`, `mcas audit phantom --system
phantom-updated`, `mcas compare phantom-stereotyped phantom-updated`.
"""

from mcas_assets.core import paths
from mcas_assets.store.database import Store
from tools.pictures.pairs import draw

FOLDER = paths.ROOT / "docs" / "pictures"

draw(Store(paths.home()), "phantom", "phantom-stereotyped", "phantom-updated", "gender").save(
    FOLDER / "pairs.png", optimize=True
)
