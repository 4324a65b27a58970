# SPDX-License-Identifier: MIT
"""A stack whose nginx has the example's location for /metrics, and a reader
of what it says."""

import re

import stack as stacks

METRICS = ("metrics.enabled=true",)
LINE = re.compile(
    r'([a-z_]+)(?:\{((?:[a-z]+="(?:[^"\\\n]|\\["\\n])*",?)*)\})? '
    r'([0-9.e+-]+|\+Inf|NaN)')
LABEL = re.compile(r'([a-z]+)="((?:[^"\\\n]|\\["\\n])*)"')


class MeasuredStack(stacks.Stack):
    def nginx_site(self):
        text = super().nginx_site()
        start = text.index("\t#location = /metrics {")
        end = text.index("\n\n", start)
        lines = re.sub(r"^\t#(?! )", "\t", text[start:end], flags=re.M)
        return text[:start] + lines + text[end:]


def read(text):
    """Series with their labels as they stand, and families with their kind;
    whatever is not as the format wants it fails."""
    values, kinds, helped = {}, {}, set()
    for line in text.splitlines():
        if line.startswith("# HELP "):
            name, said = line[7:].split(" ", 1)
            assert name not in helped and said
            helped.add(name)
        elif line.startswith("# TYPE "):
            name, kind = line[7:].split(" ")
            assert name in helped and name not in kinds
            kinds[name] = kind
            family = name
        else:
            match = LINE.fullmatch(line)
            assert match, line
            assert match[1] in (family, *(family + end for end in (
                "_sum", "_count", "_bucket"))), line
            key = match[1].removeprefix("fastcgi_users_"), frozenset(
                LABEL.findall(match[2] or ""))
            assert key not in values, line
            values[key] = float(match[3])
    assert text.endswith("\n") and helped == set(kinds)
    return Values(values, kinds)


class Values(dict):
    def __init__(self, values, kinds):
        super().__init__(values)
        self.kinds = kinds

    def of(self, name, **labels):
        """The value of a series, 0 where there is none."""
        return self.get((name, frozenset(labels.items())), 0)

    def counters(self):
        """Everything that may only rise."""
        return {key: value for key, value in self.items()
                if key[0].endswith(("_total", "_count", "_sum", "_bucket"))}


def scrape(client):
    answer = client.get("/metrics")
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == \
        "text/plain; version=0.0.4; charset=utf-8"
    return read(answer.text)
