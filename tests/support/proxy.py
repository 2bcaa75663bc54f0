"""A TCP proxy between us and a server, that misbehaves on demand."""

import selectors
import socket
import struct
import threading
from contextlib import suppress
from time import sleep

CHUNK = 65536


class Proxy:
    """Forwards to `port` on loopback. Counts the connections it has taken, cut and kept waiting."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._listener = self._listen(0)
        self.port = int(self._listener.getsockname()[1])
        self._pairs: dict[socket.socket, socket.socket] = {}
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._lock = threading.RLock()
        self._stopped = False
        self._mode = "up"
        self.accepted = 0
        self.cut = 0
        self.swallowed = 0
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

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
        """Cut every connection in the middle of what it is sending, with a TCP reset."""
        with self._lock:
            self._cut_all(reset=True)

    def close(self) -> None:
        self._stopped = True
        self._thread.join(5)
        with self._lock:
            self._cut_all()
            self._listener.close()
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
        client, _ = self._listener.accept()
        try:
            server = socket.create_connection(("127.0.0.1", self._target), timeout=5)
        except OSError:
            client.close()
            return
        self.accepted += 1
        for one, other in ((client, server), (server, client)):
            self._pairs[one] = other
            self._selector.register(one, selectors.EVENT_READ)

    def _forward(self, source: socket.socket) -> None:
        try:
            data = source.recv(512 if self._mode == "slow" else CHUNK)
            if not data:
                self._close(source)
            elif self._mode == "silent":
                self.swallowed += len(data)
            else:
                if self._mode == "slow":
                    sleep(0.01)
                self._pairs[source].sendall(data)
        except OSError:
            self._close(source)

    def _cut_all(self, *, reset: bool = False) -> None:
        for source in list(self._pairs):
            if source in self._pairs:
                self.cut += 1
                if reset:
                    with suppress(OSError):
                        linger = struct.pack("ii", 1, 0)
                        for end in (source, self._pairs[source]):
                            end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                self._close(source)

    def _close(self, source: socket.socket) -> None:
        for end in (source, self._pairs[source]):
            del self._pairs[end]
            self._selector.unregister(end)
            end.close()
