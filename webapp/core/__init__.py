"""What plays are, where they are, how they are matched and what is shown. Pure: no Flask, thread, socket or clock."""
