"""Storage: the history of connections in SQLite, its sums, backups, and the data folder."""
