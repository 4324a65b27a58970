# SPDX-License-Identifier: MIT
"""Stacks for the tests: shared ones, made once, and ones for a single test.

FCU_BUILD names the build folder. A stack is private (tests/stack), so several
runs may go on at once. When a stack ends its logs are searched for what the
sanitizers say.
"""

import os
import re
import signal
import sys
import tempfile

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "stack")]

import stack as stacks  # noqa: E402
from keeper import Keeper  # noqa: E402
from client import Client  # noqa: E402
from oauth_client import OAuth, preset_settings, settings_for  # noqa: E402
from provider import Provider  # noqa: E402
from renamed import RENAMED  # noqa: E402
import served  # noqa: E402

# The cheapest hashes there are; what is tested is not their strength.
CHEAP = ("password.memory_kib=8", "password.passes=1", "password.lanes=1")
COMPLAINT = re.compile(r"ERROR: \w+Sanitizer|runtime error:|Sanitizer:DEADLY")
# SIGSYS is what the sandbox ends a worker with.
DEATH = re.compile(r"event=worker_exited\b.*\bsignal=(\d+)")
DATABASES = ("sqlite", "postgres")
# The files of /docs and /redoc that npm fetches; a test must not need it.
FETCHED = ("swagger-ui-bundle.js", "swagger-ui.css", "oauth2-redirect.js",
           "favicon-32x32.png", "redoc.standalone.js")
# Every way in, for the tests that must hold whatever carries a request.
WAYS = [(db, server, ()) for server in served.servers(
    "nginx", "nginx-fd0", "apache-cgi") for db in DATABASES]
# And with other names of everything, and numbers for ids.
WAYS += [(db, served.SERVER, RENAMED) for db in DATABASES]
KEEPER = Keeper()


def pytest_configure(config):
    config.addinivalue_line("markers", "better(number): shows that deliberate "
                            "difference of the list in README.md")
    config.addinivalue_line("markers", "about(part, why): needs that part, "
                            "which not every web server has behind it")
    # A shell that starts us in the background has us ignore it, and with us
    # what tests start and end by it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    # As Ctrl-C does: fixtures are torn down.
    stacks.end_when_told(KeyboardInterrupt)
    # And when there is no time for that:
    stacks.witnesses.append(KEEPER.mind)


def pytest_collection_modifyitems(items):
    served.skip_what_is_not_here(items)


class House:
    """Makes stacks, and ends them."""

    def __init__(self):
        self.shared = {}
        self.running = []
        self.kept = tempfile.TemporaryDirectory(prefix="fastcgi-users-kept-")
        KEEPER.mind(self.kept.name)
        user = stacks.user_to_run_as()
        if user:
            os.chown(self.kept.name, user.pw_uid, user.pw_gid)

    def make(self, db="sqlite", settings=(), cheap=True, kind=stacks.Stack,
             **more):
        if kind is stacks.Stack:
            more.setdefault("server", served.SERVER)
            # Mail goes out where there is no pool, too.
            more.setdefault("courier", bool(served.CHOSEN)
                            and not served.PARTS["pool"])
        # A prefix of their own: `down --all` means stacks that people made.
        made = kind(db=db, prefix="fastcgi-users-test-",
                    cluster=os.path.join(self.kept.name, "cluster"),
                    settings=[*(CHEAP if cheap else ()), *settings], **more)
        try:
            made.start()
        except BaseException:
            made.remove()
            raise
        self.running.append(made)
        made.client = Client(made)
        # A test that kills says with what: no other signal ends a worker.
        made.kills_with = set()
        return made

    def get(self, db, server=served.SERVER, settings=(), mount="", www=None,
            guarded=()):
        """A stack that tests share; they must leave it as it was."""
        if guarded and not hasattr(stacks.SERVERS[server], "guarded"):
            pytest.skip(f"behind {server}: no example guards a location yet")
        key = db, server, tuple(settings), mount, www, tuple(guarded)
        if key not in self.shared:
            self.shared[key] = self.make(db, settings, server=server,
                                         mount=mount, www=www, workers=2,
                                         guarded=guarded)
            self.shared[key].workers_at_first = set(
                self.shared[key].worker_pids())
        return self.shared[key]

    def end(self, one):
        """Ends a stack; whatever its sanitizers said is a failure, and so is
        a worker that a signal ended which the test did not send."""
        self.running.remove(one)
        said = [f"{name} was ended by the signal {-handle.returncode}"
                for name, handle in one.handles.items()
                if (handle.poll() or 0) < 0
                and -handle.returncode not in one.kills_with]
        # Before it ends: how Apache's own processes do that is not ours.
        if one.web.says_death and not one.kills_with:
            said += filter(one.web.says_death.search, one.read(
                f"{one.web.process}.log").splitlines())
        one.stop()
        for name in one.handles:
            for line in one.read(f"{name}.log").splitlines():
                death = DEATH.search(line)
                if COMPLAINT.search(line) or (
                        death and int(death[1]) not in one.kills_with):
                    said.append(line)
        one.remove()
        assert not said, "\n".join(said)

    def end_all(self):
        failures = []
        for one in list(self.running):
            kept = getattr(one, "workers_at_first", None)
            if kept is not None and kept != set(one.worker_pids()):
                failures.append(
                    f"workers of {one.db}/{one.server} were replaced, so one "
                    "must have died:\n" + "\n".join(
                        line for line in one.program_log().splitlines()
                        if "event=request" not in line))
            try:
                self.end(one)
            except AssertionError as e:
                failures.append(str(e))
        assert not failures, "\n".join(failures)


@pytest.fixture(scope="session")
def house():
    made = House()
    try:
        yield made
    finally:
        made.end_all()
        made.kept.cleanup()


@pytest.fixture(scope="session", params=DATABASES)
def db(request):
    """Every test that asks for it runs on each database."""
    return request.param


@pytest.fixture(scope="session")
def www(tmp_path_factory):
    """A folder with what stands in for those files."""
    folder = tmp_path_factory.mktemp("www")
    (folder / "docs").mkdir()
    for name in FETCHED:
        (folder / "docs" / name).write_bytes(f"{name}\xff".encode("latin-1"))
    return str(folder)


@pytest.fixture
def stack(house, db):
    """A shared stack: web server, pools, cheap hashes."""
    return house.get(db)


@pytest.fixture
def client(stack):
    return stack.client


def name_way(way):
    return "-".join((*way[:2], *(("renamed",) if way[2] else ())))


@pytest.fixture(scope="session", params=WAYS, ids=name_way)
def any_way(request, house):
    """A client, once for each way into the program."""
    return house.get(*request.param).client


@pytest.fixture
def unmigrated(db):
    """The program and a database in which nothing is yet."""
    one = stacks.Stack(db=db)
    try:
        one.write_secrets()
        one.write_configuration()
        one.copy_program()
        if db == "postgres":
            one.postgres_start()
        else:
            one.run("touch", one.path("users.db"))
        yield one
    finally:
        one.remove()


@pytest.fixture
def new_stack(house):
    """Makes stacks for one test alone."""
    made = []

    def make(*arguments, **more):
        made.append(house.make(*arguments, **more))
        return made[-1]

    yield make
    failures = []
    for one in made:
        try:
            house.end(one)
        except AssertionError as e:
            failures.append(str(e))
    assert not failures, "\n".join(failures)


# Providers.

@pytest.fixture(scope="session")
def provider(tmp_path_factory):
    """The tests' own provider, without TLS."""
    made = Provider(str(tmp_path_factory.mktemp("provider")))
    yield made
    made.close()


@pytest.fixture(scope="session")
def tls_provider(tmp_path_factory):
    """Another one, with a certificate of a private authority."""
    made = Provider(str(tmp_path_factory.mktemp("tls-provider")), tls=True)
    yield made
    made.close()


@pytest.fixture
def oauth(house, db, provider):
    """A shared stack that knows the provider in several ways."""
    return OAuth(house.get(db, settings=settings_for(provider)), provider)


@pytest.fixture
def presets(house, db, provider):
    """A shared stack that knows it by every preset."""
    return OAuth(house.get(db, settings=preset_settings(provider)), provider)


@pytest.fixture
def new_oauth(new_stack, provider):
    """Makes stacks with a single worker that has asked nobody yet."""
    def make(settings=(), **more):
        provider.forget()
        return OAuth(new_stack(settings=[*settings_for(provider), *settings],
                               workers=1, **more), provider)
    yield make
    provider.forget()
