"""A pipeline on the hub, so far as its identity goes, without downloading its weights.

Of a large file the hub's metadata states the sha256, and a small one is read, from the cache where its like is there. So a
version that was audited and the hub's newest are compared for the price of one request, and of the few kilobytes that
changed.
"""

import hashlib
import re
import tempfile
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path

from mcas_assets.core.digests import bytes_digest
from mcas_assets.core.errors import BadInput, kind_and_line
from mcas_assets.systems.identity import DigestCache
from mcas_assets.systems.pipelines import modular
from mcas_assets.systems.pipelines.hub import HubFile, HubState

# Read to tell which files are loaded, however they are kept.
_STRUCTURE = re.compile(r"(modular_)?model_index\.json|.*/(scheduler_)?config\.json|.*\.index(\.\w+)?\.json")
_SMALL = re.compile(r".*\.(json|txt|model|jinja|tiktoken)")


class StatedDigests(DigestCache):
    """The digests of files of which some are not here: those as the hub's metadata states them, the others by reading them.

    For what the hub has now and nothing was yet made with. What is loaded and measured is identified by its bytes.

    Args:
        stated: sha256 by path.
    """

    def __init__(self, stated: Mapping[Path, str]) -> None:
        super().__init__()
        self._stated = stated

    def sha256(self, file: Path) -> str:
        """See `DigestCache.sha256`."""
        return self._stated.get(file) or super().sha256(file)


@contextmanager
def laid_out(state: HubState, *, endpoint: str | None = None) -> Generator[tuple[Path, StatedDigests]]:
    """A folder that is to `identity` what the repository at this commit would be, and is gone afterwards; and its digests.

    Its small files are there, its large ones are empty, and their digests those that the hub states.

    Args:
        state: What `look_up` found.
        endpoint: Address of the hub; by default that of HF_ENDPOINT.

    Raises:
        BadInput: A small file of it cannot be had.
        ValueError: The state is not that of a repository that was found.
    """
    if state.commit is None:
        raise ValueError(f"{state.repo} is {state.standing}: there is nothing to lay out")
    with tempfile.TemporaryDirectory() as made:
        folder, stated = Path(made), {}
        for name, file in state.files.items():
            if name in ("model_index.json", modular.INDEX) or (name.count("/") == 1 and ".." not in name):
                if file.sha256 is None and not _SMALL.fullmatch(name):
                    continue
                is_read = file.sha256 is None or _STRUCTURE.fullmatch(name) is not None
                at = folder / name
                at.parent.mkdir(parents=True, exist_ok=True)
                at.write_bytes(_content(state, name, file, endpoint) if is_read else b"")
                if file.sha256 is not None:
                    stated[at] = file.sha256
        yield folder, StatedDigests(stated)


def _content(state: HubState, name: str, file: HubFile, endpoint: str | None) -> bytes:
    """The bytes of a small file, seen to be those that the metadata speaks of."""
    import httpx2
    from huggingface_hub import constants, hf_hub_download
    from huggingface_hub.errors import HfHubHTTPError
    from huggingface_hub.file_download import repo_folder_name

    cache = Path(constants.HF_HUB_CACHE, repo_folder_name(repo_id=state.repo, repo_type="model"), "blobs")
    data = _read(cache / (file.sha256 or file.blob_id))
    if data is not None and _is_content(file, data):
        return data
    try:
        with tempfile.TemporaryDirectory() as made:
            path = hf_hub_download(state.repo, name, revision=state.commit, local_dir=made, endpoint=endpoint)
            data = Path(path).read_bytes()
    except (OSError, HfHubHTTPError, httpx2.HTTPError) as error:
        problem = f"{name} cannot be had ({kind_and_line(error)})"
        raise BadInput(state.repo, problem, "Connect to the hub, or accept its terms and `hf auth login`") from error
    if not _is_content(file, data):
        problem = f"{name} is not what the hub's metadata says that it is"
        raise BadInput(state.repo, problem, "Try again; if it stays so, the hub's answer is damaged on its way")
    return data


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None


def _is_content(file: HubFile, data: bytes) -> bool:
    if file.sha256 is not None:
        return bytes_digest(data) == file.sha256
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest() == file.blob_id
