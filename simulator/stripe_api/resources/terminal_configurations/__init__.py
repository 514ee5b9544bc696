"""Terminal configurations: how readers look, tip, connect and restart."""
