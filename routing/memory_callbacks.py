"""Call-backs in the plain-Python queue: what is owed to callers who left without having talked."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from . import policy
from .contact import ContactEvent
from .memory_state import Memory
from .ports import Contact, ContactState, DueKind, Offer
from .records import key_of

_EVERY = (DueKind.LEASE, DueKind.RELAX, DueKind.OFFER, DueKind.TALK, DueKind.ROOM, DueKind.FORGET)


@dataclass(frozen=True, slots=True)
class Callbacks:
    m: Memory

    def open(self, contact: Contact, event: ContactEvent, reason: str, at_ms: int = 0) -> None:
        """Every contact that leaves without having talked long enough passes here.

        *at_ms*: it is tried then, and not before.
        """
        m = self.m
        if contact.callback:
            self.retry(contact, reason)
            return
        id_ = f"k_{contact.id[2:]}"
        contact = m.put(contact, place_ms=contact.place_ms or m.now)
        if contact.takes not in m.callbacks:
            contact = self.take_over(contact)
        number = contact.callback_number or contact.from_number
        hours = policy.hours(m.now, m.rules)
        next_ms = at_ms or hours.first if is_callable(number) else 0
        opened = {
            "reason": reason,
            "number": number,
            "due_ms": max(hours.due, at_ms),
            "place_ms": contact.place_ms,
            "next_ms": next_ms,
            "blocked": "" if next_ms else "no_number",
        }
        m.settle(contact.id, *_EVERY)
        m.callbacks[id_] = {
            "id": id_,
            "contact": contact.id,
            "demand": contact.demand,
            "channel": contact.channel,
            "type": contact.type,
            "priority": contact.priority,
            "prefecture": contact.prefecture,
            "opened_ms": m.now,
            "attempts": 0,
            "taken_by": "",
            "number_key": key_of(contact),
            **opened,
        }
        if next_ms:
            m.due[DueKind.CALLBACK, contact.id] = next_ms
        if key_of(contact):
            m.callers[key_of(contact)] = id_
        m.fact("callback.opened", contact.id, callback=id_, **opened)
        m.put(contact, event, callback=id_, lawyer="", leg="", until_ms=0, talked_ms=0)

    def retry(self, contact: Contact, reason: str) -> None:
        """The caller was not reached: again by the schedule; when it is used up, a supervisor decides."""
        m, k = self.m, self.m.callbacks[contact.callback]
        hours = policy.hours(m.now, m.rules)
        if reason == "hours":
            k["next_ms"] = hours.first
        else:
            k["attempts"] += 1
            k["next_ms"] = dict(enumerate(hours.retries, start=1)).get(k["attempts"], 0)
        k["blocked"] = "" if k["next_ms"] else "exhausted"
        m.settle(contact.id, *_EVERY)
        if k["next_ms"]:
            m.due[DueKind.CALLBACK, contact.id] = k["next_ms"]
        told = {"callback": k["id"], "attempts": k["attempts"], "reason": reason, "next_ms": k["next_ms"]}
        kind = "callback.retry" if k["next_ms"] else "callback.exhausted"
        m.fact(kind, contact.id, **told, blocked=k["blocked"])
        nobody = {"lawyer": "", "leg": "", "until_ms": 0, "dial": False, "caller_leg": "", "in_room": False}
        m.put(contact, ContactEvent.RETRY, **nobody, talked_ms=0)

    def number(self, contact: Contact, k: dict[str, Any], number: str) -> None:
        """The number of a call-back comes late: what was blocked for want of one can now be made."""
        m = self.m
        contact = m.put(contact, callback_number=number)
        self._forget_caller(k)
        k["number"], k["number_key"] = number, key_of(contact)
        if k["number_key"]:
            m.callers[k["number_key"]] = k["id"]
        if k["blocked"] and is_callable(number):
            k["blocked"], k["next_ms"] = "", policy.hours(m.now, m.rules).first
            m.due[DueKind.CALLBACK, contact.id] = k["next_ms"]
        told = {"callback": k["id"], "number": number, "next_ms": k["next_ms"], "blocked": k["blocked"]}
        m.fact("callback.numbered", contact.id, **told)

    def take_over(self, contact: Contact) -> Contact:
        """Who rings in while we owe them a call takes over its place, and nobody dials them meanwhile."""
        m = self.m
        k = m.callbacks.get(m.callers.get(key_of(contact), ""))
        if k is None or k["contact"] == contact.id:
            return contact
        older = m.contacts[k["contact"]]
        if older.state is ContactState.WAITING and older.dial:
            m.settle(older.id, DueKind.LEASE, DueKind.RELAX)
            m.put(older, state=ContactState.CALLBACK, dial=False)
        elif older.state is not ContactState.CALLBACK:
            return contact  # they are being called right now
        m.settle(older.id, DueKind.CALLBACK)
        k["taken_by"], k["next_ms"], k["blocked"] = contact.id, 0, ""
        m.fact("callback.taken", older.id, callback=k["id"], by=contact.id)
        return m.put(contact, takes=k["id"], place_ms=min(contact.place_ms, k["place_ms"]))

    def close(self, callback: str, closing: Mapping[str, object]) -> None:
        """Close a call-back, and those of the same caller that it took the place of."""
        m = self.m
        if (k := m.callbacks.get(callback)) is None:
            return
        c = m.contacts[k["contact"]]
        if c.state in {ContactState.OFFERED, ContactState.TALKING}:
            return  # it is being answered right now: that talk decides
        del m.callbacks[callback]
        self._forget_caller(k)
        m.settle(c.id, DueKind.CALLBACK)
        m.fact("callback.closed", c.id, **closing, callback=callback)
        c = m.put(c, callback="")
        if c.state is ContactState.CALLBACK or (c.state is ContactState.WAITING and c.dial):
            m.settle(c.id, DueKind.LEASE, DueKind.RELAX)
            m.set_due(DueKind.FORGET, c.id, m.rules.times.forget)
            m.put(c, ContactEvent.CLOSE, dial=False)
        self.close(c.takes, closing)

    def talked(self, contact: Contact) -> None:
        """A talk is over. Long enough, it closes the caller's call-backs; too short, they are owed one."""
        m = self.m
        if contact.talked_ms < m.rules.times.proof:
            self.open(contact, ContactEvent.OWE, "short_talk")
            return
        m.set_due(DueKind.FORGET, contact.id, m.rules.times.forget)
        m.put(contact, ContactEvent.DONE)
        talk = {"lawyer": contact.lawyer, "talk_ms": contact.talked_ms, "contact": contact.id}
        self.close(contact.callback or contact.takes, {"proof": {"kind": "talk", **talk}})

    def claim(self, contact: Contact, k: dict[str, Any], kind: Mapping[str, Any]) -> Iterator[Offer]:
        """The contact waits again in its old place, to be dialled once a lawyer answered."""
        m = self.m
        m.settle(contact.id, DueKind.CALLBACK)
        k["next_ms"], k["blocked"] = 0, ""
        m.passed[contact.id] = m.still_passed(contact.id)
        is_now = {**kind, "place_ms": k["place_ms"], "step": m.first_manned_step(kind["type"])}
        since = contact.waiting_since_ms or k["opened_ms"]
        told = {"callback": k["id"], "attempts": k["attempts"], "since_ms": since}
        m.fact("callback.claimed", contact.id, **told, **is_now)
        yield from m.back_to_place(contact, ContactEvent.CLAIM, dial=True, waiting_since_ms=since, **is_now)

    def _forget_caller(self, k: Mapping[str, Any]) -> None:
        """This call-back is no longer the one by which its number is known."""
        if self.m.callers.get(k["number_key"]) == k["id"]:
            del self.m.callers[k["number_key"]]


def is_callable(number: str) -> bool:
    """Can the carrier ring this number? A hidden caller has none, and a web page is none."""
    return number.startswith(("+", "sip:"))


def shown(callback: Mapping[str, Any]) -> dict[str, object]:
    return {name: value for name, value in callback.items() if name != "number_key"}
