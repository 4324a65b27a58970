#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Measures how fast FastCGI Users is, beside what the machine allows.

Writes bench/report.md in the build folder. The last lines tell what processor
time a request took in the program, nginx and the database, which depends little
on what else the machine does, and of each target:

  CPU me postgres ours c=32 program=41.0 nginx=19.2 PostgreSQL=25.1 all=85.3
  P1 c=32 me/epoll ratio=0.91 target=>=0.85 ok

or short, or absent where there is nothing to measure yet. The exit status is 0
when everything could be measured, whether or not the targets are met.
"""

import argparse
import os
import sys
import time

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
for folder in ("stack", "golden", "reference"):
    sys.path.append(os.path.join(HERE, "..", folder))

import reference  # noqa: E402
import instructions  # noqa: E402
import measures  # noqa: E402
import report  # noqa: E402
import stack as stacks  # noqa: E402
from effort import Effort  # noqa: E402
from results import Results  # noqa: E402
from world import World  # noqa: E402

TOOLS = {"wrk": "wrk", "nginx": "nginx", "psql": "postgresql",
         "valgrind": "valgrind"}


def read_arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--build", required=True, metavar="DIR",
                        help="build folder with the program")
    parser.add_argument("--quick", action="store_true",
                        help="short runs, smaller databases")
    parser.add_argument("--reference", action="store_true",
                        help="also FastAPI Users, from PyPI")
    parser.add_argument("--only", action="append", metavar="pN",
                        choices=[one.__name__ for one in measures.MEASURES],
                        help="only that measurement; may be repeated")
    return parser.parse_args()


def check_tools(build):
    """A sentence for what is missing, before anything is begun."""
    instructions.refuse_sanitizers(build)
    stacks.find_postgres()
    for name, package in TOOLS.items():
        stacks.find_command(name, package)


class Teller:
    """Says what is going on, and when."""

    def __init__(self):
        self.begun = time.monotonic()

    def __call__(self, sentence):
        print(f"bench: {time.monotonic() - self.begun:4.0f} s  {sentence}",
              file=sys.stderr, flush=True)


def measure_all(bench, wanted):
    """Each measurement; what cannot be measured does not keep the others."""
    for one in measures.MEASURES:
        if wanted and one.__name__ not in wanted:
            continue
        bench.say(f"{one.__name__.upper()}: {one.__doc__.split(chr(10))[0]}")
        try:
            one(bench)
        except (stacks.Failure, OSError) as e:
            bench.results.failures.append(f"{one.__name__.upper()}: {e}")
            bench.say(f"{one.__name__.upper()} could not be measured: {e}")
    bench.results.targets.sort(key=lambda t: int(t.name[1:]))


def run(options):
    """Everything; whether all could be measured."""
    say, results = Teller(), Results()
    effort = Effort(options.quick)
    python = reference.install(options.build) if options.reference \
        else None
    facts = report.machine(options.build)
    world = World(options.build, effort.users, effort.sqlite_users, say)
    bench = measures.Bench(world, effort, results, say, python)
    try:
        measure_all(bench, options.only)
    finally:
        bench.end()
        world.remove()
    folder = os.path.join(options.build, "bench")
    os.makedirs(folder, exist_ok=True)
    if python:
        facts.append(("FastAPI Users", reference.version(python)))
    report.write(folder, facts, effort, results)
    say(f"the report is {folder}/report.md")
    for sentence in results.failures:
        print(f"not measured: {sentence}")
    for line in report.processor_lines(results):
        print(line)
    for target in results.targets:
        print(target.line())
    return not results.failures


def main():
    stacks.end_when_told()
    options = read_arguments()
    options.build = os.path.abspath(options.build)
    try:
        check_tools(options.build)
        return 0 if run(options) else 1
    except stacks.Failure as e:
        print(f"bench: {e}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
