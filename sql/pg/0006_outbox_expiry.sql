-- What has expired is looked for each time a courier wakes, and what is dead is
-- counted by `check`.
CREATE INDEX fcu_outbox_state ON fcu_outbox (state, expires_at);
