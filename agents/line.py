"""One desk's websocket, from opening to closing."""

import asyncio
from dataclasses import dataclass

from fastapi import WebSocket, WebSocketDisconnect
from pydantic import ValidationError

from config.auth import Auth, ForgedRequest, NotAllowed, NotSignedIn, Principal
from config.clock import Clock
from config.errors import AnxinError
from config.log import Log, masked
from routing.events import Fact
from routing.ports import LawyerState

from .accounts import Accounts
from .desks import UNREACHABLE, Desk, Desks
from .messages import (
    MESSAGE,
    Accepted,
    Away,
    Consult,
    ConsultEnd,
    Guest,
    GuestEnd,
    HandOver,
    HangUp,
    Heartbeat,
    Hold,
    InTalk,
    Message,
    PassOn,
    Ready,
    Reject,
    WrapupEnd,
)
from .notes import Notes
from .ports import Switchboard
from .services import Services

SIGNED_OUT, NOT_ALLOWED, TAKEN_OVER = 4401, 4403, 4409  # close codes that live.js knows
TRY_AGAIN = 1013
LONGEST_MESSAGE = 2000

log = Log(__name__)


class SessionEnded(Exception):
    """The session expired or was ended, and nobody is on the line."""


@dataclass(frozen=True, slots=True)
class Line:
    """Carries a desk: what happens goes out, what its lawyer does comes in."""

    switchboard: Switchboard
    accounts: Accounts
    notes: Notes
    auth: Auth
    desks: Desks
    clock: Clock
    services: Services

    async def serve(self, socket: WebSocket, tab: str, *, take_over: bool) -> None:
        """Serve one websocket to its end. Close codes: see above; 1013 when Redis is away."""
        await socket.accept()  # a refusal before this would reach the page without its reason
        try:
            principal = await self.auth.socket(socket, "lawyer", "supervisor")
            desk = await self.desks.open(principal, tab, take_over=take_over)
            if desk is None:
                await socket.send_json({"type": "elsewhere"})
                await socket.close(TAKEN_OVER)
                return
            try:
                await self._greet(desk)
                await self._talk(socket, desk)
            finally:
                await self.desks.close(desk)
        except NotSignedIn:
            await socket.close(SIGNED_OUT)
        except (NotAllowed, ForgedRequest):
            await socket.close(NOT_ALLOWED)
        except UNREACHABLE as error:
            log.warning("desk.redis_away", error=type(error).__name__)
            await socket.close(TRY_AGAIN)

    async def _greet(self, desk: Desk) -> None:
        """Sign the lawyer in to the switchboard if they are not, and send the whole state."""
        account = await asyncio.to_thread(self.accounts.find, desk.principal.account_id)
        desk.own_number = account.phone_fallback if account and self.services.trunk else ""
        lawyer = await self.switchboard.lawyer(desk.lawyer)
        if lawyer is None or lawyer.state is LawyerState.OFFLINE:
            if account is None or not account.active:
                raise NotSignedIn("this account is disabled")
            await self.switchboard.sign_in(
                desk.lawyer,
                account.name,
                frozenset(account.skills.split()),
                frozenset(account.languages.split()),
                account.prefecture,
            )
        state = await self.desks.state(desk)
        desk.send({**state, "type": "snapshot", "own_number": masked(desk.own_number)})
        log.info("desk.opened", lawyer=desk.lawyer)

    async def _talk(self, socket: WebSocket, desk: Desk) -> None:
        out = asyncio.create_task(self._send(socket, desk))
        into = asyncio.create_task(self._receive(socket, desk))
        try:
            done, _ = await asyncio.wait({out, into}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (out, into):
                task.cancel()
            await asyncio.gather(out, into, return_exceptions=True)
            log.info("desk.closed", lawyer=desk.lawyer)
        for task in done:
            try:
                task.result()
            except WebSocketDisconnect:
                pass  # the page was closed, or the network went away
            except SessionEnded:
                await socket.close(SIGNED_OUT)

    async def _send(self, socket: WebSocket, desk: Desk) -> None:
        while True:
            message = await desk.outbox.get()
            await socket.send_json(message)
            if desk.lost and desk.outbox.empty():
                await socket.close(TAKEN_OVER if message["type"] == "taken_over" else TRY_AGAIN)
                return

    async def _receive(self, socket: WebSocket, desk: Desk) -> None:
        token = socket.cookies.get(self.auth.cookie, "")
        while True:
            text = await socket.receive_text()
            try:
                message = MESSAGE.validate_json(text[: LONGEST_MESSAGE + 1])
            except ValidationError:
                desk.send({"type": "refused", "id": 0, "code": "bad-input"})
                continue
            if desk.lost:
                continue  # this tab may no longer act
            if isinstance(message, Heartbeat):
                await self._heartbeat(desk, message, token)
                continue
            try:
                await self._act(desk, message)
            except AnxinError as error:
                log.info("desk.refused", lawyer=desk.lawyer, asked=message.type, code=error.code)
                desk.send({"type": "refused", "id": message.id, "asked": message.type, "code": error.code})
            else:
                desk.send({"type": "done", "id": message.id, "asked": message.type})
            await self.desks.push_state(desk)

    async def _heartbeat(self, desk: Desk, beat: Heartbeat, token: str) -> None:
        if not await self.desks.still_owns(desk):
            self.desks.lose(desk)
            return
        own = beat.own and bool(desk.own_number)
        if own or desk.own:
            await self.desks.own_phones.wish(desk.lawyer, desk.own_number if own else "")
            desk.own = own
        await self.switchboard.heartbeat(desk.lawyer, beat.registered or own, beat.talking)
        if await self.auth.sessions.find(token) is not None:
            return
        lawyer = await self.switchboard.lawyer(desk.lawyer)
        if lawyer is not None and lawyer.contact:
            # A caller on the line comes before an expired session: it ends when the wrap-up does.
            desk.send({"type": "notice", "code": "session-ended"})
            return
        raise SessionEnded

    async def _act(self, desk: Desk, message: Message) -> None:
        board, lawyer = self.switchboard, desk.lawyer
        match message:
            case Ready():
                await board.ready(lawyer)
            case Away(reason=reason):
                await board.away(lawyer, reason)
            case Accepted(contact=contact):
                await board.leg_answered(contact, lawyer)
            case Reject():
                await board.reject(lawyer)
            case HangUp():
                await board.lawyer_hangs_up(lawyer)
            case Hold(held=held):
                await board.hold(lawyer, held)
            case WrapupEnd():
                await self._end_wrapup(desk.principal)
            case Consult() | ConsultEnd() | HandOver() | PassOn() | Guest() | GuestEnd():
                await self._in_talk(lawyer, message)
            case Heartbeat():
                raise AssertionError("heartbeats are answered before actions")

    async def _in_talk(self, lawyer: str, message: InTalk) -> None:
        talks = self.switchboard.talks
        match message:
            case Consult(lawyer=second):
                await talks.consult(lawyer, second)
            case ConsultEnd():
                await talks.end_consult(lawyer)
            case HandOver():
                await talks.hand_over(lawyer)
            case PassOn(channel=channel, language=language):
                self.services.check_skill(channel, language)
                await talks.pass_on(lawyer, channel, language)
            case Guest(guest=guest):
                await talks.ask_guest(lawyer, guest, self.services.number_of(guest))
            case GuestEnd():
                await talks.dismiss_guest(lawyer)

    async def _end_wrapup(self, principal: Principal) -> None:
        lawyer = await self.switchboard.lawyer(principal.lawyer_id)
        if lawyer is not None and lawyer.contact:
            await asyncio.to_thread(self.notes.seal, lawyer.contact, lawyer.id)
            note = await asyncio.to_thread(self.notes.find, lawyer.contact, lawyer.id)
            if note is not None and note.text:
                body = {"version": note.version, "characters": len(note.text)}
                await self.switchboard.record(
                    Fact("note.saved", self.clock.now_ms(), lawyer.contact, lawyer.id, body)
                )
        await self.switchboard.wrapup_end(principal.lawyer_id)
