-- What was tried how often. A row counts the tries of one kind until ends_at
-- (seconds since 1970), by whom: account_key and network_key are keyed hashes,
-- or '' where a kind does not ask. Until known_until the network is one from
-- which the account's owner has signed in. After expires_at a row says
-- nothing any more.
CREATE TABLE fcu_limit (
	account_key VARCHAR(32) NOT NULL,
	network_key VARCHAR(32) NOT NULL,
	kind VARCHAR(16) NOT NULL,
	used BIGINT NOT NULL,
	ends_at BIGINT NOT NULL,
	known_until BIGINT NOT NULL,
	expires_at BIGINT NOT NULL,
	PRIMARY KEY (account_key, network_key, kind)
);
CREATE INDEX fcu_limit_expires_at ON fcu_limit (expires_at);
