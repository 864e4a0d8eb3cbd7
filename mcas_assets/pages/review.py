"""The page on which a rater answers, image after image, by keyboard. It shows a picture, the question and how far they are.

Blind: pictures are asked for by their place in the rater's order, are drawn anew without what files bring with them, and stand
without a prompt, a concept, a name or the answers of others. What it writes are votes, by POST and as JSON, which the guard asks
of every page.
"""

import json
from collections.abc import Callable

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from mcas_assets.core.errors import BadInput, StoreError
from mcas_assets.pages.app import static_file
from mcas_assets.pages.links import LiveLinks
from mcas_assets.pages.pictures import Pictures, kept_of
from mcas_assets.pages.reader import NotThere
from mcas_assets.pages.site import Section, render
from mcas_assets.review.queue import Queue
from mcas_assets.store.database import Store

SIDE = 1024
_FORGOTTEN = {"Cache-Control": "no-store"}
_MOST = 1000  # bytes of an answer


def build_review(store: Store, queue: Queue, finish: Callable[[], None]) -> Starlette:
    """The application in which one rater answers.

    Args:
        store: Of the home whose pictures are shown.
        queue: What is asked, and where answers go.
        finish: Called when the rater says that they are done.
    """
    pictures = Pictures(store.home)

    async def page(_: Request) -> Response:
        context = {
            "axis": queue.axis.replace("_", " "), "answers": queue.answers, "state": json.dumps(queue.state()),
            "is_adjudication": queue.is_adjudication, "n": len(queue.shown),
        }  # fmt: skip
        section = Section("review.html", "Review", context)
        text = render([section], LiveLinks(0), has_charts=False, own_script="review.js")
        return HTMLResponse(text, headers=_FORGOTTEN)

    async def picture(request: Request) -> Response:
        place = request.path_params["place"]
        if place >= len(queue.shown):
            raise NotThere("picture", f"there is none at {place}", "Load the page again")
        shown = queue.shown[place]
        data = await run_in_threadpool(pictures.small, kept_of(shown.sha256, shown.path), SIDE)
        return Response(data, media_type="image/webp", headers=_FORGOTTEN)

    async def answer(request: Request) -> Response:
        told = await _told(request)
        return JSONResponse(await run_in_threadpool(queue.answer, _whole(told, "place"), _whole(told, "answer")))

    async def back(_: Request) -> Response:
        return JSONResponse(await run_in_threadpool(queue.take_back))

    async def end(_: Request) -> Response:
        finish()
        return JSONResponse(queue.state())

    routes = [
        Route("/", page),
        Route("/picture/{place:int}", picture),
        Route("/static/{name}", static_file),
        Route("/answer", answer, methods=["POST"]),
        Route("/back", back, methods=["POST"]),
        Route("/finish", end, methods=["POST"]),
    ]
    return Starlette(routes=routes, exception_handlers={BadInput: _refused})


async def _told(request: Request) -> dict:
    """What a page sends: a small JSON object.

    Raises:
        BadInput: It is none.
    """
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > _MOST:
            raise BadInput("answer", "is too long", "Load the page again")
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        told = None
    if not isinstance(told, dict):
        raise BadInput("answer", "is no JSON object", "Load the page again")
    return told


def _whole(told: dict, name: str) -> int:
    value = told.get(name)
    if not isinstance(value, int) or isinstance(value, bool):
        raise BadInput("answer", f"{name} is no whole number", "Load the page again")
    return value


async def _refused(_: Request, error: Exception) -> Response:
    status = 404 if isinstance(error, NotThere) else 503 if isinstance(error, StoreError) else 422
    return JSONResponse({"error": str(error)}, status, headers=_FORGOTTEN)
