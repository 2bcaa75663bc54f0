"""A disk that can be full: a tmpfs, with the database's tables on it."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.postgresql import connect
from tests.support.waiting import wait_for
from tools.postgresql import PostgreSQLCluster, server_user
from tools.servers import server_folder

ROOM = "size=1g"  # taken only as far as it is used


class Disk:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def fill(self) -> None:
        """Leave no room for another page of a table."""
        wait_for(self._shrink, "a disk that does not grow while it shrinks")

    def make_room(self) -> None:
        assert self._remount(ROOM)

    def _shrink(self) -> bool:
        disk = os.statvfs(self._folder)
        return self._remount(f"size={(disk.f_blocks - disk.f_bfree) * disk.f_frsize}")

    def _remount(self, size: str) -> bool:
        command = ["mount", "-o", f"remount,{size}", self._folder]
        return subprocess.run(command, check=False, capture_output=True).returncode == 0


@contextmanager
def small_disk(cluster: PostgreSQLCluster) -> Iterator[Disk | None]:
    """Move the database `component`, still empty, to a disk of its own, where we may mount one."""
    with server_folder("chaos-disk") as folder:
        mount = ["mount", "-t", "tmpfs", "-o", f"{ROOM},mode=711", "tmpfs", folder]
        if os.geteuid() != 0 or subprocess.run(mount, check=False).returncode:
            yield None
            return
        try:
            _move(cluster, folder / "tables")
            yield Disk(folder)
        finally:
            cluster.stop()
            subprocess.run(["umount", "--lazy", folder], check=True)


def _move(cluster: PostgreSQLCluster, tables: Path) -> None:
    tables.mkdir()
    shutil.chown(tables, server_user())
    with connect(cluster.url()) as connection:
        connection.exec_driver_sql(f"CREATE TABLESPACE small LOCATION '{tables}'")
        connection.exec_driver_sql("ALTER DATABASE component SET TABLESPACE small")
