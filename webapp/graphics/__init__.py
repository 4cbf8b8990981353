"""Pictures of moments, QR codes, and their colours and fonts."""
