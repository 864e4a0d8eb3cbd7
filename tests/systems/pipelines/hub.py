"""A hub of one repository, which speaks the wire format of the Hugging Face Hub."""

import hashlib
import json

FIRST, SECOND = "1" * 40, "2" * 40
LARGE = (".safetensors", ".bin", ".model")


def git_hash(data: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


class Hub:
    """A hub with one repository, org/tiny: its commits, which of them is main, and what it answers instead."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.commits: dict[str, dict[str, bytes]] = {}
        self.main = FIRST
        self.gated: object = False
        self.instead: tuple[int, dict[str, str], bytes] | None = None
        self.asked: list[str] = []

    def push(self, commit: str, files: dict[str, bytes]) -> None:
        self.commits[commit], self.main = files, commit

    def entry(self, path: str, data: bytes) -> dict:
        if not path.endswith(LARGE):
            return {"path": path, "size": len(data), "oid": git_hash(data)}
        sha256 = hashlib.sha256(data).hexdigest()
        pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{sha256}\nsize {len(data)}\n".encode()
        lfs = {"oid": sha256, "sha256": sha256, "size": len(data), "pointerSize": len(pointer)}
        return {"path": path, "size": len(data), "oid": git_hash(pointer), "lfs": lfs}

    def answer(self, path: str) -> tuple[int, dict[str, str], bytes]:
        if "org/tiny" not in path:
            return 404, {}, b"{}"  # the client asks for news of its own
        self.asked.append(path)
        if self.instead is not None:
            return self.instead
        if "/api/models/" in path:
            call, revision = path.split("org/tiny/")[1].split("?")[0].split("/", 1)
            commit = self.main if revision == "main" else revision
            if commit not in self.commits:
                return 404, {"X-Error-Code": "RevisionNotFound"}, b"{}"
            entries = [self.entry(name, data) for name, data in self.commits[commit].items()]
            if call == "tree":
                return 200, {}, json.dumps([{"type": "file", **entry} for entry in entries]).encode()
            siblings = [{"rfilename": one["path"], "blobId": one["oid"], **one} for one in entries]
            about = {"id": "org/tiny", "sha": commit, "lastModified": "2026-11-01T00:00:00.000Z", "gated": self.gated}
            return 200, {}, json.dumps(about | {"siblings": siblings}).encode()
        commit, name = path.split("/resolve/")[1].split("/", 1)
        data = self.commits[commit][name]
        entry = self.entry(name, data)
        headers = {"ETag": f'"{entry["oid"]}"', "X-Repo-Commit": commit}
        if "lfs" in entry:
            headers |= {"X-Linked-ETag": f'"{entry["lfs"]["sha256"]}"', "X-Linked-Size": str(len(data))}
        return 200, headers, data
