"""The application's description of itself, and the pages that show it.

What they say is not compared here: openapi.json and openapi_differences.json
do that for the description, and a page of ours is written otherwise.
"""

from case import bearer, case, step

PATHS = ("/openapi.json", "/docs", "/docs/oauth2-redirect", "/redoc")


def page(name, *steps):
    """Return a case that is played where the files of the pages are."""
    return case("pages", name, *steps, pages=True)


def cases():
    """Return all cases of this file."""
    for path in PATHS:
        yield page(f"GET {path}", step("GET", path, unread=True))
        yield page(
            f"GET {path} with a query", step("GET", f"{path}?a=b", unread=True)
        )
        yield page(
            f"GET {path} with a token",
            step("GET", path, headers=bearer("USER"), unread=True),
        )
        yield page(f"HEAD {path}", step("HEAD", path))
        yield page(f"GET {path}/", step("GET", f"{path}/"))
        yield page(f"GET {path}/x", step("GET", f"{path}/x"))
        for method in ("POST", "PUT", "PATCH", "DELETE", "OPTIONS"):
            yield page(f"{method} {path}", step(method, path))
    for path in ("/openapi", "/openapi.yaml", "/OpenAPI.json", "/Docs", "/docs/oauth2"):
        yield page(f"GET {path}", step("GET", path))
