"""``anxin worker``: recordings to transcripts, one at a time."""

import logging
from functools import partial
from pathlib import Path
from typing import Any

from redis import Redis
from rq import Queue, SimpleWorker
from sqlalchemy import Engine

from config.clock import SystemClock
from config.db import open_engine
from config.published import Published
from config.redis import open_sync_redis
from config.settings import Settings
from routing.events import Fact
from routing.keys import ev
from sla import health
from transcription.hints import load_hints
from transcription.jobs import Work, measuring, use
from transcription.proposals import Model
from transcription.queue import QUEUE
from transcription.recognizers import Recognizer
from transcription.recognizers.choice import choose_recognizer, plan_recognizer
from transcription.vault import Vault

from .drafts import Drafter
from .inforce import InForce
from .keeping import carrier_of, notice_played
from .readers import place_of


def run(settings: Settings) -> None:
    """Work until SIGTERM (the job at hand is finished) or SIGINT."""
    redis = open_sync_redis(settings.redis)
    engine = open_engine(settings.database)
    work = work_for(settings, redis, engine)
    use(work)
    logging.getLogger("rq.worker").setLevel(logging.WARNING)
    plan = plan_recognizer(settings)
    health.report(redis, "recognizer", "waiting" if plan.kind == "none" else "running")
    # No fork per job: a loaded model is kept, and its threads would not survive one. A job that takes the
    # process down is found by the clock and tried again in the process that the supervisor starts instead.
    with measuring(work):
        SimpleWorker([Queue(QUEUE, connection=redis)], connection=redis).work(logging_level="WARNING")


def _model(settings: Settings) -> Model:
    return Model(settings.model_url, settings.model_name, settings.model_secret)


def work_for(settings: Settings, redis: Redis, engine: Engine) -> Work:
    """Return what a transcription job works with."""
    clock = SystemClock()
    held = InForce(Published(engine))

    def record_fact(kind: str, contact: str, body: dict[str, object]) -> None:
        fields: dict[Any, Any] = Fact(kind, clock.now_ms(), contact, body=body).to_fields()
        redis.xadd(ev(), fields)

    def choose() -> tuple[Recognizer | None, str]:
        """Choose, and let the board know."""
        chosen, reason = choose_recognizer(settings)
        health.report(redis, "recognizer", "running" if chosen else "waiting")
        return chosen, reason

    return Work(
        engine=engine,
        var=Path(settings.var),
        vault=Vault(settings.recording_ring),
        carrier=carrier_of(settings),
        choose=choose,
        hints=load_hints(),
        lexicon=held.lexicon,
        summarise=Drafter(engine, held.ruling_now),
        record_fact=record_fact,
        place=partial(place_of, engine),
        propose=_model(settings).propose if settings.model_url else lambda *_: [],
        notice=partial(notice_played, engine),
        clock=clock,
    )
