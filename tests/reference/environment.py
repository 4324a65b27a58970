# SPDX-License-Identifier: MIT
"""Virtual environments with FastAPI Users in them, made once."""

import fcntl
import subprocess
import sys
from pathlib import Path


class Failure(Exception):
    """One sentence for the person who asked."""


def wanted(requirements):
    """Return what the environment must have been made of."""
    return "".join(one.read_text(encoding="utf-8") for one in requirements)


def run(command):
    """Run a command to its end."""
    return subprocess.run(
        [str(one) for one in command], capture_output=True, text=True, check=False
    )


def make_environment(folder, requirements):
    """Install the reference, and fail with one sentence when that is impossible."""
    stamp = folder / "made-of"
    made_of = wanted(requirements)
    if stamp.exists() and stamp.read_text(encoding="utf-8") == made_of:
        return
    print(f"installing FastAPI Users into {folder}", file=sys.stderr)
    made = run([sys.executable, "-m", "venv", "--clear", folder])
    if made.returncode:
        raise Failure("python3 -m venv fails: install the package python3-venv")
    pip = [folder / "bin" / "python", "-m", "pip", "install", "-q", "--no-input"]
    done = run([*pip, "--disable-pip-version-check", "-r", requirements[0]])
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
        raise Failure(
            "FastAPI Users cannot be installed from PyPI: "
            + (said[-1] if said else "pip gives no reason")
        )
    stamp.write_text(made_of, encoding="utf-8")


def environment(folder, requirements):
    """Return the interpreter that has what the first of these files names; the
    others are those that it refers to."""
    folder = Path(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with open(f"{folder}.lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        make_environment(folder, requirements)
    return folder / "bin" / "python"
