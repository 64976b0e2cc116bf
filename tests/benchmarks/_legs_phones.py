"""The load of legs.py: phones that call and talk. Each line on stdin is how many more to add."""

import asyncio
import gc
import json
import os
import sys
import time

from tests.carrier.lobby import access_token
from tests.phones import Phone, tone


async def call(url: str, codecs: tuple[str, ...]) -> None:
    """Add as many phones as told; print how long each took to have media, and what they cost."""
    loop = asyncio.get_running_loop()
    phones: list[Phone] = []
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        ups: list[float] = []
        for _ in range(int(line)):
            phone = Phone(url, access_token(f"p{len(phones)}"), codecs=codecs)
            phones.append(phone)
            await phone.open()
            talk = await phone.call()
            ups.append(await talk.up(20.0))
            talk.say(tone(400 + 10 * (len(phones) % 40)), forever=True)
        gc.collect()
        gc.freeze()
        sys.stdout.write(json.dumps({"ups": ups, "cpu": time.process_time()}) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    os.sched_setaffinity(0, {int(sys.argv[2])})
    asyncio.run(call(sys.argv[1], tuple(sys.argv[3].split(","))))
