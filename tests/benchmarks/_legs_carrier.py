"""The process under test of legs.py: the media half, every two callers bridged in a recorded room."""

import asyncio
import os
import sys
import time
from pathlib import Path

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from carrier.ports import Recorder
from tests.carrier.lobby import Party, lobby


async def serve(folder: Path) -> None:
    """Print the address, bridge who calls, until killed."""
    started = time.process_time()
    recorders: list[Recorder] = []

    async def pulse(_: Request) -> JSONResponse:
        p = here.mixer.pulse
        body = {
            "ticks": p.ticks,
            "late": p.late,
            "worst_ms": p.worst_ms,
            "lines": len(here.mixer.lines),
            "cpu": time.process_time() - started,
            "dry": sum(line.inlet.dry for line in here.mixer.lines),
            "packets": sum(line.inlet.packets for line in here.mixer.lines),
        }
        p.worst_ms = 0.0
        return JSONResponse(body)

    async with lobby(folder, [Route("/pulse", pulse)]) as here:
        sys.stdout.write(f"{here.base}\n")
        sys.stdout.flush()
        waiting: Party | None = None
        while True:
            party = await here.answered_caller(within=3600)
            if waiting is None:
                waiting = party
                continue
            room = here.mixer.room()
            room.join(waiting.leg.port)
            room.join(party.leg.port)
            recorders.append(here.mixer.record(party.leg.port, folder / f"{len(recorders)}.wav", 2))
            waiting = None


if __name__ == "__main__":
    os.sched_setaffinity(0, {int(sys.argv[2])})
    asyncio.run(serve(Path(sys.argv[1])))
