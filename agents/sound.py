"""A recording's sound over HTTP, whole or by range (RFC 9110, 14): a player seeks without loading an hour."""

import os
import re
from collections.abc import Iterator
from typing import BinaryIO

from fastapi.responses import Response, StreamingResponse

BLOCK = 1 << 16
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


def answer_sound(sound: BinaryIO, wanted: str) -> Response:
    """Return the answer for the Range header *wanted*; one that we do not understand is answered in full.

    *sound* is closed when it is sent. Blocking.
    """
    size = sound.seek(0, os.SEEK_END)
    headers = {"Accept-Ranges": "bytes", "Cache-Control": "no-store"}
    found = _RANGE.fullmatch(wanted.strip())
    first, last = _span(found, size) if found else (0, size - 1)
    if found and not 0 <= first <= last:
        sound.close()
        return Response(status_code=416, headers={**headers, "Content-Range": f"bytes */{size}"})
    status = 206 if found else 200
    if found:
        headers["Content-Range"] = f"bytes {first}-{last}/{size}"
    headers["Content-Length"] = str(last - first + 1)
    return StreamingResponse(_blocks(sound, first, last), status, headers, "audio/wav")


def _span(found: re.Match[str], size: int) -> tuple[int, int]:
    """Return the first and the last byte asked for; an empty span when there is no such byte."""
    start, end = found.groups()
    if not start:
        return (size - min(int(end), size), size - 1) if end and int(end) else (1, 0)
    first = int(start)
    last = min(int(end), size - 1) if end else size - 1
    return (first, last) if first < size else (1, 0)


def _blocks(sound: BinaryIO, first: int, last: int) -> Iterator[bytes]:
    with sound:
        sound.seek(first)
        left = last - first + 1
        while left > 0 and (block := sound.read(min(BLOCK, left))):
            left -= len(block)
            yield block
