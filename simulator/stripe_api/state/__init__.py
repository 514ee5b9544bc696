"""What the account holds, outside of the process: dumps, seeds and the state file."""
