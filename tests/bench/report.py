# SPDX-License-Identifier: MIT
"""The report: what was measured where, as a table, ratios and plots."""

import json
import os
import platform
import re
import subprocess

import plots
import stack as stacks
from results import show
from world import PIPELINES, SMALL, WORKERS

# file: (title, how the keys of its series look)
PLOTS = {
    "throughput-postgres": ("GET /users/me on PostgreSQL",
                            r"me postgres .* rate"),
    "throughput-sqlite": ("GET /users/me on SQLite", r"me sqlite .* rate"),
    "throughput-hello": ("No database", r"(hello|check) .*rate"),
    "processor-postgres": ("GET /users/me on PostgreSQL, 32 connections",
                           r"me postgres .* c=32 cpu"),
    "processor-sqlite": ("GET /users/me on SQLite, 32 connections",
                         r"me sqlite .* c=32 cpu"),
    "latency-postgres": ("GET /users/me on PostgreSQL, 99 of 100",
                         r"me postgres .* p99"),
    "latency-sqlite": ("GET /users/me on SQLite, 99 of 100",
                       r"me sqlite .* p99"),
    "latency-storm": ("GET /users/me while others sign in, 99 of 100",
                      r"(alone|storm) .* p99"),
    "sign-ins": ("Signing in", r"(logins|argon2|reference logins)( cpu)?"),
    "cgi": ("CGI", r"cgi .*"),
}


def said_by(*command):
    """The first line that a program says of its version."""
    try:
        done = subprocess.run(command, capture_output=True, text=True,
                              check=False)
    except OSError:
        return "none"
    return ((done.stdout or done.stderr).strip().split("\n") or ["?"])[0]


def found_in(path, pattern):
    """What a file of the system says."""
    with open(path, encoding="utf-8") as file:
        found = re.search(pattern, file.read(), re.M)
    return found[1] if found else "?"


def machine(build):
    """What it was measured on: name and value."""
    cpu = found_in("/proc/cpuinfo", r"^model name\s*: (.*)")
    memory = int(found_in("/proc/meminfo", r"^MemTotal:\s+(\d+)"))
    return [
        ("processor", f"{os.cpu_count()} × {cpu}"),
        ("memory", f"{memory / 1e6:.1f} GB"),
        ("load before it", " ".join(f"{n:.2f}" for n in os.getloadavg())),
        ("kernel", platform.release()),
        ("system", found_in("/etc/os-release", r'^PRETTY_NAME="?([^"\n]*)')),
        ("compiler", said_by("gcc", "--version")),
        ("flags", found_in(os.path.join(build, "Makefile"),
                           r"^CFLAGS = (.*)")),
        ("nginx", said_by(stacks.find_command("nginx", "nginx"), "-v")),
        ("PostgreSQL", said_by(os.path.join(stacks.find_postgres(),
                                            "postgres"), "--version")),
        ("load generator", said_by("wrk", "-v")),
        ("FastCGI Users", said_by(stacks.find_program(build), "version")),
    ]


def table(head, rows):
    """A table of Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def targets(results):
    """The targets with their ratios."""
    rows = []
    for t in results.targets:
        if t.ratios:
            numbers = [show(t.ratio), f"{show(min(t.ratios))}–"
                       f"{show(max(t.ratios))}"]
        else:
            numbers = ["–", t.why]
        rows.append([t.name, t.what, *numbers,
                     f"{t.sense.replace('>=', '≥').replace('<=', '≤')} "
                     f"{t.wanted:g}", t.verdict])
    return table(["", "what", "ratio", "min–max", "target", ""], rows)


def values(results):
    """All series."""
    return table(
        ["what", "measure", "unit", "median", "min–max", "rounds"],
        [[one.title, measure_of(key), one.unit, show(one.median),
          f"{show(one.low)}–{show(one.high)}", str(len(one.values))]
         for key, one in results.series.items()])


def measure_of(key):
    """Rate or percentile, as the key ends."""
    return {"rate": "rate", "p50": "50 of 100 within",
            "p99": "99 of 100 within"}.get(key.rpartition(" ")[2], "")


def processor_times(results):
    """{run: {whose: median of processor time}}: microseconds a request,
    milliseconds a sign-in."""
    found = {}
    for key, one in results.series.items():
        run, cpu, name = key.partition(" cpu")
        if cpu:
            found.setdefault(run, {})[name.strip() or "all"] = one.median
    return found


def processor_lines(results):
    """The same for machines."""
    return [f"CPU {run} " + " ".join(f"{whose}={spent:.1f}"
                                     for whose, spent in times.items())
            for run, times in processor_times(results).items()]


def processor_table(results):
    """The same for people, where there is more than one to share it."""
    parts = ("program", "nginx", "PostgreSQL", "all")
    return table(["run", *parts], [
        [run, *(f"{times[part]:.1f}" if part in times else ""
                for part in parts)]
        for run, times in processor_times(results).items()
        if "program" in times])


def draw(folder, results):
    """Writes the plots and returns the lines that show them."""
    lines = []
    for name, (title, pattern) in PLOTS.items():
        chosen = [one for key, one in results.series.items()
                  if re.fullmatch(pattern, key)]
        units = {one.unit for one in chosen}
        for i, unit in enumerate(sorted(units)):
            file = f"{name}{f'-{i}' if i else ''}.svg"
            with open(os.path.join(folder, file), "w",
                      encoding="utf-8") as out:
                out.write(plots.chart(title, [one for one in chosen
                                              if one.unit == unit]))
            lines.append(f"![{title}]({file})")
    return lines


METHOD = """\
The web server, the pool, the database and the load generator share the
machine. What is compared ran in turn, round by round, behind one nginx with
the configuration of `nginx.conf.example`; each got the same requests, spread
over up to 20,000 users. Rates drift from run to run, so only the ratios
count: they are made round by round, and the one in the middle is told. No
web server writes a log of requests. The program writes a line for each, as it
does by default, and its workers are in their sandbox; the ceilings are not,
and write nothing.

The api pool has {workers} workers, as many processes as each ceiling has, but
the pipeline ceiling, which has {pipelines}. PostgreSQL has {users:,} users
(unix socket), SQLite {sqlite_users:,}. Hashes cost 64 MiB, 3 passes, 4 lanes
where signing in is measured (P4 to P7), and next to nothing elsewhere.

P8 leaves the web server out: it is the time from a program's start to its
end. It is asked who asks, without hashing. The program and the one that does
nothing are there twice: as programs are built usually, and static. P9
compares with {small:,} users; `login` is a whole sign-in with a hash that
costs next to nothing, `store` what is asked of the database alone. P10 counts
with callgrind. P11 looks at the api workers when the web server has let go of
its connections."""


def write(folder, facts, effort, results):
    """Writes report.md, the plots, and all values as results.json."""
    facts = table(["", ""], [list(pair) for pair in facts])
    method = METHOD.format(
        workers=WORKERS, pipelines=PIPELINES, users=effort.users,
        sqlite_users=effort.sqlite_users, small=SMALL)
    parts = ["# How fast FastCGI Users is", facts,
             "A quick run: short, and the noisier for it." if effort.quick
             else "", method, "## Targets", targets(results),
             "## Processor time (µs a request)",
             "It depends little on what else the machine does.",
             processor_table(results),
             *(["## What could not be measured",
                "\n".join(f"- {one}" for one in results.failures)]
               if results.failures else []),
             "## Plots", *draw(folder, results), "## Values",
             values(results)]
    with open(os.path.join(folder, "report.md"), "w",
              encoding="utf-8") as out:
        out.write("\n\n".join(part for part in parts if part) + "\n")
    with open(os.path.join(folder, "results.json"), "w",
              encoding="utf-8") as out:
        json.dump({key: {"title": one.title, "unit": one.unit,
                         "values": one.values}
                   for key, one in results.series.items()}, out, indent=1)
