"""TwiML text into elements, with Twilio's warnings about what it does not know."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from xml.parsers import expat  # no DTD is accepted below, so no entity can be declared

from carrier.errors import Trouble

LARGEST = 64 * 1024
TWIML_TYPES = frozenset({"text/xml", "application/xml", "text/html"})

_CALLBACK = {"statusCallback", "statusCallbackMethod", "statusCallbackEvent"}
_RECORDING = {"recordingStatusCallback", "recordingStatusCallbackMethod", "recordingStatusCallbackEvent"}
_NOUN = _CALLBACK | {"url", "method"}

VERBS: Mapping[str, frozenset[str]] = {
    name: frozenset(attributes)
    for name, attributes in {
        "Say": {"voice", "language", "loop"},
        "Play": {"loop", "digits"},
        "Gather": {
            *("input", "action", "method", "timeout", "numDigits", "finishOnKey", "actionOnEmptyResult"),
            *("speechTimeout", "language", "hints", "bargeIn", "speechModel", "profanityFilter", "enhanced"),
        },
        "Pause": {"length"},
        "Redirect": {"method"},
        "Reject": {"reason"},
        "Hangup": set(),
        "Dial": {
            *(
                "action",
                "method",
                "timeout",
                "timeLimit",
                "callerId",
                "answerOnBridge",
                "record",
                "hangupOnStar",
            ),
            *_RECORDING,
        },
        "Record": {
            *("action", "method", "timeout", "finishOnKey", "maxLength", "playBeep", "trim"),
            *_RECORDING,
        },
        "Start": set(),
        "Stop": set(),
    }.items()
}
NOUNS: Mapping[str, Mapping[str, frozenset[str]]] = {
    "Dial": {
        "Client": frozenset(_NOUN),
        "Number": frozenset(_NOUN | {"sendDigits"}),
        "Sip": frozenset(_NOUN | {"username", "password"}),
        "Conference": frozenset(
            {
                *("muted", "startConferenceOnEnter", "endConferenceOnExit", "beep", "waitUrl", "waitMethod"),
                *("coach", "participantLabel", "record", "maxParticipants"),
                *_CALLBACK,
                *_RECORDING,
            }
        ),
    },
    "Gather": {"Say": VERBS["Say"], "Play": VERBS["Play"], "Pause": VERBS["Pause"]},
    "Start": {
        "Stream": frozenset({"url", "name", "track", "statusCallback", "statusCallbackMethod"}),
    },
    "Stop": {"Stream": frozenset({"name"})},
    "Client": {"Identity": frozenset(), "Parameter": frozenset({"name", "value"})},
    "Stream": {"Parameter": frozenset({"name", "value"})},
}


@dataclass(slots=True)
class Element:
    """One verb or noun. Attributes that cannot be read as what they should be count as not given."""

    name: str
    attributes: dict[str, str]
    children: list["Element"] = field(default_factory=list)
    words: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """Its text, without the white space around it."""
        return "".join(self.words).strip()

    def get(self, name: str, default: str = "") -> str:
        """An attribute's text."""
        return self.attributes.get(name, default)

    def number(self, name: str, default: int, *, low: int = 0, high: int = 86400) -> int:
        """An attribute as a whole number within bounds."""
        value = self.attributes.get(name, "")
        return min(max(int(value), low), high) if value.isascii() and value.isdigit() else default

    def flag(self, name: str, default: bool) -> bool:
        """An attribute as true or false."""
        return {"true": True, "false": False}.get(self.attributes.get(name, "").lower(), default)

    def one_of(self, name: str, default: str, *allowed: str) -> str:
        """An attribute that must be one of *allowed*."""
        value = self.attributes.get(name, default)
        return value if value in allowed else default


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed document. *url* is what its relative URLs are against."""

    url: str
    verbs: tuple[Element, ...]
    warnings: tuple[str, ...] = ()


def parse(text: bytes, url: str) -> Document:
    """Parse a ``<Response>``. Raise Trouble 12100: not XML, a DTD, another root, too long."""
    if len(text) > LARGEST:
        raise Trouble(12100, f"Document parse failure: longer than {LARGEST} bytes", url)
    root = _tree(text, url)
    if root.name != "Response":
        raise Trouble(12100, f"Document parse failure: root is <{root.name}>, not <Response>", url)
    warnings: list[str] = []
    known = [e for e in root.children if _known(e, VERBS, "Response", warnings)]
    for verb in known:
        _prune(verb, VERBS[verb.name], warnings)
    return Document(url, tuple(known), tuple(warnings))


def _known(element: Element, allowed: Mapping[str, frozenset[str]], parent: str, warnings: list[str]) -> bool:
    if element.name in allowed:
        return True
    warnings.append(f"<{element.name}> is not known in <{parent}> and was ignored")
    return False


def _prune(element: Element, attributes: frozenset[str], warnings: list[str]) -> None:
    for name in [a for a in element.attributes if a not in attributes]:
        warnings.append(f"attribute {name} of <{element.name}> is not known and was ignored")
        del element.attributes[name]
    nouns = NOUNS.get(element.name, {})
    element.children = [c for c in element.children if _known(c, nouns, element.name, warnings)]
    for child in element.children:
        _prune(child, nouns[child.name], warnings)


def _tree(text: bytes, url: str) -> Element:
    parser = expat.ParserCreate()
    holder = Element("", {})
    stack = [holder]

    def start(name: str, attributes: dict[str, str]) -> None:
        element = Element(name, attributes)
        stack[-1].children.append(element)
        stack.append(element)

    def say(words: str) -> None:
        stack[-1].words.append(words)

    def end(_name: str) -> None:
        stack.pop()

    def refuse(*_: object) -> None:
        raise Trouble(12100, "Document parse failure: a document type is not allowed", url)

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = say
    parser.StartDoctypeDeclHandler = refuse
    try:
        parser.Parse(text.strip(), True)
    except expat.ExpatError as error:
        raise Trouble(12100, f"Document parse failure: {error}", url) from error
    return holder.children[0]
