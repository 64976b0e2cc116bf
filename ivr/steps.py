"""What each webhook does: the steps of a caller's leg, and the news of legs, rooms and recordings.

Each step's answer depends only on the contact's state and on what the signed URL carries, so repeats,
reordering and a restart in between are harmless.
"""

import asyncio
from typing import Protocol

from redis.exceptions import RedisError

from config.clock import Clock
from config.errors import AnxinError
from config.ids import STAFF, contact_of, demand_of
from config.log import Log
from routing.events import Fact
from routing.ports import Arrival, Contact, ContactState, Need, Place

from . import flow, numbers
from .detection import Clues, Earlier, Rules, detect, prefecture_of
from .flow import Plan, Round, Script
from .links import SCORES, rated
from .requests import Malformed, Webhook

log = Log(__name__)
REJOIN_TRIES = 20
GONE = frozenset({"completed", "busy", "no-answer", "failed", "canceled"})
IN_QUEUE = frozenset({ContactState.WAITING, ContactState.OFFERED})
TROUBLE = (AnxinError, RedisError, OSError, TimeoutError)


class Switchboard(Protocol):
    """What the webhooks need of routing. Every method is safe to call twice and out of order."""

    async def arrive(self, arrival: Arrival) -> Contact: ...
    async def choose(self, contact_id: str, need: Need) -> Contact: ...
    async def contact(self, contact_id: str) -> Contact | None: ...
    async def place(self, contact_id: str) -> Place | None: ...
    async def still_here(self, contact_id: str) -> None: ...
    async def callback_chosen(
        self, contact_id: str, number: str = "", *, reason: str = "chosen"
    ) -> Contact: ...
    async def leg_answered(self, contact_id: str, lawyer_id: str) -> None: ...
    async def leg_ended(self, contact_id: str, lawyer_id: str, outcome: str) -> None: ...
    async def caller_left(self, contact_id: str, outcome: str) -> None: ...
    async def record(self, fact: Fact) -> None: ...
    async def rejoin(self, contact_id: str, lawyer_id: str, leg: str) -> bool: ...
    async def guest_news(self, contact_id: str, guest: str, state: str) -> None: ...
    async def caller_joined(self, contact_id: str, leg: str) -> None: ...
    async def supervisor_left(self, contact_id: str, supervisor: str, *, unheard: bool) -> None: ...


class History(Protocol):
    async def earlier(self, from_number: str) -> Earlier:
        """Return what is known of a caller; called once per arrival, and not waited for longer than 20 ms."""
        ...


class Recordings(Protocol):
    async def __call__(self, contact: str, recording: str, status: str, url: str, duration_s: int) -> None:
        """Take note of a recording: status completed or absent. Safe to call twice."""
        ...


class VoiceSteps:
    """The steps of a caller's leg: each returns the plan of what they hear next."""

    def __init__(
        self, switchboard: Switchboard, script: Script, rules: Rules, history: History, clock: Clock
    ) -> None:
        self._board, self.script, self._rules = switchboard, script, rules
        self._history, self._clock = history, clock

    def follow(self, script: Script, rules: Rules) -> None:
        """Go by another menu from the next step on."""
        self.script, self._rules = script, rules

    async def incoming(self, hook: Webhook) -> Plan:
        if hook.get("From").startswith(STAFF):
            return await self.lawyer(hook)
        contact = contact_of(hook.call_sid())
        raw = hook.get("From")
        from_, earlier = numbers.caller(raw), Earlier()
        if from_:
            try:
                async with asyncio.timeout(0.02):
                    earlier = await self._history.earlier(from_)
            except TROUBLE as error:  # the ledger is slow: the call is not
                log.warning("history.unknown", contact=contact, error=type(error).__name__)
        arrived = await self._board.arrive(
            Arrival(
                contact=contact,
                demand=demand_of(contact),
                from_number=from_,
                to_number=hook.get("To")[:64],
                entrance=numbers.entrance_of(raw, over_sip="SipCallId" in hook.form),
                prefecture=prefecture_of(from_, self._rules),
                ordinal=earlier.contacts + 1,
                callback_number=numbers.e164(hook.get("number")),
            )
        )
        if arrived.state is not ContactState.MENU:
            return await self._continue(arrived, Round(talk=arrived.talk))
        carried = (
            ("p", hook.get("page")[:32]), ("c", earlier.channel), ("k", str(earlier.missed)),
            ("e", str(earlier.contacts)), ("l", earlier.lawyer), ("o", ".".join(earlier.conflicts)),
        )  # fmt: skip
        return flow.menu(
            self.script, tuple((name, value) for name, value in carried if value not in {"", "0"})
        )

    async def lawyer(self, hook: Webhook) -> Plan:
        """A lawyer's phone calls in by itself: back into their talk, after their page was reloaded, or to
        hear that the line works (*test*).
        """
        if not hook.get("From").startswith(STAFF):
            return (flow.Hangup(),)
        if hook.get("test"):
            return *self.script.plays("hold"), flow.Hangup()
        contact = hook.query.get("contact", "") or hook.get("rejoin")
        tries = number_in(hook.query.get("n", "0"))
        lawyer = hook.get("From").removeprefix("client:")
        if tries > REJOIN_TRIES or not await self._board.rejoin(contact, lawyer, hook.call_sid()):
            return (flow.Hangup(),)
        # The second verb is for a room in which the leg that this one replaces still has the lawyer's name.
        again = flow.Redirect("lawyer", (("contact", contact), ("n", str(tries + 1))))
        return flow.Talk(contact, lawyer), again

    async def menu(self, hook: Webhook) -> Plan:
        contact = await self._contact(hook)
        if contact is None:
            return await self.incoming(hook)
        now = Round(talk=contact.talk)
        if contact.state is not ContactState.MENU:
            return await self._continue(contact, now)
        need = detect(_clues(hook, contact), self._rules)
        contact = await self._board.choose(contact.id, need)
        thanks = "thanks" if need.language == "zh" else "thanks_language"
        return await self._continue(contact, now, self.script.plays(thanks))

    async def wait(self, hook: Webhook) -> Plan:
        contact = await self._contact(hook)
        if contact is None:
            return await self.incoming(hook)
        if contact.state is ContactState.MENU:  # the menu failed them: its silence leads to a human too
            return await self.menu(hook)
        return await self._continue(contact, _round(hook))

    async def callback(self, hook: Webhook) -> Plan:
        """A key in the wait loop, or the keyed number of a caller whose own we do not know."""
        contact = await self._contact(hook)
        if contact is None:
            return await self.incoming(hook)
        now, pressed = _round(hook), hook.get("Digits")
        attempt = number_in(hook.query.get("a", "0"))
        if contact.state not in IN_QUEUE or now.talk != contact.talk:
            return await self._continue(contact, Round(talk=contact.talk))
        if attempt:
            return await self._keyed(contact, pressed, attempt, now, hook.query.get("number", ""))
        return await self._pressed(contact, pressed, now)

    async def _pressed(self, contact: Contact, key: str, now: Round) -> Plan:
        if key == self.script.message_key:
            return await self._take_message(contact)
        if key != self.script.callback_key:
            return await self._continue(contact, now)
        if not numbers.dialable(contact.callback_number or contact.from_number):
            return flow.ask_number(self.script, 1, now, wrong=False)
        return await self._call_back(contact, contact.callback_number)

    async def _keyed(self, contact: Contact, pressed: str, attempt: int, now: Round, read_back: str) -> Plan:
        """The keyed number, or the answer to its being read back: 2 = again, anything else = right."""
        if read_back and pressed != "2":
            return await self._call_back(contact, numbers.e164(read_back))
        if read_back:
            return flow.ask_number(self.script, attempt + 1, now, wrong=False)
        if number := numbers.e164(pressed):
            return flow.check_number(self.script, number, numbers.national(number), attempt, now)
        return flow.ask_number(self.script, attempt + bool(pressed), now, wrong=bool(pressed))

    async def _call_back(self, contact: Contact, number: str) -> Plan:
        contact = await self._board.callback_chosen(contact.id, number)
        return await self._continue(contact, Round(talk=contact.talk))

    async def _let_go(self, contact: Contact) -> Plan:
        """Nobody is on duty, and nothing rings for ever: we call back. Whose number is hidden says theirs."""
        if numbers.dialable(contact.callback_number or contact.from_number):
            return await self._call_back(contact, contact.callback_number)
        return await self._take_message(contact)

    async def _take_message(self, contact: Contact) -> Plan:
        contact = await self._board.callback_chosen(contact.id, contact.callback_number, reason="voicemail")
        if contact.state is not ContactState.CALLBACK:  # a lawyer answered in this very moment
            return await self._continue(contact, Round(talk=contact.talk))
        return flow.message(self.script)

    async def message_left(self, _: Webhook) -> Plan:
        """The message is recorded, or its caller hung up; the recording's own news says what there is."""
        return flow.message_kept(self.script)

    async def reconnect(self, hook: Webhook) -> Plan:
        contact = await self._contact(hook)
        if contact is None or contact.state not in IN_QUEUE:
            return await self.wait(hook)
        await self._board.still_here(contact.id)
        return flow.reconnect(self.script, contact.talk)

    async def talk_ended(self, hook: Webhook) -> Plan:
        """The conference let the caller go: the lawyer hung up, or the talk broke off."""
        if hook.get("CallStatus") in GONE:
            await self._board.caller_left(contact_of(hook.call_sid()), hook.get("CallStatus"))
            return (flow.Hangup(),)
        return await self.reconnect(hook)

    async def goodbye(self, hook: Webhook) -> Plan:
        contact = await self._contact(hook)
        if contact is None or contact.state is not ContactState.ENDED:
            return flow.goodbye(self.script)
        return await self._continue(contact, Round(talk=contact.talk))

    async def rating(self, hook: Webhook) -> Plan:
        contact = await self._contact(hook)
        score = number_in(hook.get("Digits"))
        if contact is None or score not in SCORES:
            return flow.goodbye(self.script)
        await self._board.record(rated(contact.id, score, "key", self._clock.now_ms()))
        return flow.rated(self.script)

    async def hold(self, _: Webhook) -> Plan:
        return flow.hold(self.script)

    async def fallback(self, hook: Webhook) -> Plan:
        """The carrier could not run one of our documents: keep the line, and go on where the contact is."""
        log.error("webhook.failed", code=hook.get("ErrorCode")[:8], call=hook.get("CallSid")[:34])
        return flow.outage(self.script, "wait", 0)

    async def _contact(self, hook: Webhook) -> Contact | None:
        return await self._board.contact(contact_of(hook.call_sid()))

    async def _continue(self, contact: Contact, now: Round, before: tuple[flow.Play, ...] = ()) -> Plan:
        """Return what a contact hears in the state it is in, whatever step asked."""
        match contact.state:
            case ContactState.TALKING:
                return flow.talk(self.script, contact.id, self._clock.now_ms() - contact.talk_since_ms, now)
            case ContactState.WAITING | ContactState.OFFERED:
                await self._board.still_here(contact.id)
                place = await self._board.place(contact.id)
                if contact.state is ContactState.WAITING and flow.waits_in_vain(self.script, place, now):
                    return await self._let_go(contact)
                now_ms = self._clock.now_ms()
                return flow.wait(self.script, contact.state, place, now, before, now_ms=now_ms)
            case ContactState.CALLBACK:
                number = contact.callback_number or contact.from_number
                spoken = numbers.national(number) if number.startswith("+") else ""
                return flow.called_back(self.script, spoken)
            case ContactState.MENU:
                return flow.menu(self.script)
            case ContactState.ENDED:  # the lawyer hung up: who talked with one is asked how it was
                return flow.rate(self.script) if contact.talk else flow.goodbye(self.script)


class StatusNews:
    """What the carrier tells us of legs, conferences and recordings. No answer is expected."""

    def __init__(self, switchboard: Switchboard, recordings: Recordings, clock: Clock) -> None:
        self._board, self._recordings, self._clock = switchboard, recordings, clock

    async def caller(self, hook: Webhook) -> None:
        if (status := hook.get("CallStatus")) in GONE:
            await self._board.caller_left(contact_of(hook.call_sid()), status)

    async def conference(self, hook: Webhook) -> None:
        contact, label = hook.get("FriendlyName"), hook.get("ParticipantLabel")
        match hook.get("StatusCallbackEvent"):
            case "participant-join" if _is_lawyer(label) and await self.is_current(contact, label, hook):
                await self._board.leg_answered(contact, label)
            case "participant-leave" if _is_lawyer(label) and await self.is_current(contact, label, hook):
                outcome = hook.get("ParticipantCallStatus") or "completed"
                await self._board.leg_ended(contact, label, outcome)
            case "participant-join" if label.startswith("x_"):
                await self._board.guest_news(contact, label[2:], "joined")
            case "participant-leave" if label.startswith("x_"):
                await self._board.guest_news(contact, label[2:], "left")
            case "participant-join" if label == "caller":
                await self._board.caller_joined(contact, hook.call_sid())
            case "participant-leave" if label.startswith("s_"):
                unheard = hook.get("Muted") == "true"
                await self._board.supervisor_left(contact, label, unheard=unheard)
            case "participant-leave" if label == "caller":
                if hook.get("ReasonParticipantLeft") == "participant_hung_up":
                    await self._board.caller_left(contact_of(hook.call_sid()), "completed")

    async def lawyer(self, hook: Webhook) -> None:
        """The status of a lawyer's leg; which contact and lawyer stands in the signed URL."""
        contact, lawyer = hook.query.get("contact", ""), hook.query.get("lawyer", "")
        if hook.get("CallStatus") in GONE and await self.is_current(contact, lawyer, hook):
            await self._board.leg_ended(contact, lawyer, hook.get("CallStatus"))

    async def recording(self, hook: Webhook) -> None:
        recording, status = hook.get("RecordingSid"), hook.get("RecordingStatus")
        if not recording.startswith("RE"):
            raise Malformed("expected a RecordingSid")
        if status in {"completed", "absent"}:
            contact = contact_of(hook.call_sid())
            await self._recordings(
                contact, recording, status, hook.get("RecordingUrl"), number_in(hook.get("RecordingDuration"))
            )

    async def message(self, hook: Webhook) -> None:
        """A caller's message is there: told as what it is before it is measured, as it proves no talk."""
        recording, contact = hook.get("RecordingSid"), contact_of(hook.call_sid())
        length_s = number_in(hook.get("RecordingDuration"))
        if recording.startswith("RE") and hook.get("RecordingStatus") == "completed" and length_s:
            body = {"recording": recording, "length_s": length_s}
            await self._board.record(Fact("message.left", self._clock.now_ms(), contact, body=body))
            await self.recording(hook)

    async def is_current(self, contact_id: str, lawyer: str, hook: Webhook) -> bool:
        """Is this about the leg that the contact has now? News of an earlier offer or talk is dropped."""
        contact = await self._board.contact(contact_id)
        if contact is not None and contact.second == lawyer:
            return contact.second_leg in {"", hook.call_sid()}
        if contact is None or contact.lawyer != lawyer:
            return False
        return contact.leg in {"", hook.call_sid()}


def _is_lawyer(label: str) -> bool:
    return label.startswith("u_")


def _clues(hook: Webhook, contact: Contact) -> Clues:
    query = hook.query
    counts = {"contacts": number_in(query.get("e", "0")), "missed": number_in(query.get("k", "0"))}
    others = tuple(filter(None, query.get("o", "").split(".")))
    earlier = Earlier(**counts, channel=query.get("c", ""), lawyer=query.get("l", ""), conflicts=others)
    return Clues(
        digit=hook.get("Digits"),
        dialled=contact.to_number,
        page=query.get("p", ""),
        prefecture=contact.prefecture,
        earlier=earlier,
        words=hook.get("SpeechResult")[:200],
    )


def _round(hook: Webhook) -> Round:
    try:
        return Round.read(hook.query)
    except ValueError as error:
        raise Malformed("not a round of ours") from error


def number_in(text: str) -> int:
    """Return a number of at most eight digits, 0 for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 0
