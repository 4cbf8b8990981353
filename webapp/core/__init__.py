"""What plays are, where they are, how they are matched and what is shown.

The core is sans-I/O: it knows no Flask, thread, socket, file or clock, and times are arguments. Some of its classes
hold state, such as the matcher, the slicer and the caches.
"""
