"""Readers: who is registered, who is connected, who is busy."""
