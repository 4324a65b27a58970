# SPDX-License-Identifier: MIT
"""Settings under which nothing of the database has its usual name, and users
are numbered: words of SQL, capitals, digits in front."""

NAMES = {
    "user": "Members", "user_id": "select", "user_email": "Mail",
    "user_hashed_password": "user", "user_is_active": "1st",
    "user_is_superuser": "is_boss", "user_is_verified": "order",
    "accesstoken": "table", "accesstoken_token": "from",
    "accesstoken_created_at": "where", "accesstoken_user_id": "group",
    "oauth_account": "grant", "oauth_account_id": "key",
    "oauth_account_user_id": "owner", "oauth_account_oauth_name": "name",
    "oauth_account_access_token": "token",
    "oauth_account_expires_at": "until",
    "oauth_account_refresh_token": "again",
    "oauth_account_account_id": "there", "oauth_account_account_email": "Mail",
}
RENAMED = (*(f"tables.{name}={to}" for name, to in NAMES.items()),
           "users.id=integer")
