"""The self-signed certificate."""

import ssl
import stat
from pathlib import Path

from cryptography import x509

from anxin.cert import make_certificate, own_names


def test_the_certificate_serves_the_names_it_was_made_for(tmp_path: Path) -> None:
    cert, key = make_certificate(tmp_path, ["hotline.lan", "192.0.2.7"])

    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(cert, key)
    names = x509.load_pem_x509_certificate(cert.read_bytes()).extensions.get_extension_for_class(
        x509.SubjectAlternativeName
    )
    assert names.value.get_values_for_type(x509.DNSName) == ["hotline.lan"]
    assert [str(a) for a in names.value.get_values_for_type(x509.IPAddress)] == ["192.0.2.7"]
    assert stat.S_IMODE(key.stat().st_mode) == 0o600


def test_our_own_names_always_hold_localhost() -> None:
    assert "localhost" in own_names()
