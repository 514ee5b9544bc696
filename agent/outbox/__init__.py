"""What others are told of this machine, in one order, and nothing of it forgotten."""
