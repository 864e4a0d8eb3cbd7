"""`python -m tools.pictures` draws the pictures of the documents from a home: docs/pictures/pairs.png and view-*.png.

The home (MCAS_HOME) must hold a system over three versions, another one, and their comparison: `mcas audit phantom --steps 4`,
`mcas audit phantom --steps 6`, `mcas audit`, `mcas audit phantom --system phantom-updated`, `mcas compare phantom-stereotyped
phantom-updated`, `mcas gate phantom`, `mcas calibrate`.
"""

from mcas_assets.core import paths
from mcas_assets.store.database import Store
from tools.pictures import pages, pairs

FOLDER = paths.ROOT / "docs" / "pictures"
STORE = Store(paths.home())
VERSIONS = ("phantom", "phantom-stereotyped", "phantom-updated", "gender")

pairs.draw(STORE, *VERSIONS).save(FOLDER / "pairs.png", optimize=True)
pages.draw(STORE, pages.addresses(STORE, *VERSIONS, "nurse"), FOLDER)
