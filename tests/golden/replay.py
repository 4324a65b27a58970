"""Play the recorded cases against a server.

    replay.py BASE_URL STATE.json [--only WORD] [--skip WORD] [--later]
              [--direct] [--policy] [--reference] [--list]

STATE.json holds {"superuser": {"email", "password"}}; with
  "secrets": {"jwt", "bearer", "reset", "verify"}  cases with signed tokens run
                     (some only where jwt and bearer differ),
  "token_log": PATH  cases that need a mailed token run: the server appends a
                     line {"event", "email", "token"} to that file.

--only, --skip  by group or by a part of the sentence; may be repeated
--later         also forgot-password, reset-password and verification
--direct        also what a web server in front resolves or refuses by itself
--policy        only the cases of a server that refuses short passwords
--reference     compare with the reference where ours differs on purpose
--list          name the groups and how many cases each has, play nothing
"""

import argparse
import json
import sys
from collections import Counter
from pathlib import Path

from player import Player, Skip

GOLDEN = Path(__file__).resolve().parent / "golden.json"


def arguments():
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("base", nargs="?")
    parser.add_argument("state", nargs="?")
    parser.add_argument("--only", action="append", default=[])
    parser.add_argument("--skip", action="append", default=[])
    for name in ("--later", "--direct", "--pages", "--policy", "--reference", "--list"):
        parser.add_argument(name, action="store_true")
    return parser.parse_args()


def matches(case, words):
    """Tell whether a case has one of these words."""
    return any(word == case["group"] or word in case["name"] for word in words)


def chosen(cases, options):
    """Return the cases to play."""
    return [
        case
        for case in cases
        if case.get("policy", False) == options.policy
        and (options.later or not case.get("later", False))
        and (options.direct or not case.get("direct", False))
        and (options.pages or not case.get("pages", False))
        and (not options.only or matches(case, options.only))
        and not matches(case, options.skip)
    ]


def run(player, cases, reference):
    """Play the cases; return how many passed and failed, and why some did not run."""
    passed = failed = 0
    skipped = Counter()
    for case in cases:
        try:
            found = player.play(case, reference)
        except Skip as reason:
            skipped[str(reason)] += 1
            continue
        except (OSError, RuntimeError, ValueError) as error:
            found = [f"{type(error).__name__}: {error}"]
        if found:
            failed += 1
            print(f"FAILED {case['group']}: {case['name']}: " + "; ".join(found))
        else:
            passed += 1
    return passed, failed, skipped


def main():
    """Play what was asked for and say how it went."""
    options = arguments()
    golden = json.loads(GOLDEN.read_text(encoding="ascii"))
    if options.list:
        for group, count in Counter(c["group"] for c in golden["cases"]).items():
            print(f"{count:5} {group}")
        return 0
    state = json.loads(Path(options.state).read_text(encoding="utf-8"))
    player = Player(options.base, state, golden["tokens"])
    player.prepare()
    try:
        passed, failed, skipped = run(
            player, chosen(golden["cases"], options), options.reference
        )
    finally:
        player.clean()
    for reason, count in skipped.items():
        print(f"{count} skipped: {reason}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
