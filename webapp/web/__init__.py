"""What is served, to whom, and what for: Flask's blueprints, and the stream."""
