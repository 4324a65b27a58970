# SPDX-License-Identifier: MIT
"""What was measured: series of values, and ratios of two series."""

import statistics

AT_LEAST, AT_MOST = ">=", "<="


class Series:
    """The values of one thing, one a round."""

    def __init__(self, title, unit):
        self.title = title
        self.unit = unit
        self.values = []

    def add(self, value):
        """One more round."""
        self.values.append(value)
        return value

    @property
    def median(self):
        """The value in the middle."""
        return statistics.median(self.values)

    @property
    def low(self):
        """The least value."""
        return min(self.values)

    @property
    def high(self):
        """The greatest value."""
        return max(self.values)


def show(value):
    """A number with three digits that count, or more before the point."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


class Target:
    """A ratio of one run, and what it should be."""

    def __init__(self, name, what, sense, wanted, ratios=(), why=""):
        self.name = name
        self.what = what
        self.sense = sense
        self.wanted = wanted
        # Round by round; the median counts.
        self.ratios = list(ratios)
        # Where there is nothing to measure.
        self.why = why

    @property
    def ratio(self):
        """The ratio in the middle."""
        return statistics.median(self.ratios)

    @property
    def verdict(self):
        """ok, short, or absent."""
        if not self.ratios:
            return "absent"
        if self.sense == AT_LEAST:
            return "ok" if self.ratio >= self.wanted else "short"
        return "ok" if self.ratio <= self.wanted else "short"

    def line(self):
        """For machines."""
        ratio = f"{self.ratio:.3f}" if self.ratios else "-"
        return (f"{self.name} {self.what} ratio={ratio} "
                f"target={self.sense}{self.wanted:g} {self.verdict}")


class Results:
    """All of it, in the order in which it was measured."""

    def __init__(self):
        self.series = {}
        self.targets = []
        # What could not be measured, a sentence each.
        self.failures = []

    def add(self, key, title, unit, value):
        """One value of a series, which begins with its first."""
        if key not in self.series:
            self.series[key] = Series(title, unit)
        return self.series[key].add(value)

    def target(self, name, what, sense, wanted, over, under=None):
        """A target for the series `over`, divided round by round by `under`,
        where that is none's own value already."""
        if over not in self.series:
            return
        values = self.series[over].values
        if under is not None:
            if under not in self.series:
                return
            values = [a / b for a, b in zip(values,
                                            self.series[under].values)]
        self.targets.append(Target(name, what, sense, wanted, values))

    def absent(self, name, what, sense, wanted, why):
        """A target that nothing here can be measured for."""
        self.targets.append(Target(name, what, sense, wanted, why=why))
