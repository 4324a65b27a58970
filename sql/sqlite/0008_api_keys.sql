-- Personal API keys. id is in the key itself and finds it; of the rest only a
-- SHA-256 is kept. generation: of the user's tokens when the key was made; with
-- another one it is void. Times are seconds since 1970; expires_at NULL: never.
-- No foreign key: whose user is gone is void by its generation, too.
CREATE TABLE fcu_api_key (
	id VARCHAR(16) NOT NULL PRIMARY KEY,
	user_id {user.id:type} NOT NULL,
	name VARCHAR(100) NOT NULL,
	key_hash VARCHAR(64) NOT NULL,
	scope VARCHAR(255) NOT NULL,
	generation BIGINT NOT NULL,
	created_at BIGINT NOT NULL,
	expires_at BIGINT,
	last_used_at BIGINT
);
CREATE INDEX fcu_api_key_user_id ON fcu_api_key (user_id, created_at, id);
