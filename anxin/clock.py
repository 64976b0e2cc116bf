"""``anxin clock``: every deadline, the ledger's writer, the reconciler, and jobs that got lost."""

import asyncio
import signal
from collections.abc import Awaitable, Callable
from threading import Event

from redis.exceptions import RedisError
from rq import Queue
from sqlalchemy.exc import SQLAlchemyError

from config.errors import AnxinError
from config.log import Log
from config.published import EVERY_S
from config.redis import open_redis, open_sync_redis
from config.settings import Settings
from config.tasks import cancel_all
from routing.rules import load_rules
from sla import health
from sla.escalation import Escalator
from sla.owed import owe_unproved
from sla.reconcile import settle_callbacks
from sla.writer import LedgerWriter
from transcription.queue import QUEUE, enqueue, requeue_lost
from transcription.signing import Summaries

from .alarms import open_alarms
from .duty import in_force, watch
from .keeping import keeper_of
from .parts import open_parts
from .reconcile import Reconciler
from .summaries import Announcer

SWEEP_SECONDS = 0.25
REQUEUE_SECONDS = 3.0
RECONCILE_SECONDS = 20.0
HEALTH_SECONDS = 1.0
LINE_SECONDS = 4.0
LADDER_SECONDS = 2.0
SETTLE_SECONDS = 2.0
ALARM_SECONDS = 1.0
SIGNED_SECONDS = 5.0
KEEP_SECONDS = 600.0
DUTY_SECONDS = 5.0
FRESH_MS = 5000

log = Log(__name__)


async def run(settings: Settings) -> None:
    """Run until SIGTERM or SIGINT."""
    parts = open_parts(settings)
    stop = Event()
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    jobs = open_sync_redis(settings.redis)
    queue = Queue(QUEUE, connection=jobs)
    held = in_force(parts)
    writer = LedgerWriter(
        open_sync_redis(settings.redis), parts.engine, held.demand_rules(settings.proof_talk_seconds)
    )

    async def look() -> None:
        await asyncio.to_thread(held.look)
        writer.rules = held.demand_rules(settings.proof_talk_seconds)

    async def requeue() -> None:
        now_ms = parts.clock.now_ms()
        await asyncio.to_thread(requeue_lost, parts.engine, lambda sid: enqueue(queue, sid), now_ms)

    async def sweep() -> None:
        await parts.switchboard.sweep()

    async def alive() -> None:
        await parts.redis.hset(health.PREFIX + "clock", mapping=health.fields("running"))

    async def line() -> None:
        state = "running" if await parts.telephony.is_reachable() else "stuck"
        await parts.redis.hset(health.PREFIX + "carrier", mapping=health.fields(state))

    escalator = Escalator(
        parts.switchboard,
        parts.redis,
        parts.engine,
        clock=parts.clock,
        targets=lambda: held.targets,
        rules=load_rules(),
    )

    async def climb() -> None:
        await escalator.look()

    async def settle() -> None:
        await settle_callbacks(parts.switchboard, parts.engine)
        await owe_unproved(parts.switchboard, parts.engine, parts.clock)

    keeper = keeper_of(settings, parts.engine, jobs, parts.clock)

    async def keep() -> None:
        await asyncio.to_thread(keeper.sweep)

    announcer = Announcer(Summaries(parts.engine, parts.clock), parts.switchboard, parts.engine)
    reconciler = Reconciler(parts, queue)
    alarms = open_alarms(parts, lambda: held.targets)

    async def ring() -> None:
        await alarms.check()

    try:
        async with asyncio.TaskGroup() as group:
            writing = group.create_task(asyncio.to_thread(writer.run, stop))
            regular = [
                group.create_task(_every(EVERY_S, "rules", look)),
                group.create_task(_every(SWEEP_SECONDS, "sweep", sweep)),
                group.create_task(_every(REQUEUE_SECONDS, "requeue", requeue)),
                group.create_task(_every(RECONCILE_SECONDS, "reconcile", reconciler.compare)),
                group.create_task(_every(HEALTH_SECONDS, "alive", alive)),
                group.create_task(_every(LINE_SECONDS, "line", line)),
                group.create_task(_every(LADDER_SECONDS, "ladders", climb)),
                group.create_task(_every(SETTLE_SECONDS, "settle", settle)),
                group.create_task(_every(ALARM_SECONDS, "alarms", ring)),
                group.create_task(_every(SIGNED_SECONDS, "signed", announcer.tell_rest)),
                group.create_task(_every(KEEP_SECONDS, "keep", keep)),
                group.create_task(_every(DUTY_SECONDS, "duty", watch(parts).look)),
            ]
            await stopping.wait()
            stop.set()
            await cancel_all(regular)
            await writing
    finally:
        stop.set()
        jobs.close()
        await parts.close()


async def _every(seconds: float, name: str, work: Callable[[], Awaitable[None]]) -> None:
    """Do *work* again and again. Redis, SQL or the carrier being away is waited out; a bug ends the process,
    which the supervisor starts afresh."""
    failed = ""
    while True:
        try:
            await work()
            if failed:
                log.info("clock.works_again", part=name)
            failed = ""
        except (RedisError, SQLAlchemyError, OSError, AnxinError) as error:
            if type(error).__name__ != failed:  # once, not four times a second
                failed = type(error).__name__
                log.warning("clock.part_failed", part=name, error=failed, detail=str(error)[:200])
        await asyncio.sleep(seconds)


async def clock_is_alive(settings: Settings) -> bool:
    """Has some clock process given a sign of life just now?"""
    redis = open_redis(settings.redis)
    try:
        seconds, micros = await redis.time()
        seen = await redis.hget(health.PREFIX + "clock", "at_ms")
        return seen is not None and seconds * 1000 + micros // 1000 - int(seen) < FRESH_MS
    except (RedisError, OSError):
        return False
    finally:
        await redis.aclose()
