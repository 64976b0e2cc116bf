"""Lines 8, 9, 11, 15-22: callbacks, signatures, retries, fallback, TwiML."""

import asyncio
import time

import pytest
from aiohttp import web
from twilio.request_validator import RequestValidator
from twilio.rest import Client

from carrier.app import Carrier
from tests.carrier.fakes import FakePhones
from tests.carrier.harness import TOKEN, Application, Request

from .asking import ask

PAUSE = '<Response><Pause length="60"/></Response>'
HANGUP = "<Response><Hangup/></Response>"


async def test_08_without_events_there_is_one_callback(
    client: Client, phones: FakePhones, application: Application, carrier: Carrier
) -> None:
    phones.picks_up.add("client:u")
    await ask(
        client.calls.create,
        to="client:u",
        from_="+8612348",
        twiml=HANGUP,
        status_callback=f"{application.url}/s",
    )
    final = await application.got("/s")
    await carrier.network.webhooks.settle()
    assert final.params["CallStatus"] == "completed"
    assert final.params["CallDuration"] == "0"
    assert final.params["SequenceNumber"] == "0"
    assert final.params["CallbackSource"] == "call-progress-events"
    assert len(application.of("/s")) == 1


async def test_09_with_all_events_there_are_four_in_sequence(
    client: Client, phones: FakePhones, application: Application
) -> None:
    phones.picks_up.add("client:u")
    await ask(
        client.calls.create,
        to="client:u",
        from_="+8612348",
        twiml=HANGUP,
        status_callback=f"{application.url}/s",
        status_callback_event=["initiated", "ringing", "answered", "completed"],
    )
    await application.got("/s", 4)
    by_sequence = sorted(application.of("/s"), key=lambda r: int(r.params["SequenceNumber"]))
    assert [(r.params["SequenceNumber"], r.params["CallStatus"]) for r in by_sequence] == [
        ("0", "initiated"),
        ("1", "ringing"),
        ("2", "in-progress"),
        ("3", "completed"),
    ]


async def test_11_update_with_twiml_runs_within_a_second(
    client: Client, phones: FakePhones, application: Application
) -> None:
    application.replies["/voice"] = '<Response><Play loop="0">/long.wav</Play><Pause length="60"/></Response>'
    caller = phones.call()
    await asyncio.wait_for(caller.up.wait(), 5)
    began = time.monotonic()
    await ask(
        client.calls(caller.call_sid).update,
        twiml=f"<Response><Redirect>{application.url}/next</Redirect></Response>",
    )
    await application.got("/next")
    assert time.monotonic() - began < 1


async def test_11_update_with_url_and_method_fetches_it(
    client: Client, phones: FakePhones, application: Application
) -> None:
    application.replies["/voice"] = '<Response><Play>/none.wav</Play><Pause length="60"/></Response>'
    caller = phones.call()
    await asyncio.wait_for(caller.up.wait(), 5)
    await ask(client.calls(caller.call_sid).update, url=f"{application.url}/next?a=1", method="GET")
    request = await application.got("/next")
    assert request.method == "GET"
    assert request.params["a"] == "1"
    assert request.params["CallSid"] == caller.call_sid


async def test_15_the_validator_accepts_any_webhook(
    client: Client, phones: FakePhones, application: Application
) -> None:
    """Incoming, Gather action with a query, GET redirect, fetched audio, status: all signed."""
    application.replies |= {
        "/voice": '<Response><Play>/a%20b.wav</Play><Gather numDigits="1" action="/key?x=%E5%AE%89&amp;y=">'
        '<Pause length="30"/></Gather></Response>',
        "/key": '<Response><Redirect method="GET">/get?z=1</Redirect></Response>',
        "/get": HANGUP,
    }
    caller = phones.call(params={"SipHeader_X-Name": "安心 +&=%", "Empty": ""})
    await asyncio.wait_for(caller.up.wait(), 5)
    await application.got("/a b.wav")
    while not application.of("/key"):
        caller.press("1")
        await asyncio.sleep(0.01)
    await application.got("/status")
    validator = RequestValidator(TOKEN)
    for request in application.requests:
        sent = request.params if request.method == "POST" else {}
        assert validator.validate(request.url, sent, request.headers["X-Twilio-Signature"]), request.path
    assert {r.path for r in application.requests} == {"/voice", "/a b.wav", "/key", "/get", "/status"}


async def test_16_the_validator_refuses_a_changed_field(phones: FakePhones, application: Application) -> None:
    phones.call()
    request = await application.got("/voice")
    signed = request.headers["X-Twilio-Signature"]
    validator = RequestValidator(TOKEN)
    assert not validator.validate(request.url, request.params | {"From": "+861"}, signed)
    assert not validator.validate(request.url + "?a=1", request.params, signed)
    assert not validator.validate(request.url, request.params | {"More": ""}, signed)


async def call_with(client: Client, phones: FakePhones, url: str, **more: object) -> None:
    phones.picks_up.add("client:u")
    await ask(client.calls.create, to="client:u", from_="+8612348", url=url, **more)


async def test_17_rc_2_rp_5xx_and_503_are_three_attempts_with_one_token(
    client: Client, phones: FakePhones, application: Application
) -> None:
    application.replies |= {"/u": web.Response(status=503), "/f": HANGUP}
    await call_with(client, phones, f"{application.url}/u#rc=2&rp=5xx", fallback_url=f"{application.url}/f")
    await application.got("/f")
    attempts = application.of("/u")
    assert len(attempts) == 3
    assert len({r.headers["I-Twilio-Idempotency-Token"] for r in attempts}) == 1
    assert application.of("/f")[0].headers["I-Twilio-Idempotency-Token"] not in {
        r.headers["I-Twilio-Idempotency-Token"] for r in attempts
    }


async def test_18_by_default_a_500_is_not_tried_again_but_falls_back(
    client: Client, phones: FakePhones, application: Application
) -> None:
    application.replies |= {"/u": web.Response(status=500), "/f": HANGUP}
    await call_with(client, phones, f"{application.url}/u", fallback_url=f"{application.url}/f")
    fallback = await application.got("/f", ErrorCode="11217")
    assert fallback.params["ErrorUrl"] == f"{application.url}/u"
    assert fallback.params["CallStatus"] == "in-progress"
    assert len(application.of("/u")) == 1


async def test_19_broken_xml_falls_back_with_12100(phones: FakePhones, application: Application) -> None:
    application.replies |= {"/voice": "<Response><Play>", "/fallback": HANGUP}
    caller = phones.call()
    await application.got("/fallback", ErrorCode="12100")
    await asyncio.wait_for(caller.over.wait(), 5)


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        (web.Response(text="hello", content_type="text/plain"), "12300"),
        (web.Response(text="not a wav", content_type="audio/wav"), "12300"),
        ("<!DOCTYPE x [<!ENTITY a 'b'>]><Response>&a;</Response>", "12100"),
        ("<Answer/>", "12100"),
    ],
)
async def test_19_what_is_no_twiml_falls_back(
    phones: FakePhones, application: Application, reply: str | web.Response, code: str
) -> None:
    application.replies |= {"/voice": reply, "/fallback": HANGUP}
    phones.call()
    await application.got("/fallback", ErrorCode=code)


async def test_20_without_a_fallback_there_is_a_message_and_a_hang_up(
    phones: FakePhones, application: Application
) -> None:
    application.replies["/voice"] = web.Response(status=404)
    caller = phones.call(to="95598")
    await asyncio.wait_for(caller.over.wait(), 5)
    assert caller.up.is_set()
    assert len(caller.port.played[-1].frames) > 25
    await application.got("/status", CallStatus="completed")


@pytest.mark.parametrize(("fragment", "seconds"), [("#tt=600", 0.6), ("", 15.0)])
async def test_21_an_application_silent_for_15_s_falls_back(
    client: Client, phones: FakePhones, application: Application, fragment: str, seconds: float
) -> None:
    """15 s is what Twilio waits where the URL says nothing else."""
    release = asyncio.Event()

    async def silent(request: Request) -> web.Response:
        await release.wait()
        return web.Response()

    application.replies |= {"/u": silent, "/f": HANGUP}
    began = time.monotonic()
    await call_with(client, phones, f"{application.url}/u{fragment}", fallback_url=f"{application.url}/f")
    fallback = await application.got("/f", seconds=seconds + 10)
    release.set()
    assert fallback.params["ErrorCode"] == "11200"
    assert time.monotonic() - began >= seconds


async def test_22_without_a_key_the_next_verb_follows_or_the_empty_action(
    phones: FakePhones, application: Application
) -> None:
    application.replies |= {
        "/voice": '<Response><Gather timeout="0" action="/never"/><Redirect>/next</Redirect></Response>',
        "/next": '<Response><Gather timeout="0" action="/empty" actionOnEmptyResult="true"/></Response>',
        "/empty": HANGUP,
    }
    phones.call()
    empty = await application.got("/empty")
    assert empty.params["Digits"] == ""
    assert application.of("/never") == []


async def test_22_finish_on_key_alone_counts_as_no_key(phones: FakePhones, application: Application) -> None:
    application.replies |= {
        "/voice": '<Response><Gather action="/never"><Pause length="30"/></Gather>'
        "<Redirect>/next</Redirect></Response>",
        "/next": HANGUP,
    }
    caller = phones.call()
    await asyncio.wait_for(caller.up.wait(), 5)
    await asyncio.sleep(0)
    while not application.of("/next"):
        caller.press("#")
        await asyncio.sleep(0.01)
    assert application.of("/never") == []


async def test_22_keys_are_collected_until_the_finishing_key(
    phones: FakePhones, application: Application
) -> None:
    application.replies |= {
        "/voice": '<Response><Gather action="/keys" finishOnKey="*"><Pause length="30"/></Gather></Response>',
        "/keys": HANGUP,
    }
    caller = phones.call()
    await asyncio.wait_for(caller.up.wait(), 5)
    while caller.listener.on_digit is None:  # type: ignore[union-attr]
        await asyncio.sleep(0.005)
    caller.press("12#3*")
    keys = await application.got("/keys")
    assert (keys.params["Digits"], keys.params["FinishedOnKey"]) == ("12#3", "*")
