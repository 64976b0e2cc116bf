"""``python -m tests.screenshots [FOLDER]``: every page at 1440, 1024 and 390 px, the wall at 1920, as PNG.

The hotline runs in a temporary folder with real calls on it; who looks, and at what, is in
shots.py.
"""

import asyncio
import sys
import tempfile
from pathlib import Path

from playwright.async_api import Browser

from tests.browser.people import browser, sign_in
from tests.hotline import hotline
from tests.screenshots.scene import Scene, day
from tests.screenshots.shots import SHOTS, WALL, WIDTHS, Shot


async def shoot(opened: Browser, scene: Scene, shot: Shot, folder: Path) -> None:
    """Take one page at each of its widths; raise if it shows an error or never completes."""
    sizes = WIDTHS | WALL
    context = await opened.new_context(
        permissions=["microphone"], locale="zh-CN", timezone_id="Asia/Shanghai"
    )
    page = await context.new_page()
    if shot.role:
        await sign_in(page, scene.running, shot.role)
    path = shot.path.format(told=scene.told, talking=scene.talking, link=scene.link)
    for width in shot.widths:
        await page.set_viewport_size({"width": width, "height": sizes[width]})
        answer = await page.goto(scene.running.web + path)
        assert answer is not None
        assert answer.ok, f"{path} answers {answer.status}"
        await page.locator(shot.ready).first.wait_for()
        if shot.then:
            await shot.then(page)
        await page.wait_for_load_state("networkidle")
        await page.screenshot(path=folder / f"{shot.name}-{width}.png", full_page=shot.name != "wall")
    await context.close()


async def main(folder: Path) -> int:
    """Return how many pages could not be taken; each is named."""
    folder.mkdir(parents=True, exist_ok=True)
    failed = 0
    with tempfile.TemporaryDirectory() as var, hotline(Path(var)) as running:
        print("一通完整的示例通话（约两分钟） · one whole example call (about two minutes)", flush=True)
        async with day(running) as scene, browser() as opened:
            for shot in SHOTS:
                try:
                    await shoot(opened, scene, shot, folder)
                    print(f"{shot.name}: {', '.join(f'{w} px' for w in shot.widths)}", flush=True)
                except Exception as error:  # noqa: BLE001 - the others are still wanted; the exit code tells
                    failed += 1
                    print(f"{shot.name}: {error}", flush=True)
    print(f"{folder}: {len(list(folder.glob('*.png')))} PNG")
    return failed


if __name__ == "__main__":
    sys.exit(asyncio.run(main(Path(sys.argv[1] if len(sys.argv) > 1 else "var/screenshots"))))
