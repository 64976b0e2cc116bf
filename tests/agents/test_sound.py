"""A recording over HTTP: whole, by range, and never more than was asked for."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.responses import StreamingResponse

from agents.sound import answer_sound

SOUND = bytes(range(256)) * 700


async def told(wanted: str, sound: bytes = SOUND) -> tuple[int, dict[str, str], bytes]:
    answer = answer_sound(io.BytesIO(sound), wanted)
    body = b""
    if isinstance(answer, StreamingResponse):
        async for block in answer.body_iterator:
            body += bytes(block)  # type: ignore[arg-type]
    return answer.status_code, dict(answer.headers), body


@pytest.mark.parametrize(
    ("wanted", "status", "span"),
    [
        ("", 200, (0, len(SOUND))),
        ("bytes=0-", 206, (0, len(SOUND))),
        ("bytes=10-19", 206, (10, 20)),
        ("bytes=100000-", 206, (100_000, len(SOUND))),
        ("bytes=-5", 206, (len(SOUND) - 5, len(SOUND))),
        ("bytes=-999999999", 206, (0, len(SOUND))),
        ("bytes=5-999999999", 206, (5, len(SOUND))),
        ("bytes=0-1,5-6", 200, (0, len(SOUND))),
        ("lines=1-2", 200, (0, len(SOUND))),
    ],
)
async def test_the_part_that_was_asked_for_comes(wanted: str, status: int, span: tuple[int, int]) -> None:
    code, headers, body = await told(wanted)
    assert (code, body) == (status, SOUND[slice(*span)])
    assert headers["content-length"] == str(len(body))
    if status == 206:
        assert headers["content-range"] == f"bytes {span[0]}-{span[1] - 1}/{len(SOUND)}"


@pytest.mark.parametrize("wanted", ["bytes=999999999-", "bytes=9-3", "bytes=-0", "bytes=-"])
async def test_a_part_that_is_not_there_is_refused(wanted: str) -> None:
    code, headers, body = await told(wanted)
    assert (code, headers["content-range"], body) == (416, f"bytes */{len(SOUND)}", b"")


@given(st.text(max_size=30))
async def test_no_header_breaks_it(wanted: str) -> None:
    code, _, body = await told(wanted, b"abc")
    assert code in {200, 206, 416}
    assert body in b"abc"
