"""Play the corpus and what chance makes of it, and report."""

import secrets
import sys
import tempfile
import time
from collections import Counter

import oauth_scenarios
import record
import scenarios
import shared
from judge import Asked, allowed
from mutations import Generator
from pair import Pair
from player import Skip
from provider import Provider
from systems import PLAIN_ONLY, VARIANTS, Ours, Reference

SHOWN = 2000
# Of the requests that chance makes up, other kinds than the plain get a share.
OTHERS_SHARE = 4


def corpus(options, variant):
    """Return the cases to play, and the descriptions of tokens."""
    found, tokens = record.collect()
    found += scenarios.cases() + oauth_scenarios.cases()
    tokens.update(oauth_scenarios.specs())
    return [
        one
        for one in found
        if not one.get("policy")
        and one.get("needs", "") in variant.features
        and (variant.name == "plain" or one["group"] not in PLAIN_ONLY)
        and not one.get("pages")
        and (
            not options.only
            or any(word == one["group"] or word in one["name"] for word in options.only)
        )
    ], tokens


class Report:
    """Count outcomes and tell of those that are wrong."""

    def __init__(self):
        self.passed = 0
        self.failed = 0
        self.statuses = Counter()
        self.allowed = Counter()
        self.skipped = Counter()

    def take(self, pair, outcome):
        """Count an outcome; tell whether it is wrong."""
        self.statuses[outcome.answers[0].status] += 1
        if not outcome.differences:
            self.passed += 1
            return False
        rule = allowed(asked(pair, outcome), outcome.answers, outcome.differences)
        if rule is None:
            self.failed += 1
            return True
        self.passed += 1
        outcome.harmless = "in" in rule and "rows" not in rule["in"]
        self.allowed[rule["item"], rule["why"]] += 1
        return False

    def finish(self):
        """Print how it went."""
        counts = ", ".join(f"{n} {count}" for n, count in sorted(self.statuses.items()))
        print(f"answers of the reference by status: {counts}")
        for reason, count in self.skipped.items():
            print(f"{count} skipped: {reason}")
        for (item, why), count in sorted(self.allowed.items(), key=str):
            print(f"{count:6} different on purpose, item {item}: {why}")
        print(f"{self.passed} passed, {self.failed} failed", flush=True)
        return 1 if self.failed or not self.passed else 0


def asked(pair, outcome):
    """Return the request of an outcome as ours was asked."""
    side, request = pair.sides[1], outcome.step["request"]
    headers = [(key, side.fill(value)) for key, value in request["headers"]]
    path = side.fill(request["path"])
    out = Asked(request["method"], path, headers, side.body(request.get("body")))
    out.rows = pair.sides[0].rows
    out.before = side.sent[:-1]
    return out


def shown_request(side, request):
    """Return a request as it travels."""
    lines = [f"{request['method']} {side.fill(request['path'])}"]
    lines += [f"{key}: {side.fill(value)}" for key, value in request["headers"]]
    body = side.body(request.get("body"))
    if body is not None:
        lines += ["", body[:SHOWN].decode("utf-8", "backslashreplace")]
    return "\n".join("      " + line for line in "\n".join(lines).split("\n"))


def tell(pair, place, outcome, how):
    """Print all one needs to see a difference again."""
    name = f"{outcome.case['group']}: {outcome.case['name']}"
    print(f"FAILED on {place}: {name}, request {outcome.number + 1}")
    for line in outcome.differences:
        print(f"    {line[:SHOWN]}")
    if how:
        print(f"    again: {how}")
    fresh = outcome.case.get("fresh")
    if fresh is not None:
        print(f"    a user of its own, {fresh or 'as registered'}, asks:")
    for step in outcome.case["steps"][: outcome.number + 1]:
        print(f"    request:\n{shown_request(pair.sides[1], step['request'])}")
    for side, answer in zip(pair.sides, outcome.answers, strict=True):
        print(f"    {side.system.name}: {answer.status} {answer.text()[:SHOWN]}")
    sys.stdout.flush()


def play(pair, report, case):
    """Play a case; return its outcome that is wrong, or None."""
    try:
        for outcome in pair.play(case):
            if report.take(pair, outcome):
                return outcome
    except Skip as reason:
        report.skipped[str(reason)] += 1
    return None


def smallest(pair, generator, number, outcome):
    """Return the outcome of the same case with the fewest changes that fail."""
    for case in generator.fewer(number):
        found = play(pair, Report(), case)
        if found is not None:
            return found
    return outcome


def play_corpus(pair, report, place, cases):
    """Play what is written down."""
    for case in cases:
        wrong = play(pair, report, case)
        if wrong is not None:
            tell(pair, place, wrong, None)


def play_random(pair, report, place, generator, options):
    """Play what chance makes, until there were enough requests."""
    number = options.number or 0
    share = 1 if place.endswith("plain") else OTHERS_SHARE
    until = report.passed + report.failed + options.random // share
    while report.passed + report.failed < until or number == options.number:
        wrong = play(pair, report, generator.make(number))
        if wrong is not None:
            db, variant = place.split(", ")
            how = f"run.py --db {db} --variant {variant}"
            how += f" --seed {options.seed} --number {number}"
            tell(pair, place, smallest(pair, generator, number, wrong), how)
        number += 1


def compare_on(db, variant, options, report):
    """Compare one kind of application on one kind of database."""
    cases, tokens = corpus(options, variant)
    begin = time.monotonic()
    before = report.passed + report.failed
    ours = Ours(db, variant, options.provider)
    try:
        reference = Reference.beside(ours)
        try:
            pair = Pair(reference, ours, tokens, "r" + secrets.token_hex(4)[1:])
            pair.prepare()
            place = f"{db}, {variant.name}"
            if options.number is None:
                play_corpus(pair, report, place, cases)
            generator = Generator(cases, sorted(tokens), options.seed)
            play_random(pair, report, place, generator, options)
        finally:
            reference.end()
    finally:
        ours.end()
    count = report.passed + report.failed - before
    print(f"{place}: {count} requests in {time.monotonic() - begin:.0f} s", flush=True)


def compare(options):
    """Compare on each database; return the exit status."""
    report = Report()
    with tempfile.TemporaryDirectory() as folder:
        options.provider = Provider(folder)
        try:
            compare_all(options, report)
        finally:
            options.provider.close()
    return report.finish()


def compare_all(options, report):
    """Compare all kinds on all databases."""
    for db in options.db or ("sqlite", "postgres"):
        for variant in VARIANTS if not options.shared else ():
            if options.variant in (None, variant.name):
                compare_on(db, variant, options, report)
        if options.number is None and not options.only and not options.variant:
            shared.play(db, report)
