"""What happened while we were down: the carrier's lists compared with ours, at the start and every minute."""

import asyncio
import json
from collections.abc import Sequence
from datetime import datetime

from rq import Queue
from sqlmodel import Session, col, select
from twilio.rest.api.v2010.account.call import CallInstance

from config.clock import from_ms
from config.log import Log
from ivr.data import load_rules
from ivr.detection import prefecture_of
from ivr.numbers import caller
from sla.reconcile import CarrierCall, find_missed
from sla.tables import LedgerRow
from transcription.store import Recording

from .parts import Parts
from .readers import RecordingDesk

DAY_MS = 86_400_000
OVERLAP_MS = 600_000  # the carrier's list may tell of a call late
LATE_MS = 120_000  # a recording's callback is late after so long

log = Log(__name__)


class Reconciler:
    """Finds calls without a demand, call-backs that the ledger closed, and recordings nobody told us of."""

    def __init__(self, parts: Parts, queue: Queue) -> None:
        self._parts, self._numbering = parts, load_rules()
        self._since_ms = 0  # a day at first; then from where the last look could not be sure
        self._recordings = RecordingDesk(parts.engine, queue, parts.clock, parts.switchboard)

    async def compare(self) -> None:
        parts, now_ms = self._parts, self._parts.clock.now_ms()
        since_ms = max(self._since_ms, now_ms - DAY_MS)
        _, running_since_ms = await find_missed(
            self._calls, parts.switchboard, parts.engine, since_ms=since_ms
        )
        self._since_ms = min(now_ms - OVERLAP_MS, running_since_ms or now_ms)
        for contact, recording in await asyncio.to_thread(self._unreported, now_ms):
            status = await parts.telephony.recording_status(recording)
            known = "absent" if status == "absent" else "completed"
            await self._recordings(contact, recording, known, "", 0)
            log.warning("recording.unreported", recording=recording, contact=contact, status=status)

    async def _calls(self, since_ms: int) -> Sequence[CarrierCall]:
        calls = await self._parts.telephony.calls_since(from_ms(since_ms))
        return [self._call(call) for call in calls]

    def _call(self, call: CallInstance) -> CarrierCall:
        number = caller(str(call._from or ""))  # noqa: SLF001 - how twilio's client names From
        return CarrierCall(
            call_sid=str(call.sid),
            from_number=number,
            to_number=str(call.to or ""),
            start_ms=_ms(call.start_time or call.date_created),
            end_ms=_ms(call.end_time),
            status=str(call.status),
            direction=str(call.direction),
            prefecture=prefecture_of(number, self._numbering),
        )

    def _unreported(self, now_ms: int) -> list[tuple[str, str]]:
        """Return contact and sid of each recording that was started and never reported.

        One that is still being made is expected as if it were complete: the fetch knows how to wait for it.
        """
        with Session(self._parts.engine) as session:
            started = session.exec(
                select(LedgerRow).where(
                    col(LedgerRow.kind) == "recording.started",
                    col(LedgerRow.at_ms).between(now_ms - DAY_MS, now_ms - LATE_MS),
                )
            ).all()
            known = set(session.exec(select(Recording.id)).all()) if started else set()
        named = [(row.contact, str(json.loads(row.body).get("recording", ""))) for row in started]
        return [(contact, recording) for contact, recording in named if recording and recording not in known]


def _ms(moment: datetime | None) -> int:
    return 0 if moment is None else round(moment.timestamp() * 1000)
