"""A language model that may propose, and no more: off unless a model inside the house is set.

It is asked (OpenAI's chat protocol, which local servers speak) for fields that the rules left empty. What it
says counts for nothing by itself: a proposal is kept only if its words stand in one turn of the caller, sign
for sign, and its value stands in those words. It is shown beside the draft, and a person takes it or not.
Amounts, dates, time limits, aid and class are never asked for.
"""

import json
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any

from config.log import Log
from config.redaction import redact

from .fields import bare
from .search import signs_of
from .turns import Turn

PROPOSABLE = ("occupation", "employer_or_platform", "work_county", "period")
TIMEOUT_S = 30.0
LARGEST = 1 << 20  # bytes of an answer
LONGEST_VALUE = 40

_TASK = (
    "你从法律援助热线的通话里找事实。只用来电人说过的原话,不推断,不换算。"
    '只答 JSON: {"proposals": [{"field": .., "value": .., "words": ..}]}。'
    "words 是来电人的一段原话,value 必须是 words 里的原字。没有就答空列表。field 只能是: "
)

log = Log(__name__)


@dataclass(frozen=True, slots=True, repr=False)
class Model:
    """Where it answers (``http://127.0.0.1:8000``), which one, and its key ('' = none)."""

    url: str
    name: str
    key: str = ""

    def propose(self, turns: Sequence[Turn], draft: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Return what may be shown: field, value, words, turn, at_s. Whatever goes wrong, nothing is."""
        wanted = [name for name in PROPOSABLE if bare(draft.get(name)) in (None, "", [])]
        if not wanted or not any(turn.speaker != "lawyer" for turn in turns):
            return []
        try:
            said = self._ask(turns, wanted)
        except (urllib.error.URLError, OSError, HTTPException, ValueError) as error:
            log.warning("model.silent", error=type(error).__name__)
            return []
        kept = [one for raw in said if (one := verified(raw, turns, wanted)) is not None]
        return list({one["field"]: one for one in reversed(kept)}.values())[::-1]

    def _ask(self, turns: Sequence[Turn], wanted: Sequence[str]) -> list[Any]:
        lines = [f"{'律师' if turn.speaker == 'lawyer' else '来电人'}: {redact(turn.text)}" for turn in turns]
        body = {
            "model": self.name,
            "temperature": 0,
            "messages": [
                {"role": "system", "content": _TASK + ", ".join(wanted)},
                {"role": "user", "content": "\n".join(lines)},
            ],
        }
        headers = {"Content-Type": "application/json"}
        if self.key:
            headers["Authorization"] = f"Bearer {self.key}"
        request = urllib.request.Request(  # noqa: S310 - a checked setting
            f"{self.url}/v1/chat/completions", json.dumps(body).encode(), headers
        )
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:  # noqa: S310 - as above
            told = json.loads(answer.read(LARGEST))
        return _proposals(told)


def verified(raw: Any, turns: Sequence[Turn], wanted: Sequence[str]) -> dict[str, Any] | None:
    """Return a proposal with the turn in which the caller said its words, None if nobody said them so."""
    if not isinstance(raw, dict) or raw.get("field") not in wanted:
        return None
    value, words = raw.get("value"), raw.get("words")
    if not isinstance(value, str) or not isinstance(words, str) or len(value) > LONGEST_VALUE:
        return None
    if len(signs_of(value)) < 2 or signs_of(value) not in signs_of(words):
        return None
    for number, turn in enumerate(turns):
        if turn.speaker != "lawyer" and signs_of(words) in signs_of(turn.text):
            return {
                "field": raw["field"], "value": value.strip(), "words": words, "turn": number,
                "at_s": turn.start_s,
            }  # fmt: skip
    return None


def _proposals(told: Any) -> list[Any]:
    """Return the list in a chat answer. Raise ValueError for one that is none."""
    try:
        content = told["choices"][0]["message"]["content"]
        found = json.loads(content[content.index("{") : content.rindex("}") + 1])["proposals"]
    except (TypeError, KeyError, IndexError, AttributeError) as error:
        raise ValueError("not a chat answer") from error
    if not isinstance(found, list):
        raise ValueError("no list of proposals")  # noqa: TRY004 - one kind for what is no answer
    return found
