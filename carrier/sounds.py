"""Audio by URL: fetched once, decoded in a thread, kept and revalidated by ETag."""

import asyncio
import time
from collections import OrderedDict
from dataclasses import dataclass

from . import audio
from .errors import Trouble
from .ports import Pcm
from .webhooks import Answer, Hook, Webhooks

KEEP_BYTES = 128 * 1024 * 1024


@dataclass(slots=True)
class _Kept:
    pcm: Pcm
    etag: str
    fresh_until: float


class Sounds:
    """Decoded audio, the least recently used dropped first."""

    def __init__(self, webhooks: Webhooks) -> None:
        self._webhooks = webhooks
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._bytes = 0

    async def get(self, hook: Hook) -> Pcm:
        """The audio at *hook*. Raise Trouble: not there, or not audio."""
        kept = self._kept.get(hook.url)
        if kept is not None and time.monotonic() < kept.fresh_until:
            self._kept.move_to_end(hook.url)
            return kept.pcm
        answer = await self._webhooks.ask(
            Hook(hook.url, "GET"), {}, etag=kept.etag if kept is not None else ""
        )
        if kept is not None and answer.content_type == "not-modified":
            kept.fresh_until = time.monotonic() + answer.max_age
            self._kept.move_to_end(hook.url)
            return kept.pcm
        return await self.decode(answer, hook.url)

    async def decode(self, answer: Answer, key: str) -> Pcm:
        """Decode what was fetched and keep it under *key*."""
        try:
            pcm = await asyncio.to_thread(audio.decode, answer.body, answer.content_type)
        except audio.BadAudio as error:
            raise Trouble(12300, f"not playable audio: {error}", answer.url) from error
        if (old := self._kept.pop(key, None)) is not None:
            self._bytes -= old.pcm.nbytes
        self._kept[key] = _Kept(pcm, answer.etag, time.monotonic() + answer.max_age)
        self._bytes += pcm.nbytes
        while self._bytes > KEEP_BYTES and len(self._kept) > 1:
            self._bytes -= self._kept.popitem(last=False)[1].pcm.nbytes
        return pcm
