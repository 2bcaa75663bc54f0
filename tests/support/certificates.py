"""Certificates of an authority of a test's own."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

import trustme

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


class Authority:
    """Writes certificates and keys into a folder, as `<name>.pem` and `<name>.key`."""

    def __init__(self, folder: Path, name: str) -> None:
        self._ca = trustme.CA()
        self._folder = folder
        self.file = folder / f"{name}.pem"
        self._ca.cert_pem.write_to_path(self.file)

    def issue(
        self, name: str, host: str, *, expires: datetime | None = None, user: str | None = None
    ) -> Path:
        """Write a certificate for this host, and return its path; `user`: whose the key is."""
        made = self._ca.issue_cert(host, not_after=expires)
        certificate, key = self._folder / f"{name}.pem", self._folder / f"{name}.key"
        certificate.write_bytes(b"".join(pem.bytes() for pem in made.cert_chain_pems))
        made.private_key_pem.write_to_path(key)
        key.chmod(0o600)
        if user:
            shutil.chown(key, user)
        return certificate
