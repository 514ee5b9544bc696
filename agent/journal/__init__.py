"""What happened, durable before it matters. The only place with SQL."""
