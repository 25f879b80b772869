"""The account: where it is found, what refuses it, and that it is never seen again."""

import logging
import pickle
from datetime import UTC, datetime

import pytest

from spe1_builder import errors
from spe1_builder.patience import Patience, parse_retry_after_s
from spe1_builder.source.archive.server.address import check_url
from spe1_builder.source.archive.server.credentials import (
    Credentials,
    find_credentials,
    has_credentials,
)
from spe1_builder.source.archive.server.pages import PageKind, is_page, page_kind
from tests.support import crcns_faults, crcns_server
from tests.support.crcns_faults import PASSWORD, USERNAME, Fault
from tests.support.crcns_server import CrcnsServer
from tests.support.release import tiny_cell, tiny_release


@pytest.fixture(autouse=True)
def nobody(monkeypatch, tmp_path):
    """No account anywhere."""
    monkeypatch.delenv("CRCNS_USERNAME", raising=False)
    monkeypatch.delenv("CRCNS_PASSWORD", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))


def write_netrc(tmp_path, text):
    (tmp_path / ".netrc").write_text(text)
    (tmp_path / ".netrc").chmod(0o600)


def test_order_of_places(monkeypatch, tmp_path):
    """Environment, then the server's entry of netrc, then CRCNS's, then a person."""
    asked = Credentials("asked", "p")
    assert find_credentials(["here"], lambda: asked) is asked and not has_credentials()
    write_netrc(tmp_path, "machine crcns.org login a password b\n")
    assert find_credentials(["here"], lambda: asked) == Credentials("a", "b")
    write_netrc(tmp_path, "machine crcns.org login a password b\nmachine here login c password d")
    assert find_credentials(["here"]) == Credentials("c", "d") and has_credentials()
    monkeypatch.setenv("CRCNS_USERNAME", "e")
    monkeypatch.setenv("CRCNS_PASSWORD", "f")
    assert find_credentials(["here"]) == Credentials("e", "f")


def test_no_account_and_half_a_one(monkeypatch):
    with pytest.raises(errors.LoginError, match="no account") as caught:
        find_credentials()
    assert "crcns.org/register" in caught.value.do and "CRCNS_PASSWORD" in caught.value.do
    monkeypatch.setenv("CRCNS_USERNAME", "marie")
    with pytest.raises(errors.LoginError, match="CRCNS_PASSWORD is not set"):
        find_credentials()


@pytest.mark.parametrize("text", ["machine crcns.org login a passwrd hunter2", "hunter2", "\xff"])
def test_a_broken_netrc_is_told_without_its_content(tmp_path, text):
    (tmp_path / ".netrc").write_bytes(text.encode("latin-1"))
    (tmp_path / ".netrc").chmod(0o600)
    with pytest.raises(errors.LoginError, match="netrc") as caught:
        find_credentials()
    chain = [caught.value, caught.value.__cause__, caught.value.__context__]
    assert not any("hunter2" in str(error) for error in chain)


def test_credentials_show_nothing():
    account = Credentials(USERNAME, PASSWORD)
    for text in (repr(account), str(account), f"{account}"):
        assert PASSWORD not in text and USERNAME not in text


@pytest.fixture
def server():
    with CrcnsServer(tiny_release("c14")) as server:
        yield server


def test_wrong_password(server, bench, monkeypatch):
    monkeypatch.setenv("CRCNS_USERNAME", USERNAME)
    monkeypatch.setenv("CRCNS_PASSWORD", "wrong")
    error = bench.fails(errors.LoginError, "does not accept this user name and password")
    assert "CRCNS_PASSWORD" in error.do and "wrong" not in str(error)
    assert len(server.posted) == 1, "a refused password is not sent again"
    assert bench.left() == set() and not list(bench.raw_dir.glob("*.part*"))


LOGINS = [
    (Fault("page_as_data"), errors.LoginError, "does not accept"),
    (Fault("maintenance"), errors.MaintenanceError, "closed for maintenance"),
    (Fault("portal"), errors.ServerError, "neither a session nor a refusal"),
    (Fault("moved"), errors.ServerError, "sends to another address"),
    (Fault("status", 500), errors.ServerError, "does not deliver"),
    (Fault("hang_up"), errors.ServerError, "cannot be reached"),
    (Fault("forbidden"), errors.LoginError, "does not accept"),
]


@pytest.mark.parametrize(("fault", "kind", "match"), LOGINS, ids=lambda v: getattr(v, "kind", ""))
def test_logins_that_fail(server, bench, account, fault, kind, match):
    server.login_faults += [fault] * 10
    error = bench.fails(kind, match, "c14")
    assert len(server.posted) <= 4, "a first contact gives up soon"
    assert "leak" not in str(error)


def test_login_after_a_while(server, bench, account):
    server.login_faults += [Fault("status", 503), Fault("hang_up"), Fault("maintenance")]
    bench.run("c14")
    assert bench.cell_files("c14") == tiny_cell("c14")


def test_nobody_there(bench, account):
    bench.base_url = "http://127.0.0.1:9/download"
    error = bench.fails(errors.ServerError, "cannot be reached")
    assert error.got == "connection refused" and len(bench.waits_s) == 3


def test_no_account_is_told_before_anything_is_sent(server, bench):
    bench.fails(errors.LoginError, "no account to log in with")
    assert server.posted == [] and server.seen == []


def test_secrets_stay_secret(server, bench, account, caplog, capsys, monkeypatch, tmp_path):
    """Through logins, breaks, an ended session: in no log, output, file, header or pickle."""
    caplog.set_level(logging.DEBUG)
    write_netrc(tmp_path, f"machine 127.0.0.1 login {USERNAME} password {'n' * 20}\n")
    headers = []
    real = crcns_server._Handler.do_GET

    def do_get(self):
        headers.append(str(self.headers))
        real(self)

    monkeypatch.setattr(crcns_server._Handler, "do_GET", do_get)
    server.faults += [Fault("cut", 100), Fault("expire"), Fault("cut", 900), Fault("portal")]
    server.faults += [Fault("echo")] * 10
    with pytest.raises(errors.PageError) as caught:
        bench.run("c14")
    secrets = {PASSWORD, "n" * 20, *server.sessions}
    assert len(secrets) >= 3
    shown = caplog.text + "".join(capsys.readouterr()) + "".join(bench.progress.notes)
    assert "crcns_nersc_download=***" in caplog.text, "the addresses are logged, without the key"
    trouble = caught.value
    shown += repr(trouble) + str(trouble) + repr(trouble.__dict__)
    chain = trouble
    while chain is not None:
        shown += repr(chain) + repr(chain.args)
        assert not hasattr(chain, "request"), "an error of the library holds the request"
        chain = chain.__cause__ or chain.__context__
    shown += pickle.dumps(trouble).decode("latin-1")
    for path in [*bench.raw_dir.rglob("*"), *tmp_path.glob("*.json")]:
        shown += str(path) + (path.read_bytes().decode("latin-1") if path.is_file() else "")
    assert [secret for secret in secrets if secret in shown] == []
    assert not any("Authorization" in text for text in headers)


@pytest.mark.parametrize(
    ("url", "match"),
    [
        ("ftp://x/y", "no address"),
        ("https:///y", "no address"),
        ("https://marie:pw@x/y", "more than a place"),
        ("https://x/y?key=pw", "more than a place"),
        ("http://example.org/y", "unencrypted"),
        ("https://drive.google.com/drive/folders/13G", "Google Drive"),
    ],
)
def test_addresses_that_are_refused(url, match):
    with pytest.raises(errors.OptionError, match=match) as caught:
        check_url(url, "--base-url", has_login=True)
    assert "pw" not in str(caught.value) and caught.value.do


def test_addresses_that_are_taken():
    assert check_url("https://x/y/", "--from", has_login=True) == "https://x/y"
    assert check_url("http://mirror/y", "--from", has_login=False) == "http://mirror/y"
    assert check_url("http://localhost:8/y", "--from", has_login=True).endswith(":8/y")


def test_pages():
    assert page_kind(crcns_faults.REFUSED.encode()) is PageKind.REFUSED
    assert page_kind(crcns_faults.LOGIN_FORM.encode()) is PageKind.LOGIN
    assert page_kind(crcns_faults.MAINTENANCE.encode()) is PageKind.MAINTENANCE
    assert page_kind(crcns_faults.PORTAL.encode()) is PageKind.OTHER
    assert page_kind(b"<title>Index of /maintenance</title>") is PageKind.LISTING
    html = "text/html; charset=utf-8"
    assert is_page(html, b" <p>Error: no</p>", from_start=True)
    assert is_page(html, b"Error: Invalid user name or password", from_start=True)
    assert not is_page(html, b"# files\n./a 3 (3 B)\n", from_start=True)
    assert not is_page(html, b"\x1f\x8b\x08\x00 index of", from_start=True)
    assert is_page(None, b"\xef\xbb\xbf \n<!doctype HTML>", from_start=True)
    assert not is_page(None, b"<html>", from_start=False), "in its middle a file may hold anything"
    assert not is_page("text/plain", b"# <html>", from_start=True)


def test_retry_after():
    now = datetime(2026, 1, 1, tzinfo=UTC)
    assert parse_retry_after_s("120") == 120.0
    assert parse_retry_after_s("Thu, 01 Jan 2026 00:01:00 GMT", now) == 60.0
    assert parse_retry_after_s("Thu, 01 Jan 2025 00:01:00 GMT", now) == 0.0
    assert parse_retry_after_s("soon") is None and parse_retry_after_s(None) is None


def test_waits_grow_and_end():
    import random

    patience, rng = Patience(), random.Random(0)
    waits = [patience.wait_s(n, None, rng) for n in range(1, 12)]
    assert all(0.5 * min(2.0**n, 300) <= wait <= min(2.0**n, 300) for n, wait in enumerate(waits))
    assert patience.wait_s(1, 50.0, rng) == 50.0
    assert patience.wait_s(1, 1e9, rng) == patience.longest_retry_after_s
