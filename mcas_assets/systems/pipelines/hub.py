"""A Hugging Face repository: its files at one commit, from the cache or downloaded, and what the hub says of it now."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from mcas_assets.core.errors import BadInput, kind_and_line
from mcas_assets.declare.mistakes import Mistake

COMMIT = re.compile(r"[0-9a-f]{40}")
Standing = Literal["found", "withdrawn", "gated", "unreachable"]


@dataclass(frozen=True)
class HubFile:
    """One file of a repository, as its metadata has it.

    Attributes:
        size: In bytes, or None where the hub does not say.
        blob_id: Git's hash of what the repository itself stores: 40 hex digits.
        sha256: Of the content, 64 hex digits, where it is kept apart from the repository (LFS, Xet), as weights are.
    """

    size: int | None
    blob_id: str
    sha256: str | None


@dataclass(frozen=True)
class HubState:
    """What the hub says of a repository.

    Attributes:
        repo, revision: What was asked for.
        standing: 'found'; 'withdrawn', if there is no such repository or revision for this user; 'gated', if its terms
            were not accepted; 'unreachable', if the hub gave no answer, which says nothing of the repository.
        commit: What the revision is now, 40 hex digits; None unless found.
        last_modified: Of the repository, or None where the hub does not say.
        is_gated: Its metadata can be seen, its files only by those who accepted its terms.
        files: By path; empty unless found.
        reason: Why it was not found, in one sentence, or None.
    """

    repo: str
    revision: str
    standing: Standing
    commit: str | None = None
    last_modified: datetime | None = None
    is_gated: bool = False
    files: Mapping[str, HubFile] = field(default_factory=dict)
    reason: str | None = None


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
        problem = f"cannot be had at revision {revision[:12]} ({kind_and_line(error)})"
        remedy = (
            "Connect to the hub once to download it (for a gated repository: accept its terms and `hf auth login`), "
            "or download it elsewhere and declare that folder in its place (path: of a system, folder: of an embedder)"
        )
        raise BadInput(repo, problem, remedy) from error


def look_up(repo: str, revision: str = "main", *, endpoint: str | None = None, timeout: float = 10.0) -> HubState:
    """What the hub says of a repository now, from its metadata alone: one request, nothing is downloaded.

    Args:
        repo: 'organisation/name'.
        revision: A branch, tag or commit.
        endpoint: Address of the hub; by default that of HF_ENDPOINT.
        timeout: Seconds.

    Returns:
        Its state. That the hub cannot be asked is a state too.

    Raises:
        BadInput: The name cannot be that of a repository.
    """
    import httpx2
    from huggingface_hub import HfApi
    from huggingface_hub.errors import (
        DisabledRepoError,
        GatedRepoError,
        HFValidationError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    try:
        info = HfApi(endpoint=endpoint).model_info(repo, revision=revision, files_metadata=True, timeout=timeout)
        state = _state_of(repo, revision, info)
    except HFValidationError as error:
        raise BadInput(repo, "is no name of a repository", "Write it as organisation/name") from error
    except GatedRepoError as error:
        return HubState(repo, revision, "gated", is_gated=True, reason=kind_and_line(error))
    except (RepositoryNotFoundError, RevisionNotFoundError, DisabledRepoError) as error:
        return HubState(repo, revision, "withdrawn", reason=kind_and_line(error))
    # An answer that is cut short, or is no answer of a hub, is none.
    except (OSError, httpx2.HTTPError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        return HubState(repo, revision, "unreachable", reason=kind_and_line(error))
    return state


def _state_of(repo: str, revision: str, info: Any) -> HubState:
    if getattr(info, "disabled", False):
        return HubState(repo, revision, "withdrawn", reason="the hub has disabled it")
    files = {
        file.rfilename: HubFile(file.size, file.blob_id, file.lfs.sha256 if file.lfs else None)
        for file in info.siblings or ()
    }
    if not COMMIT.fullmatch(info.sha):
        raise ValueError(f"the hub gives {info.sha!r} for a commit")
    return HubState(repo, revision, "found", info.sha, info.last_modified, bool(info.gated), files)
