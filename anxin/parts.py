"""The parts that web and clock share, put together from the settings."""

from dataclasses import dataclass, replace

from redis.asyncio import Redis
from sqlalchemy import Engine

from agents.own_phone import OwnPhones
from config.clock import Clock, SystemClock
from config.db import open_engine
from config.redis import open_redis
from config.settings import Settings
from ivr.carrier import CarrierAccount
from ivr.prompts import PromptLibrary
from ivr.telephony import RestTelephony
from ivr.twiml import TwimlWriter
from routing.redis_queue import RedisQueue
from routing.rules import load_rules
from routing.switchboard import Switchboard
from routing.tail import EventTail
from transcription.recognizers.choice import plan_captions


@dataclass(frozen=True, slots=True)
class Parts:
    settings: Settings
    clock: Clock
    redis: Redis
    engine: Engine
    account: CarrierAccount
    library: PromptLibrary
    telephony: RestTelephony
    switchboard: Switchboard

    def tail(self, after: str = "$") -> EventTail:
        """Follow the facts, on a connection of its own."""
        return EventTail(self.redis, after=after)

    async def close(self) -> None:
        await self.switchboard.settle()
        await self.telephony.close()
        await self.redis.aclose()
        self.engine.dispose()


def open_parts(settings: Settings) -> Parts:
    """Raise BadSetting, BadData: a bad file or setting stops the process at its start, by name."""
    keys = settings.keys
    library = PromptLibrary()
    account = CarrierAccount(
        account_sid=keys.account_sid,
        auth_token=keys.auth_token,
        public_url=settings.web_url,
        carrier_url=settings.carrier_base,
        number=settings.hotline_number,
        caller_id=settings.caller_id,
        api_key_sid=keys.api_key_sid,
        api_key_secret=keys.api_key_secret,
        application_sid=keys.application_sid,
        captions=plan_captions(settings)[0],
    )
    clock = SystemClock()
    redis = open_redis(settings.redis)
    writer = TwimlWriter(account.public_url, lambda: library.version, captions=account.captions)
    telephony = RestTelephony(account, writer, OwnPhones(redis))
    rules = load_rules()
    opens, _, closes = settings.callback_hours.partition("-")
    times = replace(
        rules.times,
        ring=settings.offer_seconds * 1000,
        wrapup=settings.wrapup_seconds * 1000,
        proof=settings.proof_talk_seconds * 1000,
        callback_first=settings.callback_seconds * 1000,
        callback_hours=(int(opens), int(closes)),
    )
    rules = replace(rules, times=times)
    dialler = telephony if settings.dials else None
    switchboard = Switchboard(RedisQueue(redis, rules), telephony, clock, rules, dialler=dialler)
    return Parts(
        settings, clock, redis, open_engine(settings.database), account, library, telephony, switchboard
    )
