"""The page's routes: the list, one approval, and the form that decides.

A form is believed only from our own page (``Origin``), with the browser's cookie and its token, by an identity.
After a click the browser is sent back to the page, which names the result by its code: nothing from the
address is ever shown.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from fastapi.staticfiles import StaticFiles
from pydantic import BaseModel, Field

from logjedi_approval_gateway import metrics
from logjedi_approval_gateway.channels.web import NAME, guard, pages
from logjedi_approval_gateway.domain.approval import Ref
from logjedi_approval_gateway.domain.decision import MAX_REASON, Answer, Click, Code
from logjedi_approval_gateway.domain.seal import Seal
from logjedi_approval_gateway.usecases.read_approvals import ReadApprovals
from logjedi_contracts import logs
from logjedi_contracts.messages import Actor, Verdict

log = logs.get(__name__)
STATIC = Path(__file__).parent / "static"


@dataclass(frozen=True, slots=True)
class Page:
    """What the routes work with. ``subject`` empty: read-only."""

    read: ReadApprovals
    vote: Callable[[Click], Awaitable[Answer]]
    seal: Seal
    subject: str = ""


class Decision(BaseModel):
    """The form's fields."""

    verdict: Annotated[str, Field(max_length=16)]
    nonce: Annotated[str, Field(max_length=64)]
    token: Annotated[str, Field(max_length=128)] = ""
    reason: Annotated[str, Field(max_length=MAX_REASON)] = ""


def router(page: Page) -> APIRouter:
    routes = APIRouter()
    routes.mount("/static", StaticFiles(directory=STATIC), name="static")

    @routes.get("/", response_class=HTMLResponse)
    async def index(request: Request) -> Response:
        if refused := _not_local(page, request):
            return refused
        return pages.answer(pages.index(await page.read.all(), _viewer(page)))

    @routes.get("/approvals/{cluster:path}/{uid}", response_class=HTMLResponse)
    async def one(request: Request, cluster: str, uid: str, result: str = "") -> Response:
        if refused := _not_local(page, request):
            return refused
        shown = await page.read.one(Ref(cluster, uid), _actor(page))
        if shown is None:
            return pages.answer(pages.missing(_viewer(page)), status=404)
        session = request.cookies.get(guard.COOKIE) or guard.new_session()
        viewer = _viewer(page, session, may_decide=shown.may_decide)
        response = pages.answer(pages.one(shown.card, viewer, pages.result(result)))
        if page.subject:
            _keep(response, session, secure=request.url.scheme == "https")
        return response

    @routes.post("/approvals/{cluster:path}/{uid}")
    async def decide(request: Request, cluster: str, uid: str, form: Annotated[Decision, Form()]) -> Response:
        if refused := _not_local(page, request) or _not_own(page, request, form.token):
            return refused
        verdict = next((one for one in Verdict if one.value == form.verdict), None)
        if verdict is None:
            return _refuse("verdict", "The form names no verdict. Nothing was recorded.")
        actor = _actor(page) or Actor(id="")
        click = Click(Ref(cluster, uid), form.nonce, verdict, actor, NAME, reason=form.reason)
        answer = await page.vote(click)
        return RedirectResponse(f"{request.url.path}?result={answer.code.value}", status_code=303)

    return routes


def _not_local(page: Page, request: Request) -> Response | None:
    """The development identity is for this machine alone, and so is the page while it is on."""
    client = request.client.host if request.client else ""
    if not page.subject or guard.is_local(client, request.headers):
        return None
    return _refuse("not_local", "The page has a development identity, so it answers on this machine alone.")


def _not_own(page: Page, request: Request, token: str) -> Response | None:
    if not page.subject:
        return _refuse("read_only", "The page is read-only: nobody is signed in. Decide in chat.")
    if not guard.is_same_origin(request.headers, request.url.scheme):
        return _refuse("origin", "The form was not sent by this page. Nothing was recorded.")
    session = request.cookies.get(guard.COOKIE, "")
    if not guard.is_own_form(page.seal, session, page.subject, token):
        return _refuse("token", "The form is too old. Nothing was recorded: reload the page and try again.")
    return None


def _refuse(reason: str, sentence: str) -> Response:
    metrics.UNBELIEVED.labels(channel=NAME, reason=reason).inc()
    log.warning("request refused", audit=True, channel=NAME, reason=reason, code=Code.NOT_ALLOWED.value)
    return pages.answer(pages.refused(sentence), status=403)


def _actor(page: Page) -> Actor | None:
    return Actor(id=f"{NAME}:{page.subject}", name=page.subject) if page.subject else None


def _viewer(page: Page, session: str = "", *, may_decide: bool = False) -> pages.Viewer:
    token = guard.form_token(page.seal, session, page.subject) if page.subject and session else ""
    return pages.Viewer(page.subject, token, may_decide)


def _keep(response: Response, session: str, *, secure: bool) -> None:
    response.set_cookie(guard.COOKIE, session, httponly=True, samesite="strict", secure=secure, path="/")
