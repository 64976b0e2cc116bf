"""Voice tokens: what lets a lawyer's browser be a phone, at Twilio and at the embedded carrier alike."""

from collections.abc import Callable
from dataclasses import dataclass

from twilio.jwt.access_token import AccessToken
from twilio.jwt.access_token.grants import VoiceGrant

TTL_S = 3600

TokenMaker = Callable[[str], str]  # identity -> JWT


@dataclass(frozen=True, slots=True, repr=False)
class VoiceKeys:
    account_sid: str
    api_key_sid: str
    api_key_secret: str
    application_sid: str = ""


def token_maker(keys: VoiceKeys) -> TokenMaker:
    """Return a maker of one-hour tokens. They may call our own application, which takes a lawyer back into
    their talk and nowhere else.
    """

    def make(identity: str) -> str:
        token = AccessToken(
            keys.account_sid, keys.api_key_sid, keys.api_key_secret, identity=identity, ttl=TTL_S
        )
        application = keys.application_sid or None
        token.add_grant(VoiceGrant(incoming_allow=True, outgoing_application_sid=application))
        return str(token.to_jwt())

    return make
