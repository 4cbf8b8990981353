"""Synthetic listeners for Unison, and the replay of files of real ones. `scripts/seed_plays.py` is the way in."""
