"""The desk as its lawyer's computer feels it: opening it cold, ringing, and a whole shift in one page.

The real pages in real Chromium, with a real phone network and a scripted switchboard. A shift is eight hours
of talks, captions and beats, said to the page as fast as it takes them.
"""

import asyncio
import statistics
import tempfile
from pathlib import Path
from typing import Any

from playwright.async_api import CDPSession, Page

from config.db import migrate, open_engine
from tests.agents.stage import Stage, stage
from tests.servers import redis_client, valkey

RUNS = 5
THROTTLE = 4  # a cheap office computer
RING_S = 6.0
TALKS_AN_HOUR, HOURS = 12, 8
WATCH = """
addEventListener("DOMContentLoaded", () => {
  const usable = () => document.querySelector(".segmented button:not([disabled])");
  const watch = new MutationObserver(() => {
    if (usable()) { globalThis.usableAt = performance.now(); watch.disconnect(); }
  });
  watch.observe(document.body, { subtree: true, childList: true, attributes: true });
});
globalThis.longTasks = [];
new PerformanceObserver((seen) => longTasks.push(...seen.getEntries().map((one) => one.duration)))
  .observe({ type: "longtask" });
"""
PACKED = """performance.getEntriesByType("resource")
  .filter((one) => one.name.includes(".js?")).map((one) => [one.name, one.encodedBodySize])"""
SHIFT = (Path(__file__).parent / "_shift.js").read_text(encoding="utf-8")


def measure() -> list[dict[str, Any]]:
    return asyncio.run(_measure())


async def _measure() -> list[dict[str, Any]]:
    with valkey() as url, tempfile.TemporaryDirectory() as folder:
        engine = open_engine(f"sqlite:///{folder}/anxin.db")
        migrate(engine)
        async with redis_client(url) as redis, stage(engine, redis, Path(folder)) as here:
            rows = [*await _opened(here), *await _rung(here), *await _shift(here)]
        engine.dispose()
    return rows


async def _opened(here: Stage) -> list[dict[str, Any]]:
    """Milliseconds from asking for the page until its lawyer can say ready; bytes of our scripts."""
    times: list[float] = []
    sizes: dict[str, float] = {}
    for _ in range(RUNS):
        page, cdp = await _page(here)
        await cdp.send("Network.enable")
        await cdp.send("Network.clearBrowserCache")
        await cdp.send("Emulation.setCPUThrottlingRate", {"rate": THROTTLE})
        _count_bytes(cdp, sizes)
        await page.goto(f"{here.base}/desk")
        await page.wait_for_function("globalThis.usableAt")
        times.append(float(await page.evaluate("usableAt")))
        await page.wait_for_load_state("networkidle")
        packed = await page.evaluate(PACKED)
        await page.close()
    wire = sum(size for url, size in sizes.items() if ".js" in url and "voice-sdk" not in url)
    ours = sum(size for url, size in packed if "voice-sdk" not in url)
    sdk = sum(size for url, size in packed if "voice-sdk" in url)
    middle = statistics.median(times)
    return [
        _row(f"usable, cold cache, CPU slowed {THROTTLE} times", middle, "ms", "<= 1000", middle <= 1000),
        _row("scripts without the phone SDK, compressed", ours / 1024, "KiB", "<= 60", ours <= 60 * 1024),
        _row("the same with their HTTP headers", wire / 1024, "KiB"),
        _row("phone SDK, compressed", sdk / 1024, "KiB"),
    ]


def _count_bytes(cdp: CDPSession, sizes: dict[str, float]) -> None:
    """Note in *sizes* how many bytes each address took on the wire."""
    asked: dict[str, str] = {}

    def answered(got: dict[str, Any]) -> None:
        asked[got["requestId"]] = got["response"]["url"]

    def came(got: dict[str, Any]) -> None:
        sizes[asked.get(got["requestId"], "")] = got["encodedDataLength"]

    cdp.on("Network.responseReceived", answered)
    cdp.on("Network.loadingFinished", came)


async def _rung(here: Stage) -> list[dict[str, Any]]:
    page, _ = await _page(here)
    await page.goto(f"{here.base}/desk")
    await page.get_by_text("话机就绪").first.wait_for()
    await page.wait_for_load_state("networkidle")
    await page.evaluate("longTasks.length = 0")
    leg = await here.offer()
    await page.locator(".ringing").wait_for()
    await asyncio.sleep(RING_S)
    tasks = [float(one) for one in await page.evaluate("longTasks")]
    await leg.leg.hangup()
    await page.close()
    longest = max(tasks, default=0.0)
    return [_row("longest task while ringing (0: none over 50)", longest, "ms", "<= 50", longest <= 50)]


async def _shift(here: Stage) -> list[dict[str, Any]]:
    """What the page holds after one hour, once it has settled, and after eight."""
    talks = [f"c_{n:032x}" for n in range(1, TALKS_AN_HOUR * HOURS + 1)]
    for contact in talks:
        await asyncio.to_thread(here.office.notes.begin, contact, here.lawyer)
    page, cdp = await _page(here)
    await page.add_init_script(SHIFT)
    await page.goto(f"{here.base}/desk")
    await page.wait_for_function("globalThis.shift?.open")
    settled = 2 * TALKS_AN_HOUR  # the page keeps the last few talks: let them be full
    await page.evaluate("talks => shift.work(talks)", talks[:settled])
    before = await _held(cdp)
    await page.evaluate("talks => shift.work(talks)", talks[settled:])
    after = await _held(cdp)
    await page.close()
    grown = (after["heap"] - before["heap"]) / 1024
    nodes = after["nodes"] - before["nodes"]
    listeners = after["jsEventListeners"] - before["jsEventListeners"]
    hours = HOURS - settled // TALKS_AN_HOUR
    return [
        _row(f"memory after a shift of {HOURS} h", after["heap"] / 1024 / 1024, "MiB"),
        _row(f"memory grown in its last {hours} h", grown, "KiB", "<= 256", grown <= 256),
        _row(f"elements grown in its last {hours} h", nodes, "", "<= 50", nodes <= 50),
        _row(f"listeners grown in its last {hours} h", listeners, "", "<= 10", listeners <= 10),
    ]


async def _held(cdp: CDPSession) -> dict[str, float]:
    for _ in range(3):
        await cdp.send("HeapProfiler.collectGarbage")
    used = await cdp.send("Runtime.getHeapUsage")
    return {"heap": used["usedSize"], **await cdp.send("Memory.getDOMCounters")}


async def _page(here: Stage) -> tuple[Page, CDPSession]:
    token = await here.office.auth.sessions.open(here.principal)
    await here.context.add_cookies([{"name": "anxin", "value": token, "url": here.base}])
    page = await here.page()
    await page.add_init_script(WATCH)
    return page, await here.context.new_cdp_session(page)


def _row(name: str, value: float, unit: str, aim: str = "", holds: bool | None = None) -> dict[str, Any]:
    return {"name": f"desk: {name}", "value": round(value, 1), "unit": unit, "aim": aim, "holds": holds}
