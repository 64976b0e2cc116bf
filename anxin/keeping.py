"""The deletion job and the quality check, put together: what they need of the other folders."""

from pathlib import Path
from typing import Any

from redis import Redis
from sqlalchemy import Engine

from config.clock import Clock
from config.ids import demand_of
from config.settings import Settings
from routing.events import Fact
from routing.keys import ev
from sla.ledger import of_contact
from transcription.media import Carrier, forget_recording
from transcription.retention import Keeper


def carrier_of(settings: Settings) -> Carrier:
    """Return where recordings are fetched, and have their copies deleted."""
    keys = settings.keys
    return Carrier(
        settings.carrier_base, keys.account_sid, keys.api_key_sid, keys.api_key_secret, settings.tls_cert
    )


def keeper_of(settings: Settings, engine: Engine, redis: Redis, clock: Clock) -> Keeper:
    """Return the deletion job."""
    carrier = carrier_of(settings)

    def tell(kind: str, contact: str, body: dict[str, Any]) -> None:
        fields: dict[Any, Any] = Fact(kind, clock.now_ms(), contact, body=body).to_fields()
        redis.xadd(ev(), fields)

    return Keeper(
        engine,
        Path(settings.var),
        clock,
        tell=tell,
        forget=lambda recording: forget_recording(carrier, recording),
    )


def notice_played(engine: Engine, contact: str) -> bool | None:
    """Was the caller told of the recording? The menu comes after the notice; None = the ledger knows no menu
    of this contact (a call-back, or its facts are not written yet)."""
    kinds = {entry.fact().kind for entry in of_contact(engine, contact, demand_of(contact))}
    return True if "contact.chose" in kinds else None
