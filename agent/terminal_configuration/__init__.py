"""Locations' and accounts' Configurations: what they say for each reader."""
