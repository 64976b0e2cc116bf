"""What signalling asks of call control: is this token good, and here is a call."""

import logging
from collections.abc import Mapping

from .accounts import Accounts
from .calls import Call, Callback, Status
from .config import Voice
from .ids import now
from .network import Network
from .ports import Cause, Endpoint, Grant, Listener
from .tokens import Tokens
from .twiml.stage import Jump, run_call
from .twiml.verbs import CALL
from .webhooks import Hook

log = logging.getLogger("carrier")
HIDDEN = {"anonymous", "restricted", "unavailable", ""}


class CallExchange:
    """Implements ``ports.Exchange``."""

    def __init__(self, network: Network, accounts: Accounts, tokens: Tokens) -> None:
        self._network, self._accounts, self._tokens = network, accounts, tokens

    def verify(self, token: str) -> Grant:
        """Raise TokenRefused unless the token is ours, unexpired and well formed."""
        return self._tokens.verify(token)

    def incoming(
        self, endpoint: Endpoint, *, to: str, from_: str, params: Mapping[str, str], grant: Grant | None
    ) -> tuple[str, Listener]:
        """Open an inbound call and ask its number or application what to do; nobody's number fails."""
        caller = f"client:{grant.identity}" if grant is not None else from_
        if caller.lower() in HIDDEN:
            caller = "anonymous"
        call = self._network.calls.open(to=to, from_=caller, direction="inbound")
        call.endpoint, call.started = endpoint, now()
        call.extra = dict(params)
        if grant is not None:
            voice = self._accounts.application(grant.outgoing_application_sid)
            call.extra |= dict(grant.outgoing_params)
            call.extra["ApplicationSid"] = grant.outgoing_application_sid or ""
        else:
            voice = self._accounts.number(to)
        call.record()
        log.info("call.incoming call=%s known=%s", call.sid, voice is not None)
        if voice is None:
            call.hangup(Status.FAILED, Cause.FAILED)
        else:
            self._answer(call, voice)
        return call.sid, call

    def _answer(self, call: Call, voice: Voice) -> None:
        if voice.voice_fallback_url is not None:
            call.fallback = Hook(voice.voice_fallback_url, voice.voice_fallback_method)
        if voice.status_callback is not None:
            call.callback = Callback(Hook(voice.status_callback, voice.status_callback_method))
        entry = Jump(Hook(voice.voice_url, voice.voice_method))
        call.run(lambda: run_call(call, entry, CALL))
