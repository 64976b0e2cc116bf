"""Summaries for the desk, and what a signature sets off: the ledger's fact, and the call-back it promises."""

import asyncio
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import replace
from typing import Any, Protocol

from sqlalchemy import Engine

from config.auth import Principal
from config.clock import Clock
from config.errors import AnxinError
from config.log import Log
from config.redaction import redacted
from routing.errors import UnknownContact
from routing.events import Fact
from routing.ports import FactSink
from transcription import checks
from transcription.fields import fields
from transcription.search import SearchIndex, Whose
from transcription.signing import Edit, Person, SignatureRow, Summaries, body_of

from .clocks import Ruling
from .readers import place_of

log = Log(__name__)


class SummaryDesk:
    """``agents.draft.SummaryBook``."""

    def __init__(self, summaries: Summaries, ruling: Ruling = nullcontext) -> None:
        """*ruling*: inside it, the law is what the office published."""
        self._summaries, self._ruling = summaries, ruling
        self._spec = {
            name: {"kind": field.kind, "words": list(field.words), "required": field.required}
            for name, field in fields().items()
        }

    def find(self, contact: str, reader: Principal) -> Mapping[str, Any]:
        sheet = redacted(self._summaries.find(contact).to_json(), reader.role)
        return {**sheet, "spec": self._spec}

    def edit(self, contact: str, field: str, change: Mapping[str, Any], by: Principal) -> object:
        with self._ruling():
            return self._summaries.edit(contact, Edit(field=field, **change), _person(by))

    def undo(self, contact: str, field: str, rev: int) -> object:
        with self._ruling():
            return self._summaries.undo(contact, field, rev)

    def sign(self, contact: str, stamp: str, reason: str, by: Principal) -> SignatureRow:
        return self._summaries.sign(contact, stamp, _person(by), reason)

    def history(self, contact: str, reader: Principal) -> list[Mapping[str, Any]]:
        return [redacted(row, reader.role) for row in self._summaries.history(contact)]


class Promises(FactSink, Protocol):
    """The part of ``routing.switchboard.Switchboard`` that a signature needs."""

    async def promise_callback(self, contact_id: str, *, reason: str = "promised") -> bool: ...

    async def take_back_promise(self, contact_id: str, signature: Mapping[str, object]) -> bool: ...


class Announcer:
    """Brings signatures to the ledger. Safe to repeat: the fact is folded once, the call-back opens once."""

    def __init__(self, summaries: Summaries, switchboard: Promises, engine: Engine) -> None:
        self._summaries, self._switchboard, self._engine = summaries, switchboard, engine

    async def __call__(self, signature: SignatureRow) -> None:
        """Tell of one signature. Whatever fails here is tried again by ``tell_rest``."""
        try:
            await self._tell(signature)
        except (AnxinError, OSError) as error:
            log.warning("signature.untold", contact=signature.contact, error=type(error).__name__)

    async def tell_rest(self) -> None:
        """Tell of signatures whose teller died or failed; the clock calls it."""
        for signature in await asyncio.to_thread(self._summaries.untold):
            await self._tell(signature)

    async def _tell(self, signature: SignatureRow) -> None:
        body = body_of(signature)
        lawyer = signature.by if signature.role == "lawyer" else ""
        await self._switchboard.record(
            Fact("summary.signed", signature.at_ms, signature.contact, lawyer, body)
        )
        if body["callback_required"]:
            await self._promise(signature.contact)
        elif signature.version > 1:  # an amendment may say that none is needed after all
            why = {"by": signature.name, "account": signature.by, "role": signature.role}
            await self._switchboard.take_back_promise(
                signature.contact, {**why, "reason": signature.reason or "amended"}
            )
        await asyncio.to_thread(self._index, signature)
        await asyncio.to_thread(self._summaries.told, signature)

    def _index(self, signature: SignatureRow) -> None:
        """What was signed can be searched, and belongs where the signature says."""
        place = place_of(self._engine, signature.contact)
        place = replace(place, prefecture=signature.content.get("work_prefecture") or place.prefecture)
        index = SearchIndex(self._engine)
        index.put(signature.contact, "", [{"text": signature.words}], place)
        index.move(signature.contact, place)

    async def _promise(self, contact: str) -> None:
        """What a lawyer signed as promised is dialled as any call-back is."""
        try:
            await self._switchboard.promise_callback(contact, reason="promised")
        except UnknownContact:  # signed so late that routing forgot it: the demand's row shows what is owed
            log.warning("callback.not_promised", contact=contact, reason="the contact was forgotten")


def _person(principal: Principal) -> Person:
    return Person(principal.lawyer_id, principal.name, principal.role)


class Talks:
    """``agents.talks.TalkIndex``."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine, self._clock, self._index = engine, clock, SearchIndex(engine)

    def find(self, question: str, reader: Principal) -> list[Mapping[str, Any]]:
        return list(self._index.find(question, _whose(reader)))

    def checked(self, reader: Principal, *, all_of_them: bool) -> list[Mapping[str, Any]]:
        rows = checks.listed(self._engine, _whose(reader), all_of_them=all_of_them)
        return [redacted(row, reader.role) for row in rows]

    def review(self, contact: str, verdict: str, reader: Principal) -> bool:
        by = (reader.lawyer_id, reader.name)
        return checks.review(self._engine, contact, verdict, by, self._clock.now_ms())


def _whose(reader: Principal) -> Whose:
    if reader.role == "lawyer":
        return Whose(lawyer=reader.lawyer_id)
    return Whose(prefecture=reader.scope)
