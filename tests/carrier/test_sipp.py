"""sipp, the SIP world's test instrument, against the whole carrier."""

import asyncio
from pathlib import Path

import pytest
from twilio.rest import Client

from carrier.config import Config
from tests.carrier.harness import Application, twilio_client, until
from tests.carrier.real import running

SCENARIOS = Path(__file__).parent / "sipp"
MENU = '<Response><Gather numDigits="1" action="/menu" timeout="30"/></Response>'


async def sipp(scenario: str, *arguments: str, within: float = 30.0) -> tuple[int, str]:
    """Run a scenario to its end; return its status (0: every call went as written) and what it said."""
    process = await asyncio.create_subprocess_exec(
        "sipp",
        *("-sf", str(SCENARIOS / f"{scenario}.xml"), "-i", "127.0.0.1", "-nostdin", "-timeout", f"{within}s"),
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        output, _ = await asyncio.wait_for(process.communicate(), within + 5)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return process.returncode or 0, output.decode(errors="replace")


async def test_twenty_one_callers_go_through_the_menu_one_after_the_other(
    application: Application, config: Config
) -> None:
    """Ten a second: each is asked, presses 1 and is hung up on by the application's TwiML."""
    application.replies |= {"/voice": MENU, "/menu": "<Response><Hangup/></Response>"}
    async with running(config) as carrier:
        status, said = await sipp("caller", carrier.sip, "-m", "21", "-r", "10")
        assert status == 0, said[-2000:]
        menus = application.of("/menu")
        assert len(menus) == 21
        assert {r.params["Digits"] for r in menus} == {"1"}
        assert {r.params["SipHeader_X-Entrance"] for r in application.of("/voice")} == {"sipp"}
        await until(lambda: len(application.of("/status")) == 21)
        assert {r.params["CallStatus"] for r in application.of("/status")} == {"completed"}


@pytest.mark.parametrize(("scenario", "final"), [("callee", "completed"), ("busy", "busy")])
async def test_a_number_is_called_through_the_trunk(
    application: Application, config: Config, scenario: str, final: str, unused_udp_port: int
) -> None:
    """calls.create to +86...: the trunk answers, or is busy; the status callback says which."""
    trunk = config.sip.model_copy(update={"trunk": f"127.0.0.1:{unused_udp_port}"})
    async with running(config.model_copy(update={"sip": trunk})) as carrier:
        instrument = asyncio.create_task(sipp(scenario, "-m", "1", "-p", str(unused_udp_port)))
        client: Client = twilio_client(carrier.http)
        await asyncio.to_thread(
            client.calls.create,
            to="+8613900000000",
            from_="+8612348",
            twiml='<Response><Pause length="1"/></Response>',
            status_callback=f"{application.url}/progress",
            status_callback_event=["ringing", "answered", "completed"],
        )
        done = await application.got("/progress", CallStatus=final, seconds=15)
        assert done.params["SipResponseCode"] == {"completed": "200", "busy": "486"}[final]
        status, said = await instrument
        assert status == 0, said[-2000:]
