"""The tables and schemas of the reference, as FEATURES says (reference_app.py)."""

import os
import uuid
from datetime import date

from fastapi_users import schemas
from fastapi_users.db import (
    SQLAlchemyBaseOAuthAccountTable,
    SQLAlchemyBaseOAuthAccountTableUUID,
    SQLAlchemyBaseUserTable,
    SQLAlchemyBaseUserTableUUID,
)
from fastapi_users_db_sqlalchemy.access_token import (
    SQLAlchemyBaseAccessTokenTable,
    SQLAlchemyBaseAccessTokenTableUUID,
)
from pydantic import Field
from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    declared_attr,
    mapped_column,
    relationship,
)

FEATURES = os.environ.get("FEATURES", "").split()

ID = int if "numbers" in FEATURES else uuid.UUID
NUMBERED = ID is int
OAUTH = "oauth" in FEATURES


def those(*mixins):
    """Return the mixins that are wanted; the others are False."""
    return [one for one in mixins if one]


class Base(DeclarativeBase):
    """The declarative base of the tables."""


class Numbered:
    """A primary key that counts."""

    id: Mapped[int] = mapped_column(primary_key=True)


class Owned:
    """A foreign key to a user that counts."""

    @declared_attr
    def user_id(cls) -> Mapped[int]:
        """Whose it is."""
        return mapped_column(ForeignKey("user.id", ondelete="cascade"), nullable=False)


class Columns:
    """Columns of an application's own."""

    first_name: Mapped[str | None] = mapped_column(String(40))
    age: Mapped[int | None]
    newsletter: Mapped[bool | None]
    birthday: Mapped[date | None]


class Accounts:
    """The accounts at providers."""

    @declared_attr
    def oauth_accounts(cls) -> Mapped[list["OAuthAccount"]]:
        """Read along with the user."""
        return relationship("OAuthAccount", lazy="joined", cascade="all, delete-orphan")


UserTable = SQLAlchemyBaseUserTable[int] if NUMBERED else SQLAlchemyBaseUserTableUUID
TokenTable = (
    SQLAlchemyBaseAccessTokenTable[int]
    if NUMBERED
    else SQLAlchemyBaseAccessTokenTableUUID
)
AccountTable = (
    SQLAlchemyBaseOAuthAccountTable[int]
    if NUMBERED
    else SQLAlchemyBaseOAuthAccountTableUUID
)


class User(
    *those("fields" in FEATURES and Columns, OAUTH and Accounts, NUMBERED and Numbered),
    UserTable,
    Base,
):
    """The user table."""


if "database" in FEATURES:

    class AccessToken(*those(NUMBERED and Owned), TokenTable, Base):
        """The table of tokens."""


if OAUTH:

    class OAuthAccount(
        *those(NUMBERED and Numbered, NUMBERED and Owned), AccountTable, Base
    ):
        """The table of accounts at providers."""


class Read(schemas.CreateUpdateDictModel):
    """What one reads of the columns."""

    first_name: str | None
    age: int | None
    newsletter: bool | None
    birthday: date | None


class Write(schemas.CreateUpdateDictModel):
    """What one may say of the columns."""

    first_name: str | None = Field(default=None, max_length=40)
    age: int | None = None
    newsletter: bool | None = None
    birthday: date | None = None


class AccountRead(schemas.BaseOAuthAccount[ID]):
    """What one reads of an account at a provider."""


class WithAccounts(schemas.CreateUpdateDictModel):
    """The accounts at providers."""

    oauth_accounts: list[AccountRead] = []


class UserRead(
    *those(OAUTH and WithAccounts, "fields" in FEATURES and Read), schemas.BaseUser[ID]
):
    """What a client reads."""


class UserCreate(*those("fields" in FEATURES and Write), schemas.BaseUserCreate):
    """What a client registers."""


class UserUpdate(*those("fields" in FEATURES and Write), schemas.BaseUserUpdate):
    """What a client changes."""
