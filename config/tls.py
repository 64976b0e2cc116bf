"""Trust in our own certificate: web and carrier call each other by https, and it may be self-signed."""

import os
import ssl
from pathlib import Path

from .settings import Settings

SYSTEM_BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")


def trust_own_certificate(settings: Settings) -> None:
    """Let this process and its children trust ``ANXIN_TLS_CERT`` besides the system's authorities.

    OpenSSL reads ``SSL_CERT_FILE`` when a context is made: call this before any is.
    """
    if settings.tls_cert is None:
        return
    default = Path(ssl.get_default_verify_paths().cafile or SYSTEM_BUNDLE)
    system = (path.read_text() for path in (default, SYSTEM_BUNDLE) if path.is_file())
    bundle = settings.var / "trust.pem"
    bundle.parent.mkdir(parents=True, exist_ok=True)
    draft = bundle.with_suffix(f".{os.getpid()}")
    draft.write_text(next(system, "") + "\n" + settings.tls_cert.read_text())
    draft.replace(bundle)
    os.environ["SSL_CERT_FILE"] = str(bundle.absolute())
