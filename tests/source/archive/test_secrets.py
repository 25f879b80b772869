"""Name, password and session key: in no log, file, error or proxy, whatever a server sends."""

import logging
import shutil
import socket
import threading

import pytest

from spe1_builder import errors
from spe1_builder.source.archive.server.client import Clock, make_client
from spe1_builder.source.archive.server.credentials import find_credentials, has_credentials
from spe1_builder.source.archive.server.secrets import Secrets
from tests.support.crcns_faults import PASSWORD, USERNAME, Fault
from tests.support.crcns_odd import BAD_HEADERS
from tests.support.crcns_server import CrcnsServer
from tests.support.release import tiny_cell, tiny_release

RELEASE = tiny_release("c14")


@pytest.fixture
def server():
    with CrcnsServer(dict(RELEASE)) as server:
        yield server


class Everything(logging.Handler):
    """All that any logger says, as a handler of `logging.basicConfig` writes it."""

    def __init__(self):
        super().__init__(logging.DEBUG)
        self.setFormatter(logging.Formatter(logging.BASIC_FORMAT))
        self.lines = []

    def emit(self, record):
        self.lines.append(self.format(record) + repr(record.__dict__))


@pytest.fixture
def logged():
    handler, root = Everything(), logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield handler.lines
    root.removeHandler(handler)
    root.setLevel(level)


@pytest.mark.parametrize("where", ["files", "lists", "login"])
def test_hostile_headers_bring_no_secret_into_a_log(server, bench, account, logged, where):
    faults = [Fault("bad_headers", at) for at in range(len(BAD_HEADERS))]
    queue = {"files": server.faults, "lists": server.text_faults, "login": server.login_faults}
    for fault in faults:
        queue[where].append(fault)
        try:
            bench.run("c14")
        except errors.Spe1Error as error:
            logged.append(f"{error!r} {error}")
        for path in bench.raw_dir.glob("c14*"):
            if path.suffix == ".json":
                logged.append(path.read_text())
            path.unlink()
        shutil.rmtree(bench.raw_dir / "Recordings/c14", ignore_errors=True)
    assert not queue[where], "each was met"
    logged += bench.progress.notes
    text = "\n".join(logged)
    assert "urllib3" in text and "***" in text
    assert "Failed to parse headers" in text
    assert [s for s in (PASSWORD, USERNAME, *server.sessions) if s in text] == []


def test_a_key_that_a_server_repeats_is_kept_nowhere(server, bench, account):
    """As the ETag of a file that then breaks off: not beside the part."""
    bench.run()
    server.faults += [Fault("key_as_etag", 5000), *[Fault("status", 500)] * 20]
    bench.fails(errors.ServerError, "does not deliver", "c14")
    kept = (bench.raw_dir / "c14.tar.gz.part.json").read_text()
    assert '"etag": null' in kept and not any(key in kept for key in server.sessions)
    server.faults.clear()
    bench.run("c14")
    assert bench.cell_files("c14") == tiny_cell("c14")


def test_the_filter_goes_with_the_conversation(server, bench, account):
    """Other programs' use of the library is logged as ever."""
    bench.run()
    for name in ("urllib3.connection", "urllib3.connectionpool"):
        assert logging.getLogger(name).filters == []


def test_secrets_are_hidden_in_every_form():
    secrets = Secrets()
    secrets.add("a b/ü", "", "a b/ü and more")
    shown = secrets.hide("x a b/ü and more, a%20b/%C3%BC a+b%2F%C3%BC a%20b%2F%C3%BC")
    assert shown == "x ***, *** *** ***"
    assert secrets.hide("crcns_nersc_download = 123; x") == "crcns_nersc_download = ***; x"


# --- ~/.netrc ------------------------------------------------------------------------
@pytest.fixture
def netrc(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("CRCNS_USERNAME", raising=False)
    monkeypatch.delenv("CRCNS_PASSWORD", raising=False)
    path = tmp_path / ".netrc"
    path.write_text("machine crcns.org login a password hunter2\n")
    path.chmod(0o600)
    return path


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o660, 0o602, 0o610])
def test_a_netrc_that_others_can_read(netrc, mode):
    netrc.chmod(mode)
    for find in (find_credentials, has_credentials):
        with pytest.raises(errors.LoginError, match="open to others") as caught:
            find()
        assert "chmod 600 ~/.netrc" in caught.value.do and "hunter2" not in str(caught.value)
        assert caught.value.got == f"mode {mode:o}"


@pytest.mark.parametrize("mode", [0o600, 0o400, 0o700])
def test_a_netrc_of_this_user_alone(netrc, mode):
    netrc.chmod(mode)
    assert find_credentials().username == "a"


def test_a_netrc_of_somebody_else(netrc, monkeypatch):
    owner = netrc.stat().st_uid
    monkeypatch.setattr("os.geteuid", lambda: owner + 1)
    if owner == 0:  # root's is taken, as ssh does it
        assert find_credentials().username == "a"
        monkeypatch.setattr("os.geteuid", lambda: 0)
        netrc.chmod(0o600)
        import os

        os.chown(netrc, 12345, -1)
    with pytest.raises(errors.LoginError, match="open to others") as caught:
        find_credentials()
    assert "number" in caught.value.got


def test_a_netrc_without_an_account_for_it(netrc):
    """Nothing is taken from it, so nothing is asked of it."""
    netrc.write_text("machine example.org login a password b\n")
    netrc.chmod(0o644)
    assert not has_credentials()


def test_a_netrc_that_is_no_file(netrc):
    netrc.unlink()
    netrc.mkdir()
    with pytest.raises(errors.LoginError, match="cannot be read"):
        find_credentials()


# --- proxies -------------------------------------------------------------------------
@pytest.fixture
def proxy(monkeypatch):
    """A proxy that keeps what it hears, and answers nothing."""
    listener = socket.create_server(("127.0.0.1", 0))
    heard = []

    def serve():
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(5)
                heard.append(connection.recv(4096))

    thread = threading.Thread(target=serve)
    thread.start()
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, url)
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    yield heard
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join()


def test_no_login_on_this_machine_goes_to_a_proxy(server, bench, account, proxy):
    bench.run("c14")
    assert bench.cell_files("c14") == tiny_cell("c14") and server.n_logins == 1
    assert proxy == []


def send(url, *, has_login):
    import requests

    client = make_client(Clock(5.0), has_login=has_login)
    with client, pytest.raises(requests.RequestException):
        client.post(url, data={"password": PASSWORD}, timeout=(0.5, 0.5))


def test_a_proxy_gets_a_tunnel_and_nothing_else(proxy):
    """By https it is asked for a tunnel to the host; by http a login does not go to it."""
    send("https://archive.invalid/index.php", has_login=True)
    (heard,) = proxy
    assert heard.startswith(b"CONNECT archive.invalid:443 ") and b"password" not in heard
    send("http://archive.invalid/index.php", has_login=True)
    assert len(proxy) == 1
    for host in ("127.0.0.1:9", "localhost:9", "[::1]:9"):
        send(f"http://{host}/", has_login=False)
        send(f"https://{host}/", has_login=True)
    assert len(proxy) == 1


def test_a_mirror_is_reached_through_a_proxy(proxy):
    """It has no login; many institutes have no other way out."""
    send("http://mirror.invalid/filelist.txt", has_login=False)
    assert proxy[0].startswith(b"POST http://mirror.invalid/filelist.txt")
