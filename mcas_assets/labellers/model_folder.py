"""What labellers that run a model of transformers share: where its files are, that they stay as they were, and loading them."""

import importlib.metadata
import json
import weakref
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mcas_assets.core.digests import document_digest, plain
from mcas_assets.core.errors import BadInput, kind_and_line
from mcas_assets.core.pictures import NotAPicture, decode, decoder
from mcas_assets.declare.mistakes import did_you_mean
from mcas_assets.declare.parts import Axis
from mcas_assets.embedders.model import FolderEntry
from mcas_assets.systems.identity import DigestCache, FrozenFiles, fingerprint
from mcas_assets.systems.pipelines import devices
from mcas_assets.systems.pipelines.hub import snapshot
from mcas_assets.systems.pipelines.weights import find_weights, read_json

if TYPE_CHECKING:
    from PIL import Image

_BESIDE = (".json", ".jinja", ".txt", ".model")
"""Endings of what lies beside weights and is read with them: configurations, tokenizers, templates."""

STRANGE = (RuntimeError, ValueError, ArithmeticError, LookupError, TypeError, AttributeError, OSError, ImportError)
"""What a model of a stranger's may raise while it is loaded or used."""


class ModelFolder:
    """The files of one model: a folder, or a hub repository at a commit.

    Args:
        owner: Whose it is, for messages: `labeller NAME`.
        entry: Says folder, or repo and revision.
        base: What a folder is relative to.
        cache: File that remembers the digests of large files.
        head: What the class of a model of the right kind ends with: `ForImageClassification`, say.
    """

    def __init__(self, owner: str, entry: FolderEntry, base: Path, cache: Path | None, head: str) -> None:
        self._owner, self._entry, self._base, self._head = owner, entry, base, head
        self._digests = DigestCache(cache)
        self._frozen: FrozenFiles | None = None
        self._weights = ""

    def path(self) -> Path:
        """The folder with `config.json`, downloaded first if it is a repository that the cache lacks.

        Raises:
            BadInput: There is no such folder, or it cannot be had.
        """
        entry = self._entry
        if self._frozen is not None:
            return self._frozen.folder
        if entry.repo:
            return snapshot(
                entry.repo, str(entry.revision), [f"*{end}" for end in _BESIDE] + ["*.safetensors"], ["*/*"]
            )
        folder = self._base / Path(str(entry.folder)).expanduser()
        if not folder.is_dir():
            raise BadInput(folder, "is not a folder", f"Correct the folder of {self._owner}")
        return folder

    def config(self) -> dict[str, Any]:
        """Its configuration, of a model of the right kind.

        Raises:
            BadInput: It is missing, or of another kind of model.
        """
        file = self.path() / "config.json"
        config = read_json(file)
        classes = config.get("architectures") or []
        if not any(str(one).endswith(self._head) for one in classes):
            problem = f"is of {', '.join(map(str, classes)) or 'no known class'}, where one ...{self._head} is wanted"
            raise BadInput(file, problem, f"Give {self._owner} a model of that kind", "architectures")
        return config

    def weights(self) -> str:
        """One digest of the weights and of all that is read with them. From here on they must stay as they are.

        Raises:
            BadInput: They are not whole, or changed meanwhile.
        """
        if self._frozen is None:
            folder = self.path()
            self.config()
            beside = sorted(one.name for one in folder.iterdir() if one.suffix in _BESIDE and one.is_file())
            names = sorted({*beside, *find_weights(folder, None, False)})
            frozen = FrozenFiles(folder, names)
            self._weights = fingerprint(folder, names, self._digests)
            frozen.check("while it was being read")
            self._frozen = frozen
        return self._weights

    def check(self, when: str) -> None:
        """Raise if a file changed since `weights`."""
        self.weights()
        assert self._frozen is not None
        self._frozen.check(when)

    def load(self, load: Callable[[Path], Any]) -> Any:
        """What a function makes of the folder.

        Raises:
            BadInput: It cannot be loaded.
        """
        from mcas_assets.systems.pipelines.quiet import quiet_loading

        self.check("since the audit began")
        folder = self.path()
        try:
            with quiet_loading() as complaints:
                loaded = load(folder)
            if complaints:
                raise ValueError(f"weights are missing: {complaints[0]}")
        except STRANGE as error:
            problem = f"cannot be loaded ({kind_and_line(error, 500)})"
            remedy = "See that the folder is whole and made for this version of transformers"
            raise BadInput(folder, problem, remedy) from error
        self.check("while it was being loaded")
        return loaded


class ModelLabeller:
    """A labeller with models in memory. A kind says what determines it, what it asks on an axis, and how it answers.

    Attributes:
        name: The name it is declared by.
        entry: Its declaration.
    """

    def __init__(self, name: str, entry: Any) -> None:
        self.name, self.entry = name, entry
        self._loaded: Any = None
        self._models: tuple[weakref.ref, ...] = ()

    def _facts(self) -> dict[str, Any]:
        """What determines its labels beside the libraries."""
        raise NotImplementedError

    def _asks(self, name: str, axis: Axis) -> Any:
        """What it is asked on an axis, as JSON values."""
        raise NotImplementedError

    def identity(self) -> dict[str, Any]:
        """See `mcas_assets.labellers.protocol.Labeller.identity`."""
        libraries = {"transformers": importlib.metadata.version("transformers"), "pictures": decoder()}
        return plain({"kind": self.entry.kind} | self._facts() | libraries)

    def require(self) -> None:
        """See `mcas_assets.labellers.protocol.Looker.require`."""
        self.identity()

    def id_on(self, name: str, axis: Axis) -> str:
        """See `mcas_assets.labellers.protocol.Looker.id_on`."""
        return labeller_id(self.name, self.identity(), self._asks(name, axis))

    def close(self) -> None:
        """Free the models."""
        if self._loaded is not None:
            self._loaded = None
            devices.free(devices.best_device(), *self._models)
            self._models = ()


def labeller_id(name: str, identity: dict[str, Any], asked: Any) -> str:
    """`name@` and 12 hex digits of the digest of an identity and of what is asked."""
    return f"{name}@{document_digest([identity, asked])[:12]}"


def require_groups(owner: str, key: str, given: Iterable[str], axis: Axis) -> None:
    """See that what is given by group names each group of an axis, and no other.

    Raises:
        BadInput: It does not; names the key.
    """
    names, given = [group.name for group in axis.groups], set(given)
    if lacking := [name for name in names if name not in given]:
        problem = (
            f"says nothing of {' and '.join(lacking)}, so {'it' if len(lacking) == 1 else 'they'} would never be told"
        )
        raise BadInput(owner, problem, f"Give every group of the axis: {', '.join(names)}", key)
    for one in sorted(given - set(names)):
        raise BadInput(owner, f"names {one!r}, which is no group of the axis", did_you_mean(one, names), key)


def shown(file: bytes) -> "Image.Image":
    """What a file shows, in RGB.

    Raises:
        BadInput: It is no picture.
    """
    try:
        return decode(file).image
    except NotAPicture as fault:
        raise BadInput("an image to be labelled", str(fault), "Check the image files of the stage before") from fault


def pretty(value: Any) -> Any:
    """Numbers rounded to 6 digits, so that what is kept of an answer is no longer than it is sure."""
    return json.loads(json.dumps(value), parse_float=lambda text: round(float(text), 6))
