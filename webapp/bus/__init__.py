"""Several nodes: logs that they share, and what reads and writes these. Runs on asyncio, beside gevent."""
