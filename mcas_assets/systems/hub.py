"""Files of a Hugging Face repository at one commit, from the cache where they are there, else downloaded."""

import re
from collections.abc import Sequence
from pathlib import Path

from mcas_assets.declaration import Mistake
from mcas_assets.errors import BadInput

COMMIT = re.compile(r"[0-9a-f]{40}")


def revision_mistakes(revision: object) -> list[Mistake]:
    """What is wrong with a declared revision: it must be a full commit, since branches and tags move."""
    if isinstance(revision, str) and COMMIT.fullmatch(revision):
        return []
    remedy = "Give the 40 hex digits of the commit (on the hub: Files and versions, History)"
    if revision is None:
        return [Mistake(("revision",), "is missing", remedy)]
    return [Mistake(("revision",), f"is {revision!r}, not a commit", remedy)]


def snapshot(repo: str, revision: str, allow: Sequence[str], ignore: Sequence[str] = ()) -> Path:
    """The folder with the files of a repository at a commit; downloads those that the cache lacks.

    Args:
        repo: 'organisation/name'.
        revision: 40 hex digits.
        allow: Patterns of the files that are needed.
        ignore: Patterns of files that are not, though `allow` names them.

    Raises:
        BadInput: They are not in the cache, and the hub cannot be reached or will not give them.
    """
    import httpx2
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError

    def fetch(local_files_only: bool) -> Path:
        return Path(
            snapshot_download(
                repo,
                revision=revision,
                allow_patterns=list(allow),
                ignore_patterns=list(ignore) or None,
                local_files_only=local_files_only,
            )
        )

    try:
        return fetch(local_files_only=True)
    except (OSError, HfHubHTTPError):
        pass
    try:
        return fetch(local_files_only=False)
    except (OSError, HfHubHTTPError, httpx2.HTTPError) as error:
        said = " ".join(str(error).split())[:300]
        problem = f"cannot be had at revision {revision[:12]} ({type(error).__name__}: {said})"
        remedy = (
            "Connect to the hub once to download it (for a gated repository: accept its terms and `hf auth login`), "
            "or download it elsewhere and declare the folder with path"
        )
        raise BadInput(repo, problem, remedy) from error
