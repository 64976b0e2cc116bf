"""Short secrets at rest: sealed with AES-256-GCM under keys that the database does not hold.

A sealed text is ``1.<key name>.<base64 of 12 bytes of nonce, then the cipher text and its tag>``. The key is
derived (HKDF-SHA256) from a key of the settings' ring, for one purpose alone; what the secret belongs to is
authenticated with it, so that a sealed text moved to another row does not open.
"""

import base64
import binascii
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from .errors import AnxinError, Blame

_NONCE = 12


class SealBroken(AnxinError):
    """A sealed secret was changed, belongs elsewhere, or its key is not in the settings."""

    code: ClassVar[str] = "secret-damaged"
    blame: ClassVar[Blame] = Blame.US


@dataclass(frozen=True, slots=True, repr=False)
class Seal:
    """*keys*: (name, 32 bytes); the first seals, every one opens. *purpose* keeps uses apart."""

    keys: Sequence[tuple[str, bytes]]
    purpose: str

    def seal(self, plain: str, owner: str) -> str:
        """Return *plain*, sealed for *owner*."""
        name, nonce = self.keys[0][0], secrets.token_bytes(_NONCE)
        sealed = nonce + self._cipher(name).encrypt(nonce, plain.encode(), owner.encode())
        return f"1.{name}.{base64.b64encode(sealed).decode()}"

    def open(self, sealed: str, owner: str) -> str:
        """Return what was sealed for *owner*. Raise SealBroken."""
        version, _, rest = sealed.partition(".")
        name, _, text = rest.rpartition(".")
        if version != "1":
            raise SealBroken("this is no sealed secret")
        try:
            data = base64.b64decode(text, validate=True)
            return self._cipher(name).decrypt(data[:_NONCE], data[_NONCE:], owner.encode()).decode()
        except (InvalidTag, ValueError, binascii.Error) as error:
            raise SealBroken("a sealed secret was changed or belongs elsewhere") from error

    def is_current(self, sealed: str) -> bool:
        """Is this sealed, and with the first key?"""
        return sealed.startswith(f"1.{self.keys[0][0]}.")

    def _cipher(self, name: str) -> AESGCM:
        key = dict(self.keys).get(name)
        if key is None:
            raise SealBroken(f"the settings hold no key {name[:16]!r}")
        return AESGCM(HKDF(SHA256(), 32, None, f"anxin {self.purpose}".encode()).derive(key))
