"""A lawyer's own telephone: only a key lets it in, only as long as it is its turn."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from ivr.telephony import RestTelephony
from ivr.twiml import TwimlWriter
from routing.ports import ContactState, Offer

from .conftest import ACCOUNT, CONTACT, LEG, Line, action, clips, redirect
from .test_telephony import Api

STEP = f"/twilio/voice/own-phone?contact={CONTACT}&lawyer=u_7"


@pytest.fixture
def offered(line: Line) -> Line:
    line.board.put(state=ContactState.OFFERED, lawyer="u_7", leg=LEG)
    return line


async def test_1_takes_the_call_and_walks_into_its_room(offered: Line) -> None:
    asked = await offered.step(STEP, CallSid=LEG, From="12348")
    assert clips(asked) == ["own-phone"]
    assert offered.board.effects() == []
    twiml = await offered.step(action(asked), CallSid=LEG, Digits="1")
    room = twiml.find("Dial/Conference")
    assert room is not None
    assert (room.text, room.get("participantLabel"), room.get("endConferenceOnExit")) == (
        CONTACT, "u_7", "false",
    )  # fmt: skip
    assert room.get("statusCallback") == f"{ACCOUNT.public_url}/twilio/conference/status"
    assert offered.board.effects() == [("leg_answered", CONTACT, "u_7")]


@pytest.mark.parametrize(("pressed", "outcome"), [("2", "busy"), ("", "no-answer"), ("9", "no-answer")])
async def test_a_mailbox_presses_nothing_and_is_never_put_through(
    offered: Line, pressed: str, outcome: str
) -> None:
    asked = await offered.step(STEP, CallSid=LEG)
    then = action(asked) if pressed else redirect(asked)
    twiml = await offered.step(then, CallSid=LEG, Digits=pressed)
    assert [verb.tag for verb in twiml] == ["Hangup"]
    assert offered.board.effects() == [("leg_ended", CONTACT, "u_7", outcome)]


async def test_who_picks_up_too_late_hears_so_and_changes_nothing(offered: Line) -> None:
    offered.board.put(lawyer="u_8", leg="CA" + "9" * 32)
    twiml = await offered.step(STEP, CallSid=LEG)
    assert (clips(twiml), twiml[-1].tag) == (["own-phone-late"], "Hangup")
    twiml = await offered.step(f"{STEP}&asked=1", CallSid=LEG, Digits="1")
    assert twiml[-1].tag == "Hangup"
    assert offered.board.effects() == []


async def test_nonsense_in_the_address_is_refused(line: Line) -> None:
    answer = await line.post("/twilio/voice/own-phone?contact=x&lawyer=u_7", CallSid=LEG)
    assert answer.status_code == 400


class Everybody:
    """Whoever it is, they are rung at this number."""

    def __init__(self) -> None:
        self.legs: dict[str, str] = {}

    async def number(self, lawyer: str) -> str:
        return "13900000815"

    async def rings(self, lawyer: str, leg: str) -> None:
        self.legs[lawyer] = leg


@pytest.fixture
async def api() -> AsyncIterator[tuple[Api, RestTelephony, Everybody]]:
    api, own_phones, app = Api(), Everybody(), web.Application()
    app.router.add_route("*", "/base/{rest:.*}", api.handle)
    async with TestServer(app) as server:
        account = replace(ACCOUNT, carrier_url=str(server.make_url("/base")), timeout_s=0.5)
        telephony = RestTelephony(account, TwimlWriter(ACCOUNT.public_url, lambda: "v"), own_phones)
        yield api, telephony, own_phones
        await telephony.close()


async def test_the_number_is_rung_and_nothing_of_the_caller_is_in_the_call(
    api: tuple[Api, RestTelephony, Everybody],
) -> None:
    carrier, telephony, own_phones = api
    carrier.answers["POST", "Calls.json"] = (201, {"sid": LEG})
    card: Mapping[str, str] = {"from": "+8613812342210", "prefecture": "昆明市"}
    assert await telephony.ring(Offer(CONTACT, "u_7", 0), card, 17) == LEG
    form = dict(carrier.asked[0][2])
    assert (form["To"], form["From"], form["Timeout"]) == ("+8613900000815", "12348", "17")
    address = urlsplit(form["Url"])
    assert address.path == "/twilio/voice/own-phone"
    assert parse_qs(address.query) == {"contact": [CONTACT], "lawyer": ["u_7"]}
    assert form["StatusCallback"].startswith("https://hotline.example.cn/twilio/lawyer/status?")
    assert "2210" not in str(carrier.asked)
    assert own_phones.legs == {"u_7": LEG}
