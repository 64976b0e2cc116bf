"""A caller's phone line for the webhook tests: signs requests as the carrier does, and a scripted
switchboard.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import httpx2 as httpx
import pytest
from fastapi import FastAPI
from twilio.request_validator import RequestValidator

from config.ids import contact_of
from ivr.carrier import CarrierAccount
from ivr.data import load_rules, load_script
from ivr.detection import Earlier
from ivr.prompts import PromptLibrary
from ivr.webhooks import install
from routing.events import Fact
from routing.ports import Arrival, Contact, ContactState, Need, Place

ACCOUNT = CarrierAccount(
    account_sid="AC" + "a" * 32,
    auth_token="token-of-the-tests",
    public_url="https://hotline.example.cn",
    api_key_sid="SK" + "b" * 32,
    api_key_secret="secret-of-the-tests-" + "s" * 20,
    application_sid="AP" + "c" * 32,
)
CALL = "CA" + "1" * 32
LEG = "CA" + "2" * 32
CONTACT = contact_of(CALL)


class Clock:
    now = 1_000_000

    def now_ms(self) -> int:
        return self.now


@dataclass
class ScriptedSwitchboard:
    """Answers as routing does, with a state that the test sets; notes what was asked."""

    contacts: dict[str, Contact] = field(default_factory=dict)
    places: dict[str, Place] = field(default_factory=dict)
    asked: list[tuple[Any, ...]] = field(default_factory=list)
    trouble: Exception | None = None
    after_choice: ContactState = ContactState.WAITING
    after_wish: ContactState = ContactState.CALLBACK  # to be called back
    rejoins: bool = True

    def put(self, **changes: Any) -> Contact:
        contact = self.contacts.get(CONTACT) or Contact(
            CONTACT, ContactState.WAITING, "d_" + CONTACT[2:], "+8613800138000", "12348", "pstn", "", 1, 0
        )
        self.contacts[CONTACT] = replace(contact, **changes)
        return self.contacts[CONTACT]

    def _note(self, *what: Any) -> None:
        if self.trouble:
            raise self.trouble
        self.asked.append(what)

    async def arrive(self, arrival: Arrival) -> Contact:
        self._note("arrive", arrival)
        fields = {name: getattr(arrival, name) for name in Arrival.__slots__ if name != "contact"}
        if arrival.contact not in self.contacts:
            self.contacts[arrival.contact] = Contact(
                id=arrival.contact, state=ContactState.MENU, arrived_ms=0, **fields
            )
        return self.contacts[arrival.contact]

    async def choose(self, contact_id: str, need: Need) -> Contact:
        self._note("choose", contact_id, need)
        self.contacts[contact_id] = replace(self.contacts[contact_id], state=self.after_choice)
        return self.contacts[contact_id]

    async def contact(self, contact_id: str) -> Contact | None:
        if self.trouble:
            raise self.trouble
        return self.contacts.get(contact_id)

    async def place(self, contact_id: str) -> Place | None:
        return self.places.get(contact_id, Place(3, 2, 240_000, 4))

    async def still_here(self, contact_id: str) -> None:
        self._note("still_here", contact_id)

    async def callback_chosen(self, contact_id: str, number: str = "", *, reason: str = "chosen") -> Contact:
        self._note("callback_chosen", contact_id, number, *([] if reason == "chosen" else [reason]))
        kept = number or self.contacts[contact_id].callback_number
        self.contacts[contact_id] = replace(
            self.contacts[contact_id], state=self.after_wish, callback_number=kept
        )
        return self.contacts[contact_id]

    async def call_wanted(self, arrival: Arrival) -> bool:
        await self.arrive(arrival)
        self.contacts[arrival.contact] = replace(
            self.contacts[arrival.contact], state=ContactState.CALLBACK, callback="k_1"
        )
        return True

    async def leg_answered(self, contact_id: str, lawyer_id: str) -> None:
        self._note("leg_answered", contact_id, lawyer_id)

    async def leg_ended(self, contact_id: str, lawyer_id: str, outcome: str) -> None:
        self._note("leg_ended", contact_id, lawyer_id, outcome)

    async def rejoin(self, contact_id: str, lawyer_id: str, leg: str) -> bool:
        self._note("rejoin", contact_id, lawyer_id, leg)
        return self.rejoins

    async def guest_news(self, contact_id: str, guest: str, state: str) -> None:
        self._note("guest_news", contact_id, guest, state)

    async def caller_left(self, contact_id: str, outcome: str) -> None:
        self._note("caller_left", contact_id, outcome)

    async def caller_joined(self, contact_id: str, leg: str) -> None:
        self._note("caller_joined", contact_id, leg)

    async def supervisor_left(self, contact_id: str, supervisor: str, *, unheard: bool) -> None:
        self._note("supervisor_left", contact_id, supervisor, unheard)

    async def record(self, fact: Fact) -> None:
        self._note("record", fact)

    def effects(self) -> list[tuple[Any, ...]]:
        return [what for what in self.asked if what[0] != "still_here"]


class KnownCallers:
    def __init__(self) -> None:
        self.known: dict[str, Earlier] = {}

    async def earlier(self, from_number: str) -> Earlier:
        return self.known.get(from_number, Earlier())


@dataclass
class Line:
    """The carrier's side of one call."""

    http: httpx.AsyncClient
    board: ScriptedSwitchboard
    callers: KnownCallers
    clock: Clock
    recordings: list[tuple[Any, ...]]

    async def post(
        self, url: str, _sign_as: str = "", _headers: dict[str, str] | None = None, **fields: str
    ) -> Any:
        """Send a signed webhook; *url* is a path, or a whole URL from our TwiML."""
        full = url if url.startswith("http") else ACCOUNT.public_url + url
        form = {"AccountSid": ACCOUNT.account_sid, "CallSid": CALL, "CallStatus": "in-progress", **fields}
        signature = RequestValidator(ACCOUNT.auth_token).compute_signature(_sign_as or full, form)
        headers = {"X-Twilio-Signature": signature, **(_headers or {})}
        path = full.removeprefix(ACCOUNT.public_url)
        return await self.http.post(path, data=form, headers=headers)

    async def step(self, url: str, **fields: str) -> ET.Element:
        """Send a webhook and return its TwiML."""
        answer = await self.post(url, **fields)
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"].startswith("text/xml")
        return ET.fromstring(answer.text)

    async def dial(self, **fields: str) -> ET.Element:
        given = {"From": "+8613800138000", "To": "12348", "CallStatus": "ringing", **fields}
        return await self.step("/twilio/voice/incoming", **given)


def clips(twiml: ET.Element) -> list[str]:
    """Return the utterances a document plays, in order."""
    return [(play.text or "").split("/prompts/")[1].split(".wav")[0] for play in twiml.iter("Play")]


def action(twiml: ET.Element) -> str:
    return twiml.find("Gather").attrib["action"]  # type: ignore[union-attr]


def redirect(twiml: ET.Element) -> str:
    return twiml.find("Redirect").text or ""  # type: ignore[union-attr]


@pytest.fixture(scope="session")
def library() -> PromptLibrary:
    return PromptLibrary()


@pytest.fixture
async def line(library: PromptLibrary) -> AsyncIterator[Line]:
    board, callers, clock, recordings = ScriptedSwitchboard(), KnownCallers(), Clock(), []

    async def on_recording(*what: Any) -> None:
        recordings.append(what)

    app = FastAPI()
    install(
        app, board, ACCOUNT, script=load_script(library), rules=load_rules(), library=library,
        history=callers, recordings=on_recording, clock=clock,
    )  # fmt: skip
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://10.0.0.7:8000") as http:
        yield Line(http, board, callers, clock, recordings)


ROOT = Path(__file__).parents[2]
