"""Secrets at rest open for whom they were sealed, under the keys of the settings, and for nobody else."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.seal import Seal, SealBroken

OLD, NEW = ("k1", bytes(range(32))), ("k2", bytes(range(1, 33)))
SEAL = Seal([OLD], "tests")


@given(st.text(max_size=64), st.text(max_size=20))
def test_what_is_sealed_opens_for_its_owner_alone(plain: str, owner: str) -> None:
    sealed = SEAL.seal(plain, owner)

    assert SEAL.open(sealed, owner) == plain
    assert SEAL.seal(plain, owner) != sealed  # never the same twice
    with pytest.raises(SealBroken):
        SEAL.open(sealed, owner + "'")


@given(st.integers(min_value=0, max_value=47), st.integers(min_value=1, max_value=255))
def test_a_changed_sign_is_noticed(at: int, by: int) -> None:
    head, _, text = SEAL.seal("JBSWY3DPEHPK3PXPJBSW", "account 1").rpartition(".")
    data = bytearray(base64.b64decode(text))
    data[at] ^= by

    with pytest.raises(SealBroken):
        SEAL.open(f"{head}.{base64.b64encode(bytes(data)).decode()}", "account 1")


@given(st.text(max_size=80))
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(SealBroken):
        SEAL.open(text, "account 1")


def test_old_keys_open_and_the_first_seals() -> None:
    sealed, rotated = SEAL.seal("secret", "account 1"), Seal([NEW, OLD], "tests")

    assert rotated.open(sealed, "account 1") == "secret"
    assert (SEAL.is_current(sealed), rotated.is_current(sealed)) == (True, False)
    assert rotated.is_current(rotated.seal("secret", "account 1"))
    with pytest.raises(SealBroken, match="no key 'k1'"):
        Seal([NEW], "tests").open(sealed, "account 1")


def test_another_purpose_does_not_open_it() -> None:
    with pytest.raises(SealBroken):
        Seal([OLD], "something else").open(SEAL.seal("secret", "account 1"), "account 1")
