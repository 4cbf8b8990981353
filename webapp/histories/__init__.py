"""Listening histories that people export from players and services."""
