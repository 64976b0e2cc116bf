"""REST: calls, their streams, the debug log."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from urllib.parse import parse_qsl

from starlette.requests import Request

from .calls import Call, Callback, Placing, Status
from .errors import RestError, bad_value, not_found, not_in_progress
from .network import Network
from .recordings import Plan
from .rest_values import Form, Json, Shapes, moment, page
from .streams import Wanted
from .twiml.document import Document, parse
from .twiml.stage import Jump, run_call
from .twiml.verbs import CALL

TWIML_LONGEST = 4000
CALL_EVENTS = frozenset({"initiated", "ringing", "answered", "completed"})


def callee(form: Form) -> tuple[str, dict[str, str]]:
    """Whom ``To`` names and the parameters that go along. Raise RestError 21201, 21211."""
    to = form.get("To").strip()
    if not to:
        raise bad_value("No 'To' number is specified", 21201)
    address, _, query = to.partition("?")
    extra = dict(parse_qsl(query, keep_blank_values=True))
    if address.startswith("client:"):
        if len(address) == len("client:") or any(c.isspace() for c in address):
            raise bad_value(f"The 'To' client is not valid: {to[:100]}", 21211)
        return address, extra
    if address.startswith(("sip:", "sips:")):
        return address, extra
    digits = address.removeprefix("+").replace("-", "").replace(" ", "")
    if not (digits.isascii() and digits.isdigit() and 3 <= len(digits) <= 15):
        raise bad_value(f"The 'To' number is not valid: {to[:100]}", 21211)
    return ("+" if address.startswith("+") else "") + digits, {}


def caller(form: Form) -> str:
    """Who calls. Raise RestError 21213."""
    if not (from_ := form.get("From").strip()):
        raise bad_value("No 'From' number is specified", 21213)
    return from_


def entry(form: Form) -> Jump | Document | None:
    """What is to be run: ``Twiml`` or ``Url``; None if neither was sent. Raise RestError 21205, 12100."""
    if twiml := form.get("Twiml"):
        if len(twiml) > TWIML_LONGEST:
            raise bad_value(f"Twiml is longer than {TWIML_LONGEST} characters", 21205)
        return parse(twiml.encode(), "")
    hook = form.hook("Url")
    return None if hook is None else Jump(hook)


def status_callback(form: Form) -> Callback:
    """``StatusCallback`` and its events; the final one alone by default."""
    events = form.words("StatusCallbackEvent", "completed")
    return Callback(form.hook("StatusCallback"), events & CALL_EVENTS or frozenset({"completed"}))


def run(call: Call, at: Jump | Document) -> Callable[[], Awaitable[None]]:
    """The flow that runs TwiML in a call."""
    return lambda: run_call(call, at, CALL)


class CallResource:
    """Handlers of ``Calls`` and what lies below."""

    def __init__(self, network: Network, shapes: Shapes) -> None:
        self._network, self._shapes = network, shapes

    def find(self, request: Request) -> Call:
        """The call that the path names. Raise RestError 404."""
        sid = request.path_params["call"]
        call = self._network.calls.find(sid)
        if call is None:
            raise not_found(request.url.path)
        return call

    async def create(self, request: Request) -> Json:
        """POST Calls: ring somebody."""
        form = await Form.of(request)
        to, extra = callee(form)
        from_ = caller(form)
        at = entry(form)
        if at is None:
            raise bad_value("Url or Twiml is required", 21205)
        placing = Placing(
            to=to,
            from_=from_,
            params=extra,
            callback=status_callback(form),
            fallback=form.hook("FallbackUrl"),
            ring_seconds=form.number("Timeout", 60, 1, 600) + 5.0,
            time_limit=form.number("TimeLimit", 14400, 1, 86400),
        )
        recording = _recording(form)

        async def flow(call: Call) -> None:
            if recording is not None:
                self._network.recordings.of_call(call, recording)
            await run_call(call, at, CALL)

        return self._shapes.call(self._network.calls.place(placing, flow=flow))

    async def listed(self, request: Request) -> Json:
        """GET Calls, newest first, filtered."""
        query = request.query_params
        calls = self._network.calls.newest_first()
        for name in _TEXTS.keys() & query.keys():
            calls = [c for c in calls if _TEXTS[name](c) == query[name]]
        for name, of in _TIMES.items():
            for key in (name, f"{name}>", f"{name}<"):
                if value := query.get(key):
                    calls = [c for c in calls if _within(of(c), key.removeprefix(name), value)]
        return page(request, "calls", calls, self._shapes.call)

    async def fetched(self, request: Request) -> Json:
        """GET a call."""
        return self._shapes.call(self.find(request))

    async def updated(self, request: Request) -> Json:
        """POST a call: other TwiML, or its end."""
        call = self.find(request)
        form = await Form.of(request)
        status, at = form.get("Status"), entry(form)
        if status not in {"", "completed", "canceled"}:
            raise bad_value("Status must be completed or canceled", 21218)
        if not call.live:
            raise not_in_progress()
        if status:
            self._end(call, status)
        elif at is None:
            raise bad_value("Url, Twiml or Status is required", 21205)
        elif call.status is not Status.IN_PROGRESS:
            raise not_in_progress()
        else:
            if fallback := form.hook("FallbackUrl"):
                call.fallback = fallback
            call.run(run(call, at))
        if callback := form.hook("StatusCallback"):
            call.callback = Callback(callback, call.callback.events)
            call.record()
        return self._shapes.call(call)

    @staticmethod
    def _end(call: Call, status: str) -> None:
        answered = call.status is Status.IN_PROGRESS
        if status == "canceled" and answered:
            raise not_in_progress()
        call.hangup(None if answered else Status.CANCELED)

    async def deleted(self, request: Request) -> None:
        """DELETE an ended call."""
        call = self.find(request)
        if call.live:
            raise RestError(400, 20001, "Call is in-progress and cannot be deleted")
        self._network.calls.delete(call)

    async def stream_created(self, request: Request) -> Json:
        """POST Calls/{Sid}/Streams."""
        call = self.find(request)
        form = await Form.of(request)
        url = form.get("Url")
        if not url.startswith(("wss://", "ws://")):
            raise bad_value("Url of a stream must begin with wss://", 21205)
        if call.status is not Status.IN_PROGRESS:
            raise not_in_progress()
        parameters = {
            name: form.get(f"Parameter{n}.Value")
            for n in range(1, 100)
            if (name := form.get(f"Parameter{n}.Name"))
        }
        wanted = Wanted(
            url,
            form.get("Name") or None,
            form.get("Track") or "inbound_track",
            parameters,
            form.hook("StatusCallback"),
        )
        return self._shapes.stream(self._network.streams.start(call, wanted))

    async def stream_updated(self, request: Request) -> Json:
        """POST Calls/{Sid}/Streams/{Sid}: Status=stopped."""
        call = self.find(request)
        form = await Form.of(request)
        stream = self._network.streams.find(call, request.path_params["stream"])
        if stream is None:
            raise not_found(request.url.path)
        if form.get("Status") != "stopped":
            raise bad_value("Status must be stopped")
        stream.stop()
        return self._shapes.stream(stream)

    async def notifications(self, request: Request) -> Json:
        """GET Notifications, of the account or of a call."""
        sid = request.path_params.get("call")
        notes = self._network.notifications.newest_first(sid)
        if level := request.query_params.get("Log"):
            notes = [n for n in notes if n.level == level]
        return page(request, "notifications", notes, self._shapes.notification)

    async def notification(self, request: Request) -> Json:
        """GET one notification."""
        note = self._network.notifications.find(request.path_params["notification"])
        if note is None:
            raise not_found(request.url.path)
        return self._shapes.notification(note)


_TEXTS: dict[str, Callable[[Call], str | None]] = {
    "To": lambda c: c.to,
    "From": lambda c: c.from_,
    "Status": lambda c: c.status.value,
    "ParentCallSid": lambda c: c.parent_sid,
}
_TIMES: dict[str, Callable[[Call], datetime | None]] = {
    "StartTime": lambda c: c.started,
    "EndTime": lambda c: c.ended_at,
}


def _within(at: datetime | None, sign: str, value: str) -> bool:
    """Whether a call's time is on or after (``>``), on or before (``<``), or in what a filter names."""
    first, last = moment(value)
    return at is not None and (sign == "<" or at >= first) and (sign == ">" or at <= last)


def _recording(form: Form) -> Plan | None:
    if not form.flag("Record", False):
        return None
    return Plan(
        2 if form.get("RecordingChannels") == "dual" else 1,
        "OutboundAPI",
        form.hook("RecordingStatusCallback"),
        form.words("RecordingStatusCallbackEvent", "completed"),
    )
