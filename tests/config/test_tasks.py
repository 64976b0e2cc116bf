"""Tasks end when they are told to, also those that forget that they were told."""

import asyncio

from config.tasks import cancel_all


async def test_a_task_that_forgets_its_cancellation_is_cancelled_again() -> None:
    forgotten: list[str] = []

    async def forgetful() -> None:
        while len(forgotten) < 2:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                forgotten.append("forgot")
        await asyncio.Event().wait()

    async def failing() -> None:
        raise ValueError("its own affair")

    tasks = [asyncio.create_task(forgetful()), asyncio.create_task(failing())]
    await asyncio.sleep(0)

    await cancel_all(tasks)

    assert (len(forgotten), [task.done() for task in tasks]) == (2, [True, True])
    assert tasks[0].cancelled()


async def test_nothing_to_end_is_no_trouble() -> None:
    await cancel_all([])
