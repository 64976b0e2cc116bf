"""Which supervisors a lawyer knows to be in a talk: told by the facts, kept in Redis, so that a page that is
loaded anew shows it still. Who only listens is not in here: that is not announced.
"""

import json
from collections.abc import Mapping

from redis.asyncio import Redis

from routing.events import Fact

MODES = {
    "supervisor.whispering": "whisper",
    "supervisor.barged": "barge",
    "supervisor.took_over": "take_over",
}
GONE = frozenset({"supervisor.left", "supervisor.listening"})
KINDS = GONE | MODES.keys()
KEPT_S = 6 * 3600  # longer than any talk


class Supervised:
    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def happened(self, fact: Fact) -> None:
        """Take note of a fact of ``KINDS``. Any process may, also several."""
        key, supervisor = _key(fact.contact), str(fact.body.get("supervisor", ""))
        if fact.kind in GONE:
            await self._redis.hdel(key, supervisor)
            return
        guest = {"mode": MODES[fact.kind], "by": str(fact.body.get("by", "")), "at_ms": fact.at_ms}
        await self._redis.hset(key, supervisor, json.dumps(guest))
        await self._redis.expire(key, KEPT_S)

    async def of(self, contact: str) -> Mapping[str, object] | None:
        """Return who came last: ``mode``, ``by`` (name), ``at_ms``; None when nobody is heard there."""
        guests = [json.loads(text) for text in await self._redis.hvals(_key(contact))]
        return max(guests, key=lambda guest: int(guest["at_ms"]), default=None)


def _key(contact: str) -> str:
    return f"desk:supervised:{contact}"
