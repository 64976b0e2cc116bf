"""A hotline in the middle of a day: a transcribed talk, one that goes on, callers who wait, promises."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile as sf
import soxr
from pyotp import TOTP

from agents.accounts import Accounts
from agents.office.audit import COMMAND_LINE
from agents.second import SecondFactor, enrol
from config.clock import SystemClock
from config.db import open_engine
from config.seal import Seal
from config.settings import load_settings
from ivr.links import Links
from tests.hotline import Hotline
from tests.people import LawyerAtDesk, caller
from tests.phones import RATE, Pcm, Talk, tone
from tests.screenshots.shots import SECOND, SECOND_PASSWORD

CALL = Path(__file__).parent.parent / "fixtures" / "audio" / "S01.flac"
TRANSCRIBED_WITHIN_S = 240.0


@dataclass(frozen=True, slots=True)
class Scene:
    """*told* is the contact whose talk was transcribed; its lawyer is the first demo lawyer, its caller has
    the private link *link*."""

    running: Hotline
    told: str
    talking: str
    link: str


def speech(channel: int) -> Pcm:
    """One side of an example call, as a phone sends it."""
    sound, rate = sf.read(CALL, dtype="float32")
    side = sound[:, channel]
    at_line = soxr.resample(side, rate, RATE) if rate != RATE else side
    return (np.clip(at_line, -1, 1) * 32767).astype(np.int16)


@asynccontextmanager
async def day(running: Hotline) -> AsyncIterator[Scene]:
    """Make the day happen on a running hotline; while the block runs, people talk and wait."""
    told = await _a_whole_talk(running)
    async with AsyncExitStack() as stack:
        second = running.sign_ins("lawyer")[1]
        lawyer = await stack.enter_async_context(
            LawyerAtDesk(running, second["username"], second["password"])
        )
        await lawyer.ready()
        talk = await stack.enter_async_context(caller(running))
        await _chooses(talk, "1")
        theirs = await lawyer.answer()
        theirs.say(tone(600), forever=True)
        talk.say(tone(440), forever=True)
        async with caller(running) as gone:  # hangs up while waiting: a call-back is due
            await _chooses(gone, "1")
            await gone.listen(1.0)
        for key in ("1", "2"):
            await _chooses(await stack.enter_async_context(caller(running)), key)
        second_factor(running)
        link = Links(running.secrets["session_secret"]).token(told)
        yield Scene(running, told, "c_" + talk.call_sid.removeprefix("CA"), link)


def second_factor(running: Hotline) -> None:
    """Make somebody who signs in with two factors."""
    settings = load_settings(var=running.var)
    engine, clock = open_engine(settings.database), SystemClock()
    account, _ = Accounts(engine, clock).add(
        SECOND, "林晓", "lawyer", password=SECOND_PASSWORD, must_change=False
    )
    enrolment = enrol(SECOND)
    code = TOTP(enrolment.secret).generate_otp(clock.now_ms() // 30_000)
    factor = SecondFactor(engine, clock, Seal(settings.recording_ring, "second factor"))
    factor.turn_on(account.id or 0, enrolment.secret, code, COMMAND_LINE)
    engine.dispose()


async def _a_whole_talk(running: Hotline) -> str:
    """Play an example call from its first word to its draft; return the contact."""
    first = running.sign_ins("lawyer")[0]
    async with LawyerAtDesk(running, first["username"], first["password"]) as lawyer:
        await lawyer.ready()
        async with caller(running) as talk:
            await _chooses(talk, "1")
            theirs = await lawyer.answer()
            contact = "c_" + talk.call_sid.removeprefix("CA")
            theirs.say(speech(1))
            talk.say(speech(0))
            await talk.listen(len(speech(0)) / RATE)
            await talk.hangup()
        lawyer.talking = ""
        async with asyncio.timeout(TRANSCRIBED_WITHIN_S):
            while not ((await lawyer.get(f"/desk/contacts/{contact}"))["transcript"] or {}).get("draft"):
                await asyncio.sleep(1.0)
        await lawyer.say("wrapup_end")
    return contact


async def _chooses(talk: Talk, key: str) -> None:
    await talk.listen(1.0)
    talk.press(key)
