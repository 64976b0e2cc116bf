"""TwiML: parsed by ``document``, run by ``stage`` and the verbs beside it."""
