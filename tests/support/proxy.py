"""A TCP proxy between us and a server, that misbehaves on demand."""

import selectors
import socket
import struct
import threading
from contextlib import suppress
from time import sleep

CHUNK = 65536

COMMIT = b"Q\0\0\0\x0bCOMMIT\0"  # as a client of PostgreSQL says it; the answer ends alike


class Proxy:
    """Forwards to the first of these ports on loopback that answers. Counts what it has done."""

    def __init__(self, *ports: int) -> None:
        self._targets = ports
        self._listener = self._listen(0)
        self.port = int(self._listener.getsockname()[1])
        self._pairs: dict[socket.socket, socket.socket] = {}
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._lock = threading.RLock()
        self._stopped = False
        self._mode = "up"
        self._clients: set[socket.socket] = set()
        self._doomed: set[socket.socket] = set()  # to be torn at the next thing they send
        self._commits = 0  # how many are still to be lost
        self._after_commit = False
        self.accepted = 0
        self.cut = 0
        self._orphans: list[socket.socket] = []  # server sides of clients that have vanished
        self.torn = 0
        self.lost_commits = 0
        self.swallowed = 0
        self.slowed = 0
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    @property
    def connections(self) -> int:
        """How many connections there are."""
        return len(self._pairs) // 2

    def up(self) -> None:
        """Forward again; connections that were silent before are cut: their bytes are gone."""
        with self._lock:
            was, self._mode = self._mode, "up"
            if was == "down":
                self._listener = self._listen(self.port)
                self._selector.register(self._listener, selectors.EVENT_READ)
            if was == "silent":
                self._cut_all()

    def down(self) -> None:
        """Refuse new connections and cut those there are."""
        with self._lock:
            self._mode = "down"
            self._selector.unregister(self._listener)
            self._listener.close()
            self._cut_all()

    def silent(self) -> None:
        """Take everything and pass nothing on, while every connection stays open."""
        self._mode = "silent"

    def slow(self) -> None:
        """Pass on a little at a time."""
        self._mode = "slow"

    def reset(self) -> None:
        """Cut every connection at once, with a TCP reset."""
        with self._lock:
            self._cut_all(reset=True)

    def vanish(self) -> None:
        """Cut every connection on its client's side only: the server hears nothing of it.

        That is how the death of a whole host, or of the network to it, looks to a server.
        """
        with self._lock:
            while self._pairs:
                client, server = next(iter(self._pairs.items()))
                for end in (client, server):
                    del self._pairs[end]
                    self._selector.unregister(end)
                client.close()
                self._orphans.append(server)
                self.cut += 1

    def tear(self) -> None:
        """Let through half of the next thing on each connection, then cut it with a TCP reset."""
        with self._lock:
            self._doomed = set(self._pairs)

    def tell(self, data: bytes) -> None:
        """Say something to every client in the server's name; only while the server is quiet."""
        with self._lock:
            for client in self._clients & set(self._pairs):
                client.sendall(data)

    def lose_commits(self, times: int, *, done: bool) -> None:
        """Cut the next connections at their COMMIT: `done` but not answered, or before it."""
        with self._lock:
            self._commits, self._after_commit = times, done

    def close(self) -> None:
        self._stopped = True
        self._thread.join(5)
        with self._lock:
            self._cut_all()
            self._listener.close()
            for orphan in self._orphans:
                orphan.close()
        self._selector.close()

    def _listen(self, port: int) -> socket.socket:
        return socket.create_server(("127.0.0.1", port))

    def _serve(self) -> None:
        while not self._stopped:
            for key, _ in self._selector.select(0.05):
                with self._lock:
                    source = key.fileobj
                    assert isinstance(source, socket.socket)
                    if source is self._listener:
                        self._accept()
                    elif source in self._pairs:
                        self._forward(source)

    def _accept(self) -> None:
        try:
            client, _ = self._listener.accept()
        except OSError:
            return  # it was closed, or the client gone, since we heard of it
        server = self._connect()
        if server is None:
            client.close()
            return
        self.accepted += 1
        self._clients.add(client)
        for one, other in ((client, server), (server, client)):
            self._pairs[one] = other
            self._selector.register(one, selectors.EVENT_READ)

    def _connect(self) -> socket.socket | None:
        for port in self._targets:
            with suppress(OSError):
                return socket.create_connection(("127.0.0.1", port), timeout=5)
        return None

    def _forward(self, source: socket.socket) -> None:
        try:
            data = source.recv(512 if self._mode == "slow" else CHUNK)
            if not data:
                self._close(source)
            elif self._mode == "silent":
                self.swallowed += len(data)
            elif source in self._doomed:
                self._pairs[source].sendall(data[: len(data) // 2])
                self._cut(source, reset=True)
                self.torn += 1
            elif self._commits and COMMIT in data:
                self._lose_commit(source, data)
            else:
                if self._mode == "slow":
                    self.slowed += 1
                    sleep(0.01)
                self._pairs[source].sendall(data)
        except OSError:
            self._close(source)

    def _cut_all(self, *, reset: bool = False) -> None:
        for source in list(self._pairs):
            if source in self._pairs:
                self._cut(source, reset=reset)

    def _cut(self, source: socket.socket, *, reset: bool) -> None:
        self.cut += 1
        if reset:
            with suppress(OSError):
                linger = struct.pack("ii", 1, 0)
                for end in (source, self._pairs[source]):
                    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self._close(source)

    def _lose_commit(self, source: socket.socket, data: bytes) -> None:
        server = self._pairs[source]
        if self._after_commit:
            server.sendall(data)
            server.settimeout(5)
            if b"COMMIT\0" not in server.recv(CHUNK):  # else it is done; nobody will hear of it
                self._close(source)
                return
        self._commits -= 1
        self.lost_commits += 1
        self._cut(source, reset=True)

    def _close(self, source: socket.socket) -> None:
        for end in (source, self._pairs[source]):
            del self._pairs[end]
            self._doomed.discard(end)
            self._clients.discard(end)
            self._selector.unregister(end)
            end.close()
