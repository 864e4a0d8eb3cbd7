"""Where things lie: the address of a page, of a picture, of an average. Live ones are here, those of frozen pages in `freeze`."""

from collections.abc import Mapping
from typing import Protocol
from urllib.parse import quote, urlencode

from mcas_assets.pages.pictures import Kept, kept_of

Keys = Mapping[str, str | int | None]


class Links(Protocol):
    """What templates ask for addresses. None stands for what cannot be reached from here: it is shown without a link."""

    def page(self, page: str, /, **keys: str | int | None) -> str | None:
        """The address of a page: overview, version, concept, images, image, comparison, pairs, trend, canary, trust or map."""
        ...

    def picture(self, sha256: str, path: str, side: int = 160) -> str:
        """The address of a picture of a row of `images`, at most so many pixels wide or high."""
        ...

    def original(self, sha256: str, path: str) -> str | None:
        """The address of the file as it came."""
        ...

    def average(self, kept: tuple[Kept, ...], kind: str, **keys: str | int | None) -> str:
        """The address of the average (`mean`) or spread (`spread`) of the pictures `kept`, which `keys` describe."""
        ...

    def static(self, name: str) -> str:
        """The address of a file of ours."""
        ...


class LiveLinks:
    """Addresses of the running server. Each holds the version of the ledger, so that it keeps its meaning."""

    def __init__(self, at: int) -> None:
        self._at = at

    def page(self, page: str, /, **keys: str | int | None) -> str:
        """See `Links`."""
        given = {key: value for key, value in keys.items() if value is not None}
        return (
            f"/{'' if page == 'overview' else page}?{urlencode(given | {'at': self._at}, quote_via=quote, safe='@:')}"
        )

    def picture(self, sha256: str, path: str, side: int = 160) -> str:
        """See `Links`."""
        return f"/pictures/{side}/{''.join(kept_of(sha256, path))}"

    def original(self, sha256: str, path: str) -> str:
        """See `Links`."""
        return f"/files/{''.join(kept_of(sha256, path))}"

    def average(self, kept: tuple[Kept, ...], kind: str, **keys: str | int | None) -> str:
        """See `Links`."""
        return self.page(f"average/{kind}", **keys)

    def static(self, name: str) -> str:
        """See `Links`."""
        return f"/static/{name}"
