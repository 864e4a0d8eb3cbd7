"""Systems of kind `gateway`: any server that speaks OpenAI's Images API, and fleets of one's own GPU servers.

Such servers agree on `POST .../images/generations` with model and prompt, and on `data[0].b64_json` or `.url`. They differ in all
else: so what is sent is what is declared and nothing beside it. Source: the API references of OpenRouter, Together, Recraft,
vLLM-Omni and SGLang Diffusion, November 2026.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from mcas_assets.core.errors import BadInput
from mcas_assets.declare.mistakes import Mistake
from mcas_assets.systems.hosted.answer import Answer, mapping
from mcas_assets.systems.hosted.entry import HostedEntry, KeyVariable, address_mistakes, mistakes_beside
from mcas_assets.systems.hosted.fleet import Fleet, differences, told
from mcas_assets.systems.hosted.images_api import failed, without_image
from mcas_assets.systems.hosted.rest import Line, Reply, RestSystem
from mcas_assets.systems.protocol import Probe, Request, SystemIdentity

_OURS = {
    "model": "model", "prompt": "", "n": "", "size": "width and height", "width": "width", "height": "height",
    "seed": "seed", "response_format": "response_format", "stream": "", "provider": "upstream_provider",
}  # fmt: skip
"""Keys of a request that are said elsewhere in the entry, or that the audit says for each image."""

_STEPS = ("num_inference_steps", "steps")


class Declaration(HostedEntry):
    """One entry of kind `gateway`. Also see `HostedEntry`; one of `base_url` and `servers` is needed.

    Attributes:
        servers: Addresses of a fleet of servers that all run the same, in place of `base_url`: one system, however many
            there are. Not part of the version.
        path: Of the endpoint, below the address.
        key_variable: The environment variable with the key, which is sent as a bearer token; none is sent if not given.
        width, height: In pixels.
        size_as: How a size is said: `size: 1024x1024`, `width` and `height`, or `unsaid` where the model has its own, or
            `extra_body` says it in another way; then width and height are what is expected.
        seed: best_effort sends a seed with each image. Most gateways take one without a word and ignore it.
        response_format: In which form an image is asked for; null says nothing.
        extra_body: Whatever else is sent with every request: steps, guidance, a quality. null sends nothing, and says that the
            server's default is meant.
        upstream_provider: Who is to serve, where a gateway has several (OpenRouter): nobody else, and no fallback.
        server_info: Paths at which each server says what it runs, such as /version or /models: part of the version, and the
            same on every server of a fleet.
        concurrency: As for every hosted kind; of a fleet, at each server.
    """

    kind: Literal["gateway"]
    servers: Annotated[tuple[str, ...], Field(strict=False, max_length=1024)] = ()
    path: Annotated[str, Field(pattern=r"^[\w./-]+$")] = "images/generations"
    key_variable: KeyVariable | None = None
    width: Annotated[int, Field(ge=16, le=8192)]
    height: Annotated[int, Field(ge=16, le=8192)]
    size_as: Literal["size", "width_height", "unsaid"] = "size"
    seed: Literal["best_effort", "none"] = "none"
    response_format: Literal["b64_json", "base64", "url"] | None = "b64_json"
    extra_body: dict[str, Any] = Field(default_factory=dict)
    upstream_provider: Annotated[str, Field(min_length=1)] | None = None
    server_info: Annotated[tuple[Annotated[str, Field(pattern=r"^/[\w./-]*$")], ...], Field(strict=False)] = ()

    @property
    def key_variables(self) -> tuple[str, ...]:
        """The one that is declared, if any."""
        return (self.key_variable,) if self.key_variable else ()

    @property
    def addresses(self) -> tuple[str, ...]:
        """All servers of it."""
        return self.servers or ((self.base_url,) if self.base_url else ())

    @classmethod
    def contradictions(cls, raw: dict[str, Any]) -> Iterable[Mistake]:
        """What no single field shows: where to ask, what is said twice, what is left to chance."""
        yield from super().contradictions(raw)
        given = raw.get("servers")
        servers = given if isinstance(given, list) else []
        if bool(raw.get("base_url")) == bool(servers):
            remedy = "Give base_url: of a gateway, or servers: [of a fleet]"
            yield Mistake(("base_url",), "one of base_url and servers is needed", remedy)
        for place, url in enumerate(servers):
            if isinstance(url, str):
                yield from address_mistakes(("servers", place), url, raw.get("plain_http") is True)
        extra = mapping(raw.get("extra_body"))
        yield from mistakes_beside("extra_body", extra, _OURS)
        if servers and not raw.get("server_info") and not any(step in extra for step in _STEPS):
            problem = "says no num_inference_steps: the servers' default would draw, which moves with their release"
            remedy = "Say it, or num_inference_steps: null if their default is what you audit"
            yield Mistake(("extra_body",), problem, remedy)
        if "openrouter.ai" in str(raw.get("base_url")) and not raw.get("upstream_provider"):
            problem = "is needed: this gateway has whoever is free answer, so one version would be several systems"
            yield Mistake(("upstream_provider",), problem, "Name the provider, as the gateway's page of the model does")


def build(name: str, entry: Declaration, base: Path, cache: Path | None = None) -> "GatewaySystem":
    """The system of an entry. It has no files: `base` and `cache` serve other kinds."""
    return GatewaySystem(name, entry)


class GatewaySystem(RestSystem):
    """A model behind a gateway or on a fleet. One image a request: several at once would be refused all together."""

    provider: ClassVar[str] = "gateway"
    _entry: Declaration
    _client: Fleet

    def __init__(self, name: str, entry: Declaration) -> None:
        super().__init__(name, entry)
        self._running: dict[str, Any] | None = None

    def size(self) -> tuple[int, int]:
        """Width and height in pixels, as declared."""
        return self._entry.width, self._entry.height

    def _seed(self) -> Literal["none", "best_effort"]:
        return self._entry.seed

    def _concurrency(self) -> int:
        return self._entry.concurrency * len(self._entry.addresses)

    def _settings(self) -> dict[str, Any]:
        entry = self._entry
        document: dict[str, Any] = {
            "path": entry.path, "width": entry.width, "height": entry.height, "size_as": entry.size_as,
            "response_format": entry.response_format, "extra_body": entry.extra_body,
            "upstream_provider": entry.upstream_provider,
        }  # fmt: skip
        if entry.servers:
            document["endpoint"] = "fleet"
        return document

    def identity(self) -> SystemIdentity:
        """What is asked for, and what the servers say that they run, where they are to say it; asked for once.

        Raises:
            BadInput: No server says it, or they do not run the same.
        """
        declared = super().identity()
        if not self._entry.server_info:
            return declared
        if self._running is None:
            Fleet(self._line_up(self._key())).close()
        return SystemIdentity(self.name, declared.document | {"server_info": self._running})

    def _connect(self, key: str) -> Fleet:
        return Fleet(self._line_up(key))

    def _line_up(self, key: str) -> list[Line]:
        """Ways to the servers that can serve: all, or, where they say what they run, those that are there to say it.

        Raises:
            BadInput: None is there, or they do not run the same, or no longer what they ran.
        """
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        lines = [Line(url, self._entry.timeout, headers) for url in self._entry.addresses]
        if not self._entry.server_info:
            return lines
        known, silent = told(lines, self._entry.server_info)
        if not known:
            problem = f"none of its servers says what it runs: {self._redactor().text(silent[0])}"
            raise BadInput(self.name, problem, "Start them, or correct base_url, servers or server_info")
        first = self._running if self._running is not None else next(iter(known.values()))
        for line, info in known.items():
            if info != first:
                other = self._redactor().text(differences(first, info))
                problem = f"{line.url} runs something else than what was identified: {other}"
                raise BadInput(
                    self.name, problem, "Have all servers run the same, then ask again; or leave that one out"
                )
        self._running = first
        return list(known)

    def _draw(self, request: Request) -> Answer:
        with self._client.free() as line:
            reply = line.send("POST", self._entry.path, self._body(request))
            if reply.status >= 500 or reply.status == 429:
                self._client.rest(line)
            answer = self._read(reply, line)
        answer.settings["server"] = line.url
        return answer

    def _body(self, request: Request) -> dict[str, Any]:
        entry = self._entry
        wanted: dict[str, Any] = {"model": entry.model, "prompt": request.prompt, "n": 1}
        if entry.size_as == "size":
            wanted["size"] = f"{request.width}x{request.height}"
        elif entry.size_as == "width_height":
            wanted |= {"width": request.width, "height": request.height}
        if entry.seed == "best_effort":
            wanted["seed"] = request.seed
        if entry.response_format:
            wanted["response_format"] = entry.response_format
        if entry.upstream_provider:
            wanted["provider"] = {"only": [entry.upstream_provider], "allow_fallbacks": False}
        return wanted | {key: value for key, value in entry.extra_body.items() if value is not None}

    def _read(self, reply: Reply, line: Line) -> Answer:
        """What an answer holds: an image in one of three forms, or an error, within a 200 or not."""
        if reply.status != 200:
            answer = failed(reply.status, reply.headers, reply.text)
            answer.usd = self._price() if answer.outcome in ("refused_output", "timeout") else 0.0
            return answer
        body = mapping(reply.value())
        usage, data = mapping(body.get("usage")), body.get("data")
        first = mapping(data[0]) if isinstance(data, list) and data else {}
        answer = Answer("ok", http_status=200, request_id=_id_of(reply, body), usage=usage or None)
        answer.usd = self._cost(usage.get("input_tokens"), usage.get("output_tokens"))
        names = [body[key] for key in ("provider", "model") if isinstance(body.get(key), str)]
        answer.model_reported = ": ".join(names) or None
        answer.settings = dict(self._deviations(body))
        revised = first.get("revised_prompt")
        answer.revised_prompt = revised if isinstance(revised, str) and revised else None
        if first.get("respect_moderation") is False:
            answer.outcome, answer.reason = "refused_output", "the image was withheld by moderation"
            return answer
        sent = first.get("b64_json") or first.get("url")
        if not isinstance(sent, str):
            return without_image(answer, body, first)
        return self._deliver(answer, sent, line.url)

    def _deviations(self, body: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
        """Who served, where the gateway says it and it is another than who was asked for."""
        pinned, served = self._entry.upstream_provider, body.get("provider")
        if pinned and isinstance(served, str):
            yield "upstream_provider", pinned if _plain(served) == _plain(pinned) else served

    def _seen(self) -> Probe | Answer:
        with self._client.free() as line:
            reply = line.send("GET", "models")
        if reply.status != 200:
            return failed(reply.status, reply.headers, reply.text)
        data = mapping(reply.value()).get("data")
        ids = [mapping(one).get("id") for one in data] if isinstance(data, list) else []
        if not ids:
            return Probe("available", "the server answers, but does not list its models")
        if self._entry.model not in ids:  # aliases, and lists of language models alone: no word on its end
            return Probe("available", f"the server answers, and does not list {self._entry.model}")
        return Probe("available")


def _id_of(reply: Reply, body: Mapping[str, Any]) -> str | None:
    found = reply.headers.get("x-request-id") or body.get("id")
    return found if isinstance(found, str) else None


def _plain(name: str) -> str:
    """A provider's name or slug (`google-vertex`, `Google Vertex`), to be compared."""
    return re.sub(r"[^a-z0-9]", "", name.lower())
