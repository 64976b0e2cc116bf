"""Which carrier account the hotline uses: what webhooks, REST and voice tokens have in common."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CarrierAccount:
    """Twilio's account, or the embedded carrier's: the same contract."""

    account_sid: str
    auth_token: str  # signs webhooks, and is the password of REST
    public_url: (
        str  # our own address as the carrier calls it: https://hotline.example.cn, http://localhost:12348
    )
    carrier_url: str = ""  # base of the REST API; '' = Twilio's own
    number: str = "12348"  # what lawyers' phones show as the calling number
    caller_id: str = ""  # what those whom we call back see; '' = number
    api_key_sid: str = ""
    api_key_secret: str = ""  # signs voice tokens
    application_sid: str = ""  # the TwiML application that browsers call through
    timeout_s: float = 5.0  # of one REST request
    captions: bool = False  # fork each talk's sound to /twilio/media
