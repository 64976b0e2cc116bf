"""REST requests read, REST answers written: forms, pages, and each resource with all its schema's keys."""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time
from typing import Any, Protocol, TypeVar
from urllib.parse import parse_qsl, urlencode

from starlette.requests import Request

from .calls import Call
from .conferences import Conference, PastConference
from .errors import RestError, bad_value
from .ids import API, rfc2822
from .notifications import Notification
from .participants import Participant
from .recordings import Recording
from .streams import Stream
from .webhooks import Hook

LARGEST_BODY = 64 * 1024
FORM = "application/x-www-form-urlencoded"
Json = dict[str, Any]


class Listed(Protocol):
    """Anything with a sid."""

    @property
    def sid(self) -> str: ...


T = TypeVar("T", bound=Listed)


class Form:
    """The fields of a request; a field may come more than once."""

    def __init__(self, pairs: Sequence[tuple[str, str]]) -> None:
        self._pairs = list(pairs)

    @classmethod
    async def of(cls, request: Request) -> "Form":
        """Read a form body. Raise RestError: too long, another type, not UTF-8."""
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > LARGEST_BODY:
                raise RestError(413, 20001, "Request body is too large")
        kind = request.headers.get("content-type", FORM).partition(";")[0].strip().lower()
        if body and kind != FORM:
            raise RestError(415, 20001, f"Content-Type must be {FORM}")
        try:
            pairs = parse_qsl(
                body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=500
            )
        except ValueError as error:
            raise bad_value("Request body is not a form") from error
        return cls(pairs)

    def get(self, name: str, default: str = "") -> str:
        """The last value of a field."""
        return next((v for k, v in reversed(self._pairs) if k == name), default)

    def has(self, name: str) -> bool:
        """Whether the field was sent, be it empty."""
        return any(k == name for k, _ in self._pairs)

    def words(self, name: str, default: str) -> frozenset[str]:
        """A repeated, or space-separated, field."""
        given = [word for k, v in self._pairs if k == name for word in v.split()]
        return frozenset(given or default.split())

    def flag(self, name: str, default: bool | None = None) -> bool | None:
        """A boolean field. Raise RestError if it is neither."""
        if not self.has(name):
            return default
        value = self.get(name).lower()
        if value not in {"true", "false"}:
            raise bad_value(f"{name} must be true or false")
        return value == "true"

    def number(self, name: str, default: int, low: int, high: int) -> int:
        """A whole number within bounds. Raise RestError if it is not one."""
        if not self.has(name):
            return default
        value = self.get(name)
        if not (value.isascii() and value.isdigit() and low <= int(value) <= high):
            raise bad_value(f"{name} must be a whole number from {low} to {high}")
        return int(value)

    def hook(self, name: str, default_method: str = "POST") -> Hook | None:
        """A URL field and its Method. Raise RestError 21205 if it is not an absolute URL."""
        url = self.get(name)
        if not url:
            return None
        if not url.startswith(("http://", "https://")) or any(c.isspace() for c in url):
            raise bad_value(f"{name} is not a valid URL: {url[:200]}", 21205)
        stem = name.removesuffix("Url")
        method = (
            self.get(f"{stem}Method") or self.get("Method" if name == "Url" else "") or default_method
        ).upper()
        if method not in {"GET", "POST"}:
            raise bad_value(f"Method of {name} must be GET or POST")
        return Hook(url, method)


def page(request: Request, key: str, items: Sequence[T], shown: Callable[[T], Json]) -> Json:
    """One page of *items* (newest first) as Twilio's lists are.

    A PageToken names the last sid of the page before, so that new calls between two pages neither repeat nor
    hide one.
    """
    query = request.query_params
    size = _within(query.get("PageSize", "50"), 1, 1000)
    number = _within(query.get("Page", "0"), 0, 1_000_000)
    start = number * size
    token = query.get("PageToken", "")
    if token.startswith("PA"):
        after = token[2:]
        sids = [item.sid for item in items]
        start = sids.index(after) + 1 if after in sids else start
    shown_items = items[start : start + size]

    def uri(page_number: int, page_token: str = "") -> str:
        pairs = [(k, v) for k, v in query.multi_items() if k not in {"Page", "PageSize", "PageToken"}]
        pairs += [("PageSize", str(size)), ("Page", str(page_number))]
        pairs += [("PageToken", page_token)] if page_token else []
        return f"{request.url.path}?{urlencode(pairs)}"

    more = start + size < len(items)
    last = f"PA{shown_items[-1].sid}" if shown_items else ""
    return {
        key: [shown(item) for item in shown_items],
        "page": number,
        "page_size": size,
        "start": start,
        "end": start + max(len(shown_items) - 1, 0),
        "uri": uri(number, token),
        "first_page_uri": uri(0),
        "next_page_uri": uri(number + 1, last) if more else None,
        "previous_page_uri": uri(number - 1) if number else None,
    }


def _within(value: str, low: int, high: int) -> int:
    if not (value.isascii() and value.isdigit()):
        raise bad_value("Page and PageSize must be whole numbers")
    return min(max(int(value), low), high)


def moment(value: str) -> tuple[datetime, datetime]:
    """A date or an instant of a list filter, as the span it means. Raise RestError if it is neither."""
    try:
        if len(value) == 10:
            day = date.fromisoformat(value)
            return datetime.combine(day, time.min, UTC), datetime.combine(day, time.max, UTC)
        at = datetime.fromisoformat(value)
    except ValueError as error:
        raise bad_value(f"not a date: {value[:40]}") from error
    at = at if at.tzinfo is not None else at.replace(tzinfo=UTC)
    return at, at


class Shapes:
    """Resources as JSON, of one account."""

    def __init__(self, account_sid: str) -> None:
        self.account = account_sid
        self.root = f"/{API}/Accounts/{account_sid}"

    def call(self, call: Call) -> Json:
        """The Call resource."""
        uri = f"{self.root}/Calls/{call.sid}"
        ended = not call.live
        return {
            "sid": call.sid,
            "date_created": rfc2822(call.created),
            "date_updated": rfc2822(call.updated),
            "parent_call_sid": call.parent_sid,
            "account_sid": self.account,
            "to": call.to,
            "to_formatted": call.to,
            "from": call.from_,
            "from_formatted": call.from_,
            "phone_number_sid": None,
            "status": call.status.value,
            "start_time": rfc2822(call.started),
            "end_time": rfc2822(call.ended_at),
            "duration": str(call.duration) if ended and call.answered_at is not None else None,
            "price": None,
            "price_unit": "CNY",
            "direction": call.direction,
            "answered_by": None,
            "annotation": None,
            "api_version": API,
            "forwarded_from": None,
            "group_sid": None,
            "caller_name": None,
            "queue_time": "0",
            "stir_verstat": None,
            "trunk_sid": None,
            "uri": f"{uri}.json",
            "subresource_uris": {
                name: f"{uri}/{path}.json"
                for name, path in (
                    ("notifications", "Notifications"),
                    ("recordings", "Recordings"),
                    ("streams", "Streams"),
                )
            },
        }

    def conference(self, room: Conference | PastConference) -> Json:
        """The Conference resource."""
        uri = f"{self.root}/Conferences/{room.sid}"
        return {
            "account_sid": self.account,
            "date_created": rfc2822(room.created),
            "date_updated": rfc2822(room.updated),
            "api_version": API,
            "friendly_name": room.name,
            "region": "local",
            "sid": room.sid,
            "status": room.status,
            "uri": f"{uri}.json",
            "subresource_uris": {
                "participants": f"{uri}/Participants.json",
                "recordings": f"{uri}/Recordings.json",
            },
            "reason_conference_ended": room.ending,
            "call_sid_ending_conference": room.ended_by,
        }

    def participant(self, room_sid: str, participant: Participant) -> Json:
        """The Participant resource."""
        sid = participant.call.sid
        return {
            "account_sid": self.account,
            "call_sid": sid,
            "label": participant.wishes.label,
            "call_sid_to_coach": participant.coach,
            "coaching": participant.coach is not None,
            "conference_sid": room_sid,
            "date_created": rfc2822(participant.created),
            "date_updated": rfc2822(participant.updated),
            "end_conference_on_exit": participant.end_on_exit,
            "muted": participant.muted,
            "hold": participant.hold,
            "start_conference_on_enter": participant.wishes.start_on_enter,
            "status": participant.status,
            "queue_time": "0",
            "uri": f"{self.root}/Conferences/{room_sid}/Participants/{sid}.json",
        }

    def recording(self, recording: Recording) -> Json:
        """The Recording resource, with the keys of a call's recording too."""
        uri = f"{self.root}/Recordings/{recording.sid}"
        return {
            "account_sid": self.account,
            "api_version": API,
            "call_sid": recording.call_sid,
            "conference_sid": recording.conference_sid,
            "date_created": rfc2822(recording.started),
            "date_updated": rfc2822(recording.updated),
            "start_time": rfc2822(recording.started),
            "duration": None if recording.seconds is None else str(recording.seconds),
            "sid": recording.sid,
            "price": None,
            "price_unit": "CNY",
            "status": recording.status,
            "channels": recording.plan.channels,
            "source": recording.plan.source,
            "error_code": recording.error_code,
            "track": "both",
            "uri": f"{uri}.json",
            "encryption_details": None,
            "media_url": None if recording.status != "completed" else uri,
            "subresource_uris": {
                "add_on_results": f"{uri}/AddOnResults.json",
                "transcriptions": f"{uri}/Transcriptions.json",
            },
        }

    def stream(self, stream: Stream) -> Json:
        """The Stream resource."""
        return {
            "sid": stream.sid,
            "account_sid": self.account,
            "call_sid": stream.call.sid,
            "name": stream.wanted.name,
            "status": stream.status,
            "date_updated": rfc2822(stream.updated),
            "uri": f"{self.root}/Calls/{stream.call.sid}/Streams/{stream.sid}.json",
        }

    def notification(self, note: Notification) -> Json:
        """The Notification resource."""
        return {
            "account_sid": self.account,
            "api_version": API,
            "call_sid": note.call_sid,
            "date_created": rfc2822(note.at),
            "date_updated": rfc2822(note.at),
            "error_code": str(note.code),
            "log": note.level,
            "message_date": rfc2822(note.at),
            "message_text": note.text,
            "more_info": note.more_info,
            "request_method": None,
            "request_url": note.url,
            "request_variables": note.variables,
            "response_body": None,
            "response_headers": None,
            "sid": note.sid,
            "uri": f"{self.root}/Notifications/{note.sid}.json",
        }
