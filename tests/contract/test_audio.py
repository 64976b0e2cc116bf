"""Lines 23, 27-29, 34, 37, 42: what is heard, measured on phones with real media."""

import asyncio
import base64
import json
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import aiohttp
import numpy as np
import pytest
from aiohttp import web
from numpy.typing import NDArray
from twilio.rest import Client

from carrier import g711
from carrier.app import Carrier
from carrier.config import Config
from tests.carrier.harness import BASIC, Application, until, wav
from tests.carrier.real import channels, phone, running
from tests.phones import Phone, Talk, tone, tone_level

from .asking import ask

ROOM = (
    '<Response><Dial><Conference beep="false" waitUrl="" endConferenceOnExit="true" '
    'participantLabel="caller">c_9</Conference></Dial></Response>'
)
CALLER, LAWYER, THIRD, MUSIC = 440.0, 620.0, 880.0, 1010.0


@pytest.fixture
async def carrier(config: Config) -> AsyncIterator[Carrier]:
    async with running(config) as whole:
        yield whole


class Talks:
    """A caller, and whoever is rung into the room ``c_9``; each says one tone."""

    def __init__(self, carrier: Carrier, client: Client, stack: AsyncExitStack) -> None:
        self._carrier, self._client, self._stack = carrier, client, stack

    async def phone(self, identity: str) -> Phone:
        return await self._stack.enter_async_context(phone(self._carrier, identity))

    async def caller(self) -> Talk:
        talk = await (await self.phone("caller")).call({"To": "12348"})
        await talk.up()
        talk.say(tone(CALLER), forever=True)
        return talk

    async def joins(self, identity: str, hertz: float, **more: object) -> Talk:
        rung = await self.phone(identity)
        await ask(
            self._client.conferences("c_9").participants.create,
            from_="+8612348",
            to=f"client:{identity}",
            label=identity,
            beep="false",
            wait_url="",
            **more,
        )
        talk = await rung.rung()
        await talk.accept()
        await talk.up()
        talk.say(tone(hertz), forever=True)
        return talk


@pytest.fixture
async def talks(carrier: Carrier, client: Client) -> AsyncIterator[Talks]:
    async with AsyncExitStack() as stack:
        yield Talks(carrier, client, stack)


async def hears(talk: Talk, *, yes: tuple[float, ...] = (), no: tuple[float, ...] = ()) -> None:
    """Wait until the last 200 ms heard hold each tone of *yes* and none of *no*."""

    def now() -> bool:
        last = talk.heard[-1600:]
        return all(tone_level(last, f) > 1000 for f in yes) and all(tone_level(last, f) < 100 for f in no)

    try:
        await until(now)
    except TimeoutError:
        last = talk.heard[-1600:]
        levels = {f: round(tone_level(last, f)) for f in (CALLER, LAWYER, THIRD, MUSIC)}
        pytest.fail(f"hears {levels}, should hear {yes} and not {no}")


async def test_23_a_key_in_a_prompt_stops_its_audio_within_200_ms(
    talks: Talks, application: Application
) -> None:
    application.replies |= {
        "/voice": '<Response><Gather numDigits="1" action="/key"><Play loop="0">/prompt.wav</Play></Gather>'
        "</Response>",
        "/prompt.wav": wav(tone(MUSIC)),
        "/key": '<Response><Pause length="30"/></Response>',
    }
    talk = await talks.caller()
    await talk.hears_tone(MUSIC)
    pressed = time.monotonic()
    talk.press("1")
    silent = await talk.hears_silence(within=1)
    assert silent - pressed < 0.2
    await application.got("/key", Digits="1")


async def test_27_on_hold_the_leg_hears_hold_url_and_is_isolated(
    talks: Talks, application: Application, client: Client
) -> None:
    application.replies |= {
        "/voice": ROOM,
        "/hold": '<Response><Play loop="0">/music.wav</Play></Response>',
        "/music.wav": wav(tone(MUSIC)),
    }
    caller = await talks.caller()
    lawyer = await talks.joins("lawyer", LAWYER)
    await hears(caller, yes=(LAWYER,), no=(CALLER,))
    await hears(lawyer, yes=(CALLER,), no=(LAWYER,))
    held = client.conferences("c_9").participants("caller")
    await ask(held.update, hold=True, hold_url=f"{application.url}/hold", hold_method="POST")
    await hears(caller, yes=(MUSIC,), no=(LAWYER, CALLER))
    await hears(lawyer, no=(CALLER, MUSIC, LAWYER))
    assert application.of("/hold")[0].method == "POST"
    await ask(held.update, hold=False)
    await hears(caller, yes=(LAWYER,), no=(MUSIC,))
    await hears(lawyer, yes=(CALLER,))


async def test_28_a_muted_leg_hears_and_is_not_heard(
    talks: Talks, application: Application, client: Client
) -> None:
    application.replies["/voice"] = ROOM
    caller = await talks.caller()
    lawyer = await talks.joins("lawyer", LAWYER)
    await hears(caller, yes=(LAWYER,))
    await ask(client.conferences("c_9").participants("lawyer").update, muted=True)
    await hears(caller, no=(LAWYER,))
    await hears(lawyer, yes=(CALLER,))
    await ask(client.conferences("c_9").participants("lawyer").update, muted=False)
    await hears(caller, yes=(LAWYER,))


async def test_29_a_coach_is_heard_by_the_coached_alone(
    talks: Talks, application: Application, client: Client
) -> None:
    application.replies["/voice"] = ROOM
    caller = await talks.caller()
    lawyer = await talks.joins("lawyer", LAWYER)
    coach = await talks.joins("chief", THIRD, coaching=True, call_sid_to_coach=lawyer.call_sid)
    await hears(lawyer, yes=(CALLER, THIRD))
    await hears(coach, yes=(CALLER, LAWYER), no=(THIRD,))
    await hears(caller, yes=(LAWYER,), no=(THIRD,))
    await ask(client.conferences("c_9").participants("chief").update, coaching=False)
    await hears(caller, yes=(LAWYER, THIRD))


async def test_29_a_coach_whose_lawyer_leaves_is_still_not_heard_by_the_caller(
    talks: Talks, application: Application
) -> None:
    application.replies["/voice"] = ROOM
    caller = await talks.caller()
    lawyer = await talks.joins("lawyer", LAWYER)
    await talks.joins("chief", THIRD, coaching=True, call_sid_to_coach=lawyer.call_sid)
    await hears(lawyer, yes=(THIRD,))
    await lawyer.hangup()
    await hears(caller, no=(LAWYER, THIRD))
    assert tone_level(await caller.listen(0.3), THIRD) < 100


async def media(application: Application) -> NDArray[np.int16]:
    done = await application.got("/recording", RecordingStatus="completed")
    async with (
        aiohttp.ClientSession(headers=BASIC) as session,
        session.get(done.params["RecordingUrl"] + ".wav") as response,
    ):
        return channels(await response.read())


async def test_34_dual_is_two_channels_with_the_parties_apart(
    talks: Talks, application: Application, client: Client
) -> None:
    application.replies["/voice"] = ROOM
    caller = await talks.caller()
    await talks.joins("lawyer", LAWYER)
    await hears(caller, yes=(LAWYER,))
    await ask(
        client.calls(caller.call_sid).recordings.create,
        recording_channels="dual",
        recording_status_callback=f"{application.url}/recording",
    )
    await caller.listen(1.0)
    await caller.hangup()
    audio = (await media(application))[1600:6400]
    assert audio.shape[1] == 2
    assert tone_level(audio[:, 0], CALLER) > 4000
    assert tone_level(audio[:, 0], LAWYER) < 40
    assert tone_level(audio[:, 1], LAWYER) > 4000
    assert tone_level(audio[:, 1], CALLER) < 40


async def test_37_a_pause_with_silence_records_zeros_and_keeps_the_length(
    talks: Talks, application: Application, client: Client
) -> None:
    application.replies["/voice"] = '<Response><Gather timeout="60"/></Response>'
    caller = await talks.caller()
    recording = await ask(
        client.calls(caller.call_sid).recordings.create,
        recording_status_callback=f"{application.url}/recording",
    )
    began = time.monotonic()
    current = client.calls(caller.call_sid).recordings("Twilio.CURRENT")
    await caller.listen(0.5)
    await ask(current.update, status="paused", pause_behavior="silence")
    await caller.listen(0.8)
    await ask(current.update, status="in-progress")
    await caller.listen(0.5)
    await ask(client.calls(caller.call_sid).recordings(recording.sid).update, status="stopped")
    lasted = time.monotonic() - began
    audio = (await media(application))[:, 0]
    assert abs(len(audio) / 8000 - lasted) < 0.2
    quiet = np.flatnonzero(np.abs(audio) < 1)
    runs = np.split(quiet, np.flatnonzero(np.diff(quiet) > 1) + 1)
    longest = max(runs, key=len)
    assert 0.7 < len(longest) / 8000 < 1.3
    assert tone_level(audio[: longest[0]], CALLER) > 4000
    assert tone_level(audio[longest[-1] + 400 :], CALLER) > 4000


async def test_42_both_tracks_are_50_frames_a_second_each(talks: Talks, application: Application) -> None:
    messages: list[dict[str, object]] = []

    socket_app = web.Application()
    over = asyncio.Event()

    async def serve(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        messages.extend([json.loads(m.data) | {"_at": time.monotonic()} async for m in socket])
        over.set()
        return socket

    socket_app.router.add_get("/media", serve)
    runner = web.AppRunner(socket_app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"ws://127.0.0.1:{runner.addresses[0][1]}/media"
    application.replies |= {
        "/voice": f'<Response><Start><Stream url="{url}" name="ears" track="both_tracks">'
        '<Parameter name="contact" value="c_9"/></Stream></Start>'
        '<Play loop="0">/music.wav</Play></Response>',
        "/music.wav": wav(tone(MUSIC)),
    }
    caller = await talks.caller()
    await caller.hears_tone(MUSIC)
    await caller.listen(1.5)
    await caller.hangup()
    await asyncio.wait_for(over.wait(), 5)
    await runner.cleanup()

    start = messages[1]["start"]
    assert [m["event"] for m in messages[:2]] == ["connected", "start"]
    assert messages[-1]["event"] == "stop"
    assert isinstance(start, dict)
    assert start["callSid"] == caller.call_sid
    assert start["customParameters"] == {"contact": "c_9"}
    assert start["mediaFormat"] == {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1}
    for track, hertz in (("inbound", CALLER), ("outbound", MUSIC)):
        frames = [m for m in messages if m["event"] == "media" and m["media"]["track"] == track]  # type: ignore[index]
        spans = [float(m["_at"]) for m in frames]  # type: ignore[arg-type]
        rate = (len(frames) - 1) / (spans[-1] - spans[0])
        assert 45 < rate < 55, (track, rate)
        payloads = [base64.b64decode(m["media"]["payload"]) for m in frames]  # type: ignore[index]
        assert {len(p) for p in payloads} == {160}
        heard = np.concatenate([g711.decode(p) for p in payloads])
        assert tone_level(heard[-4000:], hertz) > 4000
