"""The pages as a web application: read-only, and nothing that a page shows comes from elsewhere."""

import asyncio
from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from pathlib import PurePosixPath

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import URL, QueryParams
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from mcas_assets.core.errors import BadInput, StoreError
from mcas_assets.pages import canary, charts, comparison, concept, images, overview, plane, trend, trust, version
from mcas_assets.pages.links import LiveLinks
from mcas_assets.pages.pictures import Pictures, kept_of
from mcas_assets.pages.reader import NotThere, Reader, Row
from mcas_assets.pages.site import STATIC, Section, render, short
from mcas_assets.store.database import Store
from mcas_assets.store.reading import Published
from mcas_assets.store.under_way import read_under_way

FOREVER = {"Cache-Control": "public, max-age=31536000, immutable"}
"""Of what is named by its digest, or by the version of the ledger."""

MOST_TEXTS = 64
"""Pages that are kept in memory, up to some 400 kB each: an address and a published copy give one text."""

FRESH = {"Cache-Control": "no-cache"}
TYPES = {".css": "text/css", ".js": "text/javascript"}

Keys = Mapping[str, str]
Build = Callable[[Reader, LiveLinks, Keys], Section]


def build_app(store: Store, ui: str | None = None) -> Starlette:
    """The pages of a home, from its published copy as it is whenever a page is asked for.

    Args:
        store: Of the home.
        ui: The address of Dagster's UI, where that is served beside them.
    """
    published, pictures = Published(store), Pictures(store.home)
    pages: dict[str, Build] = {
        "/": lambda reader, links, keys: overview.section(reader, links, read_under_way(store.home)),
        "/version": lambda reader, links, keys: version.section(reader, links, *_wanted(keys, "audit", "version")),
        "/concept": _concept,
        "/images": _images,
        "/image": lambda reader, links, keys: images.image(reader, links, *_wanted(keys, "audit", "version", "image")),
        "/comparison": lambda reader, links, keys: comparison.section(
            reader,
            links,
            *_wanted(keys, "audit", "before", "after"),
            concept=keys.get("concept"),
            axis=keys.get("axis"),
        ),
        "/trend": lambda reader, links, keys: trend.section(
            reader, links, *_wanted(keys, "audit", "system"), axis=keys.get("axis"), concept=keys.get("concept")
        ),
        "/canary": lambda reader, links, keys: canary.section(
            reader, links, *_wanted(keys, "system", "canary", "window"), against=keys.get("against") or "previous"
        ),
        "/trust": lambda reader, links, keys: trust.section(reader, links, *_wanted(keys, "audit", "version")),
        "/map": lambda reader, links, keys: plane.section(reader, links, *_wanted(keys, "audit", "version")),
    }
    texts = lru_cache(MOST_TEXTS)(partial(_text, ui, published, pages))
    routes = [Route(path, partial(_page, published, texts, partial(_text, ui, published, pages))) for path in pages]
    routes += [
        Route("/pictures/{side:int}/{name}", partial(_picture, pictures)),
        Route("/files/{name}", partial(_file, pictures)),
        Route("/average/{kind}", partial(_average, published, pictures)),
        Route("/static/{name}", static_file),
    ]
    return Starlette(routes=routes, exception_handlers={BadInput: partial(_refused, store, ui), 404: _nothing_here})


def _wanted(keys: Keys, *names: str) -> list[str]:
    lacking = [name for name in names if not keys.get(name)]
    if lacking:
        raise NotThere("address", f"lacks {', '.join(lacking)}", "Follow a link of the overview")
    return [keys[name] for name in names]


def _number(keys: Keys, name: str, default: int | None) -> int | None:
    text = keys.get(name, "")
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise NotThere(name, f"is {text[:40]!r}, no number", "Follow a link of the overview")
    return int(text)


def _concept(reader: Reader, links: LiveLinks, keys: Keys) -> Section:
    audit, of, axis, name = _wanted(keys, "audit", "version", "axis", "concept")
    return concept.section(reader, links, audit, of, axis, name)


def _images(reader: Reader, links: LiveLinks, keys: Keys) -> Section:
    wanted = {name: keys.get(name) or None for name in images.FILTERS}
    page, size = _number(keys, "page", 1) or 1, _number(keys, "size", 200) or 200
    return images.section(reader, links, *_wanted(keys, "audit", "version"), page=page, size=size, **wanted)


async def _page(
    published: Published, kept: Callable[..., str], fresh: Callable[..., str], request: Request
) -> Response:
    """A page, or the way to it: an address without a version of the ledger leads to that of the newest.

    While something runs, the overview is made anew each time and not kept: it says how far that is.
    """
    keys, url = request.query_params, request.url
    if _number(keys, "at", None) is None:
        newest = await run_in_threadpool(lambda: Reader(published).at)
        return RedirectResponse(str(url.include_query_params(at=newest).replace(scheme="", netloc="")))
    is_live = url.path == "/" and read_under_way(published.store.home) is not None
    text = await run_in_threadpool(fresh if is_live else kept, url.path, url.query, published.stamp())
    return HTMLResponse(text, headers=FRESH)


def _text(
    ui: str | None, published: Published, pages: Mapping[str, Build], path: str, query: str, stamp: object
) -> str:
    """The text of a page of one published copy, which `stamp` tells from others."""
    keys = QueryParams(query)
    reader = Reader(published, _number(keys, "at", None))
    links = LiveLinks(reader.at)
    section = pages[path](reader, links, keys)
    newest = str(URL(f"{path}?{query}").include_query_params(at=reader.newest))
    note = None if reader.at == reader.newest else (f"version {reader.at} of the ledger", newest)
    return render(
        [section], links, crumbs=_crumbs(links, keys, section), at=reader.at, made_at=reader.made_at, note=note, ui=ui
    )


def _crumbs(links: LiveLinks, keys: Keys, section: Section) -> list[tuple[str, str | None]]:
    crumbs: list[tuple[str, str | None]] = [("Overview", links.page("overview"))]
    audit, of = keys.get("audit"), keys.get("version")
    if audit and of and section.template != "version.html":
        crumbs.append((short(of), links.page("version", audit=audit, version=of)))
    if section.template != "overview.html":
        crumbs.append((section.title, None))
    return crumbs


async def _picture(pictures: Pictures, request: Request) -> Response:
    name = PurePosixPath(request.path_params["name"])
    data = await run_in_threadpool(pictures.small, (name.stem, name.suffix), request.path_params["side"])
    return Response(data, media_type="image/webp", headers=FOREVER)


async def _file(pictures: Pictures, request: Request) -> Response:
    """The bytes as they came, to be saved: whatever else they may be, no browser runs them."""
    name = PurePosixPath(request.path_params["name"])
    data = await run_in_threadpool(pictures.original, (name.stem, name.suffix))
    saved = {"Content-Disposition": f'attachment; filename="{name.stem}{name.suffix}"'}
    return Response(data, media_type="application/octet-stream", headers=FOREVER | saved)


async def _average(published: Published, pictures: Pictures, request: Request) -> Response:
    def made() -> bytes:
        keys = request.query_params
        reader = Reader(published, _number(keys, "at", None))
        audit, of = _wanted(keys, "audit", "version")
        wanted = {name: keys.get(name) or None for name in ("role", "pole", "concept")}
        rows = reader.images(audit, of, keys.get("axis"), group_name=keys.get("group") or None, outcome="ok", **wanted)
        if keys.get("concept"):
            rows = rows.filter(rows["role"] != "attribute")
        kept = tuple(dict.fromkeys(kept_of(*row) for row in rows.select("sha256", "path").iter_rows()))
        if not kept:
            raise NotThere("average", "there is no image of this kind", "Follow a link of the overview")
        mean, spread, _ = pictures.average(kept)
        return spread if request.path_params["kind"] == "spread" else mean

    lasting = FOREVER if request.query_params.get("at") else FRESH
    return Response(await run_in_threadpool(made), media_type="image/webp", headers=lasting)


async def static_file(request: Request) -> Response:
    """A script or style of ours."""
    name = request.path_params["name"]
    if name == "charts.js":
        return Response(await asyncio.to_thread(charts.bundle), media_type="text/javascript", headers=FRESH)
    file = STATIC / name
    if file.suffix not in TYPES or not file.is_file() or file.parent != STATIC:
        return await _nothing_here(request, NotThere(name, "is no file of ours", ""))
    return FileResponse(file, media_type=TYPES[file.suffix], headers=FRESH)


async def _refused(store: Store, ui: str | None, request: Request, error: Exception) -> Response:
    """What an address asks for and is not there, or what cannot be read, in one sentence with its remedy."""
    status = 404 if isinstance(error, NotThere) else 503 if isinstance(error, StoreError) else 422
    running = overview.running(read_under_way(store.home)) if isinstance(error, StoreError) else None
    return _error_page(str(error), status, running, ui)


async def _nothing_here(request: Request, error: Exception) -> Response:
    return _error_page(f"{request.url.path}: there is no such page. The overview lists what there is", 404)


def _error_page(sentence: str, status: int, running: Row | None = None, ui: str | None = None) -> Response:
    section = Section("error.html", "Not here", {"sentence": sentence, "running": running})
    text = render([section], LiveLinks(0), crumbs=[("Overview", "/")], has_charts=False, ui=ui)
    return HTMLResponse(text, status, headers=FRESH)
