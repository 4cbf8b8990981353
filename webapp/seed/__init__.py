"""Simulated listeners for Unison, and the replay of recorded plays: the command `unison seed`."""
