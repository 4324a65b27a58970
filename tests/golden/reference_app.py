"""The reference: a plain FastAPI Users application.

Settings come from the environment:
  REFERENCE_DATABASE  path of an SQLite file, or an address for SQLAlchemy
  JWT_SECRET, BEARER_SECRET, RESET_SECRET, VERIFY_SECRET, STATE_SECRET
                      32 bytes or more; the last one for oauth only
  TOKEN_LOG           file that receives one JSON line for each mailed token
  REFUSE=1            refuse passwords shorter than eight characters
  CHEAP=1             hash passwords with the cheapest parameters
  POOL                connections to the database that each process may have
  FEATURES            words, none for a plain application:
    numbers           whole numbers for ids
    fields            columns of its own
    database          a third backend, whose tokens are in the database
    oauth             a provider named test, at the address PROVIDER, where we
                      are PROVIDER_ID with PROVIDER_SECRET
"""

import json
import os
from contextlib import asynccontextmanager

from fastapi import Depends, FastAPI
from fastapi_users import (
    BaseUserManager,
    FastAPIUsers,
    IntegerIDMixin,
    InvalidPasswordException,
    UUIDIDMixin,
)
from fastapi_users.authentication import (
    AuthenticationBackend,
    BearerTransport,
    CookieTransport,
    JWTStrategy,
)
from fastapi_users.authentication.strategy.db import DatabaseStrategy
from fastapi_users.db import SQLAlchemyUserDatabase
from fastapi_users.password import PasswordHelper
from fastapi_users_db_sqlalchemy.access_token import SQLAlchemyAccessTokenDatabase
from httpx_oauth.oauth2 import BaseOAuth2
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from pwdlib.hashers.bcrypt import BcryptHasher
from sqlalchemy import event
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine

from reference_models import (
    FEATURES,
    ID,
    OAUTH,
    Base,
    User,
    UserCreate,
    UserRead,
    UserUpdate,
)

if "database" in FEATURES:
    from reference_models import AccessToken
if OAUTH:
    from reference_models import OAuthAccount

DATABASE = os.environ["REFERENCE_DATABASE"]
LIFETIME = 3600
SHORTEST = 8


POOL = os.environ.get("POOL")

engine = create_async_engine(
    DATABASE if "://" in DATABASE else f"sqlite+aiosqlite:///{DATABASE}",
    **({"pool_size": int(POOL), "max_overflow": 0} if POOL else {}),
)
if engine.dialect.name == "sqlite":

    @event.listens_for(engine.sync_engine, "connect")
    def keep_references(connection, _record):
        """Let SQLite do what ON DELETE says."""
        connection.execute("PRAGMA foreign_keys = ON")


new_session = async_sessionmaker(engine, expire_on_commit=False)


def note_token(event, user, token):
    """Append a token that would have been mailed to the log."""
    path = os.environ.get("TOKEN_LOG")
    if path:
        line = {"event": event, "email": user.email, "token": token}
        with open(path, "a", encoding="utf-8") as log:
            log.write(json.dumps(line) + "\n")


def password_helper():
    """Return what hashes; None stands for the default."""
    if os.environ.get("CHEAP") != "1":
        return None
    cheap = Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1)
    return PasswordHelper(PasswordHash((cheap, BcryptHasher())))


class UserManager(
    IntegerIDMixin if ID is int else UUIDIDMixin, BaseUserManager[User, ID]
):
    """The user manager; its only policy is the optional length."""

    reset_password_token_secret = os.environ["RESET_SECRET"]
    verification_token_secret = os.environ["VERIFY_SECRET"]

    async def validate_password(self, password, user):
        """Refuse short passwords where asked to."""
        if os.environ.get("REFUSE") == "1" and len(password) < SHORTEST:
            raise InvalidPasswordException(
                reason=f"Password should be at least {SHORTEST} characters"
            )

    async def on_after_forgot_password(self, user, token, request=None):
        """Log the reset token."""
        note_token("forgot-password", user, token)

    async def on_after_request_verify(self, user, token, request=None):
        """Log the verification token."""
        note_token("request-verify", user, token)


async def get_user_db():
    """Yield the user table in a session of its own."""
    async with new_session() as session:
        yield SQLAlchemyUserDatabase(session, User, OAuthAccount if OAUTH else None)


async def get_user_manager(user_db=Depends(get_user_db)):
    """Yield the user manager."""
    yield UserManager(user_db, password_helper())


def jwt_strategy():
    """The strategy behind the cookie."""
    return JWTStrategy(os.environ["JWT_SECRET"], lifetime_seconds=LIFETIME)


def bearer_strategy():
    """The strategy behind the bearer token."""
    return JWTStrategy(os.environ["BEARER_SECRET"], lifetime_seconds=LIFETIME)


async def get_access_token_db():
    """Yield the table of tokens in a session of its own."""
    async with new_session() as session:
        yield SQLAlchemyAccessTokenDatabase(session, AccessToken)


def database_strategy(table=Depends(get_access_token_db)):
    """The strategy whose tokens are in the database."""
    return DatabaseStrategy(table, lifetime_seconds=LIFETIME)


class Provider(BaseOAuth2):
    """A provider that says who somebody is as JSON, as the tests' one does."""

    def __init__(self, address):
        super().__init__(
            os.environ["PROVIDER_ID"],
            os.environ["PROVIDER_SECRET"],
            f"{address}/authorize",
            f"{address}/token",
            name="test",
            base_scopes=["openid", "email"],
        )
        self.address = address

    async def get_id_email(self, token):
        """Ask the provider who has that token."""
        async with self.get_httpx_client() as client:
            answer = await client.get(
                f"{self.address}/userinfo", headers={"Authorization": f"Bearer {token}"}
            )
        found = answer.json()
        return str(found["sub"]), found.get("email")


jwt_backend = AuthenticationBackend(
    name="jwt", transport=CookieTransport(), get_strategy=jwt_strategy
)
bearer_backend = AuthenticationBackend(
    name="bearer",
    transport=BearerTransport(tokenUrl="auth/bearer/login"),
    get_strategy=bearer_strategy,
)
backends = [jwt_backend, bearer_backend]
if "database" in FEATURES:
    backends.append(
        AuthenticationBackend(
            name="database",
            transport=BearerTransport(tokenUrl="auth/database/login"),
            get_strategy=database_strategy,
        )
    )
users = FastAPIUsers[User, ID](get_user_manager, backends)


@asynccontextmanager
async def lifespan(_app):
    """Create the tables before the first request."""
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    yield


app = FastAPI(lifespan=lifespan)
for backend in backends:
    app.include_router(users.get_auth_router(backend), prefix=f"/auth/{backend.name}")
app.include_router(users.get_register_router(UserRead, UserCreate), prefix="/auth")
app.include_router(users.get_reset_password_router(), prefix="/auth")
app.include_router(users.get_verify_router(UserRead), prefix="/auth")
app.include_router(users.get_users_router(UserRead, UserUpdate), prefix="/users")
if OAUTH:
    provider = Provider(os.environ["PROVIDER"])
    state_secret = os.environ["STATE_SECRET"]
    app.include_router(
        users.get_oauth_router(provider, jwt_backend, state_secret),
        prefix="/auth/test",
    )
    app.include_router(
        users.get_oauth_associate_router(provider, UserRead, state_secret),
        prefix="/auth/associate/test",
    )
