"""The names of routing's keys in Redis. One hash tag, so that a hotline lives in one cluster slot."""

from config.redis import HOTLINE

NAMES = (
    *("contacts", "gone", "lawyers", "waiting", "idle", "due"),
    *("callbacks", "callers", "tables", "counts", "handling", "arrivals", "legs", "ev"),
)


def key(name: str, hotline: str = HOTLINE) -> str:
    return f"h:{{{hotline}}}:{name}"


def keys(hotline: str = HOTLINE) -> list[str]:
    """Return every key, in the order in which the scripts take them."""
    return [key(name, hotline) for name in NAMES]


def ev(hotline: str = HOTLINE) -> str:
    """Return the stream of facts."""
    return key("ev", hotline)
