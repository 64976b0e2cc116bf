"""Pause, Reject, Say, Record, Redirect, Stream: one call each."""

import asyncio
from collections.abc import AsyncIterator

import numpy as np
import pytest
from twilio.rest import Client

from carrier.app import Carrier
from carrier.config import Config
from carrier.ports import Pcm
from tests.carrier.fakes import FakeMixer, FakePhone, FakePhones
from tests.carrier.harness import Application, until, wav

LOUD = np.full(160, 8000, np.int16)
HANGUP = "<Response><Hangup/></Response>"


async def call(application: Application, phones: FakePhones, verbs: str) -> FakePhone:
    application.replies["/voice"] = f"<Response>{verbs}</Response>"
    return phones.call()


@pytest.mark.parametrize(
    ("reason", "cause", "status"), [("", "no-answer", "no-answer"), ('reason="busy"', "busy", "busy")]
)
async def test_reject_as_the_first_verb_does_not_answer(
    application: Application, phones: FakePhones, reason: str, cause: str, status: str
) -> None:
    caller = await call(application, phones, f"<Reject {reason}/>")
    await asyncio.wait_for(caller.over.wait(), 5)
    assert not caller.up.is_set()
    assert caller.cause == cause
    await application.got("/status", CallStatus=status)


async def test_pause_as_the_first_verb_delays_the_answer(
    application: Application, phones: FakePhones
) -> None:
    caller = await call(application, phones, '<Pause length="1"/><Redirect>/next</Redirect>')
    await application.got("/voice")
    assert not caller.up.is_set()
    await application.got("/next", CallStatus="ringing")


async def test_reject_later_hangs_up_an_answered_call(application: Application, phones: FakePhones) -> None:
    caller = await call(application, phones, "<Play>/none.wav</Play><Reject/>")
    await asyncio.wait_for(caller.over.wait(), 5)
    await application.got("/status", CallStatus="completed")


async def test_say_without_a_voice_names_the_prompt_to_record_and_goes_on(
    application: Application, phones: FakePhones, client: Client
) -> None:
    await call(application, phones, "<Say>您好，这里是安心热线</Say><Redirect>/next</Redirect>")
    await application.got("/next")
    notes = await asyncio.to_thread(client.api.account.notifications.list)
    said = notes[-1]
    assert (said.error_code, said.log) == ("13520", "0")
    assert "您好，这里是安心热线" in said.message_text
    assert "<Play>" in said.message_text


class Parrot:
    def speak(self, words: str, *, language: str, voice: str) -> Pcm:
        return np.full(160 * len(words), 7, np.int16)


@pytest.fixture
async def speaking(config: Config) -> AsyncIterator[Carrier]:
    carrier = Carrier(config, FakeMixer(), FakePhones, voice=Parrot())
    await carrier.start()
    yield carrier
    await carrier.stop()


async def test_say_with_a_voice_is_heard(application: Application, speaking: Carrier) -> None:
    assert isinstance(speaking.phones, FakePhones)
    caller = await call(application, speaking.phones, '<Say loop="2">ab</Say><Redirect>/next</Redirect>')
    await application.got("/next")
    assert len(caller.port.played[0].frames) == 4


async def test_a_record_ends_with_a_key_and_its_action_gets_the_recording(
    application: Application, phones: FakePhones
) -> None:
    application.replies["/done"] = HANGUP
    caller = await call(
        application, phones, '<Record action="/done" recordingStatusCallback="/recording" playBeep="false"/>'
    )
    await until(lambda: caller.port.taps)
    caller.port.says(LOUD)
    caller.press("#")
    done = await application.got("/done")
    assert (done.params["Digits"], done.params["RecordingDuration"]) == ("#", "1")
    recording = await application.got("/recording", RecordingStatus="completed")
    assert recording.params["RecordingUrl"] == done.params["RecordingUrl"]
    assert recording.params["RecordingSource"] == "RecordVerb"


async def test_a_record_of_silence_alone_goes_on_with_the_next_verb(
    application: Application, phones: FakePhones
) -> None:
    await call(application, phones, '<Record action="/done" timeout="1"/><Redirect>/next</Redirect>')
    await application.got("/next")
    assert application.of("/done") == []


async def test_a_hang_up_while_recording_keeps_the_message(
    application: Application, phones: FakePhones
) -> None:
    caller = await call(application, phones, '<Record action="/done" recordingStatusCallback="/recording"/>')
    await until(lambda: caller.port.taps)
    caller.port.says(LOUD)
    caller.hang_up()
    done = await application.got("/done")
    assert (done.params["Digits"], done.params["CallStatus"]) == ("hangup", "completed")
    await application.got("/recording", RecordingStatus="completed")


async def test_audio_answered_in_place_of_twiml_is_played(
    application: Application, phones: FakePhones
) -> None:
    application.replies["/voice"] = wav(np.full(800, 9, np.int16))
    caller = phones.call()
    await asyncio.wait_for(caller.over.wait(), 5)
    assert len(caller.port.played[0].frames) == 5
    await application.got("/status", CallStatus="completed")


async def test_play_of_digits_is_heard(application: Application, phones: FakePhones) -> None:
    caller = await call(application, phones, '<Play digits="1w2"/><Redirect>/next</Redirect>')
    await application.got("/next")
    assert len(caller.port.played[0].frames) > 25


async def test_a_document_that_redirects_to_itself_without_end_is_cut_off(
    application: Application, phones: FakePhones, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("carrier.twiml.stage.LONGEST_RUN", 20)
    application.replies["/fallback"] = HANGUP
    await call(application, phones, "<Redirect/>")
    await application.got("/fallback", ErrorCode="11215")


async def test_an_unknown_number_is_not_answered(phones: FakePhones, client: Client) -> None:
    caller = phones.call(to="110")
    await asyncio.wait_for(caller.over.wait(), 5)
    assert caller.cause == "failed"
    assert (await asyncio.to_thread(client.calls(caller.call_sid).fetch)).status == "failed"


async def test_a_sip_address_is_answered_by_its_number(application: Application, phones: FakePhones) -> None:
    phones.call(to="sip:12348@127.0.0.1:5060", from_="anonymous")
    request = await application.got("/voice")
    assert (request.params["To"], request.params["From"]) == ("sip:12348@127.0.0.1:5060", "anonymous")


async def test_a_key_that_comes_before_the_media_is_heard_by_the_first_gather(
    application: Application, phones: FakePhones
) -> None:
    """Twilio's SDK tells of the answer before any sound flows: who presses at once is heard all the same."""
    application.replies["/menu"] = HANGUP
    caller = await call(application, phones, '<Gather numDigits="1" action="/menu" timeout="60"/>')
    assert not caller.up.is_set()
    caller.press("1")
    assert (await application.got("/menu")).params["Digits"] == "1"
