"""What moves: the bus, matching and large bodies in processes of their own, channels, and the hub with its viewers."""
