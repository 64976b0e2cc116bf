"""The second factor: a six-digit code of an app (TOTP, RFC 6238), or a recovery code. Blocking SQL."""

import hashlib
import hmac
import json
import secrets
from collections.abc import Collection
from dataclasses import dataclass

import pyotp
import segno
from sqlalchemy import Engine
from sqlmodel import Session

from config.clock import Clock
from config.seal import Seal

from .office import audit
from .office.audit import Actor, Change
from .office.errors import NotHere, Refused
from .tables import Account

ISSUER = "Anxin 12348"
STEP_S = 30
RECOVERY_CODES = 10
_ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What an app must be told; nothing is stored until a code proves that it was."""

    secret: str
    address: str  # otpauth://...

    def picture(self) -> str:
        """Return a QR code as an SVG image address, made here: the secret goes nowhere else."""
        return segno.make(self.address, error="m").svg_data_uri(scale=5, border=3, light="#fff")


def enrol(username: str, secret: str = "") -> Enrolment:
    """Return a new secret for an account, or the one that the form already showed."""
    secret = secret or pyotp.random_base32()
    return Enrolment(secret, pyotp.TOTP(secret).provisioning_uri(name=username, issuer_name=ISSUER))


class SecondFactor:
    def __init__(self, engine: Engine, clock: Clock, seal: Seal, roles: Collection[str] = ()) -> None:
        """*seal* keeps the secrets; nobody of *roles* works without a second factor."""
        self._engine, self._clock, self._seal = engine, clock, seal
        self._roles = frozenset(roles)

    def is_owed(self, role: str) -> bool:
        """Must somebody of this role have a second factor?"""
        return role in self._roles

    def turn_on(self, account_id: int, secret: str, code: str, actor: Actor) -> list[str]:
        """Ask for a code from now on; return the recovery codes, shown once. Raise Refused: wrong code."""
        now = self._clock.now_ms()
        with audit.changing(self._engine) as session:
            account = _account(session, account_id)
            if account.totp_secret:
                raise Refused("account.second_already")
            step = _step(secret, code, now)
            if not step:
                raise Refused("account.second_wrong")
            codes = [_recovery_code() for _ in range(RECOVERY_CODES)]
            account.totp_secret, account.totp_step = self._seal.seal(secret, _owner(account)), step
            account.recovery = json.dumps([_hash(one) for one in codes])
            self._note(session, actor, account, before=False)
        return codes

    def turn_off(self, account_id: int, actor: Actor) -> None:
        """Ask for no code any more: the owner's wish, or an administrator's for a lost telephone."""
        with audit.changing(self._engine) as session:
            account = _account(session, account_id)
            if account.totp_secret:
                account.totp_secret, account.totp_step, account.recovery = "", 0, "[]"
                self._note(session, actor, account, before=True)

    def accept(self, account_id: int, code: str) -> bool:
        """Is this a code of now, or an unused recovery code? Each is good once. Raise SealBroken."""
        with audit.changing(self._engine) as session:
            account = session.get(Account, account_id)
            if account is None or not account.active or not account.totp_secret:
                return False
            secret = self._secret(account)
            step = _step(secret, code, self._clock.now_ms())
            if step > account.totp_step:
                account.totp_step = step
                if not self._seal.is_current(account.totp_secret):  # from before, or under an old key
                    account.totp_secret = self._seal.seal(secret, _owner(account))
                return True
            left = json.loads(account.recovery)
            kept = [one for one in left if not hmac.compare_digest(one, _hash(code))]
            account.recovery = json.dumps(kept)
            return len(kept) < len(left)

    def _secret(self, account: Account) -> str:
        stored = account.totp_secret
        return self._seal.open(stored, _owner(account)) if "." in stored else stored

    def _note(self, session: Session, actor: Actor, account: Account, *, before: bool) -> None:
        change = Change(
            "second_factor",
            "account",
            str(account.id),
            {"second_factor": before},
            {"second_factor": not before, "username": account.username},
            account.prefecture,
        )
        audit.record(session, actor, change, self._clock.now_ms())


def recovery_left(account: Account) -> int:
    """Return how many recovery codes were not used yet."""
    return len(json.loads(account.recovery))


def _account(session: Session, account_id: int) -> Account:
    account = session.get(Account, account_id)
    if account is None:
        raise NotHere("no such account")
    return account


def _owner(account: Account) -> str:
    return f"account {account.id}"


def _step(secret: str, code: str, now_ms: int) -> int:
    """Return the 30 s step whose code this is, of the one before, this and the next; 0 if of none."""
    digits = "".join(code.split())
    if len(digits) != 6 or not digits.isascii() or not digits.isdecimal():
        return 0
    totp, now = pyotp.TOTP(secret), now_ms // 1000 // STEP_S
    for step in (now, now - 1, now + 1):
        if hmac.compare_digest(totp.generate_otp(step), digits):
            return step
    return 0


def _recovery_code() -> str:
    return "-".join("".join(secrets.choice(_ALPHABET) for _ in range(5)) for _ in range(2))


def _hash(code: str) -> str:
    """Recovery codes are random (49 bits), so a plain hash is enough."""
    return hashlib.sha256(code.strip().casefold().encode()).hexdigest()
