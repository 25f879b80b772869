"""Encryption between Dask's processes, as Dask's own configuration has it."""

from __future__ import annotations

from pathlib import Path

from spe1_builder.errors import ClusterError

#: Where the certificates are named.
TLS_CONFIG = "distributed.comm.tls in ~/.config/dask"
_CERTIFICATES = (
    f"name ca-file, and cert and key of client, scheduler and worker, under {TLS_CONFIG}, as "
    "https://distributed.dask.org/en/stable/tls.html has it"
)


def is_encrypted(address: str) -> bool:
    """Whether a scheduler at this address speaks TLS."""
    return address.startswith(("tls://", "wss://"))


def _is_required() -> bool:
    import dask

    return bool(dask.config.get("distributed.comm.require-encryption"))


def required_protocol(cluster: str) -> str | None:
    """What a cluster that we start must speak, if Dask's configuration requires encryption.

    Raises
    ------
    ClusterError
        It has no certificates for it.
    """
    if not _is_required():
        return None
    for role in ("scheduler", "worker", "client"):
        _require_for(role, cluster)
    return "tls://"


def require_certificates(address: str) -> None:
    """Refuse an address that Dask, as it is configured, would fail at, or hang.

    Raises
    ------
    ClusterError
    """
    if is_encrypted(address):
        _require_for("client", address)
    elif _is_required():
        raise ClusterError(
            "Dask's configuration requires encryption, and this address has none.",
            where=address,
            do="name a tls:// address, or set distributed.comm.require-encryption to false",
        )


def _require_for(role: str, where: str) -> None:
    from distributed.security import Security

    security = Security()
    try:
        context = security.get_connection_args(role)["ssl_context"]
    except (OSError, ValueError) as error:
        # What is configured may be the key itself, not its place: it is not shown.
        raise ClusterError(
            f"The certificates of the {role} cannot be used.",
            where=_absent(security, role) or where,
            got=f"{type(error).__name__}: {error}",
            do=_CERTIFICATES,
        ) from error
    if context is None:
        raise ClusterError(
            f"Encryption needs certificates, and Dask's configuration has none for the {role}.",
            where=where,
            do=_CERTIFICATES,
        )


def _absent(security: object, role: str) -> str | None:
    """A file that is named and is not there."""
    for name in ("tls_ca_file", f"tls_{role}_cert", f"tls_{role}_key"):
        value = getattr(security, name)
        if value and "\n" not in value and not Path(value).is_file():
            return str(value)
    return None
