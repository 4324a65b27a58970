#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Compare FastCGI Users with FastAPI Users, request by request.

Makes a virtual environment with the packages of requirements.txt in the build
folder, once, and goes on in there.  The last line is `N passed, N failed`.
"""

import argparse
import contextlib
import fcntl
import os
import subprocess
import sys
from pathlib import Path

sys.dont_write_bytecode = True
HERE = Path(__file__).resolve().parent
TOP = HERE.parent.parent
GOLDEN = HERE.parent / "golden"
REQUIREMENTS = (HERE / "requirements.txt", GOLDEN / "requirements.txt")


class Failure(Exception):
    """One sentence for the person who asked."""


def arguments():
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--build", default=os.environ.get("FCU_BUILD", TOP / ".build"))
    parser.add_argument("--db", choices=("sqlite", "postgres"), action="append")
    parser.add_argument("--variant", metavar="NAME",
                        help="only that kind of application, of those in systems.py")  # fmt: skip
    parser.add_argument("--random", type=int, default=0, metavar="N",
                        help="also N requests that chance makes up")  # fmt: skip
    parser.add_argument("--seed", default="1", metavar="S")
    parser.add_argument("--number", type=int, metavar="N",
                        help="only the case of that number, of that seed")  # fmt: skip
    parser.add_argument("--shared", action="store_true",
                        help="only what both do on one database")  # fmt: skip
    parser.add_argument("--only", action="append", default=[], metavar="WORD",
                        help="only cases of a group, or with that in their name")  # fmt: skip
    return parser.parse_args()


def wanted():
    """Return what the environment must have been made of."""
    return "".join(one.read_text(encoding="utf-8") for one in REQUIREMENTS)


def make_environment(folder):
    """Install the reference, and fail with one sentence when that is impossible."""
    stamp = folder / "made-of"
    if stamp.exists() and stamp.read_text(encoding="utf-8") == wanted():
        return
    print(f"installing FastAPI Users into {folder}", file=sys.stderr)
    made = run([sys.executable, "-m", "venv", "--clear", folder])
    if made.returncode:
        raise Failure("python3 -m venv fails: install the package python3-venv")
    pip = [folder / "bin" / "python", "-m", "pip", "install", "-q", "--no-input"]
    done = run([*pip, "--disable-pip-version-check", "-r", REQUIREMENTS[0]])
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
        raise Failure(
            "FastAPI Users cannot be installed from PyPI: "
            + (said[-1] if said else "pip gives no reason")
        )
    stamp.write_text(wanted(), encoding="utf-8")


def run(command):
    """Run a command to its end."""
    return subprocess.run(
        [str(one) for one in command], capture_output=True, text=True, check=False
    )


def environment(build):
    """Return the interpreter that has the reference."""
    folder = Path(build) / "reference-venv"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with open(f"{folder}.lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        make_environment(folder)
    return folder / "bin" / "python"


def main():
    """Go on in the environment of the reference, or start there."""
    options = arguments()
    os.environ["FCU_BUILD"] = str(options.build)
    if os.environ.get("REFERENCE_INSTALLED") != "1":
        try:
            python = environment(options.build)
        except (Failure, OSError) as error:
            print(f"check-reference: {error}\n0 passed, 1 failed")
            return 1
        os.environ["REFERENCE_INSTALLED"] = "1"
        os.execv(python, [str(python), __file__, *sys.argv[1:]])
    sys.path[:0] = [str(HERE), str(GOLDEN), str(HERE.parent / "stack")]
    sys.path.append(str(HERE.parent / "http"))
    from compare import compare  # noqa: PLC0415

    with contextlib.suppress(BrokenPipeError):
        return compare(options)
    return 1


if __name__ == "__main__":
    sys.exit(main())
