"""What the processes of this machine say of themselves, where our settings name their port."""

from collections.abc import Iterator
from http.client import HTTPConnection, HTTPException
from itertools import takewhile

from worker.doctor.finding import Finding, ok, wrong
from worker.settings import Settings

SUBJECT = "processes"
MOST = 65  # ports in a row that `run` uses
PATIENCE = 5.0  # seconds for an answer
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - asked, not listened to


def examine(settings: Settings) -> Iterator[Finding]:
    """Ask one port after the other until nobody is there; a process elsewhere is not asked."""
    if settings.http_port is None:
        return
    host = _EVERYWHERE.get(settings.http_host, settings.http_host).strip("[]")
    ports = range(settings.http_port, min(settings.http_port + MOST, 2**16))
    answers = ((port, _why_not_ready(host, port)) for port in ports)
    for port, reasons in takewhile(lambda answer: answer[1] is not None, answers):
        if reasons:
            sentence = f"The process at port {port} is not ready: {'; '.join(reasons)}."
            yield wrong(SUBJECT, sentence, "Its log says more: docs/operations.md.")
        else:
            yield ok(SUBJECT, f"The process at port {port} is ready.")


def _why_not_ready(host: str, port: int) -> list[str] | None:
    """Return its reasons, none where it is ready; None where nobody answers."""
    connection = HTTPConnection(host, port, timeout=PATIENCE)
    try:
        connection.request("GET", "/readyz")
        answer = connection.getresponse()
        said = answer.read(4096).decode(errors="backslashreplace")
    except TimeoutError:
        return [f"no answer within {PATIENCE:g} s"]
    except (OSError, HTTPException):
        return None
    finally:
        connection.close()
    return [] if answer.status == 200 else said.strip().splitlines()
