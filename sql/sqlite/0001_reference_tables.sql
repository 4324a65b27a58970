-- The tables of FastAPI Users, as its SQLAlchemy adapter creates them. In an
-- adopted database they are there already and stay as they are.
CREATE TABLE IF NOT EXISTS "user" (
	id CHAR(36) NOT NULL,
	email VARCHAR(320) NOT NULL,
	hashed_password VARCHAR(1024) NOT NULL,
	is_active BOOLEAN NOT NULL,
	is_superuser BOOLEAN NOT NULL,
	is_verified BOOLEAN NOT NULL,
	PRIMARY KEY (id)
);
CREATE UNIQUE INDEX IF NOT EXISTS ix_user_email ON "user" (email);

CREATE TABLE IF NOT EXISTS accesstoken (
	user_id CHAR(36) NOT NULL,
	token VARCHAR(43) NOT NULL,
	created_at TIMESTAMP NOT NULL,
	PRIMARY KEY (token),
	FOREIGN KEY (user_id) REFERENCES "user" (id) ON DELETE CASCADE
);
CREATE INDEX IF NOT EXISTS ix_accesstoken_created_at
	ON accesstoken (created_at);

CREATE TABLE IF NOT EXISTS oauth_account (
	id CHAR(36) NOT NULL,
	user_id CHAR(36) NOT NULL,
	oauth_name VARCHAR(100) NOT NULL,
	access_token VARCHAR(1024) NOT NULL,
	expires_at INTEGER,
	refresh_token VARCHAR(1024),
	account_id VARCHAR(320) NOT NULL,
	account_email VARCHAR(320) NOT NULL,
	PRIMARY KEY (id),
	FOREIGN KEY (user_id) REFERENCES "user" (id) ON DELETE CASCADE
);
CREATE INDEX IF NOT EXISTS ix_oauth_account_account_id
	ON oauth_account (account_id);
CREATE INDEX IF NOT EXISTS ix_oauth_account_oauth_name
	ON oauth_account (oauth_name);
