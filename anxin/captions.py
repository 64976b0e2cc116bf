"""``anxin captions``: live captions of the talks, on the desks, in a process of their own.

It may fall behind, be killed or never start: calls, recordings and transcripts do not notice.
"""

import contextlib
import os
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from typing import Any

from redis import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from config import captions
from config.clock import SHANGHAI, Clock, SystemClock, from_ms
from config.db import open_engine
from config.log import Log
from config.published import Published
from config.redis import open_sync_redis
from config.settings import Settings
from transcription.captions import Ear, Line, ears
from transcription.hints import load_hints
from transcription.recognizers.choice import choose_recognizer
from transcription.summary.direction import direction_of
from transcription.turns import Turn

from .inforce import InForce

log = Log(__name__)
BEHIND_S = 8.0  # later than this a caption only confuses: the newest talk goes without
FORGET_S = 120.0  # a talk that is silent for so long has ended
READ_TURNS = 60  # where a call belongs shows early; later words are not read for it
NICE = 10  # the telephone's 20 ms come first

Publish = Callable[[str], Any]


class Writer:
    """Turns the sound of all talks into captions, in one thread: *make_ear* belongs to it."""

    def __init__(
        self,
        make_ear: Callable[[], Ear],
        publish: Publish,
        behind_s: float = BEHIND_S,
        clock: Clock | None = None,
    ) -> None:
        self._make_ear, self._publish, self._behind_s = make_ear, publish, behind_s
        self._clock = clock or SystemClock()
        self._waiting: queue.SimpleQueue[tuple[float, str, str, bytes] | None] = queue.SimpleQueue()
        self._lines: dict[tuple[str, str], Line] = {}
        self._heard: dict[str, float] = {}  # contact -> when it was last heard of
        self._without: set[str] = set()
        self._said: dict[str, list[Turn]] = {}
        self._directed: dict[str, str] = {}

    def put(self, contact: str, side: str, mulaw: bytes) -> None:
        """Take sound from any thread."""
        self._waiting.put((time.monotonic(), contact, side, mulaw))

    def stop(self) -> None:
        self._waiting.put(None)

    def run(self) -> None:
        """Write captions until ``stop``."""
        while (item := self._waiting.get()) is not None:
            came, contact, side, mulaw = item
            late_s = time.monotonic() - came
            if contact not in self._heard:
                self._forget_ended(came)
            self._heard[contact] = came
            if contact in self._without:
                continue
            if late_s > self._behind_s and contact == self._newest():
                self._drop(contact, late_s)
                continue
            line = self._lines.get((contact, side))
            if line is None:
                line = self._lines[contact, side] = Line(self._make_ear())
            for caption in line.feed(mulaw):
                self._publish(captions.text(contact, side, **asdict(caption)))
                if caption.final and side in ("caller", "lawyer"):
                    self._direct(contact, Turn(side, caption.text))

    def _direct(self, contact: str, turn: Turn) -> None:
        """Tell the desk, once, that the call seems to belong elsewhere."""
        said = self._said.setdefault(contact, [])
        said.append(turn)
        if turn.speaker != "caller" or len(said) > READ_TURNS:
            return
        direction = direction_of(self.now(), said)
        if direction != self._directed.get(contact, ""):
            self._directed[contact] = direction
            self._publish(captions.text(contact, "", direction=direction))

    def now(self) -> datetime:
        return from_ms(self._clock.now_ms()).astimezone(SHANGHAI)

    def _newest(self) -> str:
        """The talk whose captions began last, among those that have any."""
        return next((contact for contact, _ in reversed(self._lines)), "")

    def _drop(self, contact: str, late_s: float) -> None:
        log.warning("captions.behind", contact=contact, late_s=round(late_s, 1))
        self._without.add(contact)
        self._lines = {key: line for key, line in self._lines.items() if key[0] != contact}
        self._publish(captions.text(contact, "", off="slow"))

    def _forget_ended(self, now: float) -> None:
        for contact in [c for c, at in self._heard.items() if now - at > FORGET_S]:
            del self._heard[contact]
            self._without.discard(contact)
            self._said.pop(contact, None)
            self._directed.pop(contact, None)
            self._lines = {key: line for key, line in self._lines.items() if key[0] != contact}


def run(settings: Settings) -> None:
    """Write captions until SIGTERM or SIGINT; without a recogniser say why and end."""
    os.nice(NICE)
    recognizer, reason = choose_recognizer(settings)
    if recognizer is None:
        log.warning("captions.none", why=reason)
        return
    redis = open_sync_redis(settings.redis)

    def publish(text: str) -> None:
        with contextlib.suppress(RedisConnectionError, RedisTimeoutError):
            redis.publish(captions.TEXT, text)

    held = InForce(Published(open_engine(settings.database)))
    writer = Writer(ears(recognizer, load_hints(), held.lexicon), publish)
    direction_of(writer.now(), [Turn("caller", "您好")])  # its words are read now, not in the first talk
    thread = threading.Thread(target=writer.run, name="captions", daemon=True)
    thread.start()
    log.info("captions.ready", recognizer=recognizer.name)
    _listen(redis, writer)


def _listen(redis: Redis, writer: Writer) -> None:
    while True:
        try:
            with redis.pubsub(ignore_subscribe_messages=True) as news:  # type: ignore[no-untyped-call]
                news.subscribe(captions.SOUND)
                while True:
                    message = news.get_message(timeout=5.0)
                    if message is not None:
                        writer.put(*captions.unpack(message["data"]))
        except (RedisConnectionError, RedisTimeoutError):
            time.sleep(0.5)  # Redis is being restarted
        except ValueError as error:
            log.warning("captions.malformed", error=str(error))
