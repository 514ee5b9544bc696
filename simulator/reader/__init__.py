"""Simulated card readers: models of real ones, on real wires."""
