"""The dashboard, and the page of the API's documentation. Both load everything from this gateway.

Their URLs are relative: a proxy may serve the gateway below a path of its own.
"""

from importlib.resources import files
from pathlib import Path
from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, RedirectResponse
from starlette.routing import BaseRoute, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.compression import Compressed
from gateway.http.counting import ROUTE
from gateway.http.errors import HttpError
from gateway.http.heads import ROOT_PATH
from gateway.http.responses import ErrorResponse

STATIC: Final = Path(__file__).parent / "static"

DASHBOARD_POLICY: Final = (
    "default-src 'self'; connect-src 'self' http: https: ws: wss:; img-src 'self' data:; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"
)
"""Its own files only; but a user may point the dashboard at another gateway."""

DOCS_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src "
    "'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
"""Swagger UI sets styles inline."""

DOCS_ASSETS: Final = ("swagger-ui-bundle.js", "swagger-ui.css")

DOCS_PAGE: Final = """<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>Exchange API</title>
  <link rel="icon" href="static/favicon.svg" type="image/svg+xml">
  <link rel="stylesheet" href="docs/swagger-ui.css">
  <script src="docs/swagger-ui-bundle.js" defer></script>
  <script src="docs/start.js" defer></script>
</head>
<body><div id="api"></div></body>
</html>
"""

DOCS_START: Final = 'SwaggerUIBundle({url: "openapi.json", dom_id: "#api", deepLinking: true, validatorUrl: null});\n'


class Page:
    """GET of one path or of all paths below it, with the headers that a page needs."""

    def __init__(self, app: ASGIApp, policy: str, error_response: ErrorResponse, route: str) -> None:
        self._app = app
        self._route = route
        self._error_response = error_response
        self._headers = {
            "content-security-policy": policy,
            "x-content-type-options": "nosniff",
            "referrer-policy": "no-referrer",
            # A browser asks each time whether its copy is current. Most answers are 304.
            "cache-control": "no-cache",
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope[ROUTE] = self._route
        if scope["method"] not in ("GET", "HEAD"):
            await self._error_response(HttpError("method_not_allowed", headers={"allow": "GET, HEAD"})).send(send)
            return
        if not scope["raw_path"]:
            # The root path alone: relative URLs need the slash behind it.
            await RedirectResponse(f"{scope[ROOT_PATH]}/", 308)(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(self._headers)
            await send(message)

        await self._app(scope, receive, send_with_headers)


class Files:
    """Files of one directory.

    file: always this one; else the path's `file`.
    listed: the only ones that are served, where any are listed.
    """

    def __init__(self, compressed: Compressed, directory: Path, file: str = "", listed: tuple[str, ...] = ()) -> None:
        self._compressed = compressed
        self._files = StaticFiles(directory=directory)
        self._file = file
        self._listed = listed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = self._file or scope["path_params"]["file"]
        if self._listed and path not in self._listed:
            raise HTTPException(404)
        response = await self._files.get_response(path, scope)
        response = await self._compressed.response(response, scope)
        await response(scope, receive, send)


class Text:
    """The same text each time."""

    def __init__(self, content: str, media_type: str) -> None:
        self._response = HTMLResponse(content, media_type=media_type)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._response(scope, receive, send)


def page_routes(error_response: ErrorResponse) -> list[BaseRoute]:
    """The dashboard, the lessons, the administrator's page, their files, and the documentation."""
    compressed = Compressed()
    swagger = Path(str(files("fastapi_swagger") / "resources"))
    pages: dict[str, tuple[ASGIApp, str]] = {
        "/": (Files(compressed, STATIC, "index.html"), DASHBOARD_POLICY),
        "/administrator": (Files(compressed, STATIC, "administrator/index.html"), DASHBOARD_POLICY),
        "/learn": (Files(compressed, STATIC, "learn/index.html"), DASHBOARD_POLICY),
        "/static/{file:path}": (Files(compressed, STATIC), DASHBOARD_POLICY),
        "/docs": (Text(DOCS_PAGE, "text/html"), DOCS_POLICY),
        "/docs/start.js": (Text(DOCS_START, "text/javascript"), DOCS_POLICY),
        "/docs/{file}": (Files(compressed, swagger, listed=DOCS_ASSETS), DOCS_POLICY),
    }
    return [Route(path, Page(app, policy, error_response, path)) for path, (app, policy) in pages.items()]
