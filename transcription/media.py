"""A recording's sound, from the carrier's REST interface (Twilio's contract) into a file."""

import base64
import ssl
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any

from .errors import RecordingGone, RecordingLate
from .vault import Vault

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
        return f"{self._of(recording_id)}.wav?RequestedChannels=2"

    def resource_url(self, recording_id: str) -> str:
        return f"{self._of(recording_id)}.json"

    def _of(self, recording_id: str) -> str:
        base = self.base or TWILIO
        return f"{base}/2010-04-01/Accounts/{self.account_sid}/Recordings/{recording_id}"


def fetch_recording(
    carrier: Carrier, recording_id: str, target: Path, vault: Vault, beat: Callable[[], None] = lambda: None
) -> None:
    """Write the recording to *target*, sealed, whole or not at all.

    *beat* is called as it arrives, so that the caller can show that it lives.

    Raise RecordingLate (no media yet, carrier unreachable, broke off) or RecordingGone (refused for good).
    """
    try:
        with (
            _asked(carrier, carrier.media_url(recording_id)) as answer,
            vault.writing(target) as sink,
        ):
            size = 0
            while block := answer.read(_BLOCK):
                sink.write(block)
                beat()
                size += len(block)
                if size > LARGEST:
                    raise RecordingGone(f"recording {recording_id} is larger than {LARGEST} bytes")
            promised = answer.headers.get("Content-Length")
            if promised is not None and int(promised) != size:
                raise RecordingLate(f"recording {recording_id} broke off after {size} bytes")
    except urllib.error.HTTPError as error:
        error.close()
        if error.code in {404, 408, 425, 429} or error.code >= 500:
            raise RecordingLate(f"the carrier has no recording {recording_id} yet ({error.code})") from error
        raise RecordingGone(f"the carrier refuses recording {recording_id} ({error.code})") from error
    except (OSError, HTTPException) as error:
        raise RecordingLate(f"the carrier does not give recording {recording_id}: {error}") from error


def forget_recording(carrier: Carrier, recording_id: str) -> bool:
    """Have the carrier delete its copy; return False if it could not be asked now."""
    try:
        _asked(carrier, carrier.resource_url(recording_id), "DELETE").close()
    except urllib.error.HTTPError as error:
        error.close()
        return error.code == 404
    except (OSError, HTTPException):
        return False
    return True


def _asked(carrier: Carrier, url: str, method: str = "GET") -> Any:
    request = urllib.request.Request(url, method=method)  # noqa: S310 - the base is a checked setting
    login = base64.b64encode(f"{carrier.user}:{carrier.password}".encode()).decode()
    # Unredirected: a carrier may send us on to its media store, which must not see our password.
    request.add_unredirected_header("Authorization", f"Basic {login}")
    context = ssl.create_default_context()
    if carrier.ca is not None:
        context.load_verify_locations(carrier.ca)
    return urllib.request.urlopen(request, timeout=TIMEOUT_S, context=context)  # noqa: S310 - as above
