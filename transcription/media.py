"""A recording's sound, from the carrier's REST interface (Twilio's contract) into a file."""

import base64
import os
import ssl
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path

from .errors import RecordingGone, RecordingLate

TWILIO = "https://api.twilio.com"
TIMEOUT_S = 20.0
LARGEST = 4 << 30  # bytes; 8 kHz stereo WAV of a day and a half
_BLOCK = 1 << 18


@dataclass(frozen=True, slots=True, repr=False)
class Carrier:
    """Where recordings are fetched. *base* '' is Twilio's own; *ca* a certificate to trust besides."""

    base: str
    account_sid: str
    user: str
    password: str
    ca: Path | None = None

    def media_url(self, recording_id: str) -> str:
        base = self.base or TWILIO
        return (
            f"{base}/2010-04-01/Accounts/{self.account_sid}/Recordings/{recording_id}.wav?RequestedChannels=2"
        )


def fetch_recording(
    carrier: Carrier, recording_id: str, target: Path, beat: Callable[[], None] = lambda: None
) -> None:
    """Write the recording to *target*, whole or not at all, readable by this user only.

    *beat* is called as it arrives, so that the caller can show that it lives.

    Raise RecordingLate (no media yet, carrier unreachable, broke off) or RecordingGone (refused for good).
    """
    request = urllib.request.Request(carrier.media_url(recording_id))  # noqa: S310 - the base is a checked setting
    login = base64.b64encode(f"{carrier.user}:{carrier.password}".encode()).decode()
    # Unredirected: a carrier may send us on to its media store, which must not see our password.
    request.add_unredirected_header("Authorization", f"Basic {login}")
    context = ssl.create_default_context()
    if carrier.ca is not None:
        context.load_verify_locations(carrier.ca)
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = target.with_suffix(f".{os.getpid()}.part")
    try:
        with (
            urllib.request.urlopen(request, timeout=TIMEOUT_S, context=context) as answer,  # noqa: S310
            os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out,
        ):
            while block := answer.read(_BLOCK):
                out.write(block)
                beat()
                if out.tell() > LARGEST:
                    raise RecordingGone(f"recording {recording_id} is larger than {LARGEST} bytes")
            out.flush()
            os.fsync(out.fileno())
            promised = answer.headers.get("Content-Length")
            if promised is not None and int(promised) != out.tell():
                raise RecordingLate(f"recording {recording_id} broke off after {out.tell()} bytes")
        draft.rename(target)
    except urllib.error.HTTPError as error:
        error.close()
        if error.code in {404, 408, 425, 429} or error.code >= 500:
            raise RecordingLate(f"the carrier has no recording {recording_id} yet ({error.code})") from error
        raise RecordingGone(f"the carrier refuses recording {recording_id} ({error.code})") from error
    except (OSError, HTTPException) as error:
        raise RecordingLate(f"the carrier does not give recording {recording_id}: {error}") from error
    finally:
        draft.unlink(missing_ok=True)
