"""The facts: what happened to contacts and lawyers, in the order in which Redis decided it.

A fact is one entry of the stream ``ev``. The Lua script that decides also appends it, so a fact exists if and
only if it happened. One writer drains the stream into the SQL ledger; boards and desks follow it live. Facts
that are decided elsewhere (a recording was measured, a summary signed) are appended by ``record``.

Every kind, and what its body holds (times are unix milliseconds):

contact.arrived       from, to, entrance (pstn, sip, web), prefecture, demand, ordinal (1 = first contact from
                      here), number (that a web caller left), missed (only of a call that nobody here saw: how
                      its leg ended, as the carrier says)
contact.chose         digit ('' = none), channel, evidence (list of words), language, prefecture, prefer (the
                      lawyer of an open matter, '')
contact.waiting       type, priority, since_ms, place_ms, step
contact.passed_over   reason (conflict: they advised the other side)        (lawyer set: they are told)
contact.retagged      type, priority, reason, channel, language, prefecture, place_ms, step
contact.relaxed       step, load (or asked: true): looks further for a lawyer
contact.offered       until_ms, waited_ms                      (lawyer set)
contact.accepted      waited_ms, talk (n-th talk of this contact)  (lawyer set) the lawyer answered
contact.joined        (lawyer set) the caller was brought to the lawyer
contact.dropped       reason, talk_ms       (lawyer set) the talk broke; the caller is back in the old place
contact.abandoned     stage (menu, waiting, offered, answered: before they met), waited_ms
contact.done          ended_by (caller, lawyer, carrier, supervisor), talk_ms  (lawyer set)
talk.leg_lost         (lawyer set) the lawyer's phone is gone and may come back: the caller hears music
talk.rejoined         after_ms                 (lawyer set)   talk.held  held: the caller is on hold, or not
talk.guest            guest (an outside service), state (asked, joined, left)    (lawyer set)
talk.handed_over      from: the lawyer who had it       (lawyer set: who has it now)
consult.asked         by, until_ms             (lawyer set: who is asked)        consult.answered  by
consult.ended         by, reason (ended, no_answer, rejected, phone, talk_over, signed_out)   (lawyer set)
contact.callback      number ('' = the number they called from), reason: the caller chose to be called back
offer.rejected        reason                                   (lawyer set)
offer.expired         rang_ms                  (lawyer set) the lawyer let it ring, and is now away
offer.failed          reason (phone, carrier)  (lawyer set) the lawyer's phone could not be rung
callback.opened       callback, reason (chosen, abandoned, dropped, short_talk, outage, nobody_on_duty,
                      voicemail, promised, no_proof, web), number, due_ms, place_ms, next_ms (when we dial;
                      0 = we do not), blocked (why not: no_number, exhausted; '' = we do, or are at it)
callback.numbered     callback, number, next_ms, blocked: the number came late
callback.claimed      callback, attempts, since_ms, type, channel, language, priority, place_ms, step: it
                      waits for a lawyer, and then the caller is dialled
callback.dialled      callback, leg            (lawyer set)
callback.retry        callback, attempts, reason (unanswered, short_talk, hours, carrier, ..), next_ms,
                      blocked
callback.exhausted    callback, attempts, reason, next_ms (0), blocked (exhausted): a supervisor decides
callback.taken        callback, by: the contact in which the caller rang in again, at the old place
callback.closed       callback, proof or signature
lawyer.signed_in      skills, languages, prefecture, name, profile
lawyer.signed_out
lawyer.ready          lawyer.away (reason)     lawyer.next (status, reason: what they are after this talk)
lawyer.stale          the desk or the phone stopped answering        lawyer.fresh
duty.planned          shift, start_ms     duty.cancelled (shift, by)     duty.attested (shift, late_ms)
duty.missed           shift, start_ms, prefecture     duty.called (shift, instead_of, within_min)
duty.swap_asked       shift, to           duty.swapped (shift, to, answer: accepted, refused, withdrawn)
duty.uncovered        reason (nobody, no_reserve), next_ms     duty.covered (lawyers)
lawyer.wrapup         until_ms                 lawyer.idle
recording.started     recording                recording.completed   recording, length_s
recording.measured    recording, caller_speech_s, lawyer_speech_s, length_s
recording.heard       recording, by, role      somebody listened (PIPL 54)
message.left          recording, length_s      the caller spoke to no lawyer: it is no proof of a talk
transcript.ready      recording, recognizer    transcript.failed     recording, reason
summary.drafted       note.saved (never the text: SQL has it)
summary.signed        version, by, role, changed, callback_required, digest, and the class: four_100, ..
summary.read          transcript.read  by, role    talk.searched  by, role, found (PIPL 54)
quality.checked       recording, findings (names)  quality.reviewed  by, role
data.deleted          what, subject, due_ms, source: by the retention rules
hold.placed           hold.released   by, role: nothing of the contact is deleted in between
contact.rated         score (1 satisfied, 2 fair, 3 not), by (key, page): the caller's last answer counts
demand.excluded       reason, by               a supervisor's signed decision
supervisor.listening  by, account, role, supervisor, with (the lawyer; not set as the fact's, who is not told)
supervisor.whispering supervisor.barged  supervisor.took_over: the same   (lawyer set: they are told)
supervisor.left       supervisor               they left the talk
supervisor.reprioritised  priority, reason, by  supervisor.reassigned  reason, by   (lawyer set)
supervisor.forced     status, reason, by  (lawyer set)   supervisor.dialled  reason, by
notice.broadcast      text, until_ms, by       to every desk and board; an empty text takes it back
alarm.raised          alarm, measure, value, limit, level     alarm.cleared  alarm
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Fact:
    kind: str
    at_ms: int
    contact: str = ""
    lawyer: str = ""
    body: Mapping[str, Any] = field(default_factory=dict)

    def to_fields(self) -> dict[str, str]:
        """Return the fact as the fields of a stream entry."""
        return {
            "k": self.kind,
            "t": str(self.at_ms),
            "c": self.contact,
            "l": self.lawyer,
            "b": json.dumps(self.body, ensure_ascii=False, separators=(",", ":")),
        }

    @classmethod
    def from_fields(cls, fields: Mapping[str, str]) -> "Fact":
        """Read a stream entry. Lua's cjson writes an empty list as ``{}``: readers take it as empty."""
        body = json.loads(fields.get("b") or "{}")
        return cls(fields["k"], int(fields["t"]), fields.get("c", ""), fields.get("l", ""), body)
