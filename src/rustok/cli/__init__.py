"""The `rustok` command, one file a sub-command; calls the server's services and decides no rule."""
