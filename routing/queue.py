"""The port that decides: who waits, who is free, who has been promised to whom."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from .events import Fact
from .ports import Arrival, Contact, Due, Lawyer, Move, Need, Place, SignIn, Snapshot
from .talk_ports import TalkSteps


class Queue(TalkSteps, Protocol):
    """Who waits, who is free, who has been promised to whom. Every method is one atomic step.

    *now* is unix milliseconds. A step appends its facts to ``ev`` or, if nothing changed, none. A repeated or
    late event returns ``Move(changed=False)`` with the state as it is; one that can never happen raises
    ``IllegalTransition``; an unknown contact raises ``UnknownContact``, an unknown lawyer ``UnknownLawyer``.
    A lawyer who becomes able is offered the best waiting contact by the same step; a contact that waits is
    offered to the best lawyer by the same step. Lowest ``(place_ms, contact id)`` first. Lawyers: the lowest
    step of the ladder, then the least flexible profile, then the longest idle, then the id, but before all
    the one who knows the matter (``Contact.prefer``), if they may serve it at any step; a lawyer whose
    desk or phone is silent is never offered anything, and one whom a contact passed over not until that ends.
    """

    async def arrive(self, arrival: Arrival, now: int) -> Move:
        """Open a contact (``menu``)."""
        ...

    async def wait(self, contact: str, need: Need, now: int) -> Move:
        """The menu is over: queue the contact. It passes over those who advised the other side, for good."""
        ...

    async def retag(self, contact: str, need: Need, reason: str, now: int) -> Move:
        """Move a waiting contact to another type or priority; ``waiting_since_ms`` stays. Changes nothing in
        other states."""
        ...

    async def renew(self, contact: str, now: int) -> Move:
        """A sign of life of a caller in the menu or the wait loop, or of a talk: renew the lease."""
        ...

    async def ringing(self, contact: str, lawyer: str, leg: str, now: int) -> Move:
        """Remember the leg of an offer or talk. Not changed = that offer is over: end the *leg*."""
        ...

    async def accept(self, contact: str, lawyer: str, now: int) -> Move:
        """The lawyer answered. Late unless the contact is offered to this very lawyer."""
        ...

    async def reject(self, contact: str, lawyer: str, reason: str, now: int) -> Move:
        """The lawyer said no: the caller keeps the place, and passes this lawyer over for a while."""
        ...

    async def expire(self, contact: str, lawyer: str, now: int) -> Move:
        """The lawyer let it ring: they are away (``missed``), the caller keeps the place."""
        ...

    async def fail(self, contact: str, lawyer: str, reason: str, now: int) -> Move:
        """The lawyer's phone could not be rung: they are away (``phone``), the caller keeps the place."""
        ...

    async def drop(self, contact: str, lawyer: str, reason: str, now: int) -> Move:
        """The talk broke off: the caller is back in the old place, the lawyer in wrap-up."""
        ...

    async def done(self, contact: str, ended_by: str, now: int) -> Move:
        """The talk is over: the lawyer writes down (``wrapup``). Shorter than the proof of a talk, it
        answered nothing: a call-back is owed. *ended_by* ``carrier``: it was found out later, and lasted to
        its last sign."""
        ...

    async def leave(self, contact: str, now: int) -> Move:
        """The caller's leg ended. Before a talk: abandoned, and a call-back opens, for the next duty of the
        roster if nobody is there; in a talk: done by the caller; answered but not yet in the room: abandoned
        as well."""
        ...

    async def choose_callback(self, contact: str, number: str, now: int, reason: str = "chosen") -> Move:
        """The caller wants to be called back: a call-back opens with their place. One that is open already is
        given another *number*. *reason* ``chosen`` (told as ``nobody_on_duty`` if so) or ``voicemail``."""
        ...

    async def missed(
        self, arrival: Arrival, started_ms: int, status: str, now: int, reason: str = "outage"
    ) -> Move:
        """Somebody who is on no line is owed a call-back, at the place of their time: a call that ended with
        *status* and that nobody here saw, because we were down; or a number left on the web page (*status*
        ''). Late if the contact is known."""
        ...

    async def promise(self, contact: str, number: str, due_ms: int, reason: str, now: int) -> Move:
        """Another call is owed to a contact that ended: at *number* ('' = as before), at *due_ms* (0 = in
        sensible hours). Late in any other state."""
        ...

    async def in_room(self, contact: str, now: int) -> Move:
        """The caller was moved into the conference. ``room`` stays due until the recording runs too."""
        ...

    async def recording(self, contact: str, recording: str, now: int) -> Move:
        """The talk's recording began."""
        ...

    async def sign_in(self, who: SignIn, now: int) -> Move:
        """The lawyer opened their desk: idle and away, until they say ready. Repeated: late."""
        ...

    async def sign_out(self, lawyer: str, now: int) -> Move:
        """Offered: rejects first. Talking: away, and signed out when the talk is over."""
        ...

    async def ready(self, lawyer: str, now: int) -> Move:
        """Take contacts. In a talk: the next status; in wrap-up: ends it."""
        ...

    async def away(self, lawyer: str, reason: str, now: int) -> Move:
        """Take none. Offered: the offer stands; in a talk: the next status."""
        ...

    async def heartbeat(self, lawyer: str, registered: bool, talking: str, now: int) -> Move:
        """The desk is alive; *registered*: so is its phone. Renews the lease of the contact it talks with, if
        the phone is: a desk whose phone is cut off does not know whether the talk goes on."""
        ...

    async def wrapup_end(self, lawyer: str, now: int) -> Move:
        """The lawyer has written down; what they are now is what they last chose."""
        ...

    async def stale(self, lawyer: str, now: int) -> Move:
        """Take note that the desk or the phone stopped answering, if its time is over."""
        ...

    async def relax(self, contact: str, now: int) -> Move:
        """Climb the ladder as far as waited time and load (``policy.load``) allow."""
        ...

    async def widen(self, contact: str, now: int) -> Move:
        """Look one step further for a lawyer, whatever the load. Late unless the contact waits."""
        ...

    async def forget(self, contact: str, now: int) -> Move:
        """Delete an ended contact whose time is over."""
        ...

    async def postpone(self, due: Due, until: int) -> bool:
        """Move a deadline that is still there, because acting on it failed. Appends no fact."""
        ...

    async def its_turn(self, contact: str, need: Need, now: int) -> bool:
        """Is a call-back that is due to be claimed now? If a lawyer is free for it, so that nobody on the
        line waits for them, or if ``times.callback_latest`` before its promise is over. *need* as for
        ``claim``."""
        ...

    async def claim(self, contact: str, need: Need, now: int) -> Move:
        """A call-back is due: the contact waits again in its old place, to be dialled once a lawyer answered.
        *need* is what it needs if it never chose. Not while its caller is on the line themselves."""
        ...

    async def dialled(self, contact: str, leg: str, now: int) -> Move:
        """The carrier rings the caller on *leg*. Not changed = the attempt is over: end the *leg*."""
        ...

    async def retry(self, contact: str, reason: str, now: int) -> Move:
        """An attempt is over without a talk: again by the schedule, and after its end a supervisor decides.
        *reason* ``hours``: it is too late in the day, and counts as no attempt."""
        ...

    async def close_callback(self, callback: str, closing: Mapping[str, object], now: int) -> bool:
        """Close a call-back by ``{"proof": ..}`` or ``{"signature": ..}``, and those it took the place of.
        False if it is not open, or is being answered right now."""
        ...

    async def due(self, now: int, limit: int) -> Sequence[Due]:
        """Return deadlines that have passed, the oldest first."""
        ...

    async def contact(self, contact: str) -> Contact | None: ...

    async def lawyer(self, lawyer: str) -> Lawyer | None: ...

    async def place(self, contact: str, now: int) -> Place | None:
        """Return where a waiting or offered contact stands; None in any other state."""
        ...

    async def snapshot(self, now: int, limit: int = 5000) -> Snapshot:
        """Return every contact on the line, every lawyer signed in, every open call-back, all of one instant.

        At most *limit* of each: those who wait longest.
        """
        ...

    async def check_invariants(self) -> list[str]:
        """Return what is wrong; nothing is, unless there is a bug."""
        ...

    async def record(self, fact: Fact) -> None:
        """Append a fact that was decided elsewhere."""
        ...
