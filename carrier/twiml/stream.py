"""Start and Stop of a media stream."""

from carrier.errors import Trouble
from carrier.streams import Wanted

from .document import Element
from .stage import Jump, Stage


async def start(stage: Stage, element: Element) -> Jump | None:
    """Fork the leg's audio; the next verb follows at once."""
    await stage.call.answer()
    for noun in element.children:
        if not noun.get("url").startswith(("wss://", "ws://")):
            stage.complain(Trouble(12200, "Stream needs a wss:// url", stage.document.url))
            continue
        stage.network.streams.start(
            stage.call,
            Wanted(
                url=noun.get("url"),
                name=noun.get("name") or None,
                track=noun.get("track", "inbound_track"),
                parameters={c.get("name"): c.get("value") for c in noun.children},
                callback=stage.optional_hook(noun, "statusCallback"),
            ),
        )
    return None


async def stop(stage: Stage, element: Element) -> Jump | None:
    """End the streams named."""
    for noun in element.children:
        stage.network.streams.stop_named(stage.call, noun.get("name"))
    return None
