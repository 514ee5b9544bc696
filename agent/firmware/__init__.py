"""Firmware of readers: what there is, what may be installed when, and installing it."""
