"""Was a webhook signed by our carrier? Twilio's scheme, fast.

``X-Twilio-Signature`` is base64 of HMAC-SHA1 over the URL and, sorted by name, each form field's name and
distinct values. The URL is the one that was configured, with the raw path and query of the request: behind
a TLS proxy the request itself says http and another host. Equal in both directions to
``twilio.request_validator``, which ``tests/ivr/test_signature.py`` shows; about ten times as fast, because
nothing is parsed twice.
"""

import hmac
from base64 import b64encode
from collections.abc import Iterable
from urllib.parse import urlsplit

SIGNATURE_HEADER = "x-twilio-signature"
SETTINGS_HEADER = "x-twilio-webhooks-signature-settings"
_HASHES = {"HMAC_SHA1": "sha1", "HMAC_SHA256": "sha256"}


def algorithm_of(settings_header: str) -> str:
    """Return the algorithm that the settings header names, HMAC_SHA1 without one."""
    for part in settings_header.split(","):
        name, found, value = part.partition("=")
        if found and name.strip() == "algorithm" and value.strip():
            return value.strip()
    return "HMAC_SHA1"


class SignatureValidator:
    """Checks requests to one configured public address."""

    def __init__(self, auth_token: str, public_url: str) -> None:
        """*public_url*: scheme, host, perhaps port, perhaps a path prefix that the proxy strips."""
        self._key = auth_token.encode()
        parts = urlsplit(public_url.rstrip("/"))
        bare = parts.netloc.split(":")[0] if parts.port else parts.netloc
        ported = parts.netloc if parts.port else f"{bare}:{443 if parts.scheme in {'https', 'wss'} else 80}"
        # Twilio signs the URL with its port or without: its own validator accepts either.
        hosts = (ported, bare) if parts.port else (bare, ported)  # as configured first: it is the usual one
        self._prefixes = tuple(f"{parts.scheme}://{host}{parts.path}".encode() for host in hosts)

    def accepts(
        self, target: str, fields: Iterable[tuple[str, str]], signature: str, algorithm: str = "HMAC_SHA1"
    ) -> bool:
        """Is *signature* right for *target* (raw path, with ``?query`` if there is one) and the form
        *fields*?
        """
        digest = _HASHES.get(algorithm.upper())
        if digest is None:
            return False
        given = signature.encode("utf-8", "surrogateescape")
        rest = (target + "".join([name + value for name, value in sorted(set(fields))])).encode()
        return any(
            hmac.compare_digest(b64encode(hmac.digest(self._key, prefix + rest, digest)), given)
            for prefix in self._prefixes
        )
