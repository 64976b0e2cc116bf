"""Lines 1-7, 10, 12-14: credentials, errors, calls."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from twilio.rest import Client
from twilio.rest.api.v2010.account.call import CallInstance

from carrier.app import Carrier
from tests.carrier.fakes import FakePhones
from tests.carrier.harness import ACCOUNT, KEY, SECRET, Application, twilio_client, until

from .asking import ask, raw, refused, schema_keys

PAUSE = '<Response><Pause length="60"/></Response>'
CALLS = f"/2010-04-01/Accounts/{ACCOUNT}/Calls.json"


async def test_01_a_wrong_token_is_401_20003(carrier: Carrier) -> None:
    error = await refused(twilio_client(carrier.http, ACCOUNT, "wrong").calls("CA" + "0" * 32).fetch)
    assert (error.status, error.code) == (401, 20003)


async def test_01_an_api_key_with_its_secret_is_as_good_as_the_token(carrier: Carrier) -> None:
    assert await ask(twilio_client(carrier.http, KEY, SECRET).calls.list) == []


async def test_02_no_credentials_are_401_with_www_authenticate(carrier: Carrier) -> None:
    status, body, headers = await raw(carrier, "GET", CALLS, anonymous=True)
    assert (status, body["code"]) == (401, 20003)
    assert headers["WWW-Authenticate"].startswith("Basic ")


@pytest.mark.parametrize("header", ["Basic", "Basic !!!", "Bearer x", "Basic " + "QUM="])
async def test_02_broken_credentials_are_401_too(carrier: Carrier, header: str) -> None:
    status, body, _ = await raw(carrier, "GET", CALLS, headers={"Authorization": header})
    assert (status, body["code"]) == (401, 20003)


async def test_03_an_unknown_sid_is_404_20404(client: Client) -> None:
    unknown = "0" * 32
    for method in (
        client.calls("CA" + unknown).fetch,
        client.conferences("CF" + unknown).fetch,
        client.conferences("CF" + unknown).participants("CA" + unknown).fetch,
        client.recordings("RE" + unknown).fetch,
        client.recordings("RE" + unknown).delete,
    ):
        error = await refused(method)
        assert (error.status, error.code) == (404, 20404)


async def test_04_an_error_has_code_message_more_info_and_status(carrier: Carrier) -> None:
    status, body, _ = await raw(carrier, "GET", CALLS.replace(".json", "/CA" + "0" * 32 + ".json"))
    assert status == 404
    assert body.keys() == {"code", "message", "more_info", "status"}
    assert body["more_info"] == "https://www.twilio.com/docs/errors/20404"


async def test_04_an_unknown_path_is_404_and_a_wrong_method_405(carrier: Carrier) -> None:
    status, body, _ = await raw(carrier, "GET", f"/2010-04-01/Accounts/{ACCOUNT}/Queues.json")
    assert (status, body["code"]) == (404, 20404)
    status, body, _ = await raw(carrier, "DELETE", CALLS)
    assert (status, body["code"]) == (405, 20004)
    status, body, _ = await raw(carrier, "GET", CALLS.replace(ACCOUNT, "AC" + "f" * 32))
    assert (status, body["code"]) == (404, 20404)


async def test_05_a_missing_to_from_or_url_has_its_own_code(client: Client, carrier: Carrier) -> None:
    url = "http://127.0.0.1:9/"
    assert (await refused(client.calls.create, to="", from_="+861", url=url)).code == 21201
    assert (await refused(client.calls.create, to="client:u", from_="", url=url)).code == 21213
    assert (await refused(client.calls.create, to="client:u", from_="+861")).code == 21205
    assert (await refused(client.calls.create, to="client:u", from_="+861", url="nowhere")).code == 21205
    assert (await refused(client.calls.create, to="client:", from_="+861", url=url)).code == 21211
    assert (await refused(client.calls.create, to="+86-call-me", from_="+861", url=url)).code == 21211
    assert await ask(client.calls.list) == []


@pytest.mark.parametrize("to", ["client:u_17?c=c_9", "sip:bob@127.0.0.1:5090", "+8613800000001"])
async def test_06_create_answers_201_with_the_whole_schema_and_queued(
    carrier: Carrier, phones: FakePhones, to: str
) -> None:
    phones.reachable.add(to.partition("?")[0])
    status, body, _ = await raw(carrier, "POST", CALLS, data={"To": to, "From": "+8612348", "Twiml": PAUSE})
    assert status == 201
    assert schema_keys(CallInstance) <= body.keys()
    assert (body["status"], body["direction"], body["to"]) == ("queued", "outbound-api", to.partition("?")[0])
    phone = await asyncio.wait_for(phones.dialled.get(), 5)
    assert phone.params == ({"c": "c_9"} if "?" in to else {})


async def test_07_an_unregistered_client_ends_no_answer_or_failed(
    client: Client, application: Application
) -> None:
    call = await ask(
        client.calls.create,
        to="client:nobody",
        from_="+8612348",
        twiml=PAUSE,
        status_callback=f"{application.url}/s",
    )
    final = await application.got("/s")
    assert final.params["CallStatus"] in {"no-answer", "failed"}
    assert (await ask(client.calls(call.sid).fetch)).status == final.params["CallStatus"]


async def test_10_an_update_of_an_ended_call_is_400_21220(
    client: Client, phones: FakePhones, application: Application
) -> None:
    application.replies["/voice"] = PAUSE
    caller = phones.call()
    await asyncio.wait_for(application.got("/voice"), 5)
    caller.hang_up()
    error = await refused(client.calls(caller.call_sid).update, twiml=PAUSE)
    assert (error.status, error.code) == (400, 21220)
    error = await refused(client.calls(caller.call_sid).update, status="completed")
    assert (error.status, error.code) == (400, 21220)


async def test_10_a_redirect_of_a_call_that_still_rings_is_400_21220(
    client: Client, phones: FakePhones
) -> None:
    phones.reachable.add("client:u")
    call = await ask(client.calls.create, to="client:u", from_="+8612348", twiml=PAUSE)
    assert (await refused(client.calls(call.sid).update, twiml=PAUSE)).code == 21220


async def test_12_status_completed_completes_with_a_string_duration(
    client: Client, phones: FakePhones, carrier: Carrier
) -> None:
    phones.picks_up.add("client:u")
    call = await ask(client.calls.create, to="client:u", from_="+8612348", twiml=PAUSE)
    phone = await asyncio.wait_for(phones.dialled.get(), 5)
    await ask(client.calls(call.sid).update, status="completed")
    await asyncio.wait_for(phone.over.wait(), 5)
    _, body, _ = await raw(carrier, "GET", CALLS.replace(".json", f"/{call.sid}.json"))
    assert (body["status"], body["duration"]) == ("completed", "0")
    assert body["end_time"].endswith("+0000")


async def test_13_cancel_while_ringing_is_canceled_and_tells_the_phone(
    client: Client, phones: FakePhones
) -> None:
    phones.reachable.add("client:u")
    call = await ask(client.calls.create, to="client:u", from_="+8612348", twiml=PAUSE)
    phone = await asyncio.wait_for(phones.dialled.get(), 5)
    await ask(client.calls(call.sid).update, status="canceled")
    await asyncio.wait_for(phone.over.wait(), 5)
    assert phone.cause == "canceled"
    assert (await ask(client.calls(call.sid).fetch)).status == "canceled"


async def test_14_page_size_one_gives_each_call_once(client: Client, phones: FakePhones) -> None:
    made = [
        (await ask(client.calls.create, to="client:nobody", from_="+8612348", twiml=PAUSE)).sid
        for _ in range(5)
    ]
    listed = [c.sid for c in await ask(client.calls.list, page_size=1)]
    assert listed == made[::-1]


async def test_14_a_call_that_begins_between_two_pages_neither_repeats_nor_hides_one(
    client: Client,
) -> None:
    async def create() -> str:
        sid: str = (await ask(client.calls.create, to="client:nobody", from_="+8612348", twiml=PAUSE)).sid
        return sid

    made = [await create() for _ in range(4)]
    page = await ask(client.calls.page, page_size=2)
    first = [c.sid for c in page]
    await create()
    second = [c.sid for c in await ask(page.next_page)]
    assert first + second == made[::-1]


async def test_14_a_list_is_filtered_by_to_status_and_time(client: Client, phones: FakePhones) -> None:
    phones.reachable |= {"client:a", "client:b"}
    a = await ask(client.calls.create, to="client:a", from_="+8612348", twiml=PAUSE)
    await ask(client.calls.create, to="client:b", from_="+8612348", twiml=PAUSE)
    await until(lambda: phones.dialled.qsize() == 2)
    assert [c.sid for c in await ask(client.calls.list, to="client:a")] == [a.sid]
    assert len(await ask(client.calls.list, status="ringing")) == 2
    assert await ask(client.calls.list, status="completed") == []
    now = datetime.now(UTC)
    assert len(await ask(client.calls.list, start_time_after=now - timedelta(hours=1))) == 2
    assert await ask(client.calls.list, start_time_after=now + timedelta(hours=1)) == []
    assert await ask(client.calls.list, start_time_before=now - timedelta(hours=1)) == []


async def test_oversized_and_malformed_bodies_are_refused_without_effect(
    carrier: Carrier, client: Client
) -> None:
    huge = {"To": "client:u", "From": "+8612348", "Twiml": "x" * 100_000}
    status, body, _ = await raw(carrier, "POST", CALLS, data=huge)
    assert (status, body["status"]) == (413, 413)
    status, _, _ = await raw(carrier, "POST", CALLS, json={"To": "client:u"})
    assert status == 415
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    status, _, _ = await raw(carrier, "POST", CALLS, data=b"To=\xff\xfe&From=%ff", headers=form)
    assert status == 400
    status, body, _ = await raw(
        carrier, "POST", CALLS, data={"To": "client:u", "From": "+8612348", "Twiml": "<Respo"}
    )
    assert (status, body["code"]) == (400, 12100)
    assert await ask(client.calls.list) == []
