"""Routes of the service itself: health, readiness, and documentation with all of its files."""

import json
from importlib.resources import files
from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, Field

from kelompok_core.api.caller import InstallationHere, SeesEverything
from kelompok_core.api.problems import NotReady, may_answer
from kelompok_core.database.engine import SCHEMA_REVISION
from kelompok_core.errors import NotFound
from kelompok_core.imports.running.readiness import find_problems
from kelompok_core.imports.running.workers import count_workers

router = APIRouter(tags=["service"])

_ASSETS = {"swagger-ui-bundle.js": "text/javascript", "swagger-ui.css": "text/css", "favicon-32x32.png": "image/png"}
_POLICY = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
_PAGE = """<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<title>Kelompok HTTP API</title>
<link rel="icon" href="/docs/favicon-32x32.png">
<link rel="stylesheet" href="/docs/swagger-ui.css">
<div id="swagger-ui"></div>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</html>
"""
_START = f"SwaggerUIBundle({json.dumps({'url': '/openapi.json', 'dom_id': '#swagger-ui', 'deepLinking': True})})"


class Health(BaseModel):
    """The process responds."""

    status: str = Field(examples=["ok"])


class Readiness(BaseModel):
    """Imports can run."""

    status: str = Field(examples=["ready"])
    schema_revision: str | None = Field(
        default=None, examples=["0008"], description="For keys that may read all imports."
    )
    workers: int | None = Field(default=None, description="Number of live workers; for keys that may read all imports.")


@router.get("/healthz", operation_id="get_health", summary="Is the process alive?", responses=may_answer(429))
async def get_health() -> Health:
    return Health(status="ok")


@router.get("/readyz", operation_id="get_readiness", summary="Can imports run?", responses=may_answer(429, 503))
def get_readiness(installation: InstallationHere, may_know: SeesEverything) -> Readiness:
    """503 when imports cannot run: no database, a different schema, no worker, a full disk or a stuck queue.

    The message gives the reason only to a key that may read all imports.
    """
    problems = find_problems(installation)
    if problems:
        raise NotReady("; ".join(problems) if may_know else "not ready")
    if not may_know:
        return Readiness(status="ready")
    with installation.database.connect() as connection:
        return Readiness(status="ready", schema_revision=SCHEMA_REVISION, workers=count_workers(connection))


@router.get("/docs", include_in_schema=False)
def get_docs() -> HTMLResponse:
    return HTMLResponse(_PAGE, headers={"Content-Security-Policy": _POLICY})


@router.get("/docs/start.js", include_in_schema=False)
def get_start() -> Response:
    return Response(_START, media_type="text/javascript")


@router.get("/docs/{name}", include_in_schema=False)
def get_asset(name: Annotated[str, Path(max_length=50)], request: Request) -> Response:
    if name not in _ASSETS:
        raise NotFound("page", request.url.path)
    content = files("fastapi_swagger").joinpath("resources", name).read_bytes()
    return Response(content, media_type=_ASSETS[name], headers={"Cache-Control": "max-age=86400"})
