"""Ending tasks that run beside others."""

import asyncio
from collections.abc import Iterable
from typing import Any

AGAIN_S = 0.1


async def cancel_all(tasks: Iterable["asyncio.Task[Any]"]) -> None:
    """Cancel tasks and wait until they have ended; whatever they raised is theirs.

    They are cancelled again and again: a task that is cancelled while redis-py connects, or just as what
    ``asyncio.wait_for`` waits for comes (Python 3.11), forgets that it was, and would be waited for in vain.
    """
    every = tuple(tasks)
    left = set(every)
    while left:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=AGAIN_S)
    await asyncio.gather(*every, return_exceptions=True)
