"""The archive over HTTP: login, session, and answers that are what they should be.

CRCNS's protocol: a form at ``<base>/index.php`` takes name, password and the path of a
file; the answer sets a cookie, whose value goes with every later request. What it
answers in trouble is a web page, mostly with status 200. A mirror is the same without
the login. No name, password or session key goes into an error, a note or a log.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import quote

from spe1_builder.errors import (
    DirectoryPageError,
    ListingError,
    LoginError,
    PageError,
    ServerError,
)
from spe1_builder.patience import Interrupted, LoggedOut, parse_retry_after_s
from spe1_builder.source.archive.server import troubles
from spe1_builder.source.archive.server.address import split
from spe1_builder.source.archive.server.connection import Answer, Connection, Timeouts
from spe1_builder.source.archive.server.credentials import (
    PASSWORD_VARIABLE,
    USERNAME_VARIABLE,
    Credentials,
)
from spe1_builder.source.archive.server.limits import LIST_BYTES, decode_list, too_long
from spe1_builder.source.archive.server.pages import (
    PageKind,
    can_begin,
    is_page,
    page_kind,
    page_title,
)
from spe1_builder.source.archive.server.secrets import KEY_NAME, Secrets
from spe1_builder.source.archive.server.troubles import GO_ON

#: CRCNS's download address at NERSC, and the data set's folder there.
CRCNS_URL = "https://portal.nersc.gov/project/crcns/download"
DATASET = "spe-1"
#: Besides 5xx, statuses that ask for another try: timeout, too early, too many.
_TRY_AGAIN = {408, 425, 429}
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
        self._secrets = Secrets()
        parts = split(base_url)
        self._connection = Connection(
            (parts and parts.hostname) or base_url,
            timeouts or Timeouts(),
            self._secrets,
            has_login=credentials is not None,
        )

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
            self._secrets.add(self._account.username, self._account.password)
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
            if answer.key is not None:
                self._secrets.add(answer.key)
            self._key = self._judge_login(answer)
        finally:
            answer.close()

    def _judge_login(self, answer: Answer) -> str:
        self._judge_status(answer, "index.php")
        kind: PageKind | None = None
        if answer.is_redirect:
            kind = PageKind.LOGIN if answer.leads_to_login and answer.key is None else None
            if kind is None and answer.key is None:
                raise troubles.moved(self.where, answer.location, self._secrets.hide)
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
            raise troubles.closed(self.where)
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
        """Ask for a file; what comes may be bytes of it (200, 206), or 416, or it is an error.

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
        data, where = bytearray(), f"{self.where}/{path}"
        with self.open(path) as answer:
            for chunk in answer.chunks():
                data += chunk
                if len(data) > LIST_BYTES:
                    raise too_long(where)
            declared = answer.length
        if answer.status != 200:
            raise self.odd(path, answer)
        if declared is not None and len(data) != declared:
            raise troubles.broken(where, f"{len(data)} of {declared} bytes came")
        return decode_list(bytes(data))

    def odd(self, path: str, answer: Answer, n_bytes: int | None = None) -> Interrupted:
        """An answer that is neither bytes of the file nor a trouble that is known.

        Parameters
        ----------
        n_bytes : int, optional
            That came, if it was read.
        """
        return troubles.odd(f"{self.where}/{path}", answer.describe(n_bytes))

    def _judge(self, answer: Answer, path: str) -> None:
        self._judge_status(answer, path)
        if answer.is_redirect and not answer.leads_to_login:
            raise troubles.moved(self.where, answer.location, self._secrets.hide)
        if answer.is_redirect or answer.status in (401, 403):
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
            raise self.odd(path, answer)
        content_type = answer.headers.get("Content-Type")
        from_start = answer.status == 200
        is_file = not from_start or not is_page(content_type, answer.head(), from_start=True)
        if not is_file:
            self._judge_page(answer.page(), where)
        if answer.status == 200 and not can_begin(path, answer.head()):
            raise self.odd(path, answer)

    def _judge_status(self, answer: Answer, path: str) -> None:
        """Errors of the server that may pass."""
        if answer.status < 500 and answer.status not in _TRY_AGAIN:
            return
        retry_after_s = parse_retry_after_s(answer.headers.get("Retry-After"))
        if answer.status == 503 and page_kind(answer.page()) is PageKind.MAINTENANCE:
            raise troubles.closed(self.where, retry_after_s)
        got = f"the archive answers with status {answer.status}"
        raise troubles.broken(f"{self.where}/{path}", got, retry_after_s)

    def _judge_page(self, page: bytes, where: str) -> None:
        kind, got = page_kind(page), self._secrets.hide(page_title(page))
        if kind in (PageKind.LOGIN, PageKind.REFUSED):
            raise self._logged_out()
        if kind is PageKind.MAINTENANCE:
            raise troubles.closed(self.where)
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

    def _logged_out(self) -> LoggedOut:
        self._key = None
        return LoggedOut()
