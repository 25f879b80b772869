"""What nobody may see: name, password and session keys, taken out of text and of logs."""

from __future__ import annotations

import logging
import re
from urllib.parse import quote, quote_plus

#: Name of CRCNS's session, as a cookie and in the query of every request.
KEY_NAME = "crcns_nersc_download"
#: Loggers below these see addresses and headers.
_TALKERS = ("urllib3", "requests", "http", "charset_normalizer", "chardet")


class Secrets:
    """What one conversation knows and never tells; none is forgotten, though it be over."""

    _KEY = re.compile(rf"({KEY_NAME}\s*=\s*)[^&;,\s\"']+")

    def __init__(self) -> None:
        self._known: set[str] = set()

    def add(self, *values: str) -> None:
        """Hide these from now on, as they are and as addresses have them."""
        for value in filter(None, values):
            self._known |= {value, quote(value), quote(value, safe=""), quote_plus(value)}

    def hide(self, text: str) -> str:
        """The text with ``***`` in place of every secret."""
        for secret in sorted(self._known, key=len, reverse=True):
            text = text.replace(secret, "***")
        return self._KEY.sub(r"\1***", text)


class LogFilter(logging.Filter):
    """Takes secrets out of what the HTTP libraries log.

    Parameters
    ----------
    secrets : Secrets
    """

    def __init__(self, secrets: Secrets):
        super().__init__()
        self._secrets = secrets

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite the record; it always passes.

        Of errors only the kind stays: they quote what a server sent, and it may be a key
        that is not known to be one yet. So do the values in a traceback.
        """
        if isinstance(record.args, tuple):
            record.args = tuple(
                type(value).__name__ if isinstance(value, BaseException) else value
                for value in record.args
            )
        record.msg, record.args = self._secrets.hide(record.getMessage()), ()
        record.exc_info = record.exc_text = record.stack_info = None
        return True

    def attach(self) -> None:
        """Filter every logger of the libraries that are there by now."""
        for logger in self._loggers():
            logger.addFilter(self)

    def detach(self) -> None:
        for logger in self._loggers():
            logger.removeFilter(self)

    @staticmethod
    def _loggers() -> list[logging.Logger]:
        # A filter counts only at the logger that is logged to, not at those above it.
        names = list(logging.root.manager.loggerDict)
        return [logging.getLogger(name) for name in names if name.split(".")[0] in _TALKERS]
