# SPDX-License-Identifier: MIT
"""What the API tells about itself, and the pages that show it."""

import fnmatch
import html.parser
import json
import os
import re

import pytest

from client import PASSWORD, new_email
from commands import run_with
from conftest import FETCHED
from served import servers
from test_golden import GOLDEN

METHODS = {"get", "put", "post", "delete", "options", "head", "patch"}
TYPES = {"string": str, "boolean": bool, "integer": int, "number": (int, float),
         "object": dict, "array": list}


def golden(name):
    with open(os.path.join(GOLDEN, name), encoding="utf-8") as file:
        return json.load(file)


REFERENCE = golden("openapi.json")
ALLOWED = golden("openapi_differences.json")


def document_of(client, path="/openapi.json"):
    answer = client.get(path)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == "application/json"
    return answer.json()


def differences(theirs, ours, at=""):
    """(JSON pointer, the value of ours or None) wherever the two differ; the
    order of parameters means nothing."""
    if at.endswith("/parameters"):
        theirs, ours = ({p["name"]: p for p in side} for side in (theirs, ours))
    if isinstance(theirs, dict) and isinstance(ours, dict):
        for name in sorted(theirs.keys() | ours.keys()):
            step = name.replace("~", "~0").replace("/", "~1")
            yield from differences(theirs.get(name), ours.get(name),
                                   f"{at}/{step}")
    elif theirs != ours or isinstance(theirs, bool) != isinstance(ours, bool):
        yield at, ours


def allowed(at, ours):
    """The row of the list that lets a difference be, or None."""
    return next((row for row in ALLOWED if fnmatch.fnmatchcase(at, row["at"])
                 and row["ours"] == ours), None)


def same_application(house, recorded):
    """A stack with the routes and refusals of the reference, and no others."""
    return house.get("sqlite", settings=(
        "admin.routes=false", "admin.keep_superuser=false",
        "idempotency.enabled=false", "users.etag=false",
        *recorded["settings"]))


@pytest.fixture(scope="session", params=sorted(REFERENCE))
def described(request, house):
    """(the reference's document, ours) of each recorded application."""
    recorded = REFERENCE[request.param]
    return recorded["document"], document_of(same_application(
        house, recorded).client)


# Nearly all that is ours at once.
PROVIDER = ("client_id=id", "client_secret=secret", "id_path=id",
            "authorize_url=https://a.example/a",
            "token_url=https://a.example/t", "profile_url=https://a.example/p")
EVERYTHING = (
    "users.delete_me=true", "api_keys.enabled=true", "limits.enabled=true",
    "routes.users_require_verification=true", "admin.batch_limit=3",
    "hook.judge.program=/bin/true", "hook.judge.events={before_delete}",
    *(f"provider.{name}.{setting}" for name in ("a-b", "a_b")
      for setting in ("backend=jwt", *PROVIDER)))


@pytest.fixture(scope="session", params=[*sorted(REFERENCE), "everything"])
def document(request, house):
    """Our own of each of these applications, and of one with everything."""
    if request.param != "everything":
        return document_of(same_application(
            house, REFERENCE[request.param]).client)
    return document_of(house.get("sqlite", settings=EVERYTHING).client)


def test_it_is_the_references_own_description(described):
    found = list(differences(*described))

    assert [(at, ours) for at, ours in found if not allowed(at, ours)] == []


def test_the_list_of_differences_holds_nothing_that_is_none(house):
    used = set()
    for recorded in REFERENCE.values():
        ours = document_of(same_application(house, recorded).client)
        used |= {id(allowed(*found))
                 for found in differences(recorded["document"], ours)}

    assert [row["at"] for row in ALLOWED if id(row) not in used] == []


def values(node, name):
    """Every value of a member of this name, anywhere below."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key == name:
                yield value
            yield from values(value, name)
    elif isinstance(node, list):
        for value in node:
            yield from values(value, name)


def operations(document):
    for path, item in document["paths"].items():
        assert path.startswith("/")
        assert set(item) <= METHODS
        for method, operation in item.items():
            yield path, method, operation


def test_every_reference_leads_somewhere_and_nothing_is_left_over(document):
    schemas = document["components"]["schemas"]
    seen = set(values(document, "$ref"))

    assert seen == {f"#/components/schemas/{name}" for name in schemas}


def test_operations_are_unique_and_complete(document):
    ids = [o["operationId"] for _, _, o in operations(document)]

    assert len(set(ids)) == len(ids) > 5
    for path, method, operation in operations(document):
        names = {p["name"] for p in operation.get("parameters", ())
                 if p["in"] == "path"}
        assert names == set(re.findall(r"\{([^}]+)\}", path))
        assert operation["summary"]
        assert any(status.startswith("2") for status in operation["responses"])
        for status, answer in operation["responses"].items():
            assert re.fullmatch(r"[1-5]\d\d", status)
            assert answer["description"]
        if "requestBody" in operation:
            assert method in ("post", "patch") or path.endswith("/me")


def test_the_security_that_is_asked_for_is_described(described):
    _, document = described
    schemes = document["components"]["securitySchemes"]
    asked = {name for _, _, o in operations(document)
             for each in o.get("security", ()) for name in each}

    assert asked == set(schemes) == {"APIKeyCookie", "OAuth2PasswordBearer"}
    url = schemes["OAuth2PasswordBearer"]["flows"]["password"]["tokenUrl"]
    assert f"/{url}" in document["paths"]


def fits(value, schema, schemas):
    """Whether a value is what a schema of ours allows."""
    if "$ref" in schema:
        return fits(value, schemas[schema["$ref"].rsplit("/", 1)[1]], schemas)
    if "anyOf" in schema:
        return any(fits(value, one, schemas) for one in schema["anyOf"])
    if schema.get("type") == "null":
        return value is None
    if "type" in schema and not isinstance(value, TYPES[schema["type"]]):
        return False
    if "const" in schema and value != schema["const"]:
        return False
    if "items" in schema:
        return all(fits(one, schema["items"], schemas) for one in value)
    if "additionalProperties" in schema:
        return all(fits(one, schema["additionalProperties"], schemas)
                   for one in value.values())
    members = schema.get("properties")
    if members is None:
        return True
    return (set(schema.get("required", ())) <= set(value)
            and set(value) <= set(members)
            and all(fits(v, members[n], schemas) for n, v in value.items()))


def test_examples_are_what_their_schemas_say(document):
    schemas = document["components"]["schemas"]
    count = 0
    for content in values(document, "application/json"):
        examples = [e["value"] for e in content.get("examples", {}).values()]
        examples += [content["example"]] if "example" in content else []
        for example in examples:
            assert fits(example, content["schema"], schemas), example
            count += 1
    assert count > 5


def described_answer(document, path, method, status):
    answer = document["paths"][path][method]["responses"][str(status)]
    return answer.get("content", {}).get("application/json", {}).get("schema")


def test_answers_are_as_described(client):
    document = document_of(client)
    schemas = document["components"]["schemas"]
    user, token = client.newcomer()
    form = {"username": user["email"], "password": "wrong"}
    asked = [
        ("/auth/bearer/login", "post", client.post("/auth/bearer/login",
                                                   data=form)),
        ("/auth/register", "post", client.post("/auth/register", json=dict(
            user, password="long enough 1"))),
        ("/auth/register", "post", client.post("/auth/register", json={})),
        ("/users/me", "get", client.get("/users/me", token=token)),
        ("/users/me", "get", client.get("/users/me")),
        ("/users/me", "patch", client.patch("/users/me", token=token,
                                            json={"password": "x"})),
        ("/users/{id}", "get", client.get("/users/1", token=token)),
        ("/users/{id}", "get", client.get("/users/1", token=client.admin())),
    ]
    for path, method, answer in asked:
        schema = described_answer(document, path, method, answer.status_code)
        assert schema is None or fits(answer.json(), schema, schemas), answer
    assert [a.status_code for _, _, a in asked] == [400, 400, 422, 200, 401,
                                                    400, 403, 404]


def refusals(document, path, method, status):
    """The details that it may have."""
    answer = document["paths"][path][method]["responses"].get(str(status), {})
    return [example["value"]["detail"] for content in values(answer, "examples")
            for example in content.values()]


def test_what_we_refuse_beyond_the_reference_is_described_too(house):
    document = document_of(house.get("sqlite", settings=(
        "users.delete_me=true",)).client)

    for path, method in (("/users", "post"), ("/auth/register", "post"),
                         ("/users/batch", "patch")):
        assert refusals(document, path, method, 409) == [
            "IDEMPOTENCY_KEY_IN_USE"]
        assert "IDEMPOTENCY_KEY_INVALID" in refusals(document, path, method, 400)
    assert refusals(document, "/users/{id}", "delete", 400) == [
        "LAST_SUPERUSER"]
    assert refusals(document, "/users/me", "delete", 403) == [
        "DELETE_ME_NEEDS_PASSWORD"]
    without = document_of(house.get("sqlite", settings=(
        "idempotency.enabled=false", "admin.keep_superuser=false")).client)
    assert not refusals(without, "/users", "post", 409)
    assert not refusals(without, "/users/{id}", "delete", 400)


def test_what_is_described_is_what_is_answered(house):
    """Each in the form in which it comes, and none that never does."""
    client = house.get("sqlite", settings=(
        "users.delete_me=true", "api_keys.enabled=true")).client
    document = document_of(client)
    schemas = document["components"]["schemas"]
    _, token = client.newcomer()
    keys, key = "/users/me/keys", "/users/me/keys/{key}"

    lowered = client.patch("/users/me", token=client.admin(), json={
        "is_superuser": False, "is_active": False})
    invalid = client.post(keys, token=token, json={"name": "a", "scope": "x"})
    gone = client.delete(keys + "/0123456789abcdef", token=token)
    _, reused = (client.post("/auth/register", headers={
        "Idempotency-Key": "described"}, json={
            "email": new_email(), "password": PASSWORD}) for _ in range(2))

    assert lowered.status_code == 200
    assert "LAST_SUPERUSER" not in refusals(document, "/users/me", "patch", 400)
    for path, method, answer in ((keys, "post", invalid), (key, "delete", gone),
                                 ("/auth/register", "post", reused)):
        schema = described_answer(document, path, method, answer.status_code)
        assert schema and fits(answer.json(), schema, schemas), answer.text
    assert [one["code"] for one in refusals(document, keys, "post", 400)
            if isinstance(one, dict)] == [invalid.json()["detail"]["code"]]
    assert refusals(document, "/auth/register", "post", 422) == [
        reused.json()["detail"]]


def test_what_becomes_of_a_batch_is_described(house):
    client = house.get("sqlite", settings=EVERYTHING).client
    document = document_of(client)
    schemas = document["components"]["schemas"]
    path = "/users/batch"
    one = {"email": new_email(), "password": PASSWORD}

    for method, users in (("post", [one, one]), ("patch", [{
            "id": client.register()["id"], "is_active": 1}, {"id": "x"}])):
        sent = {"users": users, "all_or_none": True}
        refused = client.request(method.upper(), path, token=client.admin(),
                                 json=sent)
        too_many = client.request(method.upper(), path, token=client.admin(),
                                  json={"users": users * 2})

        assert refused.json()["detail"]["code"] == "BATCH_NOT_APPLIED"
        assert too_many.status_code == 413
        for answer in (refused, too_many):
            schema = described_answer(document, path, method,
                                      answer.status_code)
            assert schema and fits(answer.json(), schema, schemas), answer.text
        assert [set(told) for told in refusals(document, path, method, 400)
                if isinstance(told, dict)] == [set(refused.json()["detail"])]
    for name in ("UserBatchCreate", "UserBatchUpdate"):
        assert schemas[name]["properties"]["users"]["maxItems"] == 3


def headers_described(document, path, method):
    return {p["name"] for p in document["paths"][path][method].get(
        "parameters", ()) if p["in"] == "header"}


def test_headers_that_count_are_described(house):
    document = document_of(house.get("sqlite", settings=EVERYTHING).client)
    conditions = {"If-Match", "If-None-Match"}
    once = {("/auth/register", "post"), ("/users", "post"),
            ("/users/batch", "post"), ("/users/batch", "patch")}
    conditional = {("/users/me", "get"), ("/users/me", "patch"),
                   ("/users/me", "delete"), ("/users/{id}", "get"),
                   ("/users/{id}", "patch"), ("/users/{id}", "delete")}

    for path, method, operation in operations(document):
        route = path, method
        expected = ({"Idempotency-Key"} if route in once else
                    conditions if route in conditional else set())
        assert headers_described(document, path, method) == expected, route
        assert ("412" in operation["responses"]) == (route in conditional)
        assert ("304" in operation["responses"]) == (
            route in conditional and method == "get")
    without = document_of(house.get("sqlite", settings=(
        "idempotency.enabled=false", "users.etag=false")).client)
    assert not any(headers_described(without, path, method)
                   for path, method, _ in operations(without))


def test_headers_count_where_they_are_described(house):
    """Each of the conditions, where none of them holds."""
    client = house.get("sqlite", settings=(
        "users.delete_me=true",)).client
    document = document_of(client)
    user, token = client.newcomer()

    for path, method, operation in list(operations(document)):
        if "412" not in operation["responses"]:
            continue
        asked = path.format(id=user["id"])
        more = {"token": token if path.endswith("/me") else client.admin(),
                **({} if method == "get" else {"json": {}})}
        tag = client.get(asked, token=more["token"]).headers["ETag"]
        other, known = (client.request(
            method.upper(), asked, headers=headers, **more).status_code
            for headers in ({"If-Match": '"x"'}, {"If-None-Match": tag}))
        assert (other, known) == (412, 304 if method == "get" else 412), path


def test_a_program_that_may_refuse_a_deletion_is_described(house):
    document = document_of(house.get("sqlite", settings=EVERYTHING).client)
    without = document_of(house.get("sqlite", settings=(
        "users.delete_me=true", "hook.judge.program=/bin/true",
        "hook.judge.events={validate_password}")).client)

    def refused(told, path):
        return [d["code"] for d in refusals(told, path, "delete", 403)
                if isinstance(d, dict)]

    for path in ("/users/{id}", "/users/me"):
        assert refused(document, path) == ["DELETE_USER_REFUSED"]
        assert refused(without, path) == []


def test_keys_are_described_where_they_are_taken(house):
    """With the scope that they need, also where no backend is a bearer's."""
    document = document_of(house.get("sqlite", settings=(
        "api_keys.enabled=true", "users.delete_me=true",
        "backend.bearer.transport=cookie",
        "backend.bearer.cookie_name=second")).client)
    schemes = document["components"]["securitySchemes"]
    scopes = {("/users/me", "get"): "me:read",
              ("/users/me", "patch"): "me:write",
              ("/users", "get"): "users:read",
              ("/users", "post"): "users:write",
              ("/users/batch", "post"): "users:write",
              ("/users/batch", "patch"): "users:write",
              ("/users/{id}", "get"): "users:read",
              ("/users/{id}", "patch"): "users:write",
              ("/users/{id}", "delete"): "users:write"}

    assert set(schemes) == {"APIKeyCookie", "APIKeyBearer"}
    assert schemes["APIKeyBearer"] == {
        "type": "http", "scheme": "bearer",
        "description": "A personal API key with the scope that is named."}
    for path, method, operation in operations(document):
        asked = [one["APIKeyBearer"] for one in operation.get("security", ())
                 if "APIKeyBearer" in one]
        scope = scopes.get((path, method))
        assert asked == ([[scope]] if scope else []), (path, method)
    assert "APIKeyBearer" not in document_of(house.get(
        "sqlite").client)["components"]["securitySchemes"]


def forbidden(document):
    """Why each operation that takes a user may be forbidden to him."""
    return {(path, method): operation["responses"].get("403", {}).get(
        "description", "") for path, method, operation in operations(document)
        if "security" in operation}


def test_where_a_key_is_refused_is_described(house):
    client = house.get("sqlite", settings=(
        "users.delete_me=true", "api_keys.enabled=true")).client
    user, token = client.newcomer()
    key = client.post("/users/me/keys", token=token, json={
        "name": "a", "scope": "check"}).json()["key"]
    document = document_of(client)
    security = {(path, method): operation.get("security", ())
                for path, method, operation in operations(document)}

    for (path, method), why in forbidden(document).items():
        taken = any("APIKeyBearer" in one for one in security[path, method])
        answer = client.request(
            method.upper(), path.format(id=user["id"], key="0" * 16),
            token=key, **({} if method == "get" else {"json": {}}))
        assert answer.status_code == 403, path
        assert ("An API key without the scope." in why) == taken, path
        assert ("API keys are not taken here." in why) != taken, path
    assert not any("key" in why for why in forbidden(document_of(house.get(
        "sqlite", settings=("users.delete_me=true",)).client)).values())


def test_other_sites_are_described_on_our_own_routes(house):
    """The reference's are left as they are, since it never is that strict."""
    ours = ("users.delete_me=true", "api_keys.enabled=true")

    def of(*settings):
        return {route for route, why in forbidden(document_of(house.get(
            "sqlite", settings=settings).client)).items()
            if "another site" in why}

    assert of(*ours) == {
        ("/users", "post"), ("/users/batch", "post"), ("/users/batch", "patch"),
        ("/users/me", "delete"), ("/users/me/keys", "post"),
        ("/users/me/keys/{key}", "delete"),
        ("/users/{id}/keys/{key}", "delete")}
    assert of(*ours, "sessions.check_origin=false") == set()
    assert of(*ours, "backend.jwt.transport=bearer") == set()


def test_no_answer_is_described_twice(house):
    def once(pairs):
        assert len(dict(pairs)) == len(pairs), [name for name, _ in pairs]
        return dict(pairs)

    json.loads(house.get("sqlite", settings=EVERYTHING).client
               .get("/openapi.json").text, object_pairs_hook=once)


@pytest.mark.parametrize("name", sorted(REFERENCE))
def test_a_user_is_as_described(house, name):
    client = house.get("sqlite", settings=tuple(
        REFERENCE[name]["settings"])).client
    document = document_of(client)
    path = next(path for path, _, operation in operations(document)
                if operation["summary"] == "Register:Register")
    schema = described_answer(document, path, "post", 201)
    schemas = document["components"]["schemas"]

    answer = client.post(path, json={
        "email": new_email(), "password": PASSWORD, "first_name": "Eve"})

    assert answer.status_code == 201
    assert fits(answer.json(), schema, schemas)
    members = schemas[schema["$ref"].rsplit("/", 1)[1]]["properties"]
    assert list(answer.json()) == list(members)


def id_described(client):
    schemas = document_of(client)["components"]["schemas"]
    return schemas["UserRead"]["properties"]["id"]["type"]


def test_what_ids_are_is_told_anew_once_there_is_a_table(new_stack):
    stack = new_stack("sqlite", workers=1)
    empty = stack.path("empty.db")
    stack.run("touch", empty)
    stack.settings["database", None]["url"] = "sqlite:" + empty
    stack.reload()

    # More often than a worker could keep the documents.
    told = {id_described(stack.client) for _ in range(200)}
    done = run_with(stack, 'users { id = "integer" }\n', "migrate")

    assert told == {"string"}
    assert done.returncode == 0, done.stderr
    assert id_described(stack.client) == "integer"
    assert id_described(stack.client) == "integer"


def test_nobody_need_sign_in_to_read_it(any_way):
    assert document_of(any_way)["openapi"] == "3.1.0"


def test_who_has_it_is_told_so(any_way):
    first = any_way.get("/openapi.json")
    tag = first.headers["ETag"]

    assert first.headers["Cache-Control"] == "no-cache"
    assert re.fullmatch(r'"[0-9a-f]{32}"', tag)
    for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        again = any_way.get("/openapi.json", headers={"If-None-Match": known})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["ETag"] == tag
        assert "Content-Type" not in again.headers
    for other in ('"other"', tag[1:-1], ""):
        again = any_way.get("/openapi.json", headers={"If-None-Match": other})
        assert (again.status_code, again.content) == (200, first.content)


def test_head_tells_what_get_would(any_way):
    got = any_way.get("/openapi.json")
    head = any_way.request("HEAD", "/openapi.json")

    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["ETag"] == got.headers["ETag"]
    # Apache keeps the length to itself.
    assert int(head.headers.get("Content-Length", len(got.content))) == len(
        got.content)


def test_it_names_the_server_only_where_it_is_mounted(house):
    mounted = house.get("sqlite", mount="/account").client
    plain = house.get("sqlite").client

    ours = document_of(mounted)
    assert ours.pop("servers") == [{"url": "/account"}]
    assert ours == document_of(plain)


def test_it_can_be_switched_off(house, www):
    client = house.get("sqlite", www=www, settings=(
        "openapi.enabled=false",)).client

    for path in ("/openapi.json", "/docs", "/docs/oauth2-redirect", "/redoc"):
        assert client.get(path).status_code == 404


@pytest.mark.parametrize("off, on", [("docs", "redoc"), ("redoc", "docs")])
def test_each_page_can_be_switched_off(house, www, off, on):
    client = house.get("sqlite", www=www, settings=(
        f"openapi.{off}=false",)).client

    assert client.get(f"/{off}").status_code == 404
    assert client.get(f"/{off}/oauth2-redirect").status_code == 404
    assert client.get(f"/{on}").status_code == 200
    assert client.get("/openapi.json").status_code == 200


def test_without_their_files_there_are_no_pages(house):
    client = house.get("sqlite", settings=("openapi.www=/nonexistent",)).client

    for path in ("/docs", "/docs/oauth2-redirect", "/redoc"):
        answer = client.get(path)
        assert (answer.status_code, answer.json()) == (
            404, {"detail": "Not Found"})
    assert client.get("/openapi.json").status_code == 200


# The pages.
CONTENT_TYPES = {"css": "text/css", "js": "text/javascript",
                 "png": "image/png"}
# What each page loads, by its attribute, and what it tells its script.
PAGES = {
    "/docs": ({"favicon-32x32.png", "swagger-ui.css", "swagger-ui-bundle.js",
               "docs.js"},
              {"data-url": "/openapi.json",
               "data-redirect": "/docs/oauth2-redirect"}),
    "/docs/oauth2-redirect": ({"favicon-32x32.png", "oauth2-redirect.js"}, {}),
    "/redoc": ({"favicon-32x32.png", "redoc.css", "redoc.standalone.js"},
               {"spec-url": "/openapi.json"}),
}


@pytest.fixture(params=[(server, mount)
                        for server in servers("nginx", "apache-cgi")
                        for mount in ("", "/account")], ids="".join)
def shown(request, house, www):
    """A client of a stack that has the pages, wherever it is mounted."""
    server, mount = request.param
    return house.get("sqlite", server=server, mount=mount, www=www).client


class Page(html.parser.HTMLParser):
    """What a page loads, tells, and does by itself."""

    def __init__(self, text):
        super().__init__()
        self.loads, self.tells, self.inline = set(), {}, []
        self.title = None
        self.open = None
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.open = tag
        for name, value in attributes:
            if name in ("src", "href"):
                self.loads.add(value)
            elif name.startswith("data-") or name == "spec-url":
                self.tells[name] = value
            elif name == "style" or name.startswith("on"):
                self.inline.append((name, value))

    def handle_data(self, data):
        if self.open == "title" and self.title is None:
            self.title = data
        if self.open in ("script", "style") and data.strip():
            self.inline.append((self.open, data))


@pytest.mark.parametrize("path", PAGES)
def test_a_page_loads_nothing_but_files_of_ours(shown, path):
    mount = shown.stack.mount
    loads, tells = PAGES[path]

    answer = shown.get(path)
    page = Page(answer.text)

    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert page.loads == {f"{mount}/docs/{name}" for name in loads}
    assert page.tells == {n: f"{mount}{value}" for n, value in tells.items()}
    assert page.inline == []
    for name in loads:
        file = shown.get(f"/docs/{name}")
        assert file.status_code == 200
        assert file.headers["Content-Type"].split(";")[0] == CONTENT_TYPES[
            name.rsplit(".", 1)[1]]
        assert file.headers["X-Content-Type-Options"] == "nosniff"
        assert name not in FETCHED or file.content == (
            f"{name}\xff".encode("latin-1"))


@pytest.mark.parametrize("path", PAGES)
def test_a_page_may_load_nothing_else(shown, path):
    policy = shown.get(path).headers["Content-Security-Policy"]
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))

    assert rules["default-src"] == "'none'"
    assert rules["frame-ancestors"] == "'none'"
    assert rules["script-src"] == rules["connect-src"] == "'self'"
    assert "unsafe" not in policy
    assert "//" not in policy


def test_only_the_files_of_the_pages_are_served(shown):
    for path in ("/docs/", "/docs/robots.txt", "/docs/nothing.js",
                 "/docs/../docs.js", "/docs/..%2frobots.js"):
        assert shown.get(path).status_code in (307, 400, 404)


def test_a_title_is_no_markup(house, www):
    client = house.get("sqlite", www=www, settings=(
        """openapi.api_title=</title><script>'&amp;""",)).client

    for path, name in (("/docs", "Swagger UI"), ("/redoc", "ReDoc")):
        page = Page(client.get(path).text)
        assert page.title == f"</title><script>'&amp; - {name}"
        assert page.inline == []


@pytest.mark.parametrize("setting, complaint", [
    ("user_read=User Read", "must be letters"),
    ("user_create=", "must be letters"),
    ("user_update=UserRead", "is user_read already"),
    ("www=docs", "must be an absolute path"),
])
def test_a_description_that_could_not_be_read_is_refused(new_stack, setting,
                                                         complaint):
    stack = new_stack("sqlite")
    name, _, value = setting.partition("=")
    stack.settings["openapi", None][name] = value
    stack.write_configuration()

    done = stack.program_command("check", check=False)

    assert done.returncode != 0
    assert complaint in done.stderr
    assert f"openapi.{name}" in done.stderr
