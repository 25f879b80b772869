"""The archive over HTTP: login, session, and answers that are what they should be.

CRCNS's protocol: a form at ``<base>/index.php`` takes name, password and the path of a
file; the answer sets a cookie, whose value goes with every later request. What it
answers in trouble is a web page, mostly with status 200. A mirror is the same without
the login. No name, password or session key goes into an error, a note or a log.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import quote, urlsplit

from spe1_builder.errors import (
    DirectoryPageError,
    ListingError,
    LoginError,
    MaintenanceError,
    PageError,
    ServerError,
)
from spe1_builder.source.archive.server.connection import (
    GO_ON,
    KEY_NAME,
    Answer,
    Connection,
    Timeouts,
)
from spe1_builder.source.archive.server.credentials import (
    PASSWORD_VARIABLE,
    USERNAME_VARIABLE,
    Credentials,
)
from spe1_builder.source.archive.server.pages import PageKind, is_page, page_kind, page_title
from spe1_builder.source.archive.server.patience import Interrupted, LoggedOut, parse_retry_after_s

#: CRCNS's download address at NERSC, and the data set's folder there.
CRCNS_URL = "https://portal.nersc.gov/project/crcns/download"
DATASET = "spe-1"
#: Besides 5xx, statuses that ask for another try: timeout, too early, too many.
_TRY_AGAIN = {408, 425, 429}
#: More than this no list of files is long.
_TEXT_BYTES = 16_000_000
_CHECK_ADDRESS = "check --base-url (--from)"


class NotThereError(ListingError):
    """The server has no such file."""


class Session:
    """One conversation with the archive or a mirror; use it as a context.

    Parameters
    ----------
    base_url : str
        As `spe1_builder.source.archive.server.address.check_url` gives it.
    dataset : str
        Folder below it; empty for a mirror.
    credentials : callable, optional
        Gives the account when it is needed; None for a server without login.
    timeouts : Timeouts, optional
    """

    def __init__(
        self,
        base_url: str,
        dataset: str,
        credentials: Callable[[], Credentials] | None,
        timeouts: Timeouts | None = None,
    ):
        self._base, self._dataset = base_url.rstrip("/"), dataset
        self._credentials = credentials
        self._account: Credentials | None = None
        self._key: str | None = None
        host = urlsplit(base_url).hostname or base_url
        follows = credentials is None
        self._connection = Connection(host, timeouts or Timeouts(), follows=follows)

    def __enter__(self) -> Session:
        self._connection.__enter__()
        return self

    def __exit__(self, *details: object) -> None:
        self._connection.__exit__(*details)

    @property
    def where(self) -> str:
        """The data set's address."""
        return f"{self._base}/{self._dataset}".rstrip("/")

    def login(self) -> None:
        """Begin a session.

        Raises
        ------
        LoginError
            There is no account, or the archive refuses it.
        Interrupted, ServerError
            The archive does not answer properly.
        """
        if self._credentials is None:
            raise LoginError(
                "The mirror asks for a login.",
                where=self.where,
                do="name a mirror that is open, or leave --from out to use CRCNS",
            )
        if self._account is None:
            self._account = self._credentials()
        self._connection.forget()
        self._key = None
        fields = {
            "username": self._account.username,
            "password": self._account.password,
            "fn": f"{self._dataset}/filelist.txt",
            "submit": "Login",
        }
        answer = self._connection.send("POST", f"{self._base}/index.php", data=fields)
        try:
            self._key = self._judge_login(answer)
        finally:
            answer.close()

    def _judge_login(self, answer: Answer) -> str:
        self._judge_status(answer, "index.php")
        kind: PageKind | None = None
        if answer.location is not None:
            kind = PageKind.LOGIN if answer.leads_to_login and answer.key is None else None
            if kind is None and answer.key is None:
                raise self._moved(answer)
        elif is_page(answer.headers.get("Content-Type"), answer.head(), from_start=True):
            kind = page_kind(answer.page())
        if kind in (PageKind.REFUSED, PageKind.LOGIN) or answer.status in (401, 403):
            raise LoginError(
                "The archive does not accept this user name and password.",
                where=f"{self._base}/index.php",
                got="the login form again",
                do=f"try the account there in a browser, then correct {USERNAME_VARIABLE} and "
                f"{PASSWORD_VARIABLE}, or ~/.netrc; a free account: https://crcns.org/register",
            )
        if kind is PageKind.MAINTENANCE:
            raise self._closed()
        if answer.key is not None:
            return answer.key
        got = f"status {answer.status}, {'a page' if kind else 'no page'}, no session"
        error = ServerError(
            "The archive answers the login with neither a session nor a refusal.",
            where=f"{self._base}/index.php",
            expected=f"the cookie {KEY_NAME}",
            got=got,
            do="check --base-url; if it is right, try again later",
        )
        raise Interrupted(error, f"login: {got}")

    @contextmanager
    def open(self, path: str, headers: dict[str, str] | None = None) -> Iterator[Answer]:
        """Ask for a file; what comes is bytes of it (200, 206), or 416, or an error.

        Parameters
        ----------
        path : str
            Relative to the data set.
        headers : dict, optional
            Range and If-Range.

        Raises
        ------
        LoggedOut, Interrupted
            Another try may help.
        NotThereError, PageError, ServerError, LoginError
            It will not.
        """
        if self._credentials is not None and self._key is None:
            raise LoggedOut
        query = {KEY_NAME: self._key} if self._key else None
        url = f"{self.where}/{quote(path)}"
        answer = self._connection.send("GET", url, params=query, headers=headers)
        try:
            self._judge(answer, path)
            yield answer
        finally:
            answer.close()

    def read_text(self, path: str) -> str:
        """The whole of a small text file.

        Raises
        ------
        As `open`; `ListingError` if it is too large to be one.
        """
        data = bytearray()
        with self.open(path) as answer:
            for chunk in answer.chunks():
                data += chunk
                if len(data) > _TEXT_BYTES:
                    raise ListingError(
                        "A list of the archive is too long to be one.",
                        where=f"{self.where}/{path}",
                        expected=f"at most {_TEXT_BYTES} bytes",
                        do=f"{_CHECK_ADDRESS}: this is not the data set spe-1",
                    )
            declared = answer.headers.get("Content-Length", "")
        if declared.isdecimal() and len(data) != int(declared):
            raise self._broken(path, f"{len(data)} of {declared} bytes came")
        return data.decode("utf-8", errors="replace")

    def _judge(self, answer: Answer, path: str) -> None:
        self._judge_status(answer, path)
        if answer.location is not None and not answer.leads_to_login:
            raise self._moved(answer)
        if answer.location is not None or answer.status in (401, 403):
            raise self._logged_out()
        where = f"{self.where}/{path}"
        if answer.status in (404, 410):
            raise NotThereError(
                "The archive does not have this file.",
                where=where,
                got=f"status {answer.status}",
                do=f"{_CHECK_ADDRESS}; if it is right, the archive's list is out of date",
            )
        if answer.status not in (200, 206, 416):
            raise ServerError(
                "The archive answers in a way that is not understood.",
                where=where,
                expected="status 200 or 206",
                got=f"status {answer.status}",
                do=f"{_CHECK_ADDRESS}; report it if it is right",
            )
        content_type = answer.headers.get("Content-Type")
        is_file = answer.status == 416 or not is_page(
            content_type, answer.head(), from_start=answer.status == 200
        )
        if not is_file:
            self._judge_page(answer.page(), where)

    def _judge_status(self, answer: Answer, path: str) -> None:
        """Errors of the server that may pass."""
        if answer.status < 500 and answer.status not in _TRY_AGAIN:
            return
        retry_after_s = parse_retry_after_s(answer.headers.get("Retry-After"))
        if answer.status == 503 and page_kind(answer.page()) is PageKind.MAINTENANCE:
            raise self._closed(retry_after_s)
        raise self._broken(path, f"the archive answers with status {answer.status}", retry_after_s)

    def _judge_page(self, page: bytes, where: str) -> None:
        kind, got = page_kind(page), self._without_secrets(page_title(page))
        if kind in (PageKind.LOGIN, PageKind.REFUSED):
            raise self._logged_out()
        if kind is PageKind.MAINTENANCE:
            raise self._closed()
        if kind is PageKind.LISTING:
            raise DirectoryPageError(
                "The archive answers with the listing of a folder instead of a file.",
                where=where,
                got=got,
                do=f"{_CHECK_ADDRESS}: --base-url is the folder that holds '{DATASET}', "
                "--from the one that holds filelist.txt",
            )
        error = PageError(
            "A web page came in place of a file.",
            where=where,
            got=got,
            do="open that address in a browser: a network that asks for a login of its own "
            f"answers like this; {GO_ON}",
        )
        raise Interrupted(error, "a web page came in place of the file")

    def _without_secrets(self, text: str) -> str:
        account = self._account
        for secret in (self._key, account and account.username, account and account.password):
            text = text.replace(secret, "***") if secret else text
        return text

    def _logged_out(self) -> LoggedOut:
        self._key = None
        return LoggedOut()

    def _moved(self, answer: Answer) -> ServerError:
        return ServerError(
            "The archive sends to another address, and no password is taken there.",
            where=self.where,
            got=self._without_secrets(answer.location or ""),
            do="if that is CRCNS's new download address, give its folder with --base-url",
        )

    def _closed(self, retry_after_s: float | None = None) -> Interrupted:
        error = MaintenanceError(
            "The archive is closed for maintenance.", where=self.where, do=f"wait; {GO_ON}"
        )
        return Interrupted(error, "the archive is closed for maintenance", retry_after_s)

    def _broken(self, path: str, got: str, retry_after_s: float | None = None) -> Interrupted:
        error = ServerError(
            "The archive does not deliver.", where=f"{self.where}/{path}", got=got, do=GO_ON
        )
        return Interrupted(error, got, retry_after_s)
