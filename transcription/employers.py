"""What tells one employer from another without writing its name where it can never be deleted. Pure."""

import hashlib
import re
import unicodedata

_PEOPLE = re.compile(r"老板|工头|班长|经理|师傅|姓|叫")  # a person's name is no firm's
_FORM = re.compile(r"(?:股份|有限|责任|集团|总)*公司$|集团$|项目部$|工地$|\(总包\)$")
_SIGNS = re.compile(r"[^\w]")
SHORTEST = 3  # 工地, 饭馆: shorter names say nothing


def employer_key(named: str | None) -> str:
    """Return the key of the first firm of ``employer_or_platform`` (a chain, joined by /), '' without one.

    Its legal form and the like are left out: 云岭劳务 and 云岭劳务有限公司 are the same.
    """
    for part in unicodedata.normalize("NFKC", named or "").split("/"):
        name = part.strip()
        if _PEOPLE.search(name):
            continue
        while (shorter := _FORM.sub("", name)) != name:
            name = shorter
        name = _SIGNS.sub("", name).casefold()
        if len(name) >= SHORTEST:
            return hashlib.sha256(f"anxin:employer:{name}".encode()).hexdigest()[:16]
    return ""
