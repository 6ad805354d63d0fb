"""What mail is made of: templates, the message, a mail and its attempts, the retry schedule. No I/O."""
