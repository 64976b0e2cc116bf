"""The port Telephony over Twilio's REST contract, by Twilio's own client: for Twilio and the embedded
carrier alike.

Rooms: the conference is named after the contact. The caller's label in it is ``caller`` and its exit ends
the room; a lawyer's label is the lawyer's id and its exit does not: the caller then goes back to the old
place.
"""

import logging
import re
from base64 import b64encode
from collections import OrderedDict
from collections.abc import Awaitable, Mapping
from datetime import datetime
from functools import cached_property
from typing import Any, ClassVar, TypeVar
from urllib.parse import quote, urlencode, urlsplit, urlunsplit

import aiohttp
from twilio.base.exceptions import TwilioException, TwilioRestException
from twilio.http import AsyncHttpClient
from twilio.http.response import Response
from twilio.rest import Client

from config.errors import AnxinError, Blame
from config.ids import call_of
from config.log import masked
from routing.ports import CallGone, Offer

from . import numbers
from .carrier import CarrierAccount
from .own_phone import NoOwnPhones, OwnPhones
from .twiml import TwimlWriter, document

ALIVE = frozenset({"queued", "ringing", "in-progress"})
NOT_IN_PROGRESS = 21220
_PHONE = re.compile(r"\+?\d{7,}")
T = TypeVar("T")


class CarrierUnreachable(AnxinError):
    """The carrier did not answer in time; nothing is known of the request's effect."""

    code: ClassVar[str] = "carrier-unreachable"
    blame: ClassVar[Blame] = Blame.CARRIER
    retryable: ClassVar[bool] = True


class CarrierRefused(AnxinError):
    """The carrier answered with an error; the message has its code."""

    code: ClassVar[str] = "carrier-refused"
    blame: ClassVar[Blame] = Blame.CARRIER


class CarrierHttp(AsyncHttpClient):  # type: ignore[misc]  # twilio has no types
    """Twilio's HTTP port on aiohttp: one pooled session, a timeout, and another base address if there is
    one.

    Not the client's own aiohttp adapter: that one has no base address, cannot send repeated fields (form
    values that are lists) and must be made inside a running loop.
    """

    def __init__(self, base_url: str, timeout_s: float) -> None:
        super().__init__(logger=logging.getLogger(__name__), is_async=True, timeout=timeout_s)
        self._base = urlsplit(base_url) if base_url else None
        self._timeout_s = timeout_s

    @cached_property
    def _session(self) -> aiohttp.ClientSession:
        limit = aiohttp.TCPConnector(limit=64, keepalive_timeout=30)
        return aiohttp.ClientSession(connector=limit, timeout=aiohttp.ClientTimeout(total=self._timeout_s))

    async def request(  # noqa: PLR0917 - the client's own signature
        self,
        method: str,
        url: str,
        params: Mapping[str, object] | None = None,
        data: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,
        allow_redirects: bool = False,
    ) -> Response:
        """Send one request. Raise aiohttp.ClientError or TimeoutError."""
        parts = urlsplit(url)
        if self._base:
            path = self._base.path.rstrip("/") + parts.path
            parts = parts._replace(scheme=self._base.scheme, netloc=self._base.netloc, path=path)
        if params:
            query = "&".join(q for q in (parts.query, urlencode(params, doseq=True)) if q)
            parts = parts._replace(query=query)
        async with self._session.request(
            method.upper(),
            urlunsplit(parts),
            data=urlencode(data, doseq=True).encode() if data else None,
            headers={**(headers or {}), **(_basic(*auth) if auth else {})},
            timeout=aiohttp.ClientTimeout(total=timeout or self._timeout_s),
            allow_redirects=allow_redirects,
        ) as response:
            return Response(response.status, await response.text(), response.headers)

    async def close(self) -> None:
        if "_session" in self.__dict__:
            await self._session.close()


def _basic(user: str, password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + b64encode(f"{user}:{password}".encode()).decode()}


class RestTelephony:
    """Implements ``routing.ports.Telephony`` and ``Dialler``. Close it when the application stops."""

    def __init__(
        self, account: CarrierAccount, writer: TwimlWriter, own_phones: OwnPhones | None = None
    ) -> None:
        """*own_phones*: whom to ring elsewhere than in the browser."""
        self._account, self._writer = account, writer
        self._own_phones = own_phones or NoOwnPhones()
        self._http = CarrierHttp(account.carrier_url, account.timeout_s)
        self._client = Client(account.account_sid, account.auth_token, http_client=self._http)
        self._rooms: OrderedDict[str, str] = OrderedDict()  # contact -> ConferenceSid, of the latest talks

    async def ring(self, offer: Offer, card: Mapping[str, str], timeout_s: int) -> str:
        """Ring the lawyer into the contact's conference; *card* reaches the lawyer's browser and nobody
        else. One who is to be rung at a telephone of their own is, and nothing of the card is said there.
        """
        if number := await self._own_phones.number(offer.lawyer):
            return await self._ring_own_phone(offer, number, timeout_s)
        hides = {name for name, value in card.items() if _PHONE.fullmatch(value) and name[-3:] != "_ms"}
        shown = {name: masked(value) if name in hides else value for name, value in card.items()}
        fields = urlencode({"contact": offer.contact, **shown}, quote_via=quote)
        who = (("contact", offer.contact), ("lawyer", offer.lawyer))
        participant = await self._ask(
            self._client.conferences(offer.contact).participants.create_async(
                from_=self._account.number,
                to=f"client:{offer.lawyer}?{fields}",
                label=offer.lawyer,
                timeout=timeout_s,
                early_media=False,
                beep="false",
                start_conference_on_enter=True,
                end_conference_on_exit=False,
                wait_url="",
                status_callback=self._writer.url("/twilio/lawyer/status", who),
                status_callback_event=["ringing", "answered", "completed"],
                conference_status_callback=self._writer.url("/twilio/conference/status"),
                conference_status_callback_event=["start", "end", "join", "leave"],
            )
        )
        self._remember(offer.contact, participant.conference_sid)
        return str(participant.call_sid)

    async def _ring_own_phone(self, offer: Offer, number: str, timeout_s: int) -> str:
        who = (("contact", offer.contact), ("lawyer", offer.lawyer))
        call = await self._ask(
            self._client.calls.create_async(
                from_=self._account.caller_id or self._account.number,
                to=numbers.e164(number) or number,
                url=self._writer.step("own-phone", who),
                timeout=timeout_s,
                status_callback=self._writer.url("/twilio/lawyer/status", who),
                status_callback_event=["ringing", "answered", "completed"],
            )
        )
        await self._own_phones.rings(offer.lawyer, str(call.sid))
        return str(call.sid)

    async def call_caller(self, contact: str, number: str, timeout_s: int) -> str:
        """Ring *number* into the contact's conference, where its lawyer waits: ``routing.ports.Dialler``.

        Nothing is ever played to who picks up, nor to a mailbox: the first word is the lawyer's, who asks
        whom they have reached before saying from where they call.
        """
        participant = await self._ask(
            self._client.conferences(contact).participants.create_async(
                from_=self._account.caller_id or self._account.number,
                to=number,
                label="caller",
                timeout=timeout_s,
                early_media=False,
                beep="false",
                start_conference_on_enter=True,
                end_conference_on_exit=True,
                wait_url="",
                status_callback=self._writer.step("status"),
                status_callback_event=["completed"],
                conference_status_callback=self._writer.url("/twilio/conference/status"),
                conference_status_callback_event=["start", "end", "join", "leave"],
            )
        )
        self._remember(contact, participant.conference_sid)
        return str(participant.call_sid)

    async def end_leg(self, leg: str) -> None:
        await self._ask(self._client.calls(leg).update_async(status="completed"))

    async def bring_caller(self, contact: str) -> None:
        """Move the caller into the conference. Not again if they are in it: leaving, even to return, ends
        it.
        """
        if await self._is_in_room(contact):
            return
        twiml = document([self._writer.dial(contact)])
        await self._ask(self._client.calls(call_of(contact)).update_async(twiml=twiml))

    async def record(self, contact: str) -> str:
        recording = await self._ask(
            self._client.calls(call_of(contact)).recordings.create_async(
                recording_channels="dual",
                trim="do-not-trim",  # silence stays: the times of a transcript are the times of the talk
                recording_status_callback=self._writer.url("/twilio/recording/status"),
                recording_status_callback_event=["completed", "absent"],
            )
        )
        return str(recording.sid)

    async def send_caller(self, contact: str, step: str) -> None:
        url = self._writer.step(step)
        await self._ask(self._client.calls(call_of(contact)).update_async(url=url, method="POST"))

    async def hold_caller(self, contact: str, held: bool) -> None:
        room = await self._room(contact)
        if not room:
            raise CallGone(f"no conference of {contact}")
        hold_url = self._writer.step("hold")
        caller = self._client.conferences(room).participants("caller")
        await self._ask(
            caller.update_async(hold=True, hold_url=hold_url, hold_method="POST")
            if held
            else caller.update_async(hold=False)
        )

    async def call_guest(self, contact: str, guest: str, number: str, timeout_s: int) -> None:
        """Call an outside service into the room: ``x_<guest>`` there. CarrierRefused: no trunk."""
        await self._ask(
            (await self._people(contact)).create_async(
                from_=self._account.number,
                to=number,
                label=f"x_{guest}",
                timeout=timeout_s,
                early_media=False,
                beep="false",
                start_conference_on_enter=True,
                end_conference_on_exit=False,
                wait_url="",
            )
        )

    async def end_guest(self, contact: str, guest: str) -> None:
        await self._ask((await self._people(contact))(f"x_{guest}").delete_async())

    async def supervise(self, contact: str, supervisor: str, mode: str, lawyer: str, leg: str) -> None:
        """Ring the supervisor's browser into the contact's room, or change how it is there."""
        people = await self._people(contact)
        wishes = {"muted": mode == "listen", "coaching": mode == "whisper"}
        coach = {"call_sid_to_coach": leg} if mode == "whisper" else {}
        try:
            await self._ask(people(supervisor).update_async(**wishes, **coach))
        except CallGone:
            await self._ask(
                people.create_async(
                    from_=self._account.number,
                    to=f"client:{supervisor}?{urlencode({'contact': contact})}",
                    label=supervisor,
                    timeout=20,
                    early_media=False,
                    beep="false",
                    start_conference_on_enter=False,
                    end_conference_on_exit=False,
                    wait_url="",
                    **wishes,
                    **coach,
                )
            )
        await self._ask(people(lawyer).update_async(muted=mode == "take_over"))

    async def leave_room(self, contact: str, supervisor: str) -> None:
        await self._ask((await self._people(contact))(supervisor).delete_async())

    async def let_speak(self, contact: str, lawyer: str) -> None:
        await self._ask((await self._people(contact))(lawyer).update_async(muted=False))

    async def is_alive(self, contact: str) -> bool:
        return await self.leg_is_alive(call_of(contact))

    async def leg_is_alive(self, leg: str) -> bool:
        try:
            call = await self._ask(self._client.calls(leg).fetch_async())
        except CallGone:
            return False
        return str(call.status) in ALIVE

    async def recording_status(self, recording: str) -> str:
        """Return Twilio's status of a recording (completed, absent, ...); absent if it is unknown there."""
        try:
            found = await self._ask(self._client.recordings(recording).fetch_async())
        except CallGone:
            return "absent"
        return str(found.status)

    async def is_reachable(self) -> bool:
        """Does the carrier answer, and take our credentials?"""
        try:
            await self._ask(self._client.calls.list_async(limit=1, page_size=1))
        except AnxinError:
            return False
        return True

    async def calls_since(self, since: datetime) -> list[Any]:
        """Return the carrier's own list of calls that began at or after *since* (aware), newest first.

        Each has Twilio's sid, from_, to, status, direction, start_time and end_time.
        """
        return list(await self._ask(self._client.calls.list_async(start_time_after=since, page_size=500)))

    def warm(self) -> None:
        """Import what the client imports at its first use: 0.8 s that no caller should wait for."""
        _ = self._client.api.v2010.account, self._client.conferences, self._client.calls

    async def close(self) -> None:
        await self._http.close()

    async def _is_in_room(self, contact: str) -> bool:
        room = await self._room(contact)
        if not room:
            return False
        try:
            await self._ask(self._client.conferences(room).participants("caller").fetch_async())
        except CallGone:
            return False
        return True

    async def _people(self, contact: str) -> Any:
        """Return the participants of the contact's running conference. Another process may have opened it,
        so the carrier is asked. Raise CallGone.
        """
        self._rooms.pop(contact, None)
        room = await self._room(contact)
        if not room:
            raise CallGone(f"no conference of {contact}")
        return self._client.conferences(room).participants

    async def _room(self, contact: str) -> str:
        """Return the sid of the contact's running conference, '' if there is none."""
        if contact in self._rooms:
            return self._rooms[contact]
        listing = self._client.conferences.list_async(friendly_name=contact, status="in-progress", limit=1)
        running = await self._ask(listing)
        if not running:
            return ""
        self._remember(contact, running[0].sid)
        return str(running[0].sid)

    def _remember(self, contact: str, room: str) -> None:
        self._rooms[contact] = room  # a later talk of the same contact has a room, and a sid, of its own
        self._rooms.move_to_end(contact)
        if len(self._rooms) > 4096:
            self._rooms.popitem(last=False)

    async def _ask(self, request: Awaitable[T]) -> T:
        """Await one request of the client; its errors become ours."""
        try:
            return await request
        except TwilioRestException as error:
            if error.status == 404 or error.code == NOT_IN_PROGRESS:
                raise CallGone(str(error.msg)) from error
            raise CarrierRefused(f"{error.code}: {error.msg}") from error
        except TwilioException as error:
            raise CarrierRefused(str(error)) from error
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise CarrierUnreachable(
                f"{self._account.carrier_url or 'Twilio'}: {type(error).__name__}"
            ) from error
