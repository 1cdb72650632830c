"""Git in: revisions become commits and snapshots.

What others use lives in `repository` (`GitSource`) and `locate` (finding the repository).
"""
