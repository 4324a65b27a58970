# SPDX-License-Identifier: MIT
"""What shells complete, asked of the shells."""

import os
import shutil
import subprocess

import pytest
import stack as stacks

FOLDER = os.path.join(stacks.TOP, "etc", "completion")
ASK = r"""
source "$1"; shift
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
_fastcgi_users
printf '%s\n' "${COMPREPLY[@]}"
"""
# What zsh's own functions are told, instead of a terminal's user.
ZSH = r"""
emulate -R zsh
compdef() { }
_describe() { print -rl -- "${(@P)${@[-1]}}" }
_arguments() {
    if [[ $1 == -C ]]; then
        shift words_given 2>/dev/null
        state=$wanted; (( $#rest )) && words=($rest) && CURRENT=$#rest
        return 1
    fi
    print -rl -- "$@"
}
source "$1"; wanted=$2; shift 2; rest=("$@")
_fastcgi-users
"""


def bash(*words):
    done = subprocess.run(
        ["bash", "--norc", "-c", ASK, "bash",
         os.path.join(FOLDER, "fastcgi-users.bash"), "fastcgi-users", *words],
        capture_output=True, text=True, check=True, timeout=60,
        cwd=stacks.TOP)
    assert done.stderr == ""
    return set(done.stdout.split())


def zsh(state, *words):
    shell = shutil.which("zsh")
    if shell is None:
        pytest.skip("zsh is missing")
    done = subprocess.run(
        [shell, "-f", "-c", ZSH, "zsh",
         os.path.join(FOLDER, "_fastcgi-users"), state, *words],
        capture_output=True, text=True, check=True, timeout=60)
    assert done.stderr == ""
    return done.stdout.splitlines()


@pytest.mark.parametrize("words, expected", (
    (("lim",), {"limits"}),
    (("-c", "RE"), {"README.md"}),
    (("--config", "=", "RE"), {"README.md"}),
    (("limits", ""), {"list", "clear", "--help"}),
    (("-c", "x.conf", "limits", "c"), {"clear"}),
    (("--config", "=", "x.conf", "limits", "c"), {"clear"}),
    (("limits", "clear", "--"),
     {"--account", "--network", "--all", "--help"}),
    (("outbox", "list", "--state", ""), {"waiting", "dead"}),
    (("outbox", "list", "--state", "=", "w"), {"waiting"}),
    (("outbox", "list", "--state", "="), {"waiting", "dead"}),
    (("outbox", "list", "--event", ""), set()),
    (("user", "set", "--active", "=", ""), {"yes", "no"}),
    (("user", "set", "--active", "--js"), {"--json"}),
    (("user", "set", "a@example.org", "--js"), {"--json"}),
    (("check", "--d"), {"--dump", "--defaults"}),
    (("migrate", ""), {"plan", "apply", "status", "--quiet", "--help"}),
    (("no-such-command", ""), set())))
def test_bash_completes(words, expected):
    assert bash(*words) == expected


def test_bash_knows_all_commands():
    assert {"pool", "migrate", "user", "completion", "-c"} <= bash("")


def test_zsh_completes_commands_and_actions():
    assert any(line.startswith("limits:") for line in zsh("command"))
    assert [line.split(":")[0] for line in zsh("argument", "limits", "")] == [
        "list", "clear"]


def test_zsh_completes_options():
    told = zsh("argument", "outbox", "list", "")

    assert "*--state=[of this state only]:which:(waiting dead)" in told
    assert "*--json[a JSON object a line]" in told
    told = zsh("argument", "user", "set", "")
    assert "*--active=-[whether he may sign in]::which:(yes no)" in told
    assert "*--dump[show the settings in force, with secrets masked]" in zsh(
        "argument", "check", "")


def test_zsh_can_complete_a_line_on_a_terminal():
    """With its own functions, in a terminal of its own (zpty)."""
    shell = shutil.which("zsh")
    if shell is None:
        pytest.skip("zsh is missing")
    script = r"""
zmodload zsh/zpty || exit 77
zpty -b z "$1 -f -i"
say() { zpty -w z "$1" }
say "PS1='> '; fpath=($2 \$fpath); autoload -Uz compinit; compinit -D -u"
say "fastcgi-users() { print -r -- DONE:\$* }"
zpty -n -w z $'fastcgi-users limits cl\t--al\t\n'
for i in {1..200}; do
    zpty -r -t z line && print -rn -- $line
    [[ $line == *DONE:limits*--all* ]] && exit 0
    sleep 0.05
done
exit 1
"""
    done = subprocess.run([shell, "-f", "-c", script, "zsh", shell, FOLDER],
                          capture_output=True, text=True, check=False,
                          timeout=60, env={**os.environ, "TERM": "dumb"})
    if done.returncode == 77:
        pytest.skip("zsh has no zpty")
    assert done.returncode == 0, done.stdout
