"""Options shared by several commands."""

from __future__ import annotations

from pathlib import Path

import click

FOLDER = click.Path(path_type=Path, file_okay=False)

host = click.option("--host", help="Address to listen on.  [UNISON_HOST, default 127.0.0.1]")
port = click.option(
    "--port", type=click.IntRange(0, 65535), help="Port; 0 picks a free one.  [UNISON_PORT, default 8000]"
)
data_dir = click.option("--data-dir", type=FOLDER, help="Folder for the history and the secret.  [UNISON_DATA_DIR]")
