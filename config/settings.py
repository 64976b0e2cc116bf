"""Every setting of the hotline: an environment variable ``ANXIN_<NAME>``, a default that works, one line why.

Secrets that nobody set are made once and kept in ``var/secrets.json`` (mode 600), so that a restart, and
every process on this machine, sees the same ones. Several machines share them by setting them.
"""

import base64
import difflib
import fcntl
import ipaddress
import json
import os
import re
import secrets
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from .address import parse_proxies
from .errors import AnxinError, Blame

PREFIX = "ANXIN_"


class BadSetting(AnxinError):
    """One or more settings cannot be used; the message names each and says what was expected."""

    code = "bad-setting"
    blame = Blame.US


def _http_url(value: str) -> str:
    if value and (urlsplit(value).scheme not in {"http", "https"} or not urlsplit(value).hostname):
        raise ValueError("expected an address such as https://hotline.example.cn")
    return value.rstrip("/")


_ROLE = "(lawyer|supervisor|prefecture_admin|province_admin|auditor)"
HttpUrl = Annotated[str, AfterValidator(_http_url)]
Port = Annotated[int, Field(ge=0, le=65535)]


class Settings(BaseSettings):
    """The settings of one process. Frozen: a change needs a restart."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore", env_ignore_empty=True)

    var: Path = Field(Path("var"), description="where state lives")
    host: str = Field("127.0.0.1", description="address the web and the carrier listen on")
    web_port: Port = Field(12348, description="the pages and webhooks")
    carrier_port: Port = Field(12349, description="the embedded carrier's REST and browser signalling")
    sip_port: Port = Field(12350, description="the embedded carrier's SIP, UDP")
    sip_host: str = Field("127.0.0.1", description="address SIP and its RTP listen on")
    sip_trunk: str = Field("", description="where the embedded carrier sends calls to numbers: sip host:port")
    public_url: HttpUrl = Field("", description="how browsers and the carrier reach the web")
    carrier_public: str = Field("", description="host:port at which browsers reach the embedded carrier")
    tls_cert: Path | None = Field(None, description="certificate (PEM); with tls_key the pages are https")
    tls_key: Path | None = Field(None, description="private key (PEM)")
    redis_url: str = Field("", description="Redis or Valkey; unset = the embedded one in var/valkey")
    database_url: str = Field("", description="postgresql+psycopg://...; unset = SQLite in var/anxin.db")
    account_sid: str = Field("", description="Twilio account; unset = the embedded carrier")
    auth_token: str = Field("", description="Twilio auth token: webhooks are signed with it")
    api_key_sid: str = Field("", description="Twilio API key for REST and voice tokens")
    api_key_secret: str = Field("", description="its secret")
    application_sid: str = Field("", description="TwiML application that browsers call through")
    carrier_url: HttpUrl = Field("", description="REST base; unset = the embedded carrier, or Twilio's")
    hotline_number: str = Field("12348", pattern=r"\+?\d{3,15}", description="the number that callers dial")
    offer_seconds: int = Field(20, ge=5, le=60, description="how long a lawyer's phone rings")
    wrapup_seconds: int = Field(120, ge=5, le=3600, description="time for the note after a talk")
    caller_id: str = Field(
        "", description="what people see when we call them back; unset = the hotline's number"
    )
    callback_seconds: int = Field(60, ge=1, le=86400, description="we first try to call back after so long")
    callback_hours: str = Field("8-21", description="hours of the day in which we call people back")
    proof_talk_seconds: int = Field(10, ge=1, le=600, description="two-way talk that closes a demand")
    recognizer: Literal["auto", "vosk", "whisper", "none"] = Field("auto", description="speech recogniser")
    vosk_model: Path | None = Field(None, description="an unpacked Vosk model; unset = var/models")
    fetch_models: bool = Field(True, description="the first start tries once to fetch the small Vosk model")
    captions: Literal["auto", "on", "off"] = Field("auto", description="live captions on the desk")
    workers: int = Field(1, ge=1, le=16, description="transcription workers that anxin up starts")
    model_url: HttpUrl = Field(
        "",
        description="OpenAI-compatible model that may propose fields to lawyers; unset = none; inside only",
    )
    model_name: str = Field("local", description="its name")
    model_secret: str = Field("", description="its key, if it wants one")
    session_secret: str = Field("", description="key of sessions and private links")
    recording_keys: str = Field(
        "",
        description="keys of sealed recordings: name=base64 of 32 bytes, comma separated; the first seals,"
        " the others still open; unset = one made in var/secrets.json (back it up: no key, no recordings)",
    )
    second_factor_roles: str = Field(
        "",
        pattern=rf"^({_ROLE}(,{_ROLE})*)?$",
        description="roles that must use two-factor sign-in, by commas: province_admin,auditor",
    )
    demo: bool = Field(True, description="with no account at all, make demo accounts and print them")
    trusted_proxies: str = Field("", description="proxies before the web: addresses or networks, by commas")
    alarm_webhook: HttpUrl = Field("", description="alarms are posted here as JSON")
    alarm_mail_server: str = Field("", description="smtp://user:password@host:port or smtps://...")
    alarm_mail_from: str = Field("", description="sender of alarms by e-mail")
    alarm_mail_to: str = Field("", description="who gets alarms by e-mail, by commas")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="how much is logged")

    MADE: ClassVar[tuple[str, ...]] = (
        "account_sid", "auth_token", "api_key_sid", "api_key_secret", "application_sid", "session_secret",
    )  # fmt: skip

    @field_validator("tls_cert", "tls_key", "vosk_model")
    @classmethod
    def _exists(cls, value: Path | None) -> Path | None:
        if value is not None and not value.exists():
            raise ValueError(f"there is no {value}")
        return value

    @field_validator("callback_hours")
    @classmethod
    def _hours(cls, value: str) -> str:
        opens, dash, closes = value.partition("-")
        if not (dash and opens.isdigit() and closes.isdigit() and int(opens) < int(closes) <= 24):
            raise ValueError("expected two hours such as 8-21, the first lower")
        return value

    @field_validator("redis_url")
    @classmethod
    def _redis(cls, value: str) -> str:
        if value and urlsplit(value).scheme not in {"redis", "rediss", "unix"}:
            raise ValueError("expected redis://, rediss:// or unix://")
        return value

    @field_validator("alarm_mail_server")
    @classmethod
    def _mail(cls, value: str) -> str:
        if value and (urlsplit(value).scheme not in {"smtp", "smtps"} or not urlsplit(value).hostname):
            raise ValueError("expected smtp://host:25 or smtps://user:password@host:465")
        return value

    @field_validator("trusted_proxies")
    @classmethod
    def _proxies(cls, value: str) -> str:
        parse_proxies(value)
        return value

    @field_validator("database_url")
    @classmethod
    def _database(cls, value: str) -> str:
        if value and not value.startswith(("sqlite:///", "postgresql+psycopg://", "postgresql://")):
            raise ValueError("expected sqlite:///file or postgresql://user:password@host/name")
        return value.replace("postgresql://", "postgresql+psycopg://", 1)

    @field_validator("model_url")
    @classmethod
    def _in_the_house(cls, value: str) -> str:
        """What callers say does not leave the office's own network (个人信息保护法 36)."""
        host = urlsplit(value).hostname or ""
        if value and host != "localhost" and not host.endswith((".internal", ".local", ".lan")):
            try:
                inside = ipaddress.ip_address(host).is_private
            except ValueError:
                inside = False
            if not inside:
                raise ValueError(
                    "expected a model inside the office's network: a private address or .internal"
                )
        return value

    @field_validator("recording_keys")
    @classmethod
    def _recording_keys(cls, value: str) -> str:
        _ring(value)
        return value

    @model_validator(mode="after")
    def _together(self) -> Self:
        if (self.tls_cert is None) != (self.tls_key is None):
            raise ValueError("ANXIN_TLS_CERT and ANXIN_TLS_KEY go together")
        if self.twilio and not (self.auth_token and self.api_key_sid and self.api_key_secret):
            raise ValueError(
                "ANXIN_ACCOUNT_SID also needs ANXIN_AUTH_TOKEN, ANXIN_API_KEY_SID and ANXIN_API_KEY_SECRET"
            )
        if self.alarm_mail_server and not (self.alarm_mail_from and self.alarm_mail_to):
            raise ValueError("ANXIN_ALARM_MAIL_SERVER also needs ANXIN_ALARM_MAIL_FROM and _TO")
        if self.twilio and not self.public_url.startswith("https://"):
            raise ValueError("ANXIN_ACCOUNT_SID needs an https:// ANXIN_PUBLIC_URL that Twilio can reach")
        return self

    @property
    def twilio(self) -> bool:
        """Is a Twilio account set? Then the embedded carrier is not started."""
        return bool(self.account_sid) and not self.carrier_url

    @property
    def dials(self) -> bool:
        """Is there a line on which people can be called back?"""
        return bool(self.account_sid or self.sip_trunk)

    @property
    def scheme(self) -> str:
        return "https" if self.tls_cert else "http"

    @property
    def web_url(self) -> str:
        """The web's own address, for browsers and for signed webhooks."""
        return self.public_url or self.web_local

    @property
    def web_local(self) -> str:
        """The web's address on this machine."""
        return f"{self.scheme}://{_reachable(self.host)}:{self.web_port}"

    @property
    def carrier_base(self) -> str:
        """Base of the REST API; '' = Twilio's own."""
        if self.carrier_url or self.twilio:
            return self.carrier_url
        return f"{self.scheme}://{_reachable(self.host)}:{self.carrier_port}"

    @property
    def carrier_host(self) -> str:
        """host:port of the browsers' signalling; '' = Twilio's own."""
        if self.twilio:
            return ""
        return self.carrier_public or urlsplit(self.carrier_base).netloc

    @property
    def redis(self) -> str:
        return self.redis_url or f"unix://{(self.var / 'valkey' / 'valkey.sock').absolute()}"

    @property
    def database(self) -> str:
        return self.database_url or f"sqlite:///{(self.var / 'anxin.db').absolute()}"

    @cached_property
    def recording_ring(self) -> tuple[tuple[str, bytes], ...]:
        """The keys of sealed recordings, (name, 32 bytes): the first seals, every one opens."""
        return _ring(self.recording_keys or _kept_recording_keys(self.var))

    @cached_property
    def keys(self) -> "Keys":
        """The secrets: those that are set, and for the rest the ones kept in var/secrets.json."""
        made = {} if self.twilio else _kept_secrets(self.var)
        if self.twilio:
            made["session_secret"] = self.session_secret or _kept_secrets(self.var)["session_secret"]
        return Keys(**{name: getattr(self, name) or made[name] for name in self.MADE})


@dataclass(frozen=True, slots=True, repr=False)
class Keys:
    account_sid: str
    auth_token: str
    api_key_sid: str
    api_key_secret: str
    application_sid: str
    session_secret: str


def _reachable(host: str) -> str:
    return "localhost" if host in {"127.0.0.1", "0.0.0.0", "::", "::1"} else host


def _kept_secrets(var: Path) -> dict[str, str]:
    path = var / "secrets.json"
    try:
        kept: dict[str, str] = json.loads(path.read_text())
    except FileNotFoundError:
        kept = {
            "account_sid": "AC" + secrets.token_hex(16),
            "auth_token": secrets.token_hex(16),
            "api_key_sid": "SK" + secrets.token_hex(16),
            "api_key_secret": secrets.token_hex(16),
            "application_sid": "AP" + secrets.token_hex(16),
            "session_secret": secrets.token_urlsafe(32),
        }
        var.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(f".{os.getpid()}")
        draft.touch(mode=0o600)
        draft.write_text(json.dumps(kept, indent=1) + "\n")
        try:
            os.link(draft, path)  # fails if another process was first: then theirs count
        except FileExistsError:
            kept = json.loads(path.read_text())
        finally:
            draft.unlink()
    except json.JSONDecodeError as error:
        raise BadSetting(f"{path} is not readable as JSON ({error}): restore it from a backup") from error
    return kept


def _ring(text: str) -> tuple[tuple[str, bytes], ...]:
    """Read ``name=base64,..``. Raise ValueError."""
    ring = []
    for part in filter(None, (one.strip() for one in text.split(","))):
        name, _, encoded = part.partition("=")
        key = base64.b64decode(encoded, validate=True)
        if not re.fullmatch(r"[0-9a-zA-Z._-]{1,16}", name) or len(key) != 32:
            raise ValueError("expected name=base64 of 32 bytes, the name of 1 to 16 letters and digits")
        ring.append((name, key))
    if len({name for name, _ in ring}) != len(ring):
        raise ValueError("two recording keys have the same name")
    return tuple(ring)


def add_recording_key(settings: Settings) -> str:
    """Make another key in var/secrets.json, first of all, and return its name. Processes that run keep the
    keys they started with. Raise BadSetting if the keys are set in the environment."""
    if settings.recording_keys:
        raise BadSetting(
            f"{PREFIX}RECORDING_KEYS is set: put name=<base64 of 32 random bytes>, before the keys there"
        )
    before = _ring(_kept_recording_keys(settings.var))
    kept = _kept_recording_keys(settings.var, more_than=len(before))
    return kept.partition("=")[0]


def _kept_recording_keys(var: Path, more_than: int = 0) -> str:
    """Return the keys kept in var/secrets.json, more than so many; whoever comes first makes the missing one,
    exactly once. The newest stands first."""
    _kept_secrets(var)
    path = var / "secrets.json"
    with (var / "secrets.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        kept: dict[str, str] = json.loads(path.read_text())
        ring = _ring(kept.get("recording_keys", ""))
        if len(ring) <= more_than:
            names = {name for name, _ in ring}
            name = next(f"k{n}" for n in range(1, len(ring) + 2) if f"k{n}" not in names)
            made = f"{name}={base64.b64encode(secrets.token_bytes(32)).decode()}"
            kept["recording_keys"] = ",".join(filter(None, (made, kept.get("recording_keys", ""))))
            draft = path.with_suffix(f".{os.getpid()}")
            draft.touch(mode=0o600)
            with draft.open("w") as file:
                file.write(json.dumps(kept, indent=1) + "\n")
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)
        return kept["recording_keys"]


def load_settings(**values: Any) -> Settings:
    """Read the environment; *values* win over it. Raise BadSetting naming every bad setting at once."""
    try:
        return Settings(**values)
    except ValidationError as error:
        lines = []
        for problem in error.errors():
            name = PREFIX + str(problem["loc"][0]).upper() if problem["loc"] else ""
            given = f" (is {problem['input']!r})" if problem["loc"] else ""
            lines.append(f"{name}{given}: {problem['msg'].removeprefix('Value error, ')}".lstrip(": "))
        raise BadSetting("\n".join(lines)) from error


def misspelt(environ: dict[str, str]) -> list[str]:
    """Return a line for each ANXIN_ variable that no setting reads, with the nearest name that exists."""
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    lines = []
    for name in sorted(set(environ) - known):
        if name.startswith(PREFIX):
            near = difflib.get_close_matches(name, known, 1)
            lines.append(f"{name} is no setting" + (f"; did you mean {near[0]}?" if near else ""))
    return lines
