#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Proves that each deliberate difference from FastAPI Users, as README.md
lists them, has a test of its own that says so: pytest.mark.better(NUMBER).
"""

import re

import house

LIST = "## Different on purpose"
ITEM = re.compile(r"^(\d+)\. ", re.M)
MARK = re.compile(r"^@pytest\.mark\.better\((\d+)\)\n(?:[^\n]+\n)*?def test_",
                  re.M)


def main():
    readme = house.read("README.md")
    if LIST not in readme:
        house.fault(f"README.md: there is no heading {LIST}")
    listed = [int(n) for n in ITEM.findall(
        readme.partition(LIST)[2].partition("\n## ")[0])]
    marked = {}
    for path in house.sources("tests/http", (".py",)):
        for number in MARK.findall(house.read(path)):
            marked.setdefault(int(number), []).append(path)
    if listed != sorted(set(listed)) or not listed:
        house.fault("README.md: the differences are not numbered in order")
    for number in listed:
        if number not in marked:
            house.fault(f"README.md: difference {number} has no test marked "
                        f"better({number})")
    for number, paths in marked.items():
        if number not in listed:
            house.fault(f"{paths[0]}: better({number}) is no difference that "
                        "README.md lists")
    house.finish()


if __name__ == "__main__":
    main()
