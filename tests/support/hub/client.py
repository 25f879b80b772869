"""The Hub's clients, pointed at a Hub on loopback: in this process, and in others."""

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.support.hub.server import TOKEN, Hub


def environment(hub: Hub, home: Path, *, xet: bool = False, token: str | None = TOKEN) -> dict:
    """What a process needs in its environment, all of it: to use this Hub and no other cache.

    Its waiting between attempts stays as it is (fact of the client: 1, 2, 4, 8 and 8 s).
    """
    changed = _variables(hub, home, xet=xet, token=token)
    kept = {name: value for name, value in os.environ.items() if name not in _UNSET}
    return kept | changed


#: Where somebody's own settings could come in.
_UNSET = {"HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE"} | {
    "TRANSFORMERS_OFFLINE",
    "HF_TOKEN_PATH",
    "HF_ASSETS_CACHE",
    "HUGGINGFACE_HUB_CACHE",
    "HUGGINGFACE_CO_STAGING",
}


def _variables(hub: Hub, home: Path, *, xet: bool, token: str | None) -> dict[str, str]:
    changed = {
        "HF_ENDPOINT": hub.url,
        "HF_HOME": str(home),
        "HF_HUB_CACHE": str(home / "hub"),
        "HF_DATASETS_CACHE": str(home / "datasets"),
        "HF_XET_CACHE": str(home / "xet"),
        "HF_HUB_OFFLINE": "0",
        "HF_HUB_DISABLE_XET": "0" if xet else "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_HUB_DISABLE_UPDATE_CHECK": "1",
        "HF_UPDATE_DOWNLOAD_COUNTS": "0",
        "NO_PROXY": "127.0.0.1",
        "no_proxy": "127.0.0.1",
    }
    return changed | ({"HF_TOKEN": token} if token else {})


@contextlib.contextmanager
def pointed_at(
    hub: Hub, home: Path, *, xet: bool = False, token: str | None = TOKEN
) -> Iterator[pytest.MonkeyPatch]:
    """Point this process's clients at a Hub; all is as before afterwards.

    They read their environment once, when they are imported, so what they read is replaced. What
    they would wait between attempts goes to ``hub.waits_s`` instead.
    """
    with pytest.MonkeyPatch.context() as patch:
        for name in _UNSET:
            patch.delenv(name, raising=False)
        for name, value in _variables(hub, home, xet=xet, token=token).items():
            patch.setenv(name, value)
        _patch_client(patch, hub, home, xet)
        _patch_datasets(patch, hub, home)
        _forget()
        try:
            yield patch
        finally:
            _forget()


def _patch_client(patch: pytest.MonkeyPatch, hub: Hub, home: Path, xet: bool) -> None:
    from huggingface_hub import constants, hf_api
    from huggingface_hub.utils import _cache_assets, _http

    for name, value in {
        "ENDPOINT": hub.url,
        "HUGGINGFACE_CO_URL_TEMPLATE": hub.url + "/{repo_id}/resolve/{revision}/{filename}",
        "HF_URL_HOSTS": constants.HF_URL_HOSTS | {"127.0.0.1"},
        "HF_HOME": str(home),
        "HF_HUB_CACHE": str(home / "hub"),
        "HUGGINGFACE_HUB_CACHE": str(home / "hub"),
        "HF_ASSETS_CACHE": str(home / "assets"),
        "HF_XET_CACHE": str(home / "xet"),
        "HF_TOKEN_PATH": str(home / "token"),
        "HF_STORED_TOKENS_PATH": str(home / "stored_tokens"),
        "AGENT_HARNESSES_PATH": str(home / ".agent_harnesses.json"),
        "HF_HUB_OFFLINE": False,
        "HF_HUB_DISABLE_XET": not xet,
        "HF_HUB_DISABLE_TELEMETRY": True,
    }.items():
        patch.setattr(constants, name, value)
    patch.setattr(_cache_assets, "HF_ASSETS_CACHE", str(home / "assets"))
    patch.setattr(hf_api.api, "endpoint", hub.url)
    # Not `time.sleep` itself, which is everybody's.
    patch.setattr(_http, "time", SimpleNamespace(**vars(time) | {"sleep": hub.waits_s.append}))


def _patch_datasets(patch: pytest.MonkeyPatch, hub: Hub, home: Path) -> None:
    from datasets import config

    for name, value in {
        "HF_ENDPOINT": hub.url,
        "HUB_DATASETS_URL": hub.url + "/datasets/{repo_id}/resolve/{revision}/{path}",
        "HF_HUB_OFFLINE": False,
        "HF_DATASETS_OFFLINE": False,
        "HF_CACHE_HOME": str(home),
        "HF_DATASETS_CACHE": home / "datasets",
        "HF_MODULES_CACHE": home / "modules",
        "DOWNLOADED_DATASETS_PATH": home / "datasets/downloads",
        "EXTRACTED_DATASETS_PATH": home / "datasets/downloads/extracted",
        "HF_UPDATE_DOWNLOAD_COUNTS": False,
    }.items():
        patch.setattr(config, name, value)


def _forget() -> None:
    """What the clients keep of a Hub: connections, listings, tokens of Xet."""
    from huggingface_hub import HfFileSystem, close_session, hf_api
    from huggingface_hub.utils import _xet

    HfFileSystem.clear_instance_cache()
    hf_api.api._whoami_cache.clear()
    _xet.XET_CONNECTION_INFO_CACHE.clear()
    _xet._GLOBAL_XET_HOLDER.sigint_abort()
    close_session()
