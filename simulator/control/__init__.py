"""REST control of the simulators."""
