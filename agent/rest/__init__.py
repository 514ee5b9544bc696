"""The local HTTP API: parse, call one domain function, render."""
