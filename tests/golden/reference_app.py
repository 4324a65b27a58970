"""The reference: a plain FastAPI Users application.

Settings come from the environment:
  REFERENCE_DATABASE  path of an SQLite file, or an address for SQLAlchemy
  JWT_SECRET, BEARER_SECRET, RESET_SECRET, VERIFY_SECRET  32 bytes or more
  TOKEN_LOG           file that receives one JSON line for each mailed token
  REFUSE=1            refuse passwords shorter than eight characters
  CHEAP=1             hash passwords with the cheapest parameters
"""

import json
import os
import uuid
from contextlib import asynccontextmanager

from fastapi import Depends, FastAPI
from fastapi_users import (
    BaseUserManager,
    FastAPIUsers,
    InvalidPasswordException,
    UUIDIDMixin,
    schemas,
)
from fastapi_users.authentication import (
    AuthenticationBackend,
    BearerTransport,
    CookieTransport,
    JWTStrategy,
)
from fastapi_users.db import SQLAlchemyBaseUserTableUUID, SQLAlchemyUserDatabase
from fastapi_users.password import PasswordHelper
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from pwdlib.hashers.bcrypt import BcryptHasher
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase

DATABASE = os.environ["REFERENCE_DATABASE"]
LIFETIME = 3600
SHORTEST = 8


class Base(DeclarativeBase):
    """The declarative base of the tables."""


class User(SQLAlchemyBaseUserTableUUID, Base):
    """The user table, without columns of its own."""


class UserRead(schemas.BaseUser[uuid.UUID]):
    """What a client reads."""


class UserCreate(schemas.BaseUserCreate):
    """What a client registers."""


class UserUpdate(schemas.BaseUserUpdate):
    """What a client changes."""


engine = create_async_engine(
    DATABASE if "://" in DATABASE else f"sqlite+aiosqlite:///{DATABASE}"
)
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


class UserManager(UUIDIDMixin, BaseUserManager[User, uuid.UUID]):
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
        yield SQLAlchemyUserDatabase(session, User)


async def get_user_manager(user_db=Depends(get_user_db)):
    """Yield the user manager."""
    yield UserManager(user_db, password_helper())


def jwt_strategy():
    """The strategy behind the cookie."""
    return JWTStrategy(os.environ["JWT_SECRET"], lifetime_seconds=LIFETIME)


def bearer_strategy():
    """The strategy behind the bearer token."""
    return JWTStrategy(os.environ["BEARER_SECRET"], lifetime_seconds=LIFETIME)


jwt_backend = AuthenticationBackend(
    name="jwt", transport=CookieTransport(), get_strategy=jwt_strategy
)
bearer_backend = AuthenticationBackend(
    name="bearer",
    transport=BearerTransport(tokenUrl="auth/bearer/login"),
    get_strategy=bearer_strategy,
)
users = FastAPIUsers[User, uuid.UUID](get_user_manager, [jwt_backend, bearer_backend])


@asynccontextmanager
async def lifespan(_app):
    """Create the tables before the first request."""
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    yield


app = FastAPI(lifespan=lifespan)
app.include_router(users.get_auth_router(jwt_backend), prefix="/auth/jwt")
app.include_router(users.get_auth_router(bearer_backend), prefix="/auth/bearer")
app.include_router(users.get_register_router(UserRead, UserCreate), prefix="/auth")
app.include_router(users.get_reset_password_router(), prefix="/auth")
app.include_router(users.get_verify_router(UserRead), prefix="/auth")
app.include_router(users.get_users_router(UserRead, UserUpdate), prefix="/users")
