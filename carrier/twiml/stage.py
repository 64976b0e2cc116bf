"""Running a document: one verb after the other, jumps, errors and their fallback."""

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from carrier import audio
from carrier.errors import MESSAGES, Trouble
from carrier.ports import Source
from carrier.webhooks import Answer, Hook

from .document import TWIML_TYPES, Document, Element, parse

if TYPE_CHECKING:
    from carrier.calls import Call
    from carrier.network import Network

log = logging.getLogger("carrier")
LONGEST_RUN = 10_000  # documents in one flow: an application that redirects to itself without end is cut off


@dataclass(frozen=True, slots=True)
class Jump:
    """Go to another document; what follows in this one is unreachable."""

    hook: Hook
    params: Mapping[str, str] = field(default_factory=dict)


class Hangup(Exception):
    """The document asks for the end of the call."""


Verb = Callable[["Stage", Element], Awaitable[Jump | None]]


class Stage:
    """Where one document runs: a call, and the verbs allowed here."""

    def __init__(self, call: "Call", verbs: Mapping[str, Verb]) -> None:
        self.call, self._verbs = call, verbs
        self.document = Document("", ())
        self.first = True
        """No verb has run yet in this call: Reject and Pause may still avoid or delay the answer."""

    @property
    def network(self) -> "Network":
        """The carrier."""
        return self.call.network

    def hook(self, element: Element, attribute: str, method: str = "method", default: str = "POST") -> Hook:
        """An attribute's URL, relative to the document; empty is the document itself."""
        verb = element.get(method, default).upper()
        return Hook(element.get(attribute), verb if verb in {"GET", "POST"} else default).against(
            self.document.url
        )

    def optional_hook(self, element: Element, attribute: str) -> Hook | None:
        """As ``hook``, with ``{attribute}Method``; None where the attribute is missing or empty."""
        return self.hook(element, attribute, attribute + "Method") if element.get(attribute) else None

    def complain(self, trouble: Trouble) -> None:
        """To the debug log."""
        self.network.notifications.add(trouble, self.call.params())

    async def play(self, source: Source) -> bool:
        """Play to this leg, to the end or until cancelled; False if it was cut short."""
        endpoint = self.call.endpoint
        if endpoint is None:
            return False
        playback = endpoint.port.play(source)
        try:
            return await playback.wait()
        finally:
            playback.stop()

    async def run(self, entry: "Jump | Document") -> None:
        """Run from *entry* to the end of the last document. Raise Trouble or Hangup."""
        at: Jump | Document = entry
        for _ in range(LONGEST_RUN):
            document = at if isinstance(at, Document) else await self.fetch(at)
            jump = await self._run_document(document)
            if jump is None:
                return
            at = jump
        raise Trouble(11215, MESSAGES[11215], self.document.url)

    async def fetch(self, jump: "Jump") -> Document:
        """Get a document. Audio counts as a document that plays it."""
        answer = await self.network.webhooks.ask(jump.hook, self.call.params() | dict(jump.params))
        return await self.read(answer, jump.hook)

    async def read(self, answer: Answer, hook: Hook) -> Document:
        """Make a document of an answer. Raise Trouble 12100, 12300."""
        if answer.content_type.startswith("audio/"):
            await self.network.sounds.decode(answer, hook.url)
            return Document(answer.url, (Element("Play", {}, words=[hook.url]),))
        if answer.content_type not in TWIML_TYPES:
            raise Trouble(12300, f"{MESSAGES[12300]}: {answer.content_type or 'none'}", answer.url)
        # The same document again (an empty Redirect) is asked for with the same connection overrides.
        return parse(answer.body, hook.url if hook.address == answer.url else answer.url)

    async def _run_document(self, document: Document) -> Jump | None:
        self.document = document
        for warning in document.warnings:
            self.complain(Trouble(12200, warning, document.url))
        for element in document.verbs:
            verb = self._verbs.get(element.name)
            if verb is None:
                self.complain(Trouble(12200, f"<{element.name}> cannot be used here", document.url))
                continue
            jump = await verb(self, element)
            if not self.call.live:
                raise Hangup
            self.first = self.first and element.name == "Pause"
            if jump is not None:
                return jump
        return None


async def run_call(call: "Call", entry: Jump | Document, verbs: Mapping[str, Verb]) -> None:
    """Run a call's TwiML to its end. A fetch or a document that fails goes to the fallback URL, once each."""
    stage = Stage(call, verbs)
    at: Jump | Document = entry
    while True:
        try:
            await stage.run(at)
        except Hangup:
            return
        except Trouble as trouble:
            stage.complain(trouble)
            fallback = await _fallback(stage, trouble)
            if fallback is None:
                await _apologise(stage)
                return
            at = fallback
        else:
            return


async def _fallback(stage: Stage, trouble: Trouble) -> Document | None:
    hook = stage.call.fallback
    if hook is None:
        return None
    url = trouble.url or stage.document.url
    try:
        return await stage.fetch(Jump(hook, {"ErrorCode": str(trouble.code), "ErrorUrl": url}))
    except Trouble as second:
        stage.complain(second)
        return None


async def _apologise(stage: Stage) -> None:
    await stage.call.answer()
    prompt = stage.network.config.error_prompt
    source = audio.trouble()
    if prompt is not None:
        source = audio.clip(audio.decode(prompt.read_bytes()))
    await stage.play(source)
