"""The command ``spe1`` as a person runs it, against a server of our own."""

import os

from tests.support.command import run_fresh, run_spe1
from tests.support.crcns_faults import PASSWORD, USERNAME
from tests.support.project import PROJECT

#: Where the tests run in the background, SIGINT is ignored from the start.
MAIN = (
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
    "from spe1_builder.cli.app import main; main()"
)


def environment(server, tmp_path, **more):
    account = {"CRCNS_USERNAME": USERNAME, "CRCNS_PASSWORD": PASSWORD}
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("CRCNS_", "SPE1_"))}
    base = {"SPE1_CRCNS_URL": server.url, "PYTHONPATH": str(PROJECT), "HOME": str(tmp_path)}
    return {**clean, **base, **account, "COLUMNS": "200", **more}


def run_command(server, folder, *args, prelude="", **more):
    """Run it in a folder, after some Python; nothing that it shows or writes holds a secret."""
    env = environment(server, folder, **more)
    if prelude:
        done = run_fresh(*args, cwd=folder, env=env, start=["-c", f"{prelude}\n{MAIN}"])
    else:
        done = run_spe1(*args, cwd=folder, env=env)
    shown = done.stdout + done.stderr
    small = [path for path in folder.rglob("*") if path.is_file() and path.stat().st_size < 1e6]
    written = b"".join(path.read_bytes() for path in small).decode("latin-1")
    for secret in (PASSWORD, USERNAME, *server.sessions):
        assert secret not in shown and secret not in written
    assert "Traceback" not in shown and "\r" not in shown and "%|" not in shown
    return done


def cell_files(folder, cell_id):
    return {p.name: p.read_bytes() for p in (folder / "Recordings" / cell_id).iterdir()}
