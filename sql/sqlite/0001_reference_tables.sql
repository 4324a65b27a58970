-- The tables of FastAPI Users, as its SQLAlchemy adapter creates them. In an
-- adopted database they are there already and stay as they are.
CREATE TABLE IF NOT EXISTS {user} (
	{user.id} {user.id:key},
	{user.email} VARCHAR(320) NOT NULL,
	{user.hashed_password} VARCHAR(1024) NOT NULL,
	{user.is_active} BOOLEAN NOT NULL,
	{user.is_superuser} BOOLEAN NOT NULL,
	{user.is_verified} BOOLEAN NOT NULL,
	PRIMARY KEY ({user.id})
);
CREATE UNIQUE INDEX IF NOT EXISTS {user.email:index} ON {user} ({user.email});

CREATE TABLE IF NOT EXISTS {accesstoken} (
	{accesstoken.user_id} {user.id:type} NOT NULL,
	{accesstoken.token} VARCHAR(43) NOT NULL,
	{accesstoken.created_at} TIMESTAMP NOT NULL,
	PRIMARY KEY ({accesstoken.token}),
	FOREIGN KEY ({accesstoken.user_id})
		REFERENCES {user} ({user.id}) ON DELETE CASCADE
);
CREATE INDEX IF NOT EXISTS {accesstoken.created_at:index}
	ON {accesstoken} ({accesstoken.created_at});

CREATE TABLE IF NOT EXISTS {oauth_account} (
	{oauth_account.id} {user.id:key},
	{oauth_account.user_id} {user.id:type} NOT NULL,
	{oauth_account.oauth_name} VARCHAR(100) NOT NULL,
	{oauth_account.access_token} VARCHAR(1024) NOT NULL,
	{oauth_account.expires_at} INTEGER,
	{oauth_account.refresh_token} VARCHAR(1024),
	{oauth_account.account_id} VARCHAR(320) NOT NULL,
	{oauth_account.account_email} VARCHAR(320) NOT NULL,
	PRIMARY KEY ({oauth_account.id}),
	FOREIGN KEY ({oauth_account.user_id})
		REFERENCES {user} ({user.id}) ON DELETE CASCADE
);
CREATE INDEX IF NOT EXISTS {oauth_account.account_id:index}
	ON {oauth_account} ({oauth_account.account_id});
CREATE INDEX IF NOT EXISTS {oauth_account.oauth_name:index}
	ON {oauth_account} ({oauth_account.oauth_name});
