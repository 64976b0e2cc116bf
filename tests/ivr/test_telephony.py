"""Telephony over REST: what is sent, and what each answer means. The far side stands in for Twilio's API."""

from base64 import b64encode
from collections.abc import AsyncIterator
from dataclasses import replace
from urllib.parse import parse_qsl

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from ivr.telephony import CarrierRefused, CarrierUnreachable, RestTelephony
from ivr.twiml import TwimlWriter
from routing.ports import CallGone, Offer

from .conftest import ACCOUNT, CALL, CONTACT, LEG

ROOM = "CF" + "3" * 32
OFFER = Offer(CONTACT, "u_17", 0)


class Api:
    """Twilio's REST API as far as a test scripts it: answers by method and path, and a list of what was
    asked.
    """

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, list[tuple[str, str]]]] = []
        self.answers: dict[tuple[str, str], tuple[int, dict[str, object]]] = {}
        self.auth = ""

    async def handle(self, request: web.Request) -> web.Response:
        path = request.path.split("/Accounts/")[1].split("/", 1)[1]
        form = parse_qsl(await request.text(), keep_blank_values=True)
        self.asked.append((request.method, path, form or parse_qsl(request.query_string)))
        self.auth = request.headers["Authorization"]
        missing = (404, {"code": 20404, "message": "not found", "status": 404})
        status, body = self.answers.get((request.method, path), missing)
        return web.json_response(body, status=status)


@pytest.fixture
def api() -> Api:
    return Api()


@pytest.fixture
async def telephony(api: Api) -> AsyncIterator[RestTelephony]:
    app = web.Application()
    app.router.add_route("*", "/base/{rest:.*}", api.handle)
    async with TestServer(app) as server:
        account = replace(ACCOUNT, carrier_url=str(server.make_url("/base")), timeout_s=0.5)
        telephony = RestTelephony(account, TwimlWriter(ACCOUNT.public_url, lambda: "v"))
        yield telephony
        await telephony.close()


CARD = {
    "number": "+8613812342210",
    "prefecture": "昆明市",
    "digit": "1",
    "waiting_since_ms": "1764000000000",
}


async def test_a_caller_is_rung_into_the_room_where_the_lawyer_waits_and_hears_nothing_of_us(
    telephony: RestTelephony, api: Api
) -> None:
    api.answers["POST", f"Conferences/{CONTACT}/Participants.json"] = (
        201,
        {"call_sid": LEG, "conference_sid": ROOM, "status": "queued"},
    )
    assert await telephony.call_caller(CONTACT, "+8613800138000", 40) == LEG

    form = dict(api.asked[0][2])
    assert (form["To"], form["From"], form["Label"]) == ("+8613800138000", "12348", "caller")
    assert (form["EndConferenceOnExit"], form["EarlyMedia"], form["Beep"]) == ("true", "false", "false")
    assert (form["Timeout"], form["WaitUrl"]) == ("40", "")
    assert form["StatusCallback"] == "https://hotline.example.cn/twilio/voice/status"
    assert not {"Twiml", "Url", "Record"} & form.keys()


async def test_ringing_puts_the_lawyer_into_the_contacts_room_with_the_card(
    telephony: RestTelephony, api: Api
) -> None:
    """The card holds no full number, whoever fills it in."""
    path = f"Conferences/{CONTACT}/Participants.json"
    api.answers["POST", path] = (201, {"call_sid": LEG, "conference_sid": ROOM, "label": "u_17"})

    leg = await telephony.ring(OFFER, CARD, 20)

    form = dict(api.asked[0][2])
    assert leg == LEG
    client, _, fields = form["To"].partition("?")
    assert client == "client:u_17"
    assert parse_qsl(fields) == [
        ("contact", CONTACT),
        ("number", "138****2210"),
        ("prefecture", "昆明市"),
        ("digit", "1"),
        ("waiting_since_ms", "1764000000000"),
    ]
    assert (form["Label"], form["Timeout"], form["From"]) == ("u_17", "20", "12348")
    assert (form["EarlyMedia"], form["Beep"], form["EndConferenceOnExit"]) == ("false", "false", "false")
    events = [value for name, value in api.asked[0][2] if name == "ConferenceStatusCallbackEvent"]
    assert events == ["start", "end", "join", "leave"]
    assert api.auth == "Basic " + b64encode(f"{ACCOUNT.account_sid}:{ACCOUNT.auth_token}".encode()).decode()


async def test_bringing_the_caller_moves_the_leg_into_the_room(telephony: RestTelephony, api: Api) -> None:
    api.answers["GET", "Conferences.json"] = (200, {"conferences": []})
    api.answers["POST", f"Calls/{CALL}.json"] = (200, {"sid": CALL})

    await telephony.bring_caller(CONTACT)

    assert f">{CONTACT}</Conference>" in dict(api.asked[-1][2])["Twiml"]


async def test_a_caller_who_is_in_the_room_is_not_moved_again(telephony: RestTelephony, api: Api) -> None:
    """Leaving to come back would end the room, and drop the lawyer."""
    api.answers["GET", "Conferences.json"] = (200, {"conferences": [{"sid": ROOM}]})
    api.answers["GET", f"Conferences/{ROOM}/Participants/caller.json"] = (200, {"label": "caller"})

    await telephony.bring_caller(CONTACT)

    assert [method for method, _, _ in api.asked] == ["GET", "GET"]


async def test_the_recording_is_dual_and_keeps_its_silences(telephony: RestTelephony, api: Api) -> None:
    api.answers["POST", f"Calls/{CALL}/Recordings.json"] = (201, {"sid": "RE" + "4" * 32})

    assert await telephony.record(CONTACT) == "RE" + "4" * 32

    form = dict(api.asked[0][2])
    assert (form["RecordingChannels"], form["Trim"]) == ("dual", "do-not-trim")


async def test_steps_holding_and_hanging_up_use_the_contract(telephony: RestTelephony, api: Api) -> None:
    api.answers["POST", f"Calls/{CALL}.json"] = (200, {"sid": CALL})
    api.answers["POST", f"Calls/{LEG}.json"] = (200, {"sid": LEG})
    api.answers["GET", "Conferences.json"] = (200, {"conferences": [{"sid": ROOM}]})
    api.answers["POST", f"Conferences/{ROOM}/Participants/caller.json"] = (200, {"label": "caller"})

    await telephony.send_caller(CONTACT, "goodbye")
    await telephony.end_leg(LEG)
    await telephony.hold_caller(CONTACT, held=True)
    await telephony.hold_caller(CONTACT, held=False)

    assert dict(api.asked[0][2])["Url"] == ACCOUNT.public_url + "/twilio/voice/goodbye"
    assert dict(api.asked[1][2]) == {"Status": "completed"}
    assert dict(api.asked[3][2])["HoldUrl"] == ACCOUNT.public_url + "/twilio/voice/hold"
    assert dict(api.asked[4][2]) == {"Hold": "false"}


@pytest.mark.parametrize(
    ("status", "alive"), [("ringing", True), ("in-progress", True), ("completed", False)]
)
async def test_a_leg_is_alive_until_it_ended(
    telephony: RestTelephony, api: Api, status: str, alive: bool
) -> None:
    api.answers["GET", f"Calls/{CALL}.json"] = (200, {"sid": CALL, "status": status})

    assert await telephony.is_alive(CONTACT) is alive


async def test_a_recording_that_the_carrier_does_not_know_holds_nothing(
    telephony: RestTelephony, api: Api
) -> None:
    known = "RE" + "3" * 32
    api.answers["GET", f"Recordings/{known}.json"] = (200, {"sid": known, "status": "completed"})

    assert await telephony.recording_status(known) == "completed"
    assert await telephony.recording_status("RE" + "4" * 32) == "absent"


async def test_an_unknown_leg_is_not_alive(telephony: RestTelephony) -> None:
    assert await telephony.is_alive(CONTACT) is False


@pytest.mark.parametrize(("status", "code"), [(404, 20404), (400, 21220)])
async def test_a_leg_that_ended_meanwhile_is_normal(
    telephony: RestTelephony, api: Api, status: int, code: int
) -> None:
    api.answers["POST", f"Calls/{LEG}.json"] = (status, {"code": code, "message": "gone", "status": status})

    with pytest.raises(CallGone):
        await telephony.end_leg(LEG)


async def test_holding_somebody_who_is_in_no_room_is_normal(telephony: RestTelephony, api: Api) -> None:
    api.answers["GET", "Conferences.json"] = (200, {"conferences": []})

    with pytest.raises(CallGone):
        await telephony.hold_caller(CONTACT, held=True)


async def test_a_refusal_names_the_carriers_code(telephony: RestTelephony, api: Api) -> None:
    api.answers["POST", f"Calls/{LEG}.json"] = (400, {"code": 21205, "message": "bad Url", "status": 400})

    with pytest.raises(CarrierRefused, match="21205"):
        await telephony.end_leg(LEG)


async def test_a_carrier_that_is_not_there_may_be_asked_again() -> None:
    account = replace(ACCOUNT, carrier_url="http://127.0.0.1:9", timeout_s=0.5)
    telephony = RestTelephony(account, TwimlWriter(ACCOUNT.public_url, lambda: "v"))

    with pytest.raises(CarrierUnreachable) as caught:
        await telephony.end_leg(LEG)
    await telephony.close()

    assert caught.value.retryable


async def test_without_a_base_address_requests_go_to_twilio() -> None:
    """There is no network in the tests: the error names who was not reached."""
    telephony = RestTelephony(replace(ACCOUNT, timeout_s=0.2), TwimlWriter(ACCOUNT.public_url, lambda: "v"))

    with pytest.raises(CarrierUnreachable, match="Twilio"):
        await telephony.end_leg(LEG)
    await telephony.close()
