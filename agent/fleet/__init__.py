"""Many machines as one: what a broker is told of this one, and whose orders it takes."""
