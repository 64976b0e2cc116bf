"""Who is asking: sessions, roles, forged requests and guessed passwords.

A session is an opaque random token in a cookie; Redis holds only its hash, with an idle and an absolute
expiry. Signing in always makes a new token (no fixation), and every unsafe request must repeat a token
derived from the session's own secret (no cross-site forgery). Accounts themselves live in
``agents.accounts``: this module knows only who a session belongs to.
"""

import hashlib
import hmac
import json
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from typing import ClassVar, Literal
from urllib.parse import urlsplit

from fastapi import Request, Response, WebSocket
from redis.asyncio import Redis
from starlette.requests import HTTPConnection

from .address import Proxies, visitor
from .clock import Clock
from .errors import AnxinError, Blame

Role = Literal["lawyer", "supervisor", "prefecture_admin", "province_admin", "auditor"]
ROLES: tuple[Role, ...] = ("lawyer", "supervisor", "prefecture_admin", "province_admin", "auditor")
ADMINS: tuple[Role, ...] = ("prefecture_admin", "province_admin")
DECIDERS: tuple[Role, ...] = ("supervisor", *ADMINS)  # sign exclusions, step into talks, plan the roster
WATCHERS: tuple[Role, ...] = (*DECIDERS, "auditor")  # read what is not their own
PROVINCE_WIDE: tuple[Role, ...] = ("province_admin", "auditor")  # whatever prefecture they sit in
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
OPEN_PATHS = frozenset({"/password", "/signout"})  # what a one-time password lets one do
ENROL_PATHS = OPEN_PATHS | {"/account/second"}  # what one may do who owes a second factor
HALF_S = 300  # between password and second factor
CSRF_HEADER = "x-csrf-token"
CSRF_FIELD = "csrf"


class NotSignedIn(AnxinError):
    """No session, or it expired."""

    code: ClassVar[str] = "not-signed-in"
    blame: ClassVar[Blame] = Blame.CALLER


class NotAllowed(AnxinError):
    """The role does not include this."""

    code: ClassVar[str] = "not-allowed"
    blame: ClassVar[Blame] = Blame.CALLER


class MustChangePassword(AnxinError):
    """The account still has its one-time password."""

    code: ClassVar[str] = "must-change-password"
    blame: ClassVar[Blame] = Blame.CALLER


class MustEnrol(AnxinError):
    """The role needs a second factor, and this account has none yet."""

    code: ClassVar[str] = "must-enrol"
    blame: ClassVar[Blame] = Blame.CALLER


class ForgedRequest(AnxinError):
    """The request was not made from our own page."""

    code: ClassVar[str] = "forged-request"
    blame: ClassVar[Blame] = Blame.CALLER


@dataclass(frozen=True, slots=True)
class Principal:
    """The person behind a request. *lawyer_id* is also the identity of their browser phone."""

    account_id: int
    name: str
    role: Role
    prefecture: str = ""
    must_change: bool = False  # still has the one-time password
    must_enrol: bool = False  # still owes a second factor

    @property
    def lawyer_id(self) -> str:
        return f"u_{self.account_id}"

    @property
    def scope(self) -> str:
        """The one prefecture whose callers and people this person may see; '' = the whole province."""
        return "" if self.role in PROVINCE_WIDE else self.prefecture

    def sees(self, prefecture: str) -> bool:
        """May this person see what belongs to *prefecture* ('' = nobody knows which)?"""
        return not self.scope or prefecture == self.scope


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a session was opened: for the list in which people recognise their own."""

    address: str = ""
    agent: str = ""  # User-Agent, shortened


@dataclass(frozen=True, slots=True)
class OpenSession:
    """One open session of a list. *id* names it without giving it away."""

    id: str
    opened_ms: int
    seen_ms: int
    origin: Origin
    current: bool


class Sessions:
    """Sessions in Redis: ``auth:s:<hash of token>``; per account, the set ``auth:a:<id>`` of these keys."""

    def __init__(
        self, redis: Redis, clock: Clock, *, idle_s: int = 3600, absolute_s: int = 12 * 3600
    ) -> None:
        self._redis, self._clock = redis, clock
        self._idle_s, self._absolute_s = idle_s, absolute_s

    async def open(self, principal: Principal, origin: Origin = Origin()) -> str:
        """Return the token of a new session."""
        token = secrets.token_urlsafe(32)
        key, index = _session_key(token), f"auth:a:{principal.account_id}"
        now_ms = self._clock.now_ms()
        session = {
            "who": asdict(principal),
            "opened_ms": now_ms,
            "until_ms": now_ms + self._absolute_s * 1000,
            "origin": asdict(origin),
        }
        async with self._redis.pipeline(transaction=True) as pipe:
            pipe.set(key, json.dumps(session), ex=self._idle_s)
            pipe.sadd(index, key)
            pipe.expire(index, self._absolute_s)
            await pipe.execute()
        return token

    async def find(self, token: str) -> Principal | None:
        """Return whose session it is and renew its idle time, or None when it ended."""
        if not token:
            return None
        key = _session_key(token)
        text = await self._redis.get(key)
        if text is None:
            return None
        session = json.loads(text)
        left_s = (session["until_ms"] - self._clock.now_ms()) // 1000
        if left_s <= 0:
            await self._redis.delete(key)
            return None
        await self._redis.expire(key, min(self._idle_s, left_s))
        return Principal(**session["who"])

    async def enrolled(self, token: str) -> None:
        """The second factor that a session owed is there."""
        key = _session_key(token)
        if (text := await self._redis.get(key)) is not None:
            session = json.loads(text)
            session["who"]["must_enrol"] = False
            await self._redis.set(key, json.dumps(session), keepttl=True, xx=True)

    async def close(self, token: str) -> None:
        """End one session."""
        await self._redis.delete(_session_key(token))

    async def close_all(self, account_id: int) -> int:
        """End every session of an account (disabled, new password, its own wish); return how many."""
        index = f"auth:a:{account_id}"
        keys = await self._redis.smembers(index)
        return int(await self._redis.delete(index, *keys)) - 1 if keys else 0

    async def open_half(self, account_id: int) -> str:
        """Return the token of somebody who has still to give their second factor."""
        token = secrets.token_urlsafe(32)
        await self._redis.set(_half_key(token), account_id, ex=HALF_S)
        return token

    async def find_half(self, token: str) -> int:
        return int(await self._redis.get(_half_key(token)) or 0) if token else 0

    async def close_half(self, token: str) -> None:
        await self._redis.delete(_half_key(token))

    async def every(self, account_id: int, token: str) -> list[OpenSession]:
        """Return an account's open sessions, the last used first; *token* is the one that asks."""
        keys = sorted(str(key) for key in await self._redis.smembers(f"auth:a:{account_id}"))
        async with self._redis.pipeline(transaction=False) as pipe:
            for key in keys:
                pipe.get(key)
                pipe.ttl(key)
            answers = await pipe.execute()
        now_ms, found = self._clock.now_ms(), []
        for n, key in enumerate(keys):
            text, ttl = answers[2 * n], int(answers[2 * n + 1])
            if text is None:
                continue
            session = json.loads(text)
            found.append(
                OpenSession(
                    id=_short(key),
                    opened_ms=session["opened_ms"],
                    seen_ms=max(session["opened_ms"], now_ms - max(0, self._idle_s - ttl) * 1000),
                    origin=Origin(**session["origin"]),
                    current=key == _session_key(token),
                )
            )
        return sorted(found, key=lambda one: -one.seen_ms)

    async def close_other(self, account_id: int, token: str, only: str = "") -> int:
        """End an account's sessions but that of *token*, or *only* the one with this id; return how many."""
        own = _session_key(token)
        keys = [
            key
            for key in map(str, await self._redis.smembers(f"auth:a:{account_id}"))
            if key != own and (not only or _short(key) == only)
        ]
        return int(await self._redis.delete(*keys)) if keys else 0


class Auth:
    """The doors: FastAPI dependencies over sessions. One per application, passed to router factories.

    ``Depends(auth.current)`` gives the Principal; ``Depends(auth.require("supervisor", "auditor"))`` also
    checks the role. Both refuse an unsafe request without its CSRF token.
    """

    def __init__(self, sessions: Sessions, *, secure: bool, proxies: Proxies = ()) -> None:
        """*proxies* are believed when they say whom they speak for (X-Forwarded-For)."""
        self.sessions, self._proxies = sessions, proxies
        self._secure = secure
        # __Host- makes browsers refuse the cookie from another host, path or over plain HTTP.
        self.cookie = "__Host-anxin" if secure else "anxin"
        self._half_cookie = "__Host-anxin-half" if secure else "anxin-half"
        self._visitor_cookie = "__Host-anxin-visitor" if secure else "anxin-visitor"

    async def current(self, request: Request) -> Principal:
        """Return who asks. Raise NotSignedIn, MustChangePassword, MustEnrol or ForgedRequest."""
        token = request.cookies.get(self.cookie, "")
        if (principal := await self.sessions.find(token)) is None:
            raise NotSignedIn("sign in first")
        if principal.must_change and request.url.path not in OPEN_PATHS:
            raise MustChangePassword("choose a password of your own first")
        if principal.must_enrol and request.url.path not in ENROL_PATHS:
            raise MustEnrol("turn two-factor sign-in on first")
        if request.method not in SAFE_METHODS:
            await self._check_csrf(request, token)
        return principal

    def require(self, *roles: Role) -> Callable[[Request], Awaitable[Principal]]:
        """Return a dependency that gives the Principal if it has one of *roles*, else raises NotAllowed."""

        async def required(request: Request) -> Principal:
            principal = await self.current(request)
            if principal.role not in roles:
                raise NotAllowed(f"{principal.role} may not do this")
            return principal

        return required

    async def socket(self, socket: WebSocket, *roles: Role) -> Principal:
        """Return who opened a websocket. Raise NotSignedIn, NotAllowed, or ForgedRequest (foreign origin).

        Browsers send cookies with any page's websocket, and no CSRF token: the Origin header protects.
        """
        if urlsplit(socket.headers.get("origin", "")).netloc != socket.headers.get("host", ""):
            raise ForgedRequest("the websocket was opened by another site")
        if (principal := await self.sessions.find(socket.cookies.get(self.cookie, ""))) is None:
            raise NotSignedIn("sign in first")
        if principal.must_change or principal.must_enrol or (roles and principal.role not in roles):
            raise NotAllowed(f"{principal.role} may not do this")
        return principal

    async def peek(self, connection: HTTPConnection) -> Principal | None:
        """Return who asks, or None; for pages that look different when signed in."""
        return await self.sessions.find(connection.cookies.get(self.cookie, ""))

    async def sign_in(
        self, response: Response, principal: Principal, old: str = "", origin: Origin = Origin()
    ) -> None:
        """Open a session with a new token; the token the browser came with is ended."""
        if old:
            await self.sessions.close(old)
        self._set(response, self.cookie, await self.sessions.open(principal, origin))

    def origin(self, request: Request) -> Origin:
        """Return where a request came from, behind the proxies that we believe."""
        return Origin(self.address(request), request.headers.get("user-agent", "")[:200])

    def address(self, request: HTTPConnection) -> str:
        """Return the visitor's address: what throttling counts by."""
        peer = request.client.host if request.client else ""
        return visitor(peer, request.headers.getlist("x-forwarded-for"), self._proxies)

    async def sign_out(self, request: Request, response: Response, *, everywhere: bool = False) -> None:
        token = request.cookies.get(self.cookie, "")
        principal = await self.sessions.find(token)
        await self.sessions.close(token)
        if everywhere and principal:
            await self.sessions.close_all(principal.account_id)
        response.delete_cookie(self.cookie, path="/", secure=self._secure, httponly=True, samesite="lax")

    async def keep_half(self, response: Response, account_id: int) -> None:
        """The password was right and a second factor is still owed: remember that for a few minutes."""
        self._set(response, self._half_cookie, await self.sessions.open_half(account_id))

    async def half_signed_in(self, request: Request) -> int:
        """Return whose password was right just now, 0 if nobody's."""
        return await self.sessions.find_half(request.cookies.get(self._half_cookie, ""))

    async def forget_half(self, request: Request, response: Response) -> None:
        await self.sessions.close_half(request.cookies.get(self._half_cookie, ""))
        response.delete_cookie(self._half_cookie, path="/", secure=self._secure, httponly=True)

    def csrf(self, request: Request) -> str:
        """Return the token that this session's forms and scripts must repeat."""
        return _csrf_of(request.cookies.get(self.cookie, ""))

    def visitor(self, request: Request) -> tuple[str, str]:
        """Return (secret, CSRF token) for the sign-in form, which has no session yet."""
        secret = request.cookies.get(self._visitor_cookie, "") or secrets.token_urlsafe(32)
        return secret, _csrf_of(secret)

    def keep_visitor(self, response: Response, secret: str) -> None:
        """Bind the sign-in form to this browser."""
        self._set(response, self._visitor_cookie, secret)

    async def check_visitor_csrf(self, request: Request) -> None:
        """Raise ForgedRequest unless the form came from our own sign-in page."""
        await self._check_csrf(request, request.cookies.get(self._visitor_cookie, ""))

    async def _check_csrf(self, request: Request, secret: str) -> None:
        given = request.headers.get(CSRF_HEADER, "")
        kind = request.headers.get("content-type", "").partition(";")[0]
        if not given and kind in {"application/x-www-form-urlencoded", "multipart/form-data"}:
            field = (await request.form()).get(CSRF_FIELD, "")
            given = field if isinstance(field, str) else ""
        if not secret or not hmac.compare_digest(given.encode(), _csrf_of(secret).encode()):
            raise ForgedRequest("the page is out of date; reload it and try again")

    def _set(self, response: Response, name: str, value: str) -> None:
        response.set_cookie(name, value, path="/", secure=self._secure, httponly=True, samesite="lax")


def _session_key(token: str) -> str:
    return "auth:s:" + hashlib.sha256(token.encode()).hexdigest()


def _half_key(token: str) -> str:
    return "auth:h:" + hashlib.sha256(token.encode()).hexdigest()


def _short(session_key: str) -> str:
    return session_key.rpartition(":")[2][:16]


def _csrf_of(secret: str) -> str:
    return hmac.new(secret.encode(), b"csrf", hashlib.sha256).hexdigest()
