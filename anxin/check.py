"""``anxin check``: every setting, where it comes from, and whether what it names answers."""

import os

from redis.exceptions import RedisError
from rich.console import Console
from rich.table import Table
from sqlalchemy.exc import SQLAlchemyError

from config.db import open_engine, schema_is_current
from config.redis import open_sync_redis
from config.settings import PREFIX, Settings

SECRET = ("token", "secret", "_url", "_keys")


def explain(settings: Settings, misspelt: list[str], console: Console) -> int:
    """Print a table of the settings and what is wrong; return the exit status, 1 when something is."""
    table = Table("设置 · setting", "值 · value", "来源 · from", "说明 · what it is")
    for name, field in Settings.model_fields.items():
        variable = PREFIX + name.upper()
        value = getattr(settings, name)
        shown = (
            "(set)" if value and any(word in name for word in SECRET) and name != "public_url" else str(value)
        )
        origin = "环境 · environment" if os.environ.get(variable) else "默认 · default"
        table.add_row(variable, shown or "—", origin, field.description or "")
    console.print(table, markup=False, highlight=False)
    names = ", ".join(name for name, _ in settings.recording_ring)
    where = f"{PREFIX}RECORDING_KEYS" if settings.recording_keys else f"{settings.var / 'secrets.json'}"
    console.print(
        f"录音加密 · recordings are sealed with AES-256-GCM, key {names} from {where}."
        " 请备份密钥：丢失后录音无法打开 · back the key up: without it no recording opens.",
        markup=False,
    )
    wrong = [*misspelt, *_unreachable(settings)]
    for line in wrong:
        console.print(f"✗ {line}", markup=False)
    if not wrong:
        console.print("✓ 设置可用 · the settings can be used")
    return 1 if wrong else 0


def _unreachable(settings: Settings) -> list[str]:
    wrong = []
    if settings.redis_url:
        try:
            open_sync_redis(settings.redis).ping()
        except (RedisError, OSError) as error:
            wrong.append(f"{PREFIX}REDIS_URL: 连不上 · cannot be reached: {error}")
    if settings.database_url:
        engine = open_engine(settings.database)
        try:
            schema_is_current(engine)
        except SQLAlchemyError as error:
            wrong.append(f"{PREFIX}DATABASE_URL: 连不上 · cannot be reached: {str(error).splitlines()[0]}")
        finally:
            engine.dispose()
    return wrong
