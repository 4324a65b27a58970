#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Compare FastCGI Users with FastAPI Users, request by request.

Makes a virtual environment with the packages of requirements.txt in the build
folder, once, and goes on in there.  The last line is `N passed, N failed`.
"""

import argparse
import contextlib
import os
import sys
from pathlib import Path

sys.dont_write_bytecode = True
from environment import Failure, environment  # noqa: E402

HERE = Path(__file__).resolve().parent
TOP = HERE.parent.parent
GOLDEN = HERE.parent / "golden"
REQUIREMENTS = (HERE / "requirements.txt", GOLDEN / "requirements.txt")


def arguments():
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--build", type=Path,
                        default=os.environ.get("FCU_BUILD", TOP / ".build"))  # fmt: skip
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


def main():
    """Go on in the environment of the reference, or start there."""
    options = arguments()
    os.environ["FCU_BUILD"] = str(options.build)
    if os.environ.get("REFERENCE_INSTALLED") != "1":
        try:
            python = environment(options.build / "reference-venv", REQUIREMENTS)
        except (Failure, OSError) as error:
            print(f"check-reference: {error}\n0 passed, 1 failed")
            return 1
        os.environ["REFERENCE_INSTALLED"] = "1"
        os.execv(python, [str(python), __file__, *sys.argv[1:]])
    sys.path[:0] = [str(HERE), str(GOLDEN), str(HERE.parent / "stack")]
    sys.path.append(str(HERE.parent / "http"))
    from compare import compare  # noqa: PLC0415
    from stack import end_when_told  # noqa: PLC0415

    end_when_told()
    with contextlib.suppress(BrokenPipeError):
        return compare(options)
    return 1


if __name__ == "__main__":
    sys.exit(main())
