"""The simulated card's cryptography, its kernel and its issuer."""
