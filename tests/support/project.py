import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("domain", "schemas", "persistence", "worker")
PYTHON = sys.executable


def environment(**variables: str) -> dict[str, str]:
    """Return an environment for a process of ours: the system's, and only these settings."""
    kept = {"PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "COVERAGE_PROCESS_START"}
    kept |= {name for name in os.environ if name.startswith("COVERAGE_")}
    inherited = {name: value for name, value in os.environ.items() if name in kept}
    return {**inherited, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error", **variables}
