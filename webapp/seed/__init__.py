"""Synthetic listeners for Unison, and the replay of files of real ones. `unison seed` is the way in."""
