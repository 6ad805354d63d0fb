"""Every query on mails."""
