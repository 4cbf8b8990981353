"""Dialects: how clients announce what they play, each translated to one kind of submission and back. Sans-I/O."""
