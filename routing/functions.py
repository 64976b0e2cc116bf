"""The Lua of routing as one library of functions (Redis 7, Valkey): compiled once, not at every call.

``lua/lib`` is what the functions share; each file of ``lua`` is the body of one function, which finds its
keys in KEYS and its arguments in ARGV. Library and functions carry the hash of their text in their names, so
that two versions of the hotline can work on one server while it is being updated.
"""

import hashlib
from contextlib import suppress
from importlib.resources import files
from typing import Any

from redis.exceptions import ResponseError

from config.wire import Wire

from .errors import OldServer
from .records import CONTACT_DEFAULTS, LAWYER_DEFAULTS

_LUA = files("routing") / "lua"
_LIB = ("begin", "contacts", "lawyers", "matching", "talks", "callbacks", "answers")
_READS = "-- reads only\n"  # a first line: such a function also runs when the disk or the memory is full
_KEPT = 3  # libraries of other versions: one that is being replaced still works, and old ones do not pile up


class Functions:
    """``await functions.call("arrive", keys, arguments)``; loads the library where the server has it not."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self.version, self._library = library()

    async def call(self, name: str, keys: list[str], arguments: list[str]) -> Any:
        command = self.command(name, keys, arguments)
        try:
            return await self._wire.call(command)
        except ResponseError as error:
            if "unknown command" in str(error):
                raise OldServer("calls need Redis 7 or Valkey: this server knows no FCALL") from error
            if "Function not found" not in str(error):
                raise
        await self.load()
        return await self._wire.call(command)

    def command(self, name: str, keys: list[str], arguments: list[str]) -> tuple[str | int, ...]:
        """Return the command that calls a function."""
        return ("FCALL", f"{name}_{self.version}", len(keys), *keys, *arguments)

    async def load(self) -> None:
        """Give the server the library, and drop those of other versions if they are many."""
        listed = await self._wire.call(("FUNCTION", "LIST", "LIBRARYNAME", "routing_*"))
        names = [str(dict(zip(found[::2], found[1::2], strict=True))["library_name"]) for found in listed]
        if len(names) > _KEPT:
            for name in names:
                with suppress(ResponseError):  # another process loads as well, and was faster
                    await self._wire.call(("FUNCTION", "DELETE", name))
        await self._wire.call(("FUNCTION", "LOAD", "REPLACE", self._library))


def library() -> tuple[str, str]:
    """Return the version and the text of the library."""
    bodies = {
        path.name.removesuffix(".lua"): path.read_text(encoding="utf-8")
        for path in sorted(_LUA.iterdir(), key=lambda path: path.name)
        if path.name.endswith(".lua")
    }
    shared = "\n".join((_LUA / "lib" / f"{name}.lua").read_text(encoding="utf-8") for name in _LIB)
    defaults = (
        f"local CONTACT_DEFAULTS, LAWYER_DEFAULTS = {_table(CONTACT_DEFAULTS)}, {_table(LAWYER_DEFAULTS)}\n"
    )
    text = defaults + shared + "".join(f"{name}\n{body}" for name, body in bodies.items())
    version = hashlib.sha256(text.encode()).hexdigest()[:12]
    functions = (_function(f"{name}_{version}", body) for name, body in bodies.items())
    return version, f"#!lua name=routing_{version}\n{defaults}{shared}\n" + "\n".join(functions)


def _function(name: str, body: str) -> str:
    flags = "'no-writes'" if body.startswith(_READS) else ""
    return (
        f"redis.register_function{{ function_name = '{name}', flags = {{ {flags} }}, "
        f"callback = function(KEYS, ARGV)\nbegin(KEYS, ARGV)\n{body}\nend }}\n"
    )


def _table(values: dict[str, object]) -> str:
    """Return a Lua table of texts, whole numbers, truth values and empty lists."""
    return "{ " + ", ".join(f"{name} = {_literal(value)}" for name, value in values.items()) + " }"


def _literal(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if value == "":
        return "''"
    if isinstance(value, int):
        return str(value)
    if value == ():
        return "{}"
    raise TypeError(f"no default for Lua: {value!r}")
