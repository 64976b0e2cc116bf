"""The carrier as a process of its own: started, killed, started again, stopped."""

import asyncio
import json
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest

from carrier.config import Config
from carrier.recordings import mend
from tests.carrier.harness import BASIC, Application, twilio_client
from tests.carrier.real import access_token, channels
from tests.contract.asking import ask
from tests.phones import Phone, tone, tone_level

PAUSE = '<Response><Gather timeout="60"/></Response>'


@dataclass
class Process:
    """A carrier process that has said where it is."""

    process: asyncio.subprocess.Process
    http: str
    started_in: float

    async def kill(self) -> None:
        self.process.kill()
        await self.process.wait()


@asynccontextmanager
async def carrier_process(file: Path) -> AsyncIterator[Process]:
    began = time.monotonic()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "carrier", "--config", str(file), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(30):
            where = json.loads(await process.stdout.readline())
        yield Process(process, where["http"], time.monotonic() - began)
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


@pytest.fixture
def file(config: Config, tmp_path: Path) -> Path:
    path = tmp_path / "carrier.json"
    path.write_text(config.model_dump_json())
    return path


async def test_after_a_kill_every_call_is_listed_as_ended_and_reported_and_its_recording_is_mended(
    file: Path, application: Application
) -> None:
    """What the application needs to forget nobody: the list, the final callback, the audio up to the kill."""
    application.replies["/voice"] = PAUSE
    async with carrier_process(file) as first:
        url = first.http.replace("http", "ws", 1) + "/signal"
        async with Phone(url, access_token("u_1")) as phone:
            await phone.register()
            talk = await phone.call({"To": "12348"})
            await talk.up()
            talk.say(tone(440), forever=True)
            client = twilio_client(first.http)
            recording = await ask(
                client.calls(talk.call_sid).recordings.create,
                recording_channels="dual",
                recording_status_callback=f"{application.url}/recording",
            )
            ringing = await ask(
                client.calls.create,
                to="client:u_1",
                from_="+8612348",
                twiml=PAUSE,
                status_callback=f"{application.url}/out",
            )
            await phone.rung()
            await talk.listen(1.5)
            await first.kill()
    assert application.of("/status") == []

    async with carrier_process(file) as second:
        client = twilio_client(second.http)
        ended = await application.got("/status", CallSid=talk.call_sid)
        assert ended.params["CallStatus"] == "completed"
        await application.got("/out", CallSid=ringing.sid, CallStatus="failed")
        listed = {c.sid: c for c in await ask(client.calls.list)}
        assert {sid: c.status for sid, c in listed.items()} == {
            talk.call_sid: "completed",
            ringing.sid: "failed",
        }
        assert all(c.end_time is not None for c in listed.values())
        done = await application.got("/recording", RecordingSid=recording.sid)
        assert done.params["RecordingStatus"] == "completed"
        media = f"{second.http}/2010-04-01/Accounts/{client.account_sid}/Recordings/{recording.sid}.wav"
        async with aiohttp.ClientSession(headers=BASIC) as session, session.get(media) as response:
            audio = channels(await response.read())
        assert len(audio) / 8000 > 0.5
        assert tone_level(audio[-3200:, 0], 440) > 4000
        second.process.send_signal(signal.SIGTERM)
        assert await second.process.wait() == 0

    async with carrier_process(file) as third:
        assert len(await ask(twilio_client(third.http).calls.list)) == 2
    assert len(application.of("/status")) == 1


async def test_sigterm_hangs_up_reports_and_ends_with_0(file: Path, application: Application) -> None:
    application.replies["/voice"] = PAUSE
    async with carrier_process(file) as carrier:
        url = carrier.http.replace("http", "ws", 1) + "/signal"
        async with Phone(url, access_token("u_1")) as phone:
            talk = await phone.call({"To": "12348"})
            await talk.up()
            carrier.process.send_signal(signal.SIGTERM)
            await talk.ended()
        assert await asyncio.wait_for(carrier.process.wait(), 10) == 0
    await application.got("/status", CallStatus="completed")


async def test_a_port_that_is_taken_and_a_bad_file_are_said_plainly(
    file: Path, config: Config, application: Application, tmp_path: Path
) -> None:
    port = int(application.url.rpartition(":")[2])
    file.write_text(config.model_copy(update={"port": port}).model_dump_json())
    bad = tmp_path / "bad.json"
    bad.write_text("{}")
    for path, code, words in ((file, 1, "cannot start"), (bad, 2, "account_sid: Field required")):
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "carrier", "--config", str(path), stderr=asyncio.subprocess.PIPE
        )
        _, told = await process.communicate()
        assert process.returncode == code
        assert words in told.decode()


@pytest.mark.parametrize(("length", "seconds"), [(0, 0.0), (44, 0.0), (44 + 32000, 1.0), (44 + 32003, 1.0)])
def test_a_wav_file_cut_anywhere_gets_the_sizes_it_has(tmp_path: Path, length: int, seconds: float) -> None:
    path = tmp_path / "cut.wav"
    path.write_bytes(bytes(length))
    assert mend(path, 2) == seconds
    if seconds:
        assert channels(path.read_bytes()).shape == (8000, 2)


def test_a_recording_whose_file_never_came_to_be_is_absent(tmp_path: Path) -> None:
    assert mend(tmp_path / "none.wav", 1) == 0.0


async def test_a_torn_or_garbled_journal_loses_only_the_torn_line(
    file: Path, config: Config, application: Application
) -> None:
    journal = config.state_dir / "journal.jsonl"
    config.state_dir.mkdir()
    good = {
        "kind": "conference",
        "sid": "CF" + "1" * 32,
        "at": "2999-01-01T00:00:00+00:00",
        "name": "c_1",
        "status": "in-progress",
        "created": "2026-01-01T00:00:00+00:00",
        "updated": "2026-01-01T00:00:00+00:00",
        "ending": None,
        "ended_by": None,
        "hook": [f"{application.url}/room", "POST"],
        "events": ["end", "start"],
        "sequence": 3,
    }
    journal.write_text("null\n[]\n\x00\n" + json.dumps(good) + "\n" + json.dumps(good)[:50])
    async with carrier_process(file) as carrier:
        rooms = await ask(twilio_client(carrier.http).conferences.list)
        assert [(r.sid, r.status) for r in rooms] == [(good["sid"], "completed")]
        end = await application.got("/room", StatusCallbackEvent="conference-end")
        assert (end.params["ConferenceSid"], end.params["SequenceNumber"]) == (good["sid"], "3")
