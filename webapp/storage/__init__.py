"""What is kept: the history of connections, what is read of it, and its sums."""
