"""PStream, as the SDK speaks it: ringing, refusing, losing the socket and coming back, tokens, nonsense."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import connect

from carrier import audio
from carrier.ports import Cause, Unreachable
from tests.carrier.lobby import Lobby, Party, access_token, lobby
from tests.phones import CallRefused, Phone, Talk, tone


async def talking(here: Lobby, phone: Phone) -> tuple[Party, Talk]:
    """A browser's call that has been answered, with a tone to hear."""
    talk = await phone.call()
    party = await here.answered_caller()
    await talk.up()
    party.leg.port.play(audio.clip(tone(700), 0))
    await talk.hears_tone(700)
    return party, talk


async def nobody_is_left(here: Lobby) -> None:
    """No leg, no line, no peer connection's task outlives its call."""
    async with asyncio.timeout(5):
        while here.mixer.lines or here.mixer.rooms or here.phones.browsers.legs:
            await asyncio.sleep(0.01)


async def test_all_tabs_of_an_identity_ring_and_the_losers_are_cancelled(tmp_path: Path) -> None:
    """The first to accept wins; a tab that accepts too late is cancelled too."""
    async with (
        lobby(tmp_path) as here,
        Phone(here.signal_url, access_token("lawyer")) as one,
        Phone(here.signal_url, access_token("lawyer")) as two,
        Phone(here.signal_url, access_token("other")) as other,
    ):
        for phone in (one, two, other):
            await phone.register()
        party = await here.ring("client:lawyer")
        first, second = await one.rung(), await two.rung()
        assert first.call_sid == second.call_sid == party.call_sid
        assert party.rang.is_set()
        await first.accept()
        await party.up.wait()
        assert await second.ended() == "cancel"
        with pytest.raises(TimeoutError):
            await other.rung(within=0.05)
        await party.leg.hangup()
        assert await first.ended() == "hangup"
        await nobody_is_left(here)


async def test_two_tabs_that_accept_at_once_make_one_talk(tmp_path: Path) -> None:
    """Exactly one is connected."""
    async with (
        lobby(tmp_path) as here,
        Phone(here.signal_url, access_token("lawyer")) as one,
        Phone(here.signal_url, access_token("lawyer")) as two,
    ):
        await one.register()
        await two.register()
        party = await here.ring("client:lawyer")
        talks = [await one.rung(), await two.rung()]
        await asyncio.gather(*(t.accept() for t in talks))
        await party.up.wait()
        async with asyncio.timeout(5):
            while not any(t.over for t in talks):
                await asyncio.sleep(0.01)
        assert sorted([t.over for t in talks]) == [False, True]
        await party.leg.hangup()


async def test_a_rejected_call_is_busy_and_reported_once(tmp_path: Path) -> None:
    """In one tab: the other tab stops ringing."""
    async with (
        lobby(tmp_path) as here,
        Phone(here.signal_url, access_token("lawyer")) as one,
        Phone(here.signal_url, access_token("lawyer")) as two,
    ):
        await one.register()
        await two.register()
        party = await here.ring("client:lawyer")
        talk, other = await one.rung(), await two.rung()
        talk.reject()
        assert await party.ended_by() is Cause.BUSY
        assert await other.ended() == "cancel"
        await party.leg.hangup()
        assert party.endings == [(Cause.BUSY, 486)]
        await nobody_is_left(here)


async def test_a_call_we_take_back_is_cancelled_in_the_browser(tmp_path: Path) -> None:
    """``cancel``, not ``hangup``: the SDK does not hear a hangup before accept."""
    async with lobby(tmp_path) as here, Phone(here.signal_url, access_token("lawyer")) as phone:
        await phone.register()
        party = await here.ring("client:lawyer")
        talk = await phone.rung()
        await party.leg.hangup(Cause.CANCELED)
        assert await talk.ended() == "cancel"
        assert party.endings == [(Cause.CANCELED, 487)]
        await nobody_is_left(here)


async def test_a_tab_that_opens_while_it_rings_rings_too(tmp_path: Path) -> None:
    """A page that is loaded anew does not miss its call."""
    async with lobby(tmp_path) as here, Phone(here.signal_url, access_token("lawyer")) as old:
        await old.register()
        party = await here.ring("client:lawyer")
        await old.rung()
        async with Phone(here.signal_url, access_token("lawyer")) as new:
            await new.register()
            talk = await new.rung()
            await talk.accept()
            await party.up.wait()
            await party.leg.hangup()


async def test_a_browser_that_hangs_up_before_the_answer_has_cancelled(tmp_path: Path) -> None:
    """The caller's page was closed while it rang."""
    async with lobby(tmp_path) as here, Phone(here.signal_url, access_token("caller")) as phone:
        talk = await phone.call()
        party = await here.caller()
        await party.leg.ring()
        await talk.rang.wait()
        await talk.hangup()
        assert await party.ended_by() is Cause.CANCELED
        await party.leg.answer()
        await nobody_is_left(here)


async def test_a_dropped_socket_does_not_end_the_talk(tmp_path: Path) -> None:
    """Media go on; the socket comes back with the same session: no new media, keys work again."""
    async with lobby(tmp_path) as here, Phone(here.signal_url, access_token("caller")) as phone:
        party, talk = await talking(here, phone)
        phone.vanish()
        await talk.listen(0.3)
        await phone.open()
        await phone.resume(talk)
        await asyncio.wait_for(talk.answered.wait(), 5)
        await talk.hears_tone(700)
        talk.press("5")
        await party.digits_are("5")
        assert not party.endings


async def test_a_page_loaded_anew_takes_its_talk_up_with_new_media(tmp_path: Path) -> None:
    """Same call, other session: the carrier answers with a description."""
    async with lobby(tmp_path) as here, Phone(here.signal_url, access_token("caller")) as phone:
        party, talk = await talking(here, phone)
        phone.vanish()
        async with Phone(here.signal_url, access_token("caller")) as again:
            await again.resume(talk, fresh_media=True)
            await talk.hears_tone(700)
            talk.press("5", by="rtp")
            await party.digits_are("5")
            assert not party.endings
            await talk.hangup()
            assert await party.ended_by() is Cause.HANGUP


async def test_an_ice_restart_brings_new_media(tmp_path: Path) -> None:
    """reinvite is answered with a description, and audio flows both ways again."""
    async with lobby(tmp_path) as here, Phone(here.signal_url, access_token("caller")) as phone:
        party, talk = await talking(here, phone)
        await phone.reinvite(talk)
        await asyncio.wait_for(talk.answered.wait(), 5)
        await talk.hears_tone(700)
        talk.press("7", by="rtp")
        await party.digits_are("7")
        assert not party.endings


async def test_a_browser_that_stays_away_is_lost(tmp_path: Path) -> None:
    """After the resume time, once."""
    async with (
        lobby(tmp_path, resume_seconds=0.3) as here,
        Phone(here.signal_url, access_token("caller")) as phone,
    ):
        party, talk = await talking(here, phone)
        phone.vanish()
        assert await party.ended_by() is Cause.LOST
        await nobody_is_left(here)
        await phone.open()
        await phone.resume(talk)
        assert await talk.ended() == "hangup"
        assert party.endings == [(Cause.LOST, 408)]


async def test_media_that_end_while_the_socket_lives_are_waited_for_and_then_lost(tmp_path: Path) -> None:
    """The browser is told to hang up; new media in time would have saved the talk."""
    async with (
        lobby(tmp_path, resume_seconds=0.5) as here,
        Phone(here.signal_url, access_token("caller")) as phone,
    ):
        party, talk = await talking(here, phone)
        await phone.reinvite(talk)  # closes the old media and brings new ones
        await talk.hears_tone(700)
        await talk.listen(0.8)
        assert not party.endings
        await talk.media.close()
        assert await party.ended_by() is Cause.LOST
        assert await talk.ended() == "hangup"
        await nobody_is_left(here)


async def test_no_task_and_no_socket_outlives_fifty_calls(tmp_path: Path) -> None:
    """Answered, refused, abandoned and vanished, all at once."""
    async with lobby(tmp_path, resume_seconds=0.2) as here:
        before = len(asyncio.all_tasks())

        for _ in range(5):
            phones = [Phone(here.signal_url, access_token(f"p{n}")) for n in range(10)]
            for phone in phones:
                await phone.open()
            talks = {f"client:p{n}": await phone.call() for n, phone in enumerate(phones)}
            parties = [await here.caller() for _ in phones]
            for number, party in enumerate(parties):
                talk = talks[party.from_]
                match number % 4:
                    case 0:
                        await party.leg.answer()
                        await party.leg.hangup()
                    case 1:
                        await party.leg.hangup(Cause.BUSY)
                    case 2:
                        talk.phone.send("hangup", callsid=party.call_sid)
                    case _:
                        await party.leg.answer()
                        talk.phone.vanish()
            for party in parties:
                await party.ended_by()
            for phone in phones:
                await phone.close()
            assert [len(party.endings) for party in parties] == [1] * 10
        await nobody_is_left(here)
        async with asyncio.timeout(10):
            while len(asyncio.all_tasks()) > before:
                await asyncio.sleep(0.02)


async def test_somebody_else_cannot_take_up_a_talk(tmp_path: Path) -> None:
    """Without its token, or under another identity, the answer is hangup and the talk goes on."""
    async with (
        lobby(tmp_path) as here,
        Phone(here.signal_url, access_token("caller")) as phone,
        Phone(here.signal_url, access_token("thief")) as thief,
    ):
        party, talk = await talking(here, phone)
        stolen = Talk(thief, talk.call_sid, {}, "guessed")
        await thief.resume(stolen, fresh_media=True)
        assert await stolen.ended() == "hangup"
        thief.send("hangup", callsid=talk.call_sid)
        thief.send("dtmf", callsid=talk.call_sid, dtmf="9")
        await thief.listen(thief.token)
        assert not party.digits
        assert not party.endings


async def test_three_missed_beats_unregister(tmp_path: Path) -> None:
    """A frozen tab is not rung, and its socket is closed."""
    async with (
        lobby(tmp_path, beat_seconds=0.1) as here,
        Phone(here.signal_url, access_token("lawyer")) as phone,
    ):
        await phone.register()
        await asyncio.sleep(0.6)  # it answers: six beats do not hurt it
        party = await here.ring("client:lawyer")
        await party.leg.hangup()
        phone.freeze()
        async with asyncio.timeout(2):
            while here.phones.browsers.tabs("lawyer"):
                await asyncio.sleep(0.01)
        with pytest.raises(Unreachable):
            await here.ring("client:lawyer")


async def test_unregistering_stops_the_ringing(tmp_path: Path) -> None:
    """offline."""
    async with lobby(tmp_path) as here, Phone(here.signal_url, access_token("lawyer")) as phone:
        await phone.register()
        await phone.unregister()
        with pytest.raises(Unreachable):
            await here.ring("client:lawyer")


async def test_an_expired_token_ends_the_registration_but_not_the_talk(tmp_path: Path) -> None:
    """31205 when it expires; a new token (updateToken is a listen) and a new register bring it back."""
    async with lobby(tmp_path) as here, Phone(here.signal_url, access_token("lawyer", ttl=2)) as phone:
        await phone.register()
        assert 0 <= phone.ttl <= 2
        party, talk = await talking(here, phone)
        async with asyncio.timeout(5):
            while not phone.errors:
                await asyncio.sleep(0.01)
        assert phone.errors[0].code == 31205
        with pytest.raises(Unreachable):
            await here.ring("client:lawyer")
        assert not party.endings
        await talk.hears_tone(700)
        await phone.listen(access_token("lawyer"))
        await phone.register()
        rung = await here.ring("client:lawyer")
        await phone.rung()
        await rung.leg.hangup()


async def test_a_token_without_calls_out_is_refused(tmp_path: Path) -> None:
    """The call ends with an error; nothing reaches call control."""
    token = access_token("lawyer", outgoing=False)
    async with lobby(tmp_path) as here, Phone(here.signal_url, token) as phone:
        talk = await phone.call()
        assert await talk.ended() == "hangup"
        assert talk.error is not None
        assert talk.error.code == 31002
        assert here.callers.empty()


@pytest.mark.parametrize("sdp", ["", "v=0", "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 9\r\n", "x" * 1000])
async def test_an_offer_that_cannot_be_used_ends_the_call(tmp_path: Path, sdp: str) -> None:
    """hangup with an error, and the next call works."""
    async with lobby(tmp_path) as here, Phone(here.signal_url, access_token("caller")) as phone:
        talk = Talk(phone, "TJSx", {})
        phone.talks["TJSx"] = talk
        phone.send("invite", callsid="TJSx", sdp=sdp, twilio={})
        assert await talk.ended() == "hangup"
        assert talk.error is not None
        await talking(here, phone)


@pytest.mark.parametrize(
    "frame",
    [
        "",
        "{",
        "[]",
        '"x"',
        "{}",
        '{"type": 1}',
        '{"type": "invite", "payload": []}',
        "[" * 5000,
        "null",
        "\n\n",
    ],
)
async def test_malformed_frames_are_refused_and_the_socket_lives(tmp_path: Path, frame: str) -> None:
    """31100 each; then listen works."""
    async with lobby(tmp_path) as here, connect(here.signal_url) as ws:
        await ws.send(frame)
        await ws.send(json.dumps({"type": "listen", "payload": {"token": access_token("x")}}))
        kinds: list[Any] = [json.loads(await ws.recv())["type"] for _ in range(2)]
        assert kinds == ["error", "connected"]


async def test_an_oversized_frame_closes_the_socket(tmp_path: Path) -> None:
    """Nobody needs more than 64 kB."""
    async with lobby(tmp_path) as here, connect(here.signal_url) as ws:
        await ws.send("x" * 70_000)
        async with asyncio.timeout(5):
            await ws.wait_closed()


async def test_nothing_is_obeyed_before_listen(tmp_path: Path) -> None:
    """register and invite without a token: refused with 31204."""
    async with lobby(tmp_path) as here, connect(here.signal_url) as ws:
        await ws.send(json.dumps({"type": "register", "payload": {"media": {"audio": True}}}))
        told = json.loads(await ws.recv())
        assert told["payload"]["error"]["code"] == 31204
        await ws.send(json.dumps({"type": "invite", "payload": {"callsid": "TJS1", "sdp": "v=0"}}))
        assert json.loads(await ws.recv())["payload"]["error"]["code"] == 31204
        assert here.callers.empty()


async def test_a_bad_token_is_not_connected(tmp_path: Path) -> None:
    """A CallRefused with the token's own code."""
    async with lobby(tmp_path) as here:
        with pytest.raises(CallRefused) as refused:
            async with Phone(here.signal_url, access_token("x")[:-4] + "AAAA"):
                pass
        assert refused.value.code == 31204


async def test_stopping_ends_every_call(tmp_path: Path) -> None:
    """The phones are told, and nothing is left."""
    async with lobby(tmp_path) as here, Phone(here.signal_url, access_token("caller")) as phone:
        party, talk = await talking(here, phone)
        await here.phones.stop()
        assert await talk.ended() == "hangup"
        assert party.endings == [(Cause.HANGUP, 200)]
        await nobody_is_left(here)
