"""The parts of one carrier that know each other, and the tasks it has running."""

import asyncio
import logging
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

from .config import Config
from .journal import Journal
from .notifications import Notifications
from .ports import Dialer, Mixer, Voice
from .sounds import Sounds
from .webhooks import Webhooks

if TYPE_CHECKING:
    from .callbook import Calls
    from .conferences import Conferences
    from .recordings import Recordings
    from .streams import Streams

log = logging.getLogger("carrier")


class Network:
    """Set up by ``app.Carrier``; handed to whoever needs more than one of its parts."""

    calls: "Calls"
    conferences: "Conferences"
    recordings: "Recordings"
    streams: "Streams"
    mixer: Mixer
    dialer: Dialer
    voice: Voice | None = None
    base_url: str
    """Where the REST API is, as the application sees it; known once the port is bound."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.notifications = Notifications()
        self.webhooks = Webhooks(config.auth_token, self.notifications.add)
        self.sounds = Sounds(self.webhooks)
        self.journal = Journal(config.state_dir / "journal.jsonl")
        self._tasks: set[asyncio.Task[None]] = set()

    def spawn(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        """Run *work* in the background; an exception is logged, never lost."""
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    async def stop(self) -> None:
        """Cancel what still runs."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("task.failed name=%s", task.get_name(), exc_info=error)
