"""Accounts: who may sign in, and as what. Blocking (SQL, argon2): call from a thread."""

import re
import secrets
from dataclasses import dataclass

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from config.auth import ROLES, Principal, Role
from config.clock import Clock
from config.errors import AnxinError, Blame

from .tables import Account

MIN_PASSWORD = 10
DEFAULT_SKILLS = "dedicated general"
_ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"  # without 0 o 1 l i
_USERNAME = re.compile(r"[a-z0-9][a-z0-9._-]{1,31}")


class BadAccount(AnxinError):
    """An account's fields cannot be used; the message says which and why."""

    code = "bad-input"
    blame = Blame.CALLER


class NoAccount(AnxinError):
    code = "not-found"
    blame = Blame.CALLER


class WeakPassword(AnxinError):
    """*reason* is short, same or name."""

    code = "bad-input"
    blame = Blame.CALLER

    def __init__(self, reason: str) -> None:
        super().__init__(f"choose another password: {reason}")
        self.reason = reason


@dataclass(frozen=True, slots=True)
class DemoSignIn:
    username: str
    password: str
    name: str
    role: str


class Accounts:
    def __init__(self, engine: Engine, clock: Clock, hasher: PasswordHasher | None = None) -> None:
        self._engine, self._clock = engine, clock
        self._hasher = hasher or PasswordHasher()  # argon2id, 64 MiB, 3 passes
        # Verified when the username is unknown, so that the answer takes as long as for a known one.
        self._nobody = self._hasher.hash(secrets.token_urlsafe(16))

    def verify(self, username: str, password: str) -> Account | None:
        """Return the active account with this username and password, or None; never says which was wrong."""
        with Session(self._engine, expire_on_commit=False) as session:
            account = session.exec(select(Account).where(Account.username == _tidy(username))).first()
            right = self._matches(account.password_hash if account else self._nobody, password)
            if account is None or not right or not account.active:
                return None
            if self._hasher.check_needs_rehash(account.password_hash):
                account.password_hash = self._hasher.hash(password)
                session.commit()
            return account

    def find(self, account_id: int) -> Account | None:
        with Session(self._engine, expire_on_commit=False) as session:
            return session.get(Account, account_id)

    def every(self) -> list[Account]:
        """Return all accounts by username."""
        with Session(self._engine, expire_on_commit=False) as session:
            return list(session.exec(select(Account).order_by(col(Account.username))))

    def add(
        self,
        username: str,
        name: str,
        role: str,
        *,
        password: str = "",
        skills: str = DEFAULT_SKILLS,
        languages: str = "zh",
        prefecture: str = "",
        must_change: bool = True,
    ) -> tuple[Account, str]:
        """Make an account; return it and its password (a one-time one unless given). Raise BadAccount."""
        if role not in ROLES:
            raise BadAccount(f"role {role!r}: expected one of {', '.join(ROLES)}")
        if not _USERNAME.fullmatch(_tidy(username)):
            raise BadAccount(f"username {username!r}: expected 2 to 32 letters a-z, digits, dot, - or _")
        if not name.strip() or len(name) > 64:
            raise BadAccount("name: expected 1 to 64 characters")
        password = password or one_time_password()
        now = self._clock.now_ms()
        account = Account(
            username=_tidy(username),
            name=name.strip(),
            role=role,
            password_hash=self._hasher.hash(password),
            skills=" ".join(skills.split()),
            languages=" ".join(languages.split()),
            prefecture=prefecture,
            must_change=must_change,
            created_at_ms=now,
            password_at_ms=now,
        )
        try:
            with Session(self._engine, expire_on_commit=False) as session:
                session.add(account)
                session.commit()
        except IntegrityError as error:
            raise BadAccount(f"username {username!r} is taken") from error
        return account, password

    def set_password(self, username: str, password: str = "") -> tuple[Account, str]:
        """Give a new password (a one-time one unless given); return the account and it."""
        with Session(self._engine, expire_on_commit=False) as session:
            account = self._named(session, username)
            one_time = not password
            password = password or one_time_password()
            self._replace_password(account, password, must_change=one_time)
            session.commit()
            return account, password

    def change_password(self, account_id: int, old: str, new: str) -> Account | None:
        """Let a person change their own password; None if *old* is wrong. Raise WeakPassword."""
        with Session(self._engine, expire_on_commit=False) as session:
            account = session.get(Account, account_id)
            if account is None or not self._matches(account.password_hash, old):
                return None
            if len(new) < MIN_PASSWORD:
                raise WeakPassword("short")
            if new == old:
                raise WeakPassword("same")
            if account.username in new.casefold():
                raise WeakPassword("name")
            self._replace_password(account, new, must_change=False)
            session.commit()
            return account

    def set_active(self, username: str, active: bool) -> Account:
        """Disable or enable. The caller also ends the account's sessions. Raise NoAccount."""
        with Session(self._engine, expire_on_commit=False) as session:
            account = self._named(session, username)
            account.active = active
            session.commit()
            return account

    def _named(self, session: Session, username: str) -> Account:
        account = session.exec(select(Account).where(Account.username == _tidy(username))).first()
        if account is None:
            raise NoAccount(f"there is no account {username!r}")
        return account

    def _replace_password(self, account: Account, password: str, *, must_change: bool) -> None:
        account.password_hash = self._hasher.hash(password)
        account.password_at_ms = self._clock.now_ms()
        account.must_change = must_change

    def _matches(self, password_hash: str, password: str) -> bool:
        try:
            return self._hasher.verify(password_hash, password)
        except (VerifyMismatchError, InvalidHashError):
            return False


def principal_of(account: Account) -> Principal:
    """Return who a session of this account is."""
    assert account.id is not None, "an account that was stored has an id"  # noqa: S101 - for the type checker
    role: Role = next(role for role in ROLES if role == account.role)
    return Principal(account.id, account.name, role, account.prefecture, account.must_change)


def one_time_password() -> str:
    """Return a random password that can be read out: 12 of 31 characters, 59 bits."""
    groups = ("".join(secrets.choice(_ALPHABET) for _ in range(4)) for _ in range(3))
    return "-".join(groups)


def seed_demo(engine: Engine, clock: Clock) -> list[DemoSignIn]:
    """On a database without any account, make two lawyers, a supervisor and an administrator."""
    accounts = Accounts(engine, clock)
    if accounts.every():
        return []
    people = (
        ("lijing", "李静", "lawyer", "昆明市"),
        ("wangzhiqiang", "王志强", "lawyer", "曲靖市"),
        ("zhaomin", "赵敏", "supervisor", ""),
        ("admin", "系统管理员", "province_admin", ""),
    )
    made = []
    for username, name, role, prefecture in people:
        skills = DEFAULT_SKILLS if role == "lawyer" else ""
        # A demo is for trying at once: its passwords are random, and need not be changed.
        _, password = accounts.add(
            username, name, role, skills=skills, prefecture=prefecture, must_change=False
        )
        made.append(DemoSignIn(username, password, name, role))
    return made


def _tidy(username: str) -> str:
    return username.strip().casefold()
