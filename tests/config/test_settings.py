"""Settings: every default works, and a bad one is explained by name."""

import json
import stat
from pathlib import Path

import pytest

from config.settings import BadSetting, load_settings, misspelt


def test_every_default_works(tmp_path: Path) -> None:
    settings = load_settings(var=tmp_path)

    assert settings.web_url == "http://localhost:12348"
    assert settings.carrier_base == "http://localhost:12349"
    assert settings.redis.startswith("unix://")
    assert settings.database.startswith("sqlite:///")
    assert not settings.twilio


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("web_port", "many", "ANXIN_WEB_PORT"),
        ("web_port", 70000, "ANXIN_WEB_PORT"),
        ("redis_url", "http://x", "expected redis://"),
        ("database_url", "mysql://x", "expected sqlite:///"),
        ("public_url", "hotline.example.cn", "ANXIN_PUBLIC_URL"),
        ("tls_cert", "/nowhere/cert.pem", "ANXIN_TLS_CERT"),
        ("recognizer", "magic", "ANXIN_RECOGNIZER"),
        ("hotline_number", "one two", "ANXIN_HOTLINE_NUMBER"),
        ("account_sid", "AC1", "ANXIN_AUTH_TOKEN"),
    ],
)
def test_a_bad_setting_is_explained_by_name(tmp_path: Path, name: str, value: object, expected: str) -> None:
    with pytest.raises(BadSetting, match=expected):
        load_settings(var=tmp_path, **{name: value})


def test_all_bad_settings_are_named_at_once(tmp_path: Path) -> None:
    with pytest.raises(BadSetting) as caught:
        load_settings(var=tmp_path, web_port="x", offer_seconds=0)

    assert "ANXIN_WEB_PORT" in str(caught.value)
    assert "ANXIN_OFFER_SECONDS" in str(caught.value)


def test_a_misspelt_setting_names_its_nearest() -> None:
    assert misspelt({"ANXIN_WEBPORT": "1", "PATH": "/bin"}) == [
        "ANXIN_WEBPORT is no setting; did you mean ANXIN_WEB_PORT?"
    ]


def test_secrets_are_made_once_and_only_we_may_read_them(tmp_path: Path) -> None:
    """Two processes that start at once must sign with the same token."""
    first, second = load_settings(var=tmp_path).keys, load_settings(var=tmp_path).keys

    assert first == second
    assert first.account_sid.startswith("AC")
    assert stat.S_IMODE((tmp_path / "secrets.json").stat().st_mode) == 0o600


def test_a_set_secret_wins_over_a_kept_one(tmp_path: Path) -> None:
    kept = load_settings(var=tmp_path).keys

    chosen = load_settings(var=tmp_path, session_secret="ours").keys

    assert chosen.session_secret == "ours"
    assert chosen.auth_token == kept.auth_token


def test_unreadable_secrets_are_an_error_and_are_not_replaced(tmp_path: Path) -> None:
    """New secrets would sign everybody out and break every link: a person must decide."""
    (tmp_path / "secrets.json").write_text("{")

    with pytest.raises(BadSetting, match="restore it"):
        _ = load_settings(var=tmp_path).keys
    assert (tmp_path / "secrets.json").read_text() == "{"


def test_secrets_are_never_printed(tmp_path: Path) -> None:
    keys = load_settings(var=tmp_path).keys

    assert json.loads((tmp_path / "secrets.json").read_text())["auth_token"] not in repr(keys)


def test_the_recording_key_is_made_once_also_beside_older_secrets(tmp_path: Path) -> None:
    load_settings(var=tmp_path).keys  # noqa: B018 - makes the secrets
    first = load_settings(var=tmp_path)
    ((name, key),) = first.recording_ring
    assert (name, len(key)) == ("k1", 32)
    assert load_settings(var=tmp_path).recording_ring == first.recording_ring
    assert stat.S_IMODE((tmp_path / "secrets.json").stat().st_mode) == 0o600
    assert load_settings(var=tmp_path).keys == first.keys


def test_recording_keys_can_be_set_and_rotated(tmp_path: Path) -> None:
    old, new = "A" * 43 + "=", "B" * 42 + "A="
    ring = load_settings(var=tmp_path, recording_keys=f"n2={new}, n1={old}").recording_ring
    assert [name for name, _ in ring] == ["n2", "n1"]
    for bad in ("n1", "n1=AAAA", f"n1={old},n1={new}", f"{'x' * 17}={old}", "n1=***"):
        with pytest.raises(BadSetting, match="ANXIN_RECORDING_KEYS"):
            load_settings(var=tmp_path, recording_keys=bad)
