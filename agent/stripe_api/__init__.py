"""The upstream: Stripe's API, or the simulator's."""
