"""Media between browsers (here: scripted phones) and the mixer."""

import wave
from pathlib import Path

import numpy as np

from carrier import audio
from tests.carrier.lobby import access_token, lobby
from tests.phones import Phone, tone, tone_level


async def test_two_phones_hear_each_other_in_a_room_and_are_recorded_apart(tmp_path: Path) -> None:
    """The thin whole: both directions of invite, audio through a room, digits, a two-channel recording."""
    async with (
        lobby(tmp_path) as here,
        Phone(here.signal_url, access_token("caller")) as caller,
        Phone(here.signal_url, access_token("lawyer")) as lawyer,
    ):
        await lawyer.register()
        out = await caller.call({"To": "12348", "who": "工人"})
        party = await here.answered_caller()
        assert (party.from_, party.to, party.params["who"]) == ("client:caller", "12348", "工人")
        assert await out.up() < 1.0
        party.leg.port.play(audio.clip(tone(700), 0))
        await out.hears_tone(700)
        out.press("1")
        await party.digits_are("1")
        out.press("2", by="rtp")
        await party.digits_are("12")

        rung = await here.ring("client:lawyer", case="欠薪")
        talk = await lawyer.rung()
        assert talk.custom == {"case": "欠薪"}
        await talk.accept()
        await talk.up()
        await rung.up.wait()
        room = here.mixer.room()
        room.join(party.leg.port)
        room.join(rung.leg.port)
        recorder = here.mixer.record(party.leg.port, tmp_path / "call.wav", 2)
        out.say(tone(440), forever=True)
        talk.say(tone(600), forever=True)
        await out.hears_tone(600)
        await talk.hears_tone(440)
        heard = await out.listen(1.0)
        assert tone_level(heard, 600) > 4000
        assert tone_level(heard, 440) < 400
        seconds = await recorder.stop()
        assert seconds > 1.0

        await talk.hangup()
        await rung.over.wait()
        await party.leg.hangup()
        assert await out.ended() == "hangup"
    with wave.open(str(tmp_path / "call.wav")) as file:
        assert (file.getnchannels(), file.getframerate()) == (2, 8000)
        both = np.frombuffer(file.readframes(file.getnframes()), np.int16).reshape(-1, 2)
    assert abs(len(both) / 8000 - seconds) < 0.001
    said, listened = both[-4000:, 0], both[-4000:, 1]
    assert tone_level(said, 440) > 4000
    assert tone_level(said, 600) < 400
    assert tone_level(listened, 600) > 4000
    assert tone_level(listened, 440) < 400
