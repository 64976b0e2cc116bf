"""The alarms of one clock process, put together from the settings."""

from importlib.resources import files
from pathlib import Path

from config.i18n import LANGUAGES, Catalogues
from config.settings import Settings
from sla.alarms import Alarms, load_alarms
from sla.messengers import Mail, Messengers
from sla.targets import Standing

from .parts import Parts


def open_alarms(parts: Parts, targets: Standing) -> Alarms:
    """Raise BadRules when the thresholds cannot be used."""
    settings = parts.settings
    texts = Catalogues.load([Path(str(files("sla"))) / "web" / "i18n"]).language(LANGUAGES[0])
    messengers = Messengers(
        webhook=settings.alarm_webhook,
        mail=_mail(settings),
        board=f"{settings.web_url}/board",
        texts=texts,
    )
    return Alarms(
        parts.switchboard,
        parts.switchboard,
        parts.redis,
        parts.engine,
        parts.clock,
        answer_ms=lambda: targets().answer_ms,
        rules=load_alarms(),
        send=messengers.send,
    )


def _mail(settings: Settings) -> Mail | None:
    if not settings.alarm_mail_server:
        return None
    to = tuple(one.strip() for one in settings.alarm_mail_to.split(",") if one.strip())
    return Mail(settings.alarm_mail_server, settings.alarm_mail_from, to)
