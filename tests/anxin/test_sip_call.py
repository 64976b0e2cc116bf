"""SIP phones reach the same menu and the same lawyer as the web page: through the whole hotline."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.carrier.baresip import baresip
from tests.carrier.test_sipp import sipp
from tests.hotline import Hotline, hotline
from tests.people import LawyerAtDesk
from tests.phones import loudness, tone

pytestmark = pytest.mark.timeout(240)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hotline]:
    with hotline(tmp_path_factory.mktemp("sip"), recognizer="none") as started:
        yield started


@pytest.fixture
async def lawyer(running: Hotline) -> AsyncIterator[LawyerAtDesk]:
    account = running.sign_ins("lawyer")[0]
    async with LawyerAtDesk(running, account["username"], account["password"]) as opened:
        await opened.free()
        await opened.ready()
        yield opened


async def test_a_sip_phone_hears_the_menu_presses_a_key_and_talks_with_a_lawyer(
    running: Hotline, lawyer: LawyerAtDesk, tmp_path: Path
) -> None:
    """baresip, a real user agent: the key is RFC 4733, the lawyer's desk shows the number masked."""
    async with baresip(tmp_path / "baresip", tone(440, 60.0)) as phone:
        phone.order("dial", f"sip:12348@{running.state['sip']}")
        await phone.happens("CALL_ESTABLISHED")
        async with asyncio.timeout(15):
            while loudness(phone.heard()[-8000:]) < 100:
                await phone.listens(0.2)
        phone.press("1")
        talk = await lawyer.answer()
        talk.say(tone(600), forever=True)
        await talk.hears_tone(440, within=10)
        shown = await lawyer.until(lambda s: s["lawyer"]["state"] == "talking", "talking")
        assert shown["contact"]["digit"] == "1"
        assert shown["contact"]["channel"] == "dedicated"
        assert shown["contact"]["number"] == "139****0000"
        phone.order("hangup")
        assert await talk.ended(10) == "hangup"
    lawyer.talking = ""


async def test_a_sip_trunks_call_is_answered_by_the_lawyer_who_hangs_up(
    running: Hotline, lawyer: LawyerAtDesk
) -> None:
    """sipp, the SIP world's test instrument, presses 1 and is hung up on after the lawyer's goodbye."""
    calling = asyncio.create_task(sipp("caller", str(running.state["sip"]), "-m", "1", within=90))
    await lawyer.answer(60)
    await lawyer.until(lambda s: s["lawyer"]["state"] == "talking", "talking")
    await lawyer.say("hangup")
    status, said = await calling

    assert status == 0, said[-2000:]
    lawyer.talking = ""
