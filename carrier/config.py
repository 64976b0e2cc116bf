"""What a carrier is told: one JSON file, refused by the name of the field that is wrong."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

Method = Literal["GET", "POST"]


def _http_url(url: str) -> str:
    if not url.startswith(("http://", "https://")):
        raise ValueError("must be an absolute http:// or https:// URL")
    return url


Url = Annotated[str, AfterValidator(_http_url)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Voice(_Part):
    """Where calls to a number or a TwiML application are answered."""

    voice_url: Url
    voice_method: Method = "POST"
    voice_fallback_url: Url | None = None
    voice_fallback_method: Method = "POST"
    status_callback: Url | None = None
    status_callback_method: Method = "POST"


class Sip(_Part):
    """The SIP side. *trunk* is ``host:port`` of the gateway that plain numbers are dialled through."""

    host: str = "127.0.0.1"
    port: int = Field(0, ge=0, le=65535)
    rtp_ports: tuple[int, int] = (22000, 23998)
    trunk: str | None = None


class Media(_Part):
    """Browser media and signalling."""

    ice_hosts: list[str] = ["127.0.0.1"]
    resume_seconds: float = Field(30, gt=0)
    beat_seconds: float = Field(5, gt=0)
    codecs: list[Literal["pcmu", "opus"]] = ["pcmu", "opus"]


class Config(_Part):
    """One carrier: one account, its keys, numbers and TwiML applications."""

    host: str = "127.0.0.1"
    port: int = Field(0, ge=0, le=65535)
    public_host: str = "127.0.0.1"
    tls_cert: Path | None = None
    tls_key: Path | None = None
    account_sid: str = Field(pattern=r"^AC[0-9a-f]{32}$")
    auth_token: str = Field(min_length=16)
    api_keys: dict[Annotated[str, Field(pattern=r"^SK[0-9a-f]{32}$")], str] = {}
    applications: dict[Annotated[str, Field(pattern=r"^AP[0-9a-f]{32}$")], Voice] = {}
    numbers: dict[str, Voice] = {}
    sip: Sip = Sip()
    media: Media = Media()
    state_dir: Path
    recordings_dir: Path | None = None
    error_prompt: Path | None = None
    """Audio for a caller whose TwiML cannot be had; by default three tones."""

    @property
    def recordings(self) -> Path:
        """Where recordings lie."""
        return self.recordings_dir or self.state_dir / "recordings"


class BadConfig(Exception):
    """A configuration that cannot be used; the message names file, field and what was expected."""


def load_config(path: Path) -> Config:
    """Read the JSON file at *path*. Raise BadConfig with one line for each wrong field."""
    try:
        return Config.model_validate_json(path.read_bytes())
    except OSError as error:
        raise BadConfig(f"{path}: cannot be read: {error.strerror}") from error
    except ValidationError as error:
        lines = [f"{path}: {'.'.join(map(str, e['loc'])) or 'file'}: {e['msg']}" for e in error.errors()]
        raise BadConfig("\n".join(lines)) from error
