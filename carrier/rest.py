"""The REST API as an ASGI application: paths, credentials, refusals."""

import logging
from collections.abc import Awaitable, Callable
from typing import Any, cast

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from .accounts import Accounts
from .errors import RestError, Trouble, not_found
from .ids import API
from .network import Network
from .rest_calls import CallResource
from .rest_conferences import ConferenceResource
from .rest_recordings import RecordingResource
from .rest_values import Shapes

log = logging.getLogger("carrier")
Handler = Callable[[Request], Awaitable[Any]]


def refusal(error: RestError) -> JSONResponse:
    """A refusal as Twilio's clients read it."""
    headers = {"WWW-Authenticate": 'Basic realm="Twilio API"'} if error.status == 401 else None
    return JSONResponse(error.body(), status_code=error.status, headers=headers)


class Rest:
    """All routes of one account."""

    def __init__(self, network: Network, accounts: Accounts) -> None:
        self._accounts, self._account = accounts, network.config.account_sid
        shapes = Shapes(self._account)
        calls = CallResource(network, shapes)
        rooms = ConferenceResource(network, shapes)
        recordings = RecordingResource(network, shapes, calls)
        one, all_ = "/Calls/{call}", "/Calls"
        room, people = "/Conferences/{conference}", "/Conferences/{conference}/Participants"
        self.routes: list[BaseRoute] = [
            *self._at(all_, GET=calls.listed, POST=calls.create),
            *self._at(one, GET=calls.fetched, POST=calls.updated, DELETE=calls.deleted),
            *self._at(f"{one}/Recordings", GET=recordings.listed, POST=recordings.created),
            *self._at(
                f"{one}/Recordings/{{recording}}",
                GET=recordings.fetched,
                POST=recordings.updated,
                DELETE=recordings.deleted,
            ),
            *self._at(f"{one}/Streams", POST=calls.stream_created),
            *self._at(f"{one}/Streams/{{stream}}", POST=calls.stream_updated),
            *self._at(f"{one}/Notifications", GET=calls.notifications),
            *self._at("/Notifications", GET=calls.notifications),
            *self._at("/Notifications/{notification}", GET=calls.notification),
            *self._at("/Conferences", GET=rooms.listed),
            *self._at(room, GET=rooms.fetched, POST=rooms.updated),
            *self._at(people, GET=rooms.participants, POST=rooms.participant_created),
            *self._at(
                f"{people}/{{participant}}",
                GET=rooms.participant_fetched,
                POST=rooms.participant_updated,
                DELETE=rooms.participant_deleted,
            ),
            *self._at(f"{room}/Recordings", GET=recordings.listed),
            *self._at(
                f"{room}/Recordings/{{recording}}",
                GET=recordings.fetched,
                POST=recordings.updated,
                DELETE=recordings.deleted,
            ),
            *self._at("/Recordings", GET=recordings.listed),
            *self._at("/Recordings/{recording}", suffix=".wav", GET=recordings.media),
            *self._at("/Recordings/{recording}", GET=recordings.fetched, DELETE=recordings.deleted),
            *self._at("/Recordings/{recording}", suffix="", GET=recordings.media),
        ]

    def application(self, *more: BaseRoute) -> Starlette:
        """The ASGI application, with *more* routes beside the API's."""
        return Starlette(
            routes=[*self.routes, *more],
            exception_handlers={
                HTTPException: self._http_error,
                RestError: _refused,
                Trouble: _bad_twiml,
            },
        )

    def _at(self, path: str, suffix: str = ".json", **handlers: Handler) -> list[BaseRoute]:
        """One route for each method; a POST that creates (to a collection) answers 201."""
        creates = not path.endswith("}")

        async def endpoint(request: Request) -> Response:
            self._check(request)
            handler = handlers.get("GET" if request.method == "HEAD" else request.method)
            if handler is None:
                raise HTTPException(405)
            result = await handler(request)
            if isinstance(result, Response):
                return result
            if result is None:
                return Response(status_code=204)
            return JSONResponse(result, 201 if creates and request.method == "POST" else 200)

        methods = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
        prefix = f"/{API}/Accounts/{{account}}"
        return [Route(f"{prefix}{path}{suffix}", endpoint, methods=methods, name=f"{path}{suffix}")]

    def _check(self, request: Request) -> None:
        self._accounts.check(request)
        if request.path_params["account"] != self._account:
            raise not_found(request.url.path)

    async def _http_error(self, request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        if request.url.path.startswith(f"/{API}/"):
            try:
                self._accounts.check(request)
            except RestError as refused:
                return refusal(refused)
        if status == 405:
            return refusal(RestError(405, 20004, "Method not allowed"))
        if status == 404:
            return refusal(not_found(request.url.path))
        return refusal(RestError(status, 20001, "Bad request"))


async def _refused(request: Request, error: Exception) -> Response:
    refused = cast("RestError", error)
    log.info("rest.refused path=%s status=%d code=%d", request.url.path, refused.status, refused.code)
    return refusal(refused)


async def _bad_twiml(request: Request, error: Exception) -> Response:
    trouble = cast("Trouble", error)
    log.info("rest.twiml_refused path=%s code=%d", request.url.path, trouble.code)
    return refusal(RestError(400, trouble.code, trouble.message))
