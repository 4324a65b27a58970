-- Tokens of providers that are longer than the columns of {oauth_account}
-- take: the column is empty then, and what it holds otherwise counts.
CREATE TABLE fcu_oauth_token (
	account {user.id:type} NOT NULL PRIMARY KEY
		REFERENCES {oauth_account} ({oauth_account.id})
		ON DELETE CASCADE,
	access_token TEXT,
	refresh_token TEXT
);

-- Whose account one is, is decided by one transaction at a time: it holds a
-- row here, which is gone when it has ended.
CREATE TABLE fcu_oauth_claim (
	oauth_name VARCHAR(100) NOT NULL,
	account_id VARCHAR(320) NOT NULL,
	PRIMARY KEY (oauth_name, account_id)
);
