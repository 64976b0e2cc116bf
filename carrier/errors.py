"""Twilio's error codes: those REST answers with, and those the debug log keeps."""

from typing import Any

MORE_INFO = "https://www.twilio.com/docs/errors/{}"


class RestError(Exception):
    """An answer of the REST API that refuses: ``{code, message, more_info, status}``."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message

    def body(self) -> dict[str, Any]:
        """The JSON that twilio's clients read."""
        return {
            "code": self.code,
            "message": self.message,
            "more_info": MORE_INFO.format(self.code),
            "status": self.status,
        }


def not_found(what: str) -> RestError:
    """404 for a resource that is not, or no longer, there."""
    return RestError(404, 20404, f"The requested resource {what} was not found")


def bad_value(message: str, code: int = 20001) -> RestError:
    """400 for a parameter that cannot be used."""
    return RestError(400, code, message)


def not_in_progress() -> RestError:
    """400 for an order to a call that has ended or not yet begun."""
    return RestError(400, 21220, "Call is not in-progress. Cannot redirect.")


class Trouble(Exception):
    """A TwiML document that could not be fetched or run; *code* is Twilio's."""

    def __init__(self, code: int, message: str, url: str = "") -> None:
        super().__init__(message)
        self.code, self.message, self.url = code, message, url


MESSAGES = {
    11200: "HTTP retrieval failure",
    11205: "HTTP connection failure",
    11210: "HTTP bad host name",
    11215: "HTTP too many redirects",
    11217: "HTTP 4xx or 5xx response",
    11220: "TLS failure",
    12100: "Document parse failure",
    12200: "Schema validation warning",
    12300: "Invalid Content-Type",
    13520: "Say: no voice engine; play a recorded prompt with <Play> instead",
    15003: "Status callback answered 4xx or 5xx",
    16025: "Conference: participant label is already in use",
    16101: "Recording is too short",
    16102: "Recording is silent",
    16113: "Two channels were asked of a recording that has one",
}
