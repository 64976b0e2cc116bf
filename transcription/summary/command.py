"""``anxin summarise CALL.json``: the summary of a call file, for people or as JSON."""

import json
from collections.abc import Callable
from pathlib import Path

from transcription.turns import Turn

from .call_file import BadCall, parse_call
from .summary import summarise
from .views import lawyer_view

Recognise = Callable[[Path], list[Turn]]


def summarise_file(path: Path, as_json: bool, recognise: Recognise | None = None) -> str:
    """The summary of the call in *path*: JSON in the vocabulary's keys, or the lawyer's view.

    A file that names ``audio`` (relative to itself) instead of turns needs *recognise*. Raises BadCall.
    """
    try:
        text = path.read_text("utf-8")
    except OSError as error:
        raise BadCall(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise BadCall(f"{path}: expected UTF-8 text: {error.reason}") from error
    read = parse_call(text, str(path))
    if read.turns is None and read.audio:
        if recognise is None:
            raise BadCall(f"{path}: audio: no recogniser is set up; give turns instead")
        call = read.call(recognise(path.parent / read.audio))
    else:
        call = read.call()
    summary = summarise(call)
    if as_json:
        return json.dumps(summary.to_json(), ensure_ascii=False, indent=1)
    return lawyer_view(summary)
