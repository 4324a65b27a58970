-- What is to be told to others: a row for each target of an event, or, with
-- target '', a request that the courier has yet to look into. Times are
-- seconds since 1970. Rows of one target and user_key go in the order of
-- their ids. merge_key: of the rows that share one, only the first is kept
-- while it waits.
-- attempts only ever grows, since it tells one claim from the next;
-- attempts_before: those made before somebody had the row tried anew.
CREATE TABLE fcu_outbox (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	message_id VARCHAR(64) NOT NULL,
	event VARCHAR(64) NOT NULL,
	target VARCHAR(320) NOT NULL,
	user_key VARCHAR(320) NOT NULL,
	merge_key VARCHAR(1024) UNIQUE,
	payload TEXT NOT NULL,
	state VARCHAR(16) NOT NULL,
	attempts BIGINT NOT NULL,
	attempts_before BIGINT NOT NULL DEFAULT 0,
	created_at BIGINT NOT NULL,
	due_at BIGINT NOT NULL,
	claimed_until BIGINT NOT NULL,
	expires_at BIGINT NOT NULL,
	last_error VARCHAR(1024)
);
CREATE INDEX fcu_outbox_due ON fcu_outbox (target, state, due_at, id);
CREATE INDEX fcu_outbox_order ON fcu_outbox (target, user_key, id);
