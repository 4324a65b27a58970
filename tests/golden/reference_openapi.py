#!/usr/bin/env python3
"""Records how the reference describes itself.

  reference/bin/python reference_openapi.py

Writes openapi.json: for each name of an application below, the settings that
make ours the same one, and the reference's own OpenAPI document of it. Nothing
is served, and no database is asked.
"""

import datetime
import json
import os
import uuid
from typing import Annotated, Literal

from fastapi import FastAPI
from fastapi_users import FastAPIUsers, schemas
from fastapi_users.authentication import (
    AuthenticationBackend,
    BearerTransport,
    CookieTransport,
    JWTStrategy,
)
from httpx_oauth.oauth2 import OAuth2
from pydantic import Field

# Each method of a path and each schema is a line of the file.
LEVELS = 5
OUT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "openapi.json")


class UserRead(schemas.BaseUser[uuid.UUID]):
    pass


class UserCreate(schemas.BaseUserCreate):
    pass


class UserUpdate(schemas.BaseUserUpdate):
    pass


class PersonRead(schemas.BaseUser[uuid.UUID]):
    pass


class PersonCreate(schemas.BaseUserCreate):
    pass


class PersonUpdate(schemas.BaseUserUpdate):
    pass


async def get_user_manager():
    """Nobody asks for one."""
    yield None


def get_strategy():
    """Nobody asks for one."""
    return JWTStrategy("", lifetime_seconds=3600)


def backend(name, transport):
    return AuthenticationBackend(name, transport, get_strategy)


COOKIE = backend("jwt", CookieTransport())
BEARER = backend("bearer", BearerTransport("auth/bearer/login"))


def application(user_read=UserRead, key=uuid.UUID, user_create=UserCreate,
                user_update=UserUpdate):
    """What the documentation of the reference builds."""
    users = FastAPIUsers[None, key](get_user_manager, [COOKIE, BEARER])
    app = FastAPI()
    for one in (COOKIE, BEARER):
        app.include_router(users.get_auth_router(one),
                           prefix=f"/auth/{one.name}", tags=["auth"])
    app.include_router(users.get_register_router(user_read, user_create),
                       prefix="/auth", tags=["auth"])
    app.include_router(users.get_reset_password_router(),
                       prefix="/auth", tags=["auth"])
    app.include_router(users.get_verify_router(user_read),
                       prefix="/auth", tags=["auth"])
    app.include_router(users.get_users_router(user_read, user_update),
                       prefix="/users", tags=["users"])
    return app


def plain():
    """Nothing said, nothing set."""
    return application(), []


def renamed():
    """Everything under another name, nothing in groups, no resets."""
    users = FastAPIUsers[None, uuid.UUID](get_user_manager, [COOKIE, BEARER])
    app = FastAPI(title="People", version="2.5", description="Who is *who*.")
    for one in (COOKIE, BEARER):
        app.include_router(users.get_auth_router(one),
                           prefix=f"/auth/{one.name}")
    app.include_router(users.get_register_router(PersonRead, PersonCreate),
                       prefix="/join-us")
    app.include_router(users.get_verify_router(PersonRead), prefix="/join-us")
    app.include_router(users.get_users_router(PersonRead, PersonUpdate),
                       prefix="/v1/people")
    return app, [
        "openapi.api_title=People", "openapi.version=2.5",
        "openapi.description=Who is *who*.", "openapi.tags=false",
        "openapi.user_read=PersonRead", "openapi.user_create=PersonCreate",
        "openapi.user_update=PersonUpdate", "routes.auth=/join-us",
        "routes.users=/v1/people", "routes.reset=false",
    ]


def many_backends():
    """Several of one transport, users who must be verified, no mail."""
    other = backend("other_cookie", CookieTransport(cookie_name="second"))
    third = backend("third", BearerTransport("sign/in/login"))
    backends = [COOKIE, BEARER, other, third]
    users = FastAPIUsers[None, uuid.UUID](get_user_manager, backends)
    app = FastAPI()
    for one in backends:
        prefix = "/sign/in" if one is third else f"/auth/{one.name}"
        app.include_router(
            users.get_auth_router(one, requires_verification=True),
            prefix=prefix, tags=["auth"])
    app.include_router(users.get_register_router(UserRead, UserCreate),
                       prefix="/auth", tags=["auth"])
    app.include_router(
        users.get_users_router(UserRead, UserUpdate,
                               requires_verification=True),
        prefix="/users", tags=["users"])
    return app, [
        "backend.jwt.requires_verification=true",
        "backend.bearer.requires_verification=true",
        "backend.other_cookie.transport=cookie",
        "backend.other_cookie.cookie_name=second",
        "backend.other_cookie.requires_verification=true",
        "backend.third.prefix=/sign/in", "backend.third.strategy=database",
        "backend.third.requires_verification=true",
        "routes.users_require_verification=true", "routes.reset=false",
        "routes.verify=false",
    ]


def numbered():
    """Users with numbers for ids."""

    class NumberedRead(schemas.BaseUser[int]):
        pass

    return application(NumberedRead, int), [
        "users.id=integer", "openapi.user_read=NumberedRead"]


def providers():
    """Users who come by a provider, one of two backends each."""

    class UserRead(schemas.BaseUser[uuid.UUID], schemas.BaseOAuthAccountMixin):
        pass

    app = application(UserRead)
    users = FastAPIUsers[None, uuid.UUID](get_user_manager, [COOKIE, BEARER])
    settings = []
    for name, one in (("first", COOKIE), ("second", BEARER)):
        client = OAuth2("id", "secret", "https://a.example/a",
                        "https://a.example/t", name=name)
        app.include_router(users.get_oauth_router(client, one, "secret"),
                           prefix=f"/auth/{name}", tags=["auth"])
        app.include_router(
            users.get_oauth_associate_router(client, UserRead, "secret"),
            prefix=f"/auth/associate/{name}", tags=["auth"])
        settings += [f"provider.{name}.{setting}" for setting in (
            f"backend={one.name}", "client_id=id", "client_secret=secret",
            "authorize_url=https://a.example/a",
            "token_url=https://a.example/t",
            "profile_url=https://a.example/p", "id_path=id")]
    return app, settings


Name = Annotated[str, Field(min_length=2, max_length=30)]
Age = Annotated[int, Field(ge=0, le=150)]
Height = Annotated[float, Field(ge=0.5, le=3)]
Color = Literal["red", "green", "blue"]


def fields():
    """Users with members of their own, one of each kind."""

    class MemberRead(schemas.BaseUser[uuid.UUID]):
        first_name: Name
        age: Age | None = None
        height: Height | None = None
        newsletter: bool = False
        born: datetime.date | None = None
        seen: datetime.datetime | None = None
        device: uuid.UUID | None = None
        color: Color = "red"
        motto: str | None = Field(None, description="What to live by.")

    class MemberCreate(schemas.BaseUserCreate):
        first_name: Name
        age: Age | None = None
        height: Height | None = None
        newsletter: bool = False
        born: datetime.date | None = None
        seen: datetime.datetime | None = None
        device: uuid.UUID | None = None
        color: Color = "red"
        motto: str | None = Field(None, description="What to live by.")

    class MemberUpdate(schemas.BaseUserUpdate):
        first_name: Name | None = None
        age: Age | None = None
        height: Height | None = None
        newsletter: bool | None = None
        born: datetime.date | None = None
        seen: datetime.datetime | None = None
        device: uuid.UUID | None = None
        color: Color | None = None
        motto: str | None = Field(None, description="What to live by.")

    return application(MemberRead, uuid.UUID, MemberCreate, MemberUpdate), [
        "openapi.user_read=MemberRead", "openapi.user_create=MemberCreate",
        "openapi.user_update=MemberUpdate",
        "field.first_name.required=true", "field.first_name.min=2",
        "field.first_name.max=30",
        "field.age.type=integer", "field.age.min=0", "field.age.max=150",
        "field.height.type=number", "field.height.min=0.5",
        "field.height.max=3",
        "field.newsletter.type=boolean", "field.newsletter.initial=false",
        "field.born.type=date",
        "field.seen.type=datetime",
        "field.device.type=uuid",
        "field.color.type=choice",
        'field.color.choices={"red", "green", "blue"}',
        "field.color.initial=red",
        "field.motto.help=What to live by.",
    ]


def spread(value, levels):
    """JSON with a member a line, down to so many levels."""
    if levels == 0 or not isinstance(value, dict) or not value:
        return json.dumps(value, sort_keys=True)
    members = (f"{json.dumps(name)}: {spread(value[name], levels - 1)}"
               for name in sorted(value))
    return "{\n" + ",\n".join(members) + "\n}"


def main():
    applications = {}
    for make in (plain, renamed, many_backends, numbered, providers, fields):
        app, settings = make()
        applications[make.__name__] = {"settings": settings,
                                       "document": app.openapi()}
    with open(OUT, "w", encoding="utf-8") as file:
        file.write(spread(applications, LEVELS) + "\n")
    print(f"{len(applications)} documents written")


if __name__ == "__main__":
    main()
