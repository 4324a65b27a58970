# SPDX-License-Identifier: MIT
"""Every line of doc/cookbook.md and of README.md's curl, as it stands there.

A block of the cookbook is a shell's session: a line behind "$ " is run, and
what follows is what it prints, where … stands for anything. All blocks are one
session. Whoever adds one writes it there and nothing here.
"""

import os
import re

import pytest
import stack as stacks

from programs import Programs

BLOCK = re.compile(r"^```\n(.*?)^```$", re.M | re.S)
MARK = "=-=-=-=-="
HOOK = """
event = json.load(sys.stdin)
with open(HERE + "/tokens", "a") as f:
    f.write(f"{event['event']} {event['user']['email']} {event['token']}\\n")
"""
# What the reader does in his mail program.
MAILED = r"""
mailed() {
	for try in $(seq 300); do
		found=$(sed -n "s/^$1 $2 //p" "$TOKENS" | tail -n 1)
		[ -z "$found" ] || { echo "$found"; return; }
		sleep 0.1
	done
	return 1
}
"""


def document(name):
    with open(os.path.join(stacks.TOP, name), encoding="utf-8") as file:
        return file.read()


def session(text):
    """(command, what it prints) of all blocks."""
    steps = []
    for block in BLOCK.findall(text):
        for line in block.splitlines():
            if line.startswith("$ "):
                steps.append((line[2:], []))
            else:
                steps[-1][1].append(line)
    return [(command, "\n".join(shown)) for command, shown in steps]


def matches(shown, printed):
    """Whether what is shown, with its …, is what was printed."""
    pattern = "(?s:.*)".join(re.escape(part) for part in shown.split("…"))
    return re.fullmatch(pattern, printed.strip()) is not None


def run(stack, script, **environment):
    return stack.run("/bin/bash", "-c", script, check=False, variables={
        "U": stack.base_url, **environment})


@pytest.fixture
def cookbook(house, db):
    """A stack of its own, since the cookbook says who there is."""
    programs = Programs()
    programs.write("hook", HOOK)
    programs.write("tokens", "")
    os.truncate(programs.path("tokens"), 0)
    os.chmod(programs.path("tokens"), 0o666)
    made = house.make(db, settings=(
        "api_keys.enabled=true",
        "hook.mail.events={after_forgot_password, after_request_verify}",
        f"hook.mail.program={programs.path('hook')}"))
    made.tokens = programs.path("tokens")
    yield made
    house.end(made)
    programs.remove()


def test_every_line_of_the_cookbook_does_what_it_shows(cookbook):
    steps = session(document("doc/cookbook.md"))
    script = MAILED + "".join(
        f"{command} || exit 1\necho; echo {MARK}\n" for command, _ in steps)

    done = run(cookbook, script, ADMIN=cookbook.superuser["email"],
               PASSWORD=cookbook.superuser["password"],
               TOKENS=cookbook.tokens)

    printed = done.stdout.split(MARK + "\n")
    assert len(steps) > 40
    for (command, shown), text in zip(steps, printed):
        assert matches(shown, text), f"{command}\nprinted: {text}"
    assert done.returncode == 0, done.stderr
    assert len(printed) == len(steps) + 1


def test_the_curl_of_the_readme_works_when_it_is_pasted(stack):
    text = document("README.md").partition("## Five lines of curl")[2]
    lines = [line[4:] for line in text.partition("\n## ")[0].splitlines()
             if line.startswith("    ")]
    assert lines[0].startswith("U=http://127.0.0.1:8080 ")
    lines[0] = lines[0].replace("http://127.0.0.1:8080", stack.base_url)

    done = run(stack, "\n".join(lines))

    assert done.returncode == 0, done.stderr
    answers = done.stdout.splitlines()
    assert len(answers) == 3, done.stdout
    assert answers[0] == answers[1]
    assert '"email":"queen.king.' in answers[2]


def test_a_wrong_line_of_the_cookbook_would_be_found():
    shown = '{"id":"…","email":"a@b.org",…}'

    assert matches(shown, '{"id":"5","email":"a@b.org","is_active":true}\n\n')
    assert not matches(shown, '{"id":"5","email":"b@b.org","x":1}')
    assert not matches("204", "2044")
    assert not matches("", "anything")
    assert session("```\n$ a\nb\nc\n$ d\n```\n") == [("a", "b\nc"), ("d", "")]
