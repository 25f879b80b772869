"""Files of one folder elsewhere, a range of bytes at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from spe1_builder.errors import (
    LoginError,
    MissingFileError,
    MissingPackageError,
    OptionError,
    ServerError,
    Spe1Error,
)
from spe1_builder.patience import Interrupted, Patience, insist
from spe1_builder.progress import Silent

#: Of one range: half a minute in all, for whoever waits for a window.
PATIENCE = Patience(
    attempts=6, first_wait_s=0.5, longest_wait_s=8.0, longest_retry_after_s=60.0, seed=0
)


class Store(Protocol):
    """A folder elsewhere. Holds no login: that is looked up for each request."""

    @property
    def url(self) -> str:
        """The folder's address, of one revision where there are revisions."""

    def fetch(self, name: str, start: int, stop: int, size: int) -> bytes:
        """Bytes [start, stop) of a file that is ``size`` bytes long, and no others.

        Raises
        ------
        MissingFileError
            No such file.
        LoginError
            It is not for everybody.
        ServerError
            The place cannot be reached, keeps breaking off, or gives something else.
        """

    def fetch_whole(self, name: str, limit_bytes: int) -> bytes:
        """A small file; exceptions as `fetch`, and a ServerError if it is larger than that."""


class FileSystemStore:
    """A folder that fsspec has a file system for: ``s3://``, ``gs://``, ``memory://``, ...

    Parameters
    ----------
    url : str
    """

    def __init__(self, url: str):
        self.url = url

    def fetch(self, name: str, start: int, stop: int, size: int) -> bytes:
        where = f"{self.url}/{name}"

        def read(fs: Any, path: str) -> bytes:
            content: bytes = fs.cat_file(path, start, stop)
            if len(content) != stop - start:
                raise Interrupted(short(where, stop - start, len(content)), "a short answer")
            return content

        return self._ask(name, read)

    def fetch_whole(self, name: str, limit_bytes: int) -> bytes:
        content = self._ask(name, lambda fs, path: fs.cat_file(path, 0, limit_bytes + 1))
        if len(content) > limit_bytes:
            raise too_large(f"{self.url}/{name}", limit_bytes)
        return content

    def _ask(self, name: str, read: Callable[[Any, str], bytes]) -> bytes:
        where = f"{self.url}/{name}"

        def action() -> bytes:
            # Looked up each time: fsspec keeps it, and makes another in a forked process.
            fs, path = file_system(where)
            try:
                return read(fs, path)
            except (Spe1Error, Interrupted):
                raise
            except FileNotFoundError:
                error: Spe1Error = missing(where)
            except PermissionError:
                error = refused(where, "permission denied")
            except (ConnectionError, TimeoutError) as cause:
                broken = unreachable(where, type(cause).__name__)
                raise Interrupted(broken, "the connection broke") from None
            except Exception as cause:  # noqa: BLE001 - each service has errors of its own
                # Without their words, which quote requests, and with them keys.
                error = unreachable(where, type(cause).__name__)
            raise error

        return patiently(action)


def file_system(url: str) -> tuple[Any, str]:
    """fsspec's file system of an address, and the path there.

    Raises
    ------
    OptionError
        There is no such scheme.
    MissingPackageError
        The package for it is not installed.
    """
    import fsspec

    scheme = url.partition("://")[0]
    try:
        fs, path = fsspec.core.url_to_fs(url)
    except ImportError as error:
        raise MissingPackageError(
            f"Addresses of {scheme}:// need a package that is not installed.",
            where=url,
            got=str(error),
            do="install it, as it says there",
        ) from error
    except ValueError as error:
        raise OptionError(
            f"Nothing is known of addresses that begin with {scheme}://.",
            where=url,
            expected="hf://, https://, s3://, gs://, or another scheme of fsspec",
            do="give the address of a cell's folder, such as hf://datasets/user/spe1/c14",
        ) from error
    return fs, str(path)


def patiently(action: Callable[[], bytes]) -> bytes:
    """What ``action`` returns, once it no longer raises `Interrupted`."""
    return insist(action, lambda: None, PATIENCE, Silent())


def missing(where: str) -> MissingFileError:
    return MissingFileError(
        "There is no such file.",
        where=where,
        do="look at the address; it is that of the folder of one built cell",
    )


def refused(where: str, got: object) -> LoginError:
    return LoginError(
        "The place does not let this user read.",
        where=where,
        got=got,
        do="log in as its service wants it (hf auth login, aws configure, ~/.netrc)",
    )


def unreachable(where: str, got: object) -> ServerError:
    return ServerError(
        "The place cannot be reached, or broke off again and again.",
        where=where,
        got=got,
        do="look at the address and the network, and try again later",
    )


def short(where: str, expected: int, got: int) -> ServerError:
    return ServerError(
        "The place gave fewer bytes than the file has there.",
        where=where,
        expected=f"{expected} bytes",
        got=f"{got} bytes",
        do="try again; if it stays so, the file there is cut: it has to be uploaded again",
    )


def too_large(where: str, limit_bytes: int) -> ServerError:
    return ServerError(
        "The file is far larger than such a file can be.",
        where=where,
        expected=f"at most {limit_bytes} bytes",
        do="look at the address; it is that of the folder of one built cell",
    )
