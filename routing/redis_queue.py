"""The queue in Redis: one Lua function per method, so each is atomic."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, cast

from config.redis import HOTLINE, HotlineRedis

from . import policy
from .errors import IllegalTransition, UnknownContact, UnknownLawyer
from .events import Fact
from .functions import Functions
from .invariants import State, violations
from .keys import key, keys
from .policy import Rules
from .ports import Arrival, Contact, Due, DueKind, Lawyer, Move, Need, Place, SignIn, Snapshot
from .records import (
    CONTACT_DEFAULTS,
    LAWYER_DEFAULTS,
    arrived_body,
    callback_of,
    contact_of,
    contact_record,
    dumps,
    lawyer_of,
    lawyer_record,
    move_of,
    need_record,
    new_contact,
    number_key,
)

_TIMES = (
    *("ring", "menu_lease", "wait_lease", "talk_lease", "room_retry"),
    *("wrapup", "fresh", "pass_over", "carrier_retry", "forget", "proof", "rejoin"),
)


class RedisQueue:
    """Implements ``routing.queue.Queue``."""

    def __init__(self, redis: HotlineRedis, rules: Rules, *, hotline: str = HOTLINE) -> None:
        self._redis, self._rules = redis, rules
        self._keys, self._ev = keys(hotline), key("ev", hotline)
        self._tables, self._duty = key("tables", hotline), key("duty", hotline)
        self._times = ",".join(str(getattr(rules.times, name)) for name in _TIMES)
        self._ladder = ",".join(str(step.after_ms) for step in rules.ladder)
        self._gates = ",".join(str(step.load) for step in rules.ladder)
        self._functions = Functions(redis.wire)

    async def arrive(self, arrival: Arrival, now: int) -> Move:
        record, told = contact_record(new_contact(arrival, now)), dumps(arrived_body(arrival))
        return await self._move("arrive", now, arrival.contact, record, told)

    async def wait(self, contact: str, need: Need, now: int) -> Move:
        return await self._move("wait", now, contact, need_record(need, self._rules))

    async def retag(self, contact: str, need: Need, reason: str, now: int) -> Move:
        return await self._move("retag", now, contact, need_record(need, self._rules), reason)

    async def renew(self, contact: str, now: int) -> Move:
        return await self._move("renew", now, contact)

    async def ringing(self, contact: str, lawyer: str, leg: str, now: int) -> Move:
        return await self._move("ringing", now, contact, lawyer, leg)

    async def accept(self, contact: str, lawyer: str, now: int) -> Move:
        return await self._move("offer_accept", now, contact, lawyer)

    async def reject(self, contact: str, lawyer: str, reason: str, now: int) -> Move:
        return await self._move("offer_reject", now, contact, lawyer, reason)

    async def expire(self, contact: str, lawyer: str, now: int) -> Move:
        return await self._move("offer_expire", now, contact, lawyer)

    async def fail(self, contact: str, lawyer: str, reason: str, now: int) -> Move:
        return await self._move("offer_fail", now, contact, lawyer, reason)

    async def drop(self, contact: str, lawyer: str, reason: str, now: int) -> Move:
        return await self._move("drop", now, contact, lawyer, reason)

    async def done(self, contact: str, ended_by: str, now: int) -> Move:
        return await self._move("done", now, contact, ended_by)

    async def leave(self, contact: str, now: int) -> Move:
        return await self._move("leave", now, contact, await self._again())

    async def missed(
        self, arrival: Arrival, started_ms: int, status: str, now: int, reason: str = "outage"
    ) -> Move:
        record = contact_record(new_contact(arrival, started_ms))
        return await self._move("missed", now, record, status, reason)

    async def choose_callback(self, contact: str, number: str, now: int, reason: str = "chosen") -> Move:
        again = await self._again()
        return await self._move("choose_callback", now, contact, number, again, number_key(number), reason)

    async def promise(self, contact: str, number: str, due_ms: int, reason: str, now: int) -> Move:
        return await self._move("promise", now, contact, number, str(due_ms), reason, number_key(number))

    async def in_room(self, contact: str, now: int) -> Move:
        return await self._move("in_room", now, contact)

    async def recording(self, contact: str, recording: str, now: int) -> Move:
        return await self._move("recording", now, contact, recording)

    async def sign_in(self, who: SignIn, now: int) -> Move:
        return await self._move("sign_in", now, lawyer_record(who))

    async def sign_out(self, lawyer: str, now: int) -> Move:
        return await self._move("sign_out", now, lawyer)

    async def ready(self, lawyer: str, now: int) -> Move:
        return await self._move("ready", now, lawyer)

    async def away(self, lawyer: str, reason: str, now: int) -> Move:
        return await self._move("away", now, lawyer, reason)

    async def heartbeat(self, lawyer: str, registered: bool, talking: str, now: int) -> Move:
        return await self._move("heartbeat", now, lawyer, "1" if registered else "0", talking)

    async def wrapup_end(self, lawyer: str, now: int) -> Move:
        return await self._move("wrapup_end", now, lawyer)

    async def stale(self, lawyer: str, now: int) -> Move:
        return await self._move("stale", now, lawyer)

    async def relax(self, contact: str, now: int) -> Move:
        return await self._move("relax", now, contact, self._gates)

    async def widen(self, contact: str, now: int) -> Move:
        return await self._move("widen", now, contact)

    async def forget(self, contact: str, now: int) -> Move:
        return await self._move("forget", now, contact)

    async def claim(self, contact: str, need: Need, now: int) -> Move:
        return await self._move("callback_claim", now, contact, need_record(need, self._rules))

    async def its_turn(self, contact: str, need: Need, now: int) -> bool:
        latest, steps = str(self._rules.times.callback_latest), str(policy.last_free_step(self._rules))
        turn = await self._decide("callback_turn", now, contact, policy.type_of(need), latest, steps)
        return bool(turn)

    async def dialled(self, contact: str, leg: str, now: int) -> Move:
        return await self._move("callback_dialled", now, contact, leg)

    async def talk_lost(self, contact: str, lawyer: str, leg: str, now: int) -> Move:
        return await self._move("talk_lost", now, contact, lawyer, leg)

    async def talk_rejoin(self, contact: str, lawyer: str, leg: str, now: int) -> Move:
        return await self._move("talk_rejoin", now, contact, lawyer, leg)

    async def talk_rejoined(self, contact: str, lawyer: str, now: int) -> Move:
        return await self._move("talk_rejoined", now, contact, lawyer)

    async def talk_hold(self, contact: str, lawyer: str, held: bool, now: int) -> Move:
        return await self._move("talk_hold", now, contact, lawyer, "1" if held else "0")

    async def talk_guest(self, contact: str, guest: str, state: str, now: int) -> Move:
        return await self._move("talk_guest", now, contact, guest, state)

    async def consult(self, contact: str, lawyer: str, second: str, now: int) -> Move:
        return await self._move("consult", now, contact, lawyer, second)

    async def consult_ringing(self, contact: str, second: str, leg: str, now: int) -> Move:
        return await self._move("consult_ringing", now, contact, second, leg)

    async def consult_answered(self, contact: str, second: str, now: int) -> Move:
        return await self._move("consult_answered", now, contact, second)

    async def consult_end(self, contact: str, second: str, reason: str, now: int) -> Move:
        return await self._move("consult_end", now, contact, second, reason)

    async def hand_over(self, contact: str, lawyer: str, now: int) -> Move:
        return await self._move("hand_over", now, contact, lawyer)

    async def pass_on(self, contact: str, lawyer: str, need: Need, now: int) -> Move:
        return await self._move("pass_on", now, contact, lawyer, need_record(need, self._rules))

    async def retry(self, contact: str, reason: str, now: int) -> Move:
        return await self._move("callback_retry", now, contact, reason)

    async def postpone(self, due: Due, until: int) -> bool:
        return bool(await self._run("postpone", until, f"{due.kind}:{due.owner}", str(until)))

    async def close_callback(self, callback: str, closing: Mapping[str, object], now: int) -> bool:
        return bool(await self._run("close_callback", now, callback, dumps(dict(closing))))

    async def due(self, now: int, limit: int) -> Sequence[Due]:
        rows = cast("list[str]", await self._run("due", now, str(limit)))
        found = []
        for member, at in zip(rows[::2], rows[1::2], strict=True):
            kind, _, owner = member.partition(":")
            found.append(Due(DueKind(kind), owner, int(float(at))))
        return found

    async def contact(self, contact: str) -> Contact | None:
        record = await self._run("read", 0, "contact", contact)
        return contact_of(record) if record else None

    async def lawyer(self, lawyer: str) -> Lawyer | None:
        record = await self._run("read", 0, "lawyer", lawyer)
        return lawyer_of(record) if record else None

    async def place(self, contact: str, now: int) -> Place | None:
        answer = await self._decide("place", now, contact)
        if not answer:
            return None
        ahead, duty, handling = answer[0], answer[1], list(map(int, answer[2]))
        estimate = policy.estimate_ms(ahead, duty, handling, self._rules)
        next_ms = 0 if duty else await self._next_duty()
        return Place(ahead + 1, ahead, estimate, duty, next_ms if next_ms > now else 0)

    async def snapshot(self, now: int, limit: int = 5000) -> Snapshot:
        last, contacts, lawyers, callbacks = await self._run("snapshot", now, str(limit))
        everyone = map(lawyer_of, lawyers)
        return Snapshot(
            ev=last,
            at_ms=now,
            contacts=sorted(map(contact_of, contacts), key=lambda c: (c.place_ms, c.id)),
            lawyers=sorted((one for one in everyone if one.state != "offline"), key=lambda one: one.id),
            callbacks=sorted(map(callback_of, callbacks), key=lambda k: (str(k["place_ms"]), str(k["id"]))),
        )

    async def check_invariants(self) -> list[str]:
        contacts, gone, lawyers, waiting, idle, due, callbacks, counts = await self._run("dump", 0)
        return violations(
            State(
                contacts=[CONTACT_DEFAULTS | json.loads(text) for text in contacts],
                gone=[CONTACT_DEFAULTS | json.loads(text) for text in gone],
                lawyers=[LAWYER_DEFAULTS | json.loads(text) for text in lawyers],
                waiting=waiting,
                idle=idle,
                due=dict(zip(due[::2], map(float, due[1::2]), strict=True)),
                callbacks=[json.loads(text) for text in callbacks],
                counts=dict(zip(counts[::2], map(int, counts[1::2]), strict=True)),
            )
        )

    async def record(self, fact: Fact) -> None:
        await self._redis.xadd(self._ev, cast("dict[Any, Any]", fact.to_fields()))

    async def _next_duty(self) -> int:
        """Return when somebody is on duty next, as the clock read it from the roster; 0 = unknown, or now."""
        return int(await self._redis.hget(self._duty, "next_ms") or 0)

    async def _again(self) -> str:
        """Return when those who find nobody on duty are called, at the earliest."""
        return str(policy.sensible(await self._next_duty(), self._rules))

    async def _move(self, name: str, now: int, *args: str) -> Move:
        return move_of(await self._decide(name, now, *args))

    async def _decide(self, name: str, now: int, *args: str) -> Sequence[Any]:
        """Call a function; make the tables that it finds missing; raise what it refuses."""
        while True:
            answer = cast("Sequence[Any]", await self._run(name, now, *args))
            match answer:
                case ["missing", kind, missing]:
                    await self._learn(kind, missing)
                case ["illegal", whom, state, event]:
                    raise IllegalTransition(whom, state, event)
                case ["unknown", "contact", id_]:
                    raise UnknownContact(id_)
                case ["unknown", _, id_]:
                    raise UnknownLawyer(id_)
                case _:
                    return answer

    async def _learn(self, kind: str, name: str) -> None:
        """Make the table of a type or a profile by the policy. Refused if others were added meanwhile."""
        prefix = "profiles:" if kind == "type" else "types:"
        fields = await self._redis.hkeys(self._tables)
        others = [str(field).removeprefix(prefix) for field in fields if str(field).startswith(prefix)]
        table: object
        if kind == "type":
            table = [[row.step, row.width, row.profile] for row in policy.able(name, others, self._rules)]
        else:
            table = policy.serves(name, others, self._rules)
        await self._run("learn", 0, kind, name, str(len(others)), dumps(table))

    async def _run(self, name: str, now: int, *args: str) -> Any:
        return await self._functions.call(name, self._keys, self._arguments(now, args))

    def _arguments(self, now: int, args: Sequence[str]) -> list[str]:
        """Return a function's arguments: those that every one has come first."""
        at = policy.hours(now, self._rules)
        hours = ",".join(map(str, (at.due, at.closes, at.first, *at.retries)))
        return [str(now), self._times, hours, self._ladder, *args]
