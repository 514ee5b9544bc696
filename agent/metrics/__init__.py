"""What is counted while the agent runs, and how Prometheus reads it."""
