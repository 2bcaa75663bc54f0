"""What a probe sees of a process."""

import re
import urllib.error
import urllib.request
from math import nan


def get(port: int, path: str) -> tuple[int, str]:
    """Return status and body; status 0 while nobody listens."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()
    except OSError:
        return 0, ""


def metric(port: int, name: str, labels: str = "") -> float:
    """Return what a process shows, added up; NaN where it shows nothing."""
    line = re.compile(rf"^component_{name}\{{[^}}]*{labels}[^}}]*\}} (\S+)$", re.MULTILINE)
    found = line.findall(get(port, "/metrics")[1])
    return sum(map(float, found)) if found else nan
