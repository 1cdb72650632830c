"""Values to text: one file for each kind of output.

PURE: what is shown is an argument, including the time. Only the command line prints.
"""
