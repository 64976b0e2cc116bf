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


def token_maker(keys: VoiceKeys) -> TokenMaker:
    """Return a maker of one-hour tokens that only receive calls: a desk places none by itself."""

    def make(identity: str) -> str:
        token = AccessToken(
            keys.account_sid, keys.api_key_sid, keys.api_key_secret, identity=identity, ttl=TTL_S
        )
        token.add_grant(VoiceGrant(incoming_allow=True))
        return str(token.to_jwt())

    return make
