"""Pictures of moments and codes to be scanned, their colours and their fonts."""
