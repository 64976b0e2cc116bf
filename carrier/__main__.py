"""``python -m carrier --config FILE.json``: the embedded phone network alone."""

import argparse
import asyncio
import gc
import json
import logging
import signal
import sys
from pathlib import Path

from .app import Carrier
from .config import BadConfig, Config, load_config
from .mixer import TickMixer
from .phones import Phones


async def serve(config: Config) -> None:
    """Run until SIGTERM or SIGINT; one line of JSON on stdout says when and where it is ready."""
    carrier = Carrier(config, TickMixer(), Phones)
    over = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, over.set)
    await carrier.start()
    gc.collect()
    gc.freeze()  # what start-up made is never scanned again: a full collection would cost the mixer a tick
    sys.stdout.write(json.dumps({"http": carrier.http, "sip": carrier.sip}) + "\n")
    sys.stdout.flush()
    try:
        await over.wait()
    finally:
        await carrier.stop()


def main() -> int:
    """Parse the command line and serve; 2 for a bad configuration, 1 for a port that is taken."""
    parser = argparse.ArgumentParser(prog="carrier", description=__doc__)
    parser.add_argument(
        "--config", type=Path, required=True, help="JSON file; docs/carrier.md lists its fields"
    )
    parser.add_argument("--port", type=int, help="HTTP port in place of the file's (0: any)")
    parser.add_argument("--log", default="INFO", choices=["DEBUG", "INFO", "WARNING", "ERROR"])
    arguments = parser.parse_args()
    logging.basicConfig(
        level=arguments.log, stream=sys.stderr, format="%(asctime)s %(levelname)s %(message)s"
    )
    for chatty in ("aioice", "aiortc", "uvicorn"):
        logging.getLogger(chatty).setLevel(max(logging.WARNING, logging.getLevelName(arguments.log)))
    try:
        config = load_config(arguments.config)
    except BadConfig as error:
        sys.stderr.write(f"{error}\n")
        return 2
    if arguments.port is not None:
        config = config.model_copy(update={"port": arguments.port})
    try:
        asyncio.run(serve(config))
    except OSError as error:
        sys.stderr.write(f"carrier cannot start: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
