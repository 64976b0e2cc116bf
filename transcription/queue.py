"""How a recording is put before the workers. Light: web and clock import this, and no recogniser with it."""

from collections.abc import Callable

from rq import Queue
from sqlalchemy import Engine

from . import store

QUEUE = "recordings"
JOB_LIMIT_S = 6 * 3600  # three hours of talk on a slow machine


def enqueue(queue: Queue, recording_id: str) -> None:
    """Ask a worker to look at the recording. Twice does no harm."""
    queue.enqueue(
        "transcription.jobs.process_recording",  # by name: who asks need not load what recognises
        recording_id,
        job_timeout=JOB_LIMIT_S,
        result_ttl=60,
        failure_ttl=86_400,
        description=f"recording {recording_id}",
    )


def requeue_lost(engine: Engine, put: Callable[[str], None], now_ms: int) -> int:
    """Put every recording that is due and in nobody's hands into the queue; return how many.

    The clock process calls this every few seconds: it finds jobs that Redis lost, workers that died, media
    that was late, and recordings that waited for a model.
    """
    lost = store.take_lost(engine, now_ms)
    for recording_id in lost:
        put(recording_id)
    return len(lost)
