"""A plan as TwiML.

A small builder instead of ``twilio.twiml``: it writes text straight away and remembers what it wrote,
because most answers are among a few. ``tests/ivr/test_twiml.py`` shows that it says the same as twilio's
own builder.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from urllib.parse import quote, urlencode
from xml.sax.saxutils import escape, quoteattr

from .flow import Gather, Hangup, Pause, Plan, Play, Record, Redirect, Talk, Verb

_HEAD = '<?xml version="1.0" encoding="UTF-8"?><Response>'
_UNSPEAKABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0, production 2
Value = str | int | bool
MEDIA = "/twilio/media"


def element(name: str, attributes: Mapping[str, Value] | None = None, inner: str = "") -> str:
    """Return one element; *inner* is XML already. Attributes are sorted, booleans in lower case, as Twilio
    does.
    """
    parts = [f"<{name}"]
    for key in sorted(attributes or ()):
        value = (attributes or {})[key]
        text = str(value).lower() if isinstance(value, bool) else str(value)
        parts.append(f" {key}={quoteattr(_UNSPEAKABLE.sub('', text))}")
    parts.append(f">{inner}</{name}>" if inner else "/>")
    return "".join(parts)


def text(value: str) -> str:
    """Return *value* as character data; characters that XML cannot hold are left out."""
    return escape(_UNSPEAKABLE.sub("", value)).replace("\r", "&#13;")


def document(verbs: Iterable[str]) -> str:
    return f"{_HEAD}{''.join(verbs)}</Response>"


class TwimlWriter:
    """Writes plans for one public address. *prompts_version* makes recordings cacheable for ever, and is
    asked for each time: the office may publish other recordings.

    With *captions*, a talk's sound is also sent to ``/twilio/media``.
    """

    def __init__(
        self, public_url: str, prompts_version: Callable[[], str], *, captions: bool = False
    ) -> None:
        self._base = public_url.rstrip("/")
        self._version, self._captions = prompts_version, captions
        self._written = lru_cache(maxsize=4096)(self._write)

    def url(self, path: str, query: Iterable[tuple[str, str]] = ()) -> str:
        """Return the absolute, signed-as-is URL of one of our paths."""
        extra = urlencode(list(query), quote_via=quote)
        return f"{self._base}{path}{'?' if extra else ''}{extra}"

    def step(self, step: str, query: Iterable[tuple[str, str]] = ()) -> str:
        return self.url(f"/twilio/voice/{step}", query)

    def clip(self, clips: Iterable[str]) -> str:
        return self.url(f"/prompts/{'.'.join(clips)}.wav", (("v", self._version()),))

    def write(self, plan: Plan) -> bytes:
        """Return the TwiML document of *plan*."""
        return self._written(plan, self._version())

    def _write(self, plan: Plan, _version: str) -> bytes:
        return document(self._verb(verb) for verb in plan).encode()

    def _verb(self, verb: Verb) -> str:  # noqa: PLR0911 - one return a verb
        match verb:
            case Play(clips):
                return element("Play", inner=text(self.clip(clips)))
            case Pause(seconds):
                return element("Pause", {"length": seconds})
            case Redirect(step, query):
                return element("Redirect", {"method": "POST"}, text(self.step(step, query)))
            case Hangup():
                return element("Hangup")
            case Record(action, longest_s):
                return self._message(action, longest_s)
            case Gather(plays, action, timeout_s, digits, even_if_empty):
                attributes: dict[str, Value] = {
                    "input": "dtmf",
                    "method": "POST",
                    "action": self.step(action.step, action.query),
                    "timeout": timeout_s,
                    "finishOnKey": "" if digits else "#",
                }
                if digits:
                    attributes["numDigits"] = digits
                if even_if_empty:
                    attributes["actionOnEmptyResult"] = True
                return element("Gather", attributes, "".join(self._verb(play) for play in plays))
            case Talk(contact, lawyer):
                return self.dial_lawyer(contact, lawyer) if lawyer else self.dial(contact)

    def _message(self, action: Redirect, longest_s: int) -> str:
        return element(
            "Record",
            {
                "action": self.step(action.step, action.query),
                "method": "POST",
                "maxLength": longest_s,
                "timeout": 5,
                "finishOnKey": "#",
                "playBeep": True,
                "trim": "do-not-trim",
                "recordingStatusCallback": self.url("/twilio/message/status"),
                "recordingStatusCallbackEvent": "completed absent",
            },
        )

    def dial(self, contact: str) -> str:
        """Return the verb that takes the caller into the conference. Its end asks talk-ended what comes
        next.
        """
        attributes: dict[str, Value] = {
            "beep": "false",
            "startConferenceOnEnter": True,
            "endConferenceOnExit": True,  # a lawyer alone in a room helps nobody
            "waitUrl": "",
            "participantLabel": "caller",
            "statusCallback": self.url("/twilio/conference/status"),
            "statusCallbackEvent": "start end join leave",
        }
        room = element("Conference", attributes, text(contact))
        dial = element("Dial", {"action": self.step("talk-ended"), "method": "POST"}, room)
        return self._stream(contact) + dial if self._captions else dial

    def dial_lawyer(self, contact: str, lawyer: str) -> str:
        """Return the verb that takes a lawyer into the conference: back, as they entered it first, or from
        a telephone of their own.
        """
        attributes: dict[str, Value] = {
            "beep": "false",
            "startConferenceOnEnter": True,
            "endConferenceOnExit": False,
            "waitUrl": "",
            "participantLabel": lawyer,
            "statusCallback": self.url("/twilio/conference/status"),
            "statusCallbackEvent": "start end join leave",
        }
        return element("Dial", inner=element("Conference", attributes, text(contact)))

    def _stream(self, contact: str) -> str:
        """Return the verb that forks the caller's leg: what they say, and what they hear."""
        parameter = element("Parameter", {"name": "contact", "value": contact})
        url = self.url(MEDIA).replace("http", "ws", 1)
        stream = element("Stream", {"url": url, "track": "both_tracks"}, parameter)
        return element("Start", inner=stream)
