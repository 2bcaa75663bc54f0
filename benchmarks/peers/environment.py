"""Virtual environments of the peers, made when first needed."""

import subprocess
import sys
import venv
from pathlib import Path

_HOME = Path(__file__).parents[2] / ".bench"

PACKAGES = {
    "dramatiq": ["dramatiq[rabbitmq]==2.2.1"],
    "celery": ["celery==5.7.0", "pika>=1.4,<2"],
    "faststream": ["faststream[rabbit,cli]==0.7.8", "psycopg-pool>=3.3,<4"],
    "nameko": ["nameko==2.14.1"],
}


def programs(peer: str) -> Path:
    """Return the folder of the peer's programs."""
    return _HOME / peer / "bin"


def install(peer: str) -> None:
    """Make the peer's environment, unless it is there."""
    done = _HOME / peer / ".installed"
    wanted = " ".join(PACKAGES[peer])
    if done.exists() and done.read_text() == wanted:
        return
    _HOME.mkdir(exist_ok=True)
    (_HOME / ".gitignore").write_text("*\n")
    venv.create(_HOME / peer, with_pip=True, clear=True)
    command = [
        str(programs(peer) / "python"),
        "-m",
        "pip",
        "-q",
        "install",
        "psycopg[binary]>=3.3,<4",
    ]
    subprocess.run([*command, *PACKAGES[peer]], check=True, stdout=sys.stderr)
    done.write_text(wanted)
