"""Pages: templates, the policy that browsers enforce on them, and the files they load.

Each part keeps its pages in ``<part>/web/``: templates are named ``<part>/<file>.html``, files are served
under ``/static/<part>/`` and texts come from ``web/i18n/``. Third-party scripts are served from
``node_modules``, only the files listed here. No page needs the internet.
"""

import gzip
import hashlib
import json
import mimetypes
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse, RedirectResponse
from jinja2 import Environment, FileSystemLoader, PrefixLoader, StrictUndefined
from markupsafe import Markup
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .auth import Principal
from .bodies import BodyLimit
from .errors import AnxinError
from .i18n import LANGUAGES, Catalogues, Translator
from .throttle import TooManyAttempts

PARTS = ("config", "agents", "sla", "ivr")
LANGUAGE_COOKIE = "lang"

# What a page's import map may name: bare name -> file under node_modules.
NPM = {
    "preact": "preact/dist/preact.module.js",
    "preact/hooks": "preact/hooks/dist/hooks.module.js",
    "@preact/signals": "@preact/signals/dist/signals.module.js",
    "@preact/signals-core": "@preact/signals-core/dist/signals-core.module.js",
    "htm": "htm/dist/htm.module.js",
    "htm/preact": "htm/preact/index.module.js",
    "echarts": "echarts/dist/echarts.common.min.js",  # classic: sets window.echarts; board pages only
    "@twilio/voice-sdk": "@twilio/voice-sdk/dist/twilio.min.js",  # a classic script: sets window.Twilio
    "axe-core": "axe-core/axe.min.js",  # tests only; absent from an installation without dev packages
}

# The one table of what an error of ours means over HTTP. 500 when it is not here.
STATUS = {
    "not-signed-in": 401,
    "not-allowed": 403,
    "must-change-password": 403,
    "must-enrol": 403,
    "forged-request": 403,
    "too-many-attempts": 429,
    "too-large": 413,
    "not-found": 404,
    "unknown-contact": 404,
    "unknown-lawyer": 404,
    "illegal-transition": 409,
    "conflict": 409,
    "bad-input": 422,
    "bad-period": 422,
    "bad-anchor": 422,
}

_IMPORT = re.compile(r"""(?:from|import)\s*["']([^"']+)["']""")
PACKED = frozenset({"text/javascript", "text/css", "image/svg+xml", "application/json"})  # sent as gzip
_TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".json": "application/json"}


@dataclass(frozen=True, slots=True)
class VoiceEdge:
    """Where the browser phone signals: ``host:port`` of the embedded carrier, or '' for Twilio's cloud.

    *insecure*: the carrier speaks ws (loopback only). The SDK hard-codes wss; phone.js changes it.
    """

    host: str = ""
    insecure: bool = False

    def sources(self) -> tuple[str, ...]:
        """Return the connect-src entries."""
        if not self.host:
            return ("wss://*.twilio.com", "https://*.twilio.com")
        return (f"ws{'' if self.insecure else 's'}://{self.host}",)

    def for_script(self) -> dict[str, object]:
        return {"host": self.host, "insecure": self.insecure}


class Pages:
    def __init__(
        self,
        node_modules: Path,
        *,
        voice: VoiceEdge = VoiceEdge(),
        secure: bool = False,
        root: Path | None = None,
    ) -> None:
        """Read templates and catalogues. *root* holds the parts; by default, where we are installed."""
        self._node_modules, self._secure, self.voice = node_modules, secure, voice
        base = root or Path(str(files("config"))).parent
        self._folders = {part: base / part / "web" for part in PARTS if (base / part / "web").is_dir()}
        self.catalogues = Catalogues.load(folder / "i18n" for folder in self._folders.values())
        self._environment = Environment(
            loader=PrefixLoader({part: FileSystemLoader(folder) for part, folder in self._folders.items()}),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def render(
        self,
        request: Request,
        template: str,
        *,
        principal: Principal | None = None,
        csrf: str = "",
        data: Mapping[str, object] | None = None,
        catalogues: Sequence[str] = (),
        status: int = 200,
        **context: object,
    ) -> HTMLResponse:
        """Return a page. *data* reaches its scripts as ``pageData``; *catalogues* name their texts."""
        t = self.translator(request)
        nonce = secrets.token_urlsafe(18)
        other = next(lang for lang in LANGUAGES if lang != t.language)
        html = self._environment.get_template(template).render(
            t=t,
            language=t.language,
            other_language=other,
            other_link=f"?{request.url.include_query_params(lang=other).query}",
            nonce=nonce,
            csrf=csrf,
            principal=principal,
            path=request.url.path,
            static=self.static,
            npm=self.npm,
            import_map=_script_json({"imports": self._imports}),
            modules=self.modules,
            page_data=_script_json({"voice": self.voice.for_script(), **(data or {})}),
            page_texts=_script_json(t.under(["common", *catalogues])),
            **context,
        )
        headers = {"Content-Security-Policy": self._policy(nonce), "Cache-Control": "no-store"}
        body = html.encode()
        # A page with a secret in it is never packed: its length would tell of the secret (BREACH).
        if not csrf and principal is None and _takes_gzip(request):
            headers |= {"Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
            body = gzip.compress(body, 6, mtime=0)
        response = HTMLResponse(body, status, headers)
        if request.query_params.get("lang") == t.language:
            response.set_cookie(
                LANGUAGE_COOKIE, t.language, max_age=31_536_000, samesite="lax", secure=self._secure
            )
        return response

    def translator(self, request: Request) -> Translator:
        """Return the texts of ``?lang=``, else of the language chosen before, else Chinese."""
        wanted = request.query_params.get("lang") or request.cookies.get(LANGUAGE_COOKIE, "")
        return self.catalogues.language(wanted)

    def static(self, name: str) -> str:
        """Return the address of ``<part>/<file>``. It changes with the file: browsers may keep it."""
        part, _, inside = name.partition("/")
        return f"/static/{name}?v={_fingerprint(self._folders[part] / inside)}"

    def npm(self, name: str) -> str:
        """Return the address of a listed third-party file."""
        return f"/static/npm/{NPM[name]}?v={_fingerprint(self._node_modules / NPM[name])}"

    def modules(self, entry: str) -> list[str]:
        """Return the addresses of a module and of all that it imports: the browser asks for all at once."""
        found: dict[str, None] = {}
        wanted = [entry]
        while wanted:
            name = wanted.pop(0)
            if name in found or name not in self._imports:
                continue
            found[name] = None
            if name in NPM:
                wanted += _imports_of(self._node_modules / NPM[name])
                continue
            part, _, inside = name.partition("/")
            neighbours = _imports_of(self._folders[part] / inside)
            wanted += [f"{part}/{one[2:]}" if one.startswith("./") else one for one in neighbours]
        return [self._imports[name] for name in found]

    def install(self, app: FastAPI) -> None:
        """Add the static files, the security headers and the error answers to an application."""
        app.add_middleware(BodyLimit, refuse=self._failed)
        app.add_middleware(SecurityHeaders, secure=self._secure)
        app.add_exception_handler(AnxinError, self._failed)

        @app.get("/static/npm/{name:path}", include_in_schema=False)
        async def npm_file(request: Request, name: str) -> Response:
            return self._file(request, self._node_modules / name if name in NPM.values() else None)

        @app.get("/static/{part}/{name:path}", include_in_schema=False)
        async def part_file(request: Request, part: str, name: str) -> Response:
            return self._file(request, self._inside(part, name))

    @cached_property
    def _imports(self) -> dict[str, str]:
        """The import map: third-party names, ``<part>/<file>.js`` for our own modules, and their addresses.

        The last are for a module that names its neighbour (``./bar.js``): it gets the fingerprint, too.
        """
        imports = {name: self.npm(name) for name in NPM if (self._node_modules / NPM[name]).is_file()}
        for part, folder in self._folders.items():
            for module in sorted(folder.rglob("*.js")):
                name = f"{part}/{module.relative_to(folder).as_posix()}"
                imports[name] = imports[f"/static/{name}"] = self.static(name)
        return imports

    def _policy(self, nonce: str) -> str:
        return "; ".join(
            (
                "default-src 'none'",
                f"script-src 'self' 'nonce-{nonce}'",
                f"style-src 'self' 'nonce-{nonce}'",
                "img-src 'self' data:",
                "font-src 'self'",
                "media-src 'self' blob:",
                "worker-src 'self'",
                "manifest-src 'self'",
                f"connect-src 'self' {' '.join(self.voice.sources())}",
                "form-action 'self'",
                "base-uri 'none'",
                "frame-ancestors 'none'",
            )
        )

    def _inside(self, part: str, name: str) -> Path | None:
        folder = self._folders.get(part)
        if folder is None or Path(name).suffix not in {".js", ".css", ".svg", ".png", ".wav", ".mp3", ".ico"}:
            return None  # templates and catalogues are not files to serve
        path = (folder / name).resolve()
        return path if path.is_relative_to(folder.resolve()) else None

    def _file(self, request: Request, path: Path | None) -> Response:
        if path is None or not path.is_file():
            return Response(status_code=404)
        kept = request.query_params.get("v") == _fingerprint(path)
        kind = _TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        cache = "public, max-age=31536000, immutable" if kept else "no-cache"
        if kind not in PACKED:
            return FileResponse(path, media_type=kind, headers={"Cache-Control": cache})
        headers = {"Cache-Control": cache, "Vary": "Accept-Encoding"}
        if not _takes_gzip(request):
            return FileResponse(path, media_type=kind, headers=headers)
        return Response(_packed(path), media_type=kind, headers={**headers, "Content-Encoding": "gzip"})

    async def _failed(self, request: Request, error: Exception) -> Response:
        """Answer with an error page for people and with JSON for scripts."""
        code = getattr(error, "code", "error")
        status = STATUS.get(code, 500)
        headers = {"Retry-After": str(error.wait_s)} if isinstance(error, TooManyAttempts) else {}
        if "text/html" not in request.headers.get("accept", ""):
            return JSONResponse({"code": code, "message": str(error)}, status, headers)
        if status == 401:
            return RedirectResponse(f"/signin?next={request.url.path}", 303)
        if code == "must-change-password":
            return RedirectResponse("/password", 303)
        if code == "must-enrol":
            return RedirectResponse("/account/second", 303)
        key = f"common.error_{status}"
        return self.render(
            request,
            "config/error.html",
            status=status,
            code=code,
            error_key=key if key in self.catalogues else "common.error_500",
        )


class SecurityHeaders:
    """ASGI middleware: what every answer says, whatever made it."""

    def __init__(self, app: ASGIApp, *, secure: bool) -> None:
        self._app = app
        self._headers = {
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "same-origin",
            "Cross-Origin-Opener-Policy": "same-origin",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Permissions-Policy": "microphone=(self), camera=(), geolocation=(), payment=(), usb=()",
            "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
        }
        if secure:
            self._headers["Strict-Transport-Security"] = "max-age=31536000"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_with_headers)


def _script_json(value: Any) -> Markup:
    """Return JSON that cannot end the script element it stands in."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return Markup(re.sub(r"[<>&\u2028\u2029]", lambda m: f"\\u{ord(m[0]):04x}", text))  # noqa: S704 - escaped


_imported: dict[Path, tuple[str, list[str]]] = {}


def _imports_of(module: Path) -> list[str]:
    """Return what a module imports; it is read again when it changed."""
    version = _fingerprint(module)
    if (known := _imported.get(module)) and known[0] == version:
        return known[1]
    found = _IMPORT.findall(module.read_text(encoding="utf-8"))
    _imported[module] = (version, found)
    return found


def _takes_gzip(request: Request) -> bool:
    offered = (one.partition(";") for one in request.headers.get("accept-encoding", "").split(","))
    return any(name.strip() == "gzip" and weight.strip() != "q=0" for name, _, weight in offered)


_fingerprints: dict[Path, tuple[tuple[int, int], str]] = {}
_packs: dict[Path, tuple[str, bytes]] = {}


def _packed(path: Path) -> bytes:
    """Return a file's bytes, packed once for as long as the file stays as it is."""
    version = _fingerprint(path)
    if (known := _packs.get(path)) and known[0] == version:
        return known[1]
    packed = gzip.compress(path.read_bytes(), 9, mtime=0)
    _packs[path] = (version, packed)
    return packed


def _fingerprint(path: Path) -> str:
    stat = path.stat()
    version = (stat.st_mtime_ns, stat.st_size)
    if (known := _fingerprints.get(path)) and known[0] == version:
        return known[1]
    digest = hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    _fingerprints[path] = (version, digest)
    return digest
