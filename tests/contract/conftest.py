"""The conformance list of the telephony contract, line by line, with twilio's own Python client."""

from tests.carrier.conftest import application, carrier, client, config, phones

__all__ = ["application", "carrier", "client", "config", "phones"]
