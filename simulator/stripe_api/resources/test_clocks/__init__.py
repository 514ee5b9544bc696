"""Test clocks: a time of their own for customers and what is billed to them."""
