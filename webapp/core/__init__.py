"""What plays are, where they are, how they are matched and what is shown.

The core is sans-I/O: it knows no Flask, thread, socket or clock, and times are arguments. Some of its classes hold
state, such as the matcher, the slicer and the caches. Only the gazetteer reads files: those of the package.
"""
