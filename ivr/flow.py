"""What the caller hears, and what happens next: menu, wait loop, call-back. Pure.

Facts in (the contact's state, the place, the round), a plan out: a few verbs of which ``ivr.twiml`` makes
TwiML. The loop's memory travels in the signed URL of its next webhook (``Round``), so any web process can
go on.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import ceil

from routing.ports import ContactState, Place

from . import spoken

SAID_NOTHING = -2  # no estimate was said yet
SAID_UNKNOWN = -1
MINUTE_MS = 60_000
COUNTS = {"{people}": "people", "{minutes}": "minutes"}


@dataclass(frozen=True, slots=True)
class Play:
    """One utterance: recordings joined without a gap."""

    clips: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Pause:
    seconds: int


@dataclass(frozen=True, slots=True)
class Redirect:
    step: str
    query: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Gather:
    """Hear keys while the prompts play. The outcome goes to *action*, also nothing at all if
    *even_if_empty*.
    """

    plays: tuple[Play, ...]
    action: Redirect
    timeout_s: int
    digits: int = 1  # 0 = up to #
    even_if_empty: bool = False


@dataclass(frozen=True, slots=True)
class Talk:
    """The conference named after the contact; *lawyer*: it is they who enter, not the caller."""

    contact: str
    lawyer: str = ""


@dataclass(frozen=True, slots=True)
class Record:
    """A message of the caller, up to #, a silence, or so long. Where nothing was said, the plan goes on."""

    action: Redirect
    longest_s: int


@dataclass(frozen=True, slots=True)
class Hangup:
    pass


Verb = Play | Pause | Redirect | Gather | Talk | Record | Hangup
Plan = tuple[Verb, ...]


@dataclass(frozen=True, slots=True)
class Script:
    """menu.yaml and prompts.yaml, as data. *moments*: what is played when, each item one utterance."""

    moments: Mapping[str, tuple[str, ...]]
    timeout_s: int = 4
    callback_key: str = "1"
    repeat_every: int = 3
    nobody_rounds: int = 8
    heal_after_ms: int = 1500
    outage_rounds: int = 8
    number_attempts: int = 2
    message_key: str = "2"
    message_s: int = 120

    def plays(
        self, moment: str, number: int = 0, digits: str = "", when: tuple[str, ...] = ()
    ) -> tuple[Play, ...]:
        """Return the utterances of a moment, counts, ``{digits}`` and ``{when}`` filled from pieces."""
        out = []
        for utterance in self.moments[moment]:
            clips: list[str] = []
            for word in utterance.split():
                if word == "{digits}":
                    clips += spoken.digits(digits)
                elif word == "{when}":
                    clips += when
                elif word in COUNTS:
                    clips += spoken.count(min(number, spoken.LARGEST), COUNTS[word])
                else:
                    clips.append(word)
            out.append(Play(tuple(clips)))
        return tuple(out)


@dataclass(frozen=True, slots=True)
class Round:
    """One turn of the wait loop: what was said before, so that it is not said again."""

    n: int = 0
    minutes: int = SAID_NOTHING  # the estimate said last
    ringing: bool = False  # "we found a lawyer" was said, and the same lawyer still rings
    talk: int = 0  # the contact's talks when this loop began: a key of an older loop means nothing

    def query(self) -> tuple[tuple[str, str], ...]:
        return (
            ("n", str(self.n)),
            ("m", str(self.minutes)),
            ("r", str(int(self.ringing))),
            ("t", str(self.talk)),
        )

    @classmethod
    def read(cls, query: Mapping[str, str]) -> "Round":
        """Read what ``query`` wrote. Raise ValueError for anything else."""
        return cls(
            n=int(query.get("n", "0")),
            minutes=int(query.get("m", str(SAID_NOTHING))),
            ringing=query.get("r", "0") == "1",
            talk=int(query.get("t", "0")),
        )


def menu(script: Script, clues: tuple[tuple[str, str], ...] = ()) -> Plan:
    """Recording notice and the one menu level. Silence goes to the same place as a key: to a human."""
    return (
        Gather(script.plays("menu"), Redirect("menu", clues), script.timeout_s, even_if_empty=True),
        Redirect("menu", clues),
    )


def wait(
    script: Script,
    state: ContactState,
    place: Place | None,
    now: Round,
    before: tuple[Play, ...] = (),
    *,
    now_ms: int = 0,
) -> Plan:
    """One round of the wait loop; *before* is played first (thanks, sorry)."""
    if state is ContactState.OFFERED:
        said = () if now.ringing else script.plays("found")
        plays, after = (*before, *said, *script.plays("ringing")), replace(now, ringing=True)
    else:
        words, minutes = _news(script, place, now, now_ms)
        plays, after = (*before, *words, *script.plays("music")), replace(now, ringing=False, minutes=minutes)
    gather = Gather(plays, Redirect("callback", after.query()), timeout_s=1)
    return gather, Redirect("wait", replace(after, n=now.n + 1).query())


def waits_in_vain(script: Script, place: Place | None, now: Round) -> bool:
    """Has a caller heard for long enough that nobody is on duty? Their place is kept without their line."""
    unmanned = place is not None and not place.lawyers_on_duty
    return unmanned and now.n > 0 and now.n % script.nobody_rounds == 0


def _news(script: Script, place: Place | None, now: Round, now_ms: int) -> tuple[tuple[Play, ...], int]:
    """Return what to say of the place, and the estimate (minutes) that has then been said."""
    if place is None:
        return (), now.minutes
    again = now.n % script.repeat_every == 0
    if not place.lawyers_on_duty:
        return (_nobody(script, place, now_ms) if again else _position(script, place)), now.minutes
    minutes = SAID_UNKNOWN if place.estimate_ms is None else ceil(place.estimate_ms / MINUTE_MS)
    words = _position(script, place)
    if again or minutes != now.minutes:
        words += _estimate(script, place.estimate_ms)
    if again:
        words += script.plays("offer_callback")
    return words, minutes


def _nobody(script: Script, place: Place, now_ms: int) -> tuple[Play, ...]:
    when = spoken.moment(place.duty_ms, now_ms)
    return script.plays("nobody_until", when=when) if when else script.plays("nobody")


def _position(script: Script, place: Place) -> tuple[Play, ...]:
    return script.plays("ahead", place.ahead) if place.ahead else script.plays("next")


def _estimate(script: Script, estimate_ms: int | None) -> tuple[Play, ...]:
    if estimate_ms is None:
        return script.plays("wait_unknown")
    if estimate_ms < MINUTE_MS:
        return script.plays("wait_short")
    return script.plays("wait_minutes", ceil(estimate_ms / MINUTE_MS))


def talk(script: Script, contact: str, since_ms: int, now: Round) -> Plan:
    """The lawyer answered. Normally the switchboard moves the caller; one who is still here walks in by
    themselves.

    Not at once: a caller who walked in and is then moved would leave the room, which ends it.
    """
    if since_ms < script.heal_after_ms:
        return Pause(1), Redirect("wait", now.query())
    return (Talk(contact),)


def reconnect(script: Script, talks: int) -> Plan:
    """The talk broke off; the caller is back in the old place."""
    return *script.plays("reconnect"), Redirect("wait", Round(talk=talks).query())


def ask_number(script: Script, attempt: int, now: Round, *, wrong: bool) -> Plan:
    """Have a caller without a number key one in; after the last attempt they keep waiting: nobody is lost."""
    if attempt > script.number_attempts:
        return (Redirect("wait", now.query()),)
    again = (*now.query(), ("a", str(attempt + 1)))
    plays = (*(script.plays("callback_wrong") if wrong else ()), *script.plays("callback_ask"))
    return Gather(plays, Redirect("callback", (*now.query(), ("a", str(attempt)))), 6, digits=0), Redirect(
        "callback", again
    )


def check_number(script: Script, number: str, spoken_number: str, attempt: int, now: Round) -> Plan:
    """Read a keyed number back. Silence counts as yes: a number that is probably right beats none."""
    action = Redirect("callback", (*now.query(), ("a", str(attempt)), ("number", number)))
    plays = script.plays("callback_check", digits=spoken_number)
    return Gather(plays, action, script.timeout_s, even_if_empty=True), action


def called_back(script: Script, spoken_number: str) -> Plan:
    """The place is kept; say where we will call, and let them go."""
    if not spoken_number:
        return *script.plays("callback_kept"), Hangup()
    return *script.plays("callback_done", digits=spoken_number), Hangup()


def message(script: Script) -> Plan:
    """Take a message: the call-back is open already, so that whoever hangs up meanwhile is owed one."""
    return *script.plays("message"), Record(Redirect("message-left"), script.message_s), Redirect("wait")


def message_kept(script: Script) -> Plan:
    return *script.plays("message_kept"), Hangup()


def goodbye(script: Script) -> Plan:
    return *script.plays("goodbye"), Hangup()


def rate(script: Script) -> Plan:
    """The lawyer hung up: ask how it was. Silence, or any other key, is a goodbye as well."""
    return Gather(script.plays("rate"), Redirect("rating"), timeout_s=5), *goodbye(script)


def rated(script: Script) -> Plan:
    return *script.plays("rated"), Hangup()


def hold(script: Script) -> Plan:
    """What a held caller hears, round and round."""
    return *script.plays("hold"), *script.plays("music"), Redirect("hold")


def outage(script: Script, step: str, rounds: int) -> Plan:
    """We cannot decide anything now: keep the line and try again; at last promise a call and let them go.

    The promise is kept from the carrier's own list of calls, which is compared with the ledger.
    """
    if rounds >= script.outage_rounds:
        return *script.plays("outage_callback"), Hangup()
    retry = Redirect(step, (("x", str(rounds + 1)),))
    return *script.plays("outage"), *script.plays("music"), retry
