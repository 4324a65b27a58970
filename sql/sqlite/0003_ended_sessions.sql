-- Where a user's sessions were ended: tokens of another generation are void,
-- and, of those that name none, the ones issued until not_before (seconds since
-- 1970); but for the one whose SHA-256 is exempt_hash.
-- No foreign key: a number may be given to another user when its own is gone,
-- and what signed that one in must not sign in the next.
CREATE TABLE fcu_session_floor (
	user_id {user.id:type} NOT NULL PRIMARY KEY,
	generation BIGINT NOT NULL,
	not_before BIGINT NOT NULL,
	exempt_hash VARCHAR(64)
);

-- Tokens that were logged out; expires_at NULL: they never expire.
CREATE TABLE fcu_revoked_token (
	token_hash VARCHAR(64) NOT NULL PRIMARY KEY,
	expires_at BIGINT
);
CREATE INDEX fcu_revoked_token_expires_at ON fcu_revoked_token (expires_at);
