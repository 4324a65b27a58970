-- One account an address, whatever its case.
CREATE UNIQUE INDEX IF NOT EXISTS fcu_user_email_lower
	ON {user} (lower({user.email}));
