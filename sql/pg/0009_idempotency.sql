-- Requests that are done once, however often they are sent: only what was made
-- of their keys and of themselves with a secret, and their answers, encrypted.
CREATE TABLE fcu_idempotency (
	key_hash VARCHAR(64) NOT NULL PRIMARY KEY,
	request_hash VARCHAR(64) NOT NULL,
	answer TEXT,
	claimed_until BIGINT NOT NULL,
	expires_at BIGINT NOT NULL
);
CREATE INDEX fcu_idempotency_expires_at ON fcu_idempotency (expires_at);
