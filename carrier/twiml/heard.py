"""What is heard: Say, Play and Pause, in a call, in a Gather, in waiting music."""

import asyncio

from carrier import audio
from carrier.errors import Trouble
from carrier.webhooks import Hook

from .document import Element
from .stage import Jump, Stage

FOREVER = 1000  # Twilio's own bound for loop="0"


async def say(stage: Stage, element: Element) -> Jump | None:
    """Speak; without a voice engine log which prompt is to be recorded, and go on with the next verb."""
    await stage.call.answer()
    engine = stage.network.voice
    if engine is None:
        words = element.text[:120]
        message = f"Say needs a voice engine and there is none: <Play> a recorded prompt of {words!r} instead"
        stage.complain(Trouble(13520, message, stage.document.url))
        return None
    language, voice = element.get("language", "zh-CN"), element.get("voice")
    pcm = await asyncio.to_thread(engine.speak, element.text, language=language, voice=voice)
    await stage.play(audio.clip(pcm, element.number("loop", 1, high=FOREVER)))
    return None


async def play(stage: Stage, element: Element) -> Jump | None:
    """Play a file or digits; what cannot be had is logged, and the next verb follows."""
    await stage.call.answer()
    if digits := element.get("digits"):
        await stage.play(audio.tones(digits))
        return None
    try:
        pcm = await stage.network.sounds.get(Hook(element.text, "GET").against(stage.document.url))
    except Trouble as trouble:
        stage.complain(trouble)
        return None
    await stage.play(audio.clip(pcm, element.number("loop", 1, high=FOREVER)))
    return None


async def pause(stage: Stage, element: Element) -> Jump | None:
    """Wait. As the first verb of an inbound call it delays the answer."""
    if not stage.first:
        await stage.call.answer()
    await asyncio.sleep(element.number("length", 1))
    return None


HEARD = {"Say": say, "Play": play, "Pause": pause}
