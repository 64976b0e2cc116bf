"""What the embedded carrier is told at its start: our account, our number, our webhooks.

With a Twilio account the same is set in its console.
"""

import json
import os
from pathlib import Path

import ivr.prompts
from config.settings import Settings

from .cert import own_names

SORRY = Path(ivr.prompts.__file__).parent / "outage-callback.wav"


def write_carrier_config(settings: Settings) -> Path:
    """Write var/carrier.json (mode 600) and return its path."""
    keys = settings.keys
    voice = settings.web_url + "/twilio/voice"
    # Retry a webhook that met a restarting web process; then the fallback keeps the caller on the line.
    hooks = {
        "voice_url": f"{voice}/incoming#ct=2000&rt=8000&tt=15000&rc=5&rp=ct,rt,5xx",
        "voice_method": "POST",
        "voice_fallback_url": f"{voice}/fallback#ct=2000&rt=8000&tt=15000&rc=5&rp=ct,rt,5xx",
        "status_callback": f"{voice}/status#rc=5&rp=all",
    }
    config = {
        "host": settings.host,
        "port": settings.carrier_port,
        "public_host": settings.carrier_host.rsplit(":", 1)[0],
        "tls_cert": str(settings.tls_cert.absolute()) if settings.tls_cert else None,
        "tls_key": str(settings.tls_key.absolute()) if settings.tls_key else None,
        "account_sid": keys.account_sid,
        "auth_token": keys.auth_token,
        "api_keys": {keys.api_key_sid: keys.api_key_secret},
        "applications": {keys.application_sid: hooks},
        "numbers": {settings.hotline_number: hooks},
        "sip": {"host": settings.sip_host, "port": settings.sip_port, "trunk": settings.sip_trunk or None},
        "media": {"ice_hosts": _media_hosts(settings.host)},
        "recordings_dir": str((settings.var / "carrier" / "recordings").absolute()),
        "state_dir": str((settings.var / "carrier").absolute()),
        # Web is gone, its fallback with it: they hear that we know of their call and will ring them.
        "error_prompt": str(SORRY),
    }
    path = settings.var / "carrier.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".new")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(config, file, indent=1)
    draft.replace(path)
    return path


def _media_hosts(host: str) -> list[str]:
    """Where browsers may send sound: this machine alone, or its address on the network as well."""
    addresses = ["127.0.0.1"]
    if host not in {"127.0.0.1", "localhost", "::1"}:
        addresses += [name for name in own_names() if name.replace(".", "").isdigit()]
    return list(dict.fromkeys(addresses))
